import pytest

from meqenet import identity
from meqenet.errors import Defect
from meqenet.payments.orders import (
    attempt_of,
    installment_number,
    installment_of,
    plan_of,
    plan_on_the_wire,
)

_PLAN = identity.plan_id(merchant_id="mrc_a", reference="order-i01-a1")
_INSTALLMENT = identity.installment_id(plan_id=_PLAN, number=12)
_ATTEMPT = identity.attempt_id(installment_id=_INSTALLMENT, number=3)
_REFUND = identity.refund_id(attempt_id=_ATTEMPT, number=2)


@pytest.mark.parametrize("order_id", [_ATTEMPT, _REFUND])
def test_an_order_names_its_parents(order_id: str) -> None:
    assert plan_of(order_id=order_id) == _PLAN
    assert installment_of(order_id=order_id) == _INSTALLMENT
    assert attempt_of(order_id=order_id) == _ATTEMPT


@pytest.mark.parametrize("order_id", ["", _PLAN, _INSTALLMENT, "-i01-a1", f"{_ATTEMPT}-x", "a-r1"])
def test_no_other_id_is_an_order(order_id: str) -> None:
    with pytest.raises(Defect) as broken:
        plan_of(order_id=order_id)
    assert broken.value.code == "order_id_malformed"


@pytest.mark.parametrize(("number", "name"), [(1, "i01"), (99, "i99"), (101, "x01"), (199, "x99")])
def test_an_order_names_its_installment_or_payment_by_its_number(number: int, name: str) -> None:
    parent = identity.installment_id(plan_id=_PLAN, number=number)
    attempt = identity.attempt_id(installment_id=parent, number=2)
    assert attempt == f"{_PLAN}-{name}-a2"
    assert installment_number(order_id=attempt) == number
    assert identity.installment_of(attempt_id=attempt) == parent
    wire = identity.wire_id(meqenet_id=identity.refund_id(attempt_id=attempt, number=1))
    assert plan_on_the_wire(reference=wire) == _PLAN


@pytest.mark.parametrize("number", [0, 100, 200])
def test_there_is_no_order_of_another_number(number: int) -> None:
    with pytest.raises(ValueError, match="numbered"):
        identity.installment_id(plan_id=_PLAN, number=number)
