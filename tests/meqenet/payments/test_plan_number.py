"""What customers type who pay to our short code, told apart from ids of orders."""

import pytest

from meqenet.payments.orders import is_plan_number, is_refund_on_the_wire, plan_on_the_wire


@pytest.mark.parametrize(
    ("reference", "is_number"),
    [
        ("ABCDEFGH2345", True),
        ("abcdefgh2345", True),
        ("pln_abcdefgh2345abcdefgh", True),
        ("PLN-ABCD EFGH 2345", True),
        ("plnabcdefgh2345abcdefghi02a1", False),
        ("ABCDEFGH234", False),
        ("ABCDEFGH0189", False),
        ("", False),
    ],
)
def test_the_first_letters_of_a_plan_or_its_whole_id_are_its_number(
    *, reference: str, is_number: bool
) -> None:
    assert is_plan_number(reference=reference) is is_number
    assert not (is_number and plan_on_the_wire(reference=reference))


@pytest.mark.parametrize(
    ("reference", "is_refund"),
    [
        ("pln_abcdefghijklmnopqrst-x01-a1-r1", True),
        ("plnabcdefghijklmnopqrsti02a10r2", True),
        ("pln_abcdefghijklmnopqrst-x01-a1", False),
        ("pln_abcdefghijklmnopqrst-p1", False),
        ("salary of June", False),
    ],
)
def test_a_refund_is_told_apart_from_what_a_merchant_gets(
    *, reference: str, is_refund: bool
) -> None:
    assert is_refund_on_the_wire(reference=reference) is is_refund
