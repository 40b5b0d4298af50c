"""What the store holds of many plans at once, for those who compare it with other books."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Text, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from db.bnpl.tables import Installment, Plan
from db.kernel.engine import ReadSession
from meqenet.money import Money


@dataclass(frozen=True, kw_only=True)
class InstallmentRow:
    """An installment as it stands."""

    number: int
    due_on: date
    principal: Money
    interest: Money
    state: str
    failed_attempts: int
    last_cause: str | None
    next_attempt_at: datetime | None
    paid_at: datetime | None
    late_fee: Money
    late_fee_paid: Money
    paid_in_part: Money


@dataclass(frozen=True, kw_only=True)
class PlanRow:
    """A plan as it stands: what its events say as well."""

    merchant_id: str
    reference: str
    option: str
    product_version: int
    amount: Money
    wallet_provider: str
    test_clock_id: str | None
    state: str
    customer_id: str | None
    tier: str | None
    activated_on: date | None
    returned: Money
    goods_returned: Money
    captured: Money
    voided: Money
    charged_off_on: date | None
    installments: tuple[InstallmentRow, ...] = ()


async def read_plans(*, session: ReadSession, plan_ids: Sequence[str]) -> dict[str, PlanRow]:
    """The plans that there are of these."""
    wanted = any_(literal(list(plan_ids), ARRAY(Text)))
    lines: dict[str, list[InstallmentRow]] = {}
    for row in await session.scalars(
        select(Installment)
        .where(Installment.plan_id == wanted)
        .order_by(Installment.plan_id, Installment.number)
    ):
        lines.setdefault(row.plan_id, []).append(_installment(row))
    plans = await session.scalars(select(Plan).where(Plan.plan_id == wanted))
    return {plan.plan_id: _plan(plan, lines.get(plan.plan_id, [])) for plan in plans}


def _plan(plan: Plan, lines: Sequence[InstallmentRow]) -> PlanRow:
    return PlanRow(
        merchant_id=plan.merchant_id,
        reference=plan.reference,
        option=plan.option,
        product_version=plan.product_version,
        amount=plan.amount_santim,
        wallet_provider=plan.wallet_provider,
        test_clock_id=plan.test_clock_id,
        state=plan.state,
        customer_id=plan.customer_id,
        tier=plan.tier,
        activated_on=plan.activated_on,
        returned=plan.returned_santim,
        goods_returned=plan.goods_returned_santim,
        captured=plan.captured_santim,
        voided=plan.voided_santim,
        charged_off_on=plan.charged_off_on,
        installments=tuple(lines),
    )


def _installment(row: Installment) -> InstallmentRow:
    return InstallmentRow(
        number=row.number,
        due_on=row.due_on,
        principal=row.principal_santim,
        interest=row.interest_santim,
        state=row.state,
        failed_attempts=row.failed_attempts,
        last_cause=row.last_cause,
        next_attempt_at=row.next_attempt_at,
        paid_at=row.paid_at,
        late_fee=row.late_fee_santim,
        late_fee_paid=row.late_fee_paid_santim,
        paid_in_part=row.paid_in_part_santim,
    )
