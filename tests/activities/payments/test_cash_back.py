"""Goods go back: what was paid goes back to the payments that brought it, each of them once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from activities.cash_back import CashBackActivities
from activities.contracts.cash_back import CashBackShared, ShareCashBack
from activities.contracts.payments import RecordRefund
from activities.payments import PaymentsActivities
from db.kernel.encryption import Keyring
from db.kernel.engine import Database
from meqenet.errors import Defect
from meqenet.identity import attempt_id, installment_id
from meqenet.money import Money
from meqenet.payments.rail import RailStatus, RefundAnswer
from tests.activities.payments.test_further_wallets import NOW, end, order


async def _paid(steps: PaymentsActivities, plan_id: str) -> None:
    """400.00 for the second installment, then 600.00 for the third."""
    for number, amount in ((2, "400.00"), (3, "600.00")):
        parent = installment_id(plan_id=plan_id, number=number)
        attempt = replace(
            order(plan_id, 1, wallet=None, amount=Money.from_birr(amount)),
            installment_id=parent,
            attempt_id=attempt_id(installment_id=parent, number=1),
        )
        await end(steps, attempt, code=None, at=NOW + timedelta(days=number))


async def _share(
    payments: Database,
    keyring: Keyring,
    plan_id: str,
    amount: str,
    *,
    number: int = 1,
    again: bool = False,
) -> CashBackShared:
    command = ShareCashBack(
        plan_id=plan_id,
        cash_back_id=f"{plan_id}-rf{number}",
        amount=Money.from_birr(amount),
        at=NOW,
        again_by="stf_sara" if again else None,
        again_why="the wallet is open again" if again else "",
    )
    shared: CashBackShared = await CashBackActivities(
        database=payments, keyring=keyring
    ).share_cash_back(command)
    return shared


def _told(shared: CashBackShared, plan_id: str) -> list[tuple[str, str, bool]]:
    return [
        (part.refund_id.removeprefix(plan_id), str(part.amount), part.is_new)
        for part in shared.parts
    ]


async def test_the_newest_payment_goes_back_first_and_asked_again_it_is_the_same(
    steps: PaymentsActivities, payments: Database, keyring: Keyring, plan_id: str
) -> None:
    await _paid(steps, plan_id)
    for is_new in (True, False):
        shared = await _share(payments, keyring, plan_id, "700.00")
        assert sorted(_told(shared, plan_id)) == [
            ("-i02-a1-r1", "100.00", is_new),
            ("-i03-a1-r1", "600.00", is_new),
        ]
    rest = await _share(payments, keyring, plan_id, "300.00", number=2)
    assert _told(rest, plan_id) == [("-i02-a1-r2", "300.00", True)]
    with pytest.raises(Defect, match=r"0\.01 less"):
        await _share(payments, keyring, plan_id, "0.01", number=3)


async def test_what_a_provider_has_refused_is_shared_anew_only_when_staff_say_so(
    steps: PaymentsActivities, payments: Database, keyring: Keyring, plan_id: str
) -> None:
    await _paid(steps, plan_id)
    (part,) = (await _share(payments, keyring, plan_id, "600.00")).parts
    refused = RefundAnswer(
        refund_id=part.refund_id, status=RailStatus.FAILED, failure_code="REFUND_FAILED"
    )
    await steps.record_refund(RecordRefund(refund_id=part.refund_id, answer=refused, at=NOW))
    assert (await _share(payments, keyring, plan_id, "600.00")).parts == ()
    shared = await _share(payments, keyring, plan_id, "600.00", again=True)
    assert _told(shared, plan_id) == [("-i03-a1-r2", "600.00", True)]
