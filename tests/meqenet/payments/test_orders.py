import pytest

from meqenet import identity
from meqenet.errors import Defect
from meqenet.payments.orders import attempt_of, installment_of, plan_of

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
