import pytest

from meqenet.errors import Refusal
from meqenet.kyc.emails import normalise_email

TAKEN = [
    ("abeba@example.com", "abeba@example.com"),
    ("  Abeba.Bekele+shop@Mail.Example.COM ", "Abeba.Bekele+shop@mail.example.com"),
    ("a@b.et", "a@b.et"),
    (f"{'a' * 64}@example.com", f"{'a' * 64}@example.com"),
]
REFUSED = [
    "",
    "abeba",
    "abeba@localhost",
    "@example.com",
    "abeba@",
    "abeba@example..com",
    "abeba@-example.com",
    "abeba@example.com\nBcc: x@example.com",
    "abeba bekele@example.com",
    "a@b@example.com",
    "Abeba <abeba@example.com>",
    "አበባ@example.com",
    f"{'a' * 65}@example.com",
    f"a@{'b.' * 130}com",
]


@pytest.mark.parametrize(("sent", "spelled"), TAKEN)
def test_an_address_is_spelled_one_way(sent: str, spelled: str) -> None:
    assert normalise_email(text=sent) == spelled


@pytest.mark.parametrize("sent", REFUSED)
def test_what_is_no_address_is_refused_and_not_repeated(sent: str) -> None:
    with pytest.raises(Refusal) as refused:
        normalise_email(text=sent)
    assert (refused.value.code, refused.value.field) == ("email_format", "email")
    told = "email: an e-mail address is needed, for example abeba@example.com"
    assert refused.value.text == told
