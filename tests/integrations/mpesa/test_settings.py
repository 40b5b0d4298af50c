import pytest
from pydantic import ValidationError

from integrations.mpesa.settings import MpesaCallbackSettings, MpesaSettings
from integrations.mpesa.wire import ResultPurpose
from meqenet.errors import Defect

SECRET = "an-unguessable_path_segment"  # noqa: S105 - a test's
GIVEN = {
    "base_url": "https://api.safaricom.et/",
    "consumer_key": "key",
    "consumer_secret": "secret",
    "short_code": "600998",
    "passkey": "passkey",
    "initiator_name": "apitest",
    "security_credential": "sealed",
    "callback_base_url": "https://pay.example.et/",
    "callback_secret": SECRET,
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    for name, value in GIVEN.items():
        monkeypatch.setenv(f"MEQENET_MPESA_{name.upper()}", value)


def read() -> MpesaSettings:
    return MpesaSettings()


def test_addresses_where_the_provider_reaches_us() -> None:
    settings = read()
    ours = f"https://pay.example.et/v1/callbacks/mpesa/{SECRET}"
    assert settings.base_url == "https://api.safaricom.et"
    assert settings.stk_callback_url(order_id="pln_a-i01-a1") == f"{ours}/stk/pln_a-i01-a1"
    assert settings.result_url(purpose=ResultPurpose.REVERSAL_STATUS, order_id="r") == (
        f"{ours}/result/reversal-status/r"
    )
    assert settings.timeout_url(purpose=ResultPurpose.B2C, order_id="p") == f"{ours}/timeout/b2c/p"


def test_secrets_are_not_shown() -> None:
    assert SECRET not in repr(read())


def test_one_who_only_receives_needs_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in GIVEN:
        if not name.startswith("callback"):
            monkeypatch.delenv(f"MEQENET_MPESA_{name.upper()}")
    settings = MpesaCallbackSettings()
    assert settings.callback_base_url == "https://pay.example.et"


def test_a_sealed_credential_is_sent_as_it_is() -> None:
    assert read().credential() == "sealed"


def test_a_certificate_that_cannot_be_read_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MEQENET_MPESA_SECURITY_CREDENTIAL")
    monkeypatch.setenv("MEQENET_MPESA_INITIATOR_PASSWORD", "open sesame")
    monkeypatch.setenv("MEQENET_MPESA_CERTIFICATE", "nothing")
    with pytest.raises(Defect):
        read().credential()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("base_url", "api.safaricom.et"),
        ("callback_base_url", "ftp://pay.example.et"),
        ("callback_secret", "short"),
        ("callback_secret", "with/a/slash/and/more"),
        ("short_code", "123"),
        ("b2c_version", "2"),
        ("transaction_description", "fourteen chars"),
        ("security_credential", ""),
    ],
)
def test_a_wrong_setting_is_named_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"MEQENET_MPESA_{name.upper()}", value)
    with pytest.raises(ValidationError) as caught:
        read()
    assert name in str(caught.value)
    assert SECRET not in str(caught.value)
