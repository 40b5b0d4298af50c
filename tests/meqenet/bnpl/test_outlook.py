from datetime import UTC, date, datetime, timedelta

import pytest

from meqenet.bnpl.outlook import AwaitedInstallment, Outlook, outlook_of
from meqenet.bnpl.progress import PlanProgress
from meqenet.bnpl.states import InstallmentState, PlanState

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
SOON, LATER = NOW + timedelta(minutes=30), NOW + timedelta(days=2)
CONFIRMED = PlanProgress(identity_confirmed=True, offer_expires_at=SOON)
ACTIVE = PlanProgress(is_activated=True)


def row(
    number: int,
    state: InstallmentState = InstallmentState.SCHEDULED,
    again: datetime | None = None,
) -> AwaitedInstallment:
    """Due on the 7th, the 8th, …; collected at ten o'clock in Addis Ababa."""
    return AwaitedInstallment(
        number=number, due_on=date(2026, 12, 6 + number), state=state, next_attempt_at=again
    )


def after(
    state: PlanState,
    progress: PlanProgress,
    *rows: AwaitedInstallment,
    payout_due_at: datetime | None = None,
) -> Outlook | None:
    return outlook_of(
        state=state,
        progress=progress,
        installments=rows,
        collection_hour=10,
        payout_due_at=payout_due_at,
    )


@pytest.mark.parametrize(
    ("state", "progress", "what", "at"),
    [
        (PlanState.APPLIED, PlanProgress(), "identity check", None),
        (
            PlanState.IDENTITY_REQUIRED,
            PlanProgress(login_expires_at=SOON),
            "the customer logs in at Fayda",
            SOON,
        ),
        (PlanState.IDENTITY_REQUIRED, CONFIRMED, "credit check", None),
        (PlanState.OFFERED, CONFIRMED, "the customer accepts the offer", SOON),
        (PlanState.ACCEPTED, CONFIRMED, "payment at checkout, or activation", None),
        (
            PlanState.ACCEPTED,
            PlanProgress(payment_requested=True, payment_deadline=SOON),
            "the customer pays",
            SOON,
        ),
        (
            PlanState.ACCEPTED,
            PlanProgress(newest="checkout_payment_failed", payment_deadline=SOON),
            "the customer tries the payment again",
            SOON,
        ),
    ],
)
def test_before_it_is_active_the_customer_or_a_check_is_awaited(
    state: PlanState, progress: PlanProgress, what: str, at: datetime | None
) -> None:
    assert after(state, progress) == Outlook(what=what, at=at)


def test_an_active_plan_does_what_is_due_first() -> None:
    paid, next_one = row(1, InstallmentState.PAID), row(2)
    assert after(PlanState.ACTIVE, ACTIVE, paid, next_one, row(3)) == Outlook(
        what="collect installment 2", at=datetime(2026, 12, 8, 7, 0, tzinfo=UTC)
    )
    assert after(PlanState.ACTIVE, ACTIVE, paid, next_one, payout_due_at=LATER) == Outlook(
        what="pay the merchant", at=LATER
    )
    failing = row(2, InstallmentState.COLLECTING, again=LATER)
    assert after(PlanState.PAST_DUE, ACTIVE, failing, row(3)) == Outlook(
        what="try installment 2 again", at=LATER
    )


def test_what_nothing_happens_to_by_itself_waits_for_somebody() -> None:
    paid, failed = row(1, InstallmentState.PAID), row(1, InstallmentState.FAILED)
    rejected = PlanProgress(is_activated=True, payout_rejected="pln_x-p1")
    under_way = row(1, InstallmentState.COLLECTING)
    for progress, one, what in (
        (rejected, paid, "the merchant's payout waits for a retry"),
        (ACTIVE, failed, "a failed installment waits for a retry"),
        (ACTIVE, under_way, "await what is under way"),
    ):
        assert after(PlanState.PAST_DUE, progress, one) == Outlook(what=what)


@pytest.mark.parametrize(
    "state",
    [PlanState.DECLINED, PlanState.EXPIRED, PlanState.CANCELLED, PlanState.COMPLETED],
)
def test_nothing_follows_the_end(state: PlanState) -> None:
    assert after(state, ACTIVE, row(1)) is None
