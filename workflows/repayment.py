"""What every repayment has done beside its posting: interest accrued, the limit freed."""

from activities.contracts import credit, ledger
from meqenet.bnpl.events import PlannedInstallment
from meqenet.ledger.accruals import fee_earned
from meqenet.money import Money
from workflows.asking import ask
from workflows.plan_desk import PlanDesk


async def accrue_until_now(desk: PlanDesk, *, number: int) -> ledger.InstallmentAccrued:
    """What the books have earned of an installment by now; from here on it earns nothing more."""
    return await ask(
        ledger.ACCRUE_INSTALLMENT,
        ledger.AccrueInstallment(plan_id=desk.plan_id, number=number, at=desk.clock.now()),
        summary=f"Accrue installment {number}",
    )


def earned_with(
    planned: PlannedInstallment,
    *,
    accrued: ledger.InstallmentAccrued,
    returned_before: Money,
    returned: Money,
) -> Money:
    """What of an installment's share of the merchant's fee is earned with this principal of it.

    Its parts add up to the share: the last takes the rest.
    """
    if not planned.principal:
        return accrued.merchant_fee
    return fee_earned(
        fee=accrued.merchant_fee,
        financed=planned.principal,
        returned_before=returned_before,
        returned=returned,
    )


async def count_repayment(
    desk: PlanDesk, *, attempt_id: str, principal: Money, on_time: bool
) -> None:
    """Have the customer owe less; the same attempt again changes nothing."""
    await ask(
        credit.RECORD_REPAYMENT,
        credit.RecordRepayment(
            plan_id=desk.plan_id,
            repayment_id=attempt_id,
            principal=principal,
            on_time=on_time,
            at=desk.clock.now(),
        ),
        summary="The customer owes less",
    )
