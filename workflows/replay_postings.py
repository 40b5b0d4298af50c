"""What a replay of payments is in the books, as they are told of it or asked about it."""

from datetime import datetime

from meqenet.bnpl.replay_events import (
    CountedPayment,
    CountedShare,
    PaymentsReplayed,
    ReplayCause,
    ReplayedInstallment,
)
from meqenet.identity import replay_id
from meqenet.ledger.earning import PaidPart
from meqenet.ledger.replays import (
    FeeMoved,
    InterestPaid,
    PostedAnew,
    ReplayedEarning,
    ReplayPayments,
)
from meqenet.money import Money
from workflows.plan_account import bears_interest
from workflows.plan_desk import PlanDesk


def replay_command(desk: PlanDesk, told: PaymentsReplayed) -> ReplayPayments:
    """What is posted of a replay.

    Args:
        desk: the plan's desk.
        told: the replay, on record or previewed.
    """
    financed = {row.number: row.principal for row in told.installments}
    moved = (
        FeeMoved(number=row.number, amount=row.after.late_fee - row.before.late_fee)
        for row in told.rows
    )
    return ReplayPayments(
        plan_id=desk.plan_id,
        replay_id=replay_id(plan_id=desk.plan_id, number=told.number),
        lender=desk.life.signed.lender_of_record,
        taken_out=None if told.cause is ReplayCause.BACKDATED else told.attempt_id,
        is_credit=told.cause is ReplayCause.REPEATED,
        anew=tuple(
            PostedAnew(
                attempt_id=each.attempt_id,
                parts=tuple(_part(share, financed=financed) for share in each.shares),
                from_credit=tuple(_part(share, financed=financed) for share in each.from_credit),
                interest_returned=each.interest_returned,
                overpaid=each.credit,
            )
            for each in told.posted_anew
        ),
        fees=tuple(fee for fee in moved if fee.amount),
        earnings=_earnings(told) if bears_interest(desk) else (),
        by=told.by,
        why=told.why,
        at=_at(desk, told),
    )


def _part(share: CountedShare, *, financed: dict[int, Money]) -> PaidPart:
    return PaidPart(
        number=share.number,
        financed=financed[share.number],
        returned_before=share.principal_before,
        principal=share.principal,
        interest=share.interest,
        late_fee=share.late_fee,
        is_whole=share.is_whole,
    )


def _earnings(told: PaymentsReplayed) -> tuple[ReplayedEarning, ...]:
    in_force = {row.number: row for row in told.installments}
    return tuple(
        ReplayedEarning(
            number=row.number,
            interest=row.after.interest,
            starts_on=in_force[row.number].starts_on,
            ends_on=in_force[row.number].due_on,
            paid=_interest_paid(row, payments=told.payments),
        )
        for row in told.rows
    )


def _interest_paid(
    row: ReplayedInstallment, *, payments: tuple[CountedPayment, ...]
) -> tuple[InterestPaid, ...]:
    return tuple(
        InterestPaid(on=payment.on, interest=share.interest, is_whole=share.is_whole)
        for payment in payments
        for share in (*payment.from_credit, *payment.shares)
        if share.number == row.number and (share.interest or share.is_whole)
    )


def _at(desk: PlanDesk, told: PaymentsReplayed) -> datetime:
    """When it was recorded; of one that is only previewed, now."""
    is_recorded = told in desk.life.account.replays
    return (desk.recorded_at if is_recorded else None) or desk.clock.now()
