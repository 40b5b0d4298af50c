from datetime import UTC, date, datetime, timedelta

from meqenet.bnpl import events as e
from meqenet.bnpl.progress import CollectionProgress, PlanProgress, progress_of
from meqenet.bnpl.staff_events import WalletChosen
from meqenet.money import Money

START = datetime(2026, 12, 1, 6, tzinfo=UTC)
DUE = date(2026, 12, 15)
ROWS = tuple(
    e.PlannedInstallment(number=n, due_on=DUE, principal=Money(100), interest=Money.zero())
    for n in (1, 2)
)
OPENED = e.PlanOpened(
    merchant_id="mer_1",
    reference="r",
    option="pay_in_4",
    product_version=1,
    amount=Money(200),
    wallet_provider="mpesa",
    test_clock_id=None,
)
ACTIVATED = e.PlanActivated(
    activated_on=date(2026, 12, 1),
    installments=ROWS,
    payout_id="pln_1-p1",
    merchant_fee=Money.zero(),
    settlement_due_at=START,
)


def hour(count: int) -> datetime:
    return START + timedelta(hours=count)


def read(*log: e.PlanEvent) -> PlanProgress:
    """Each event an hour after the one before."""
    return progress_of(log=[(event, hour(n)) for n, event in enumerate(log)])


def paid(number: int) -> e.InstallmentPaid:
    return e.InstallmentPaid(number=number, attempt_id="a", amount=Money(100), paid_at=START)


def attempt_failed(*, again_at: datetime | None) -> e.CollectionAttemptFailed:
    return e.CollectionAttemptFailed(
        number=2, attempt_id="a", cause="balance", next_attempt_at=again_at
    )


def test_an_empty_log_is_the_beginning() -> None:
    assert read() == PlanProgress()


def test_logins_are_counted_and_the_newest_deadline_counts() -> None:
    progress = read(
        OPENED,
        e.IdentityRequested(attempt=1, expires_at=hour(5)),
        e.IdentityRequested(attempt=2, expires_at=hour(6)),
    )
    assert (progress.sequence, progress.newest) == (3, "identity_requested")
    assert (progress.identity_attempt, progress.login_expires_at) == (2, hour(6))
    assert not progress.identity_confirmed
    assert read(OPENED, e.IdentityConfirmed(customer_id="cus_1")).identity_confirmed


def test_a_request_for_the_payment_is_open_until_it_fails_and_open_again_when_repeated() -> None:
    request = e.PaymentRequested(expires_at=hour(9))
    failed = e.CheckoutPaymentFailed(attempt_id="a", cause="balance", expires_at=hour(9))
    asked = read(OPENED, e.OfferAccepted(agreement_version="3"), request)
    assert (asked.payment_requested, asked.payment_deadline) == (True, hour(9))
    assert (asked.accepted_at, asked.agreement_version) == (hour(1), "3")
    assert not asked.awaits_new_try
    waiting = read(OPENED, request, failed)
    assert (waiting.payment_requested, waiting.payments_failed) == (False, 1)
    assert waiting.awaits_new_try
    again = read(OPENED, request, failed, request)
    assert (again.payment_requested, again.payments_failed) == (True, 1)
    assert not again.awaits_new_try


def test_the_activation_may_be_half_done_until_something_else_has_happened() -> None:
    assert read(OPENED, ACTIVATED).activating
    assert read(OPENED, ACTIVATED, paid(1)).activating
    assert not read(OPENED, ACTIVATED, e.CollectionStarted(number=1)).activating
    assert not read(OPENED, ACTIVATED, e.CollectionStarted(number=1), paid(1)).activating
    assert not read(OPENED, ACTIVATED, paid(1), e.CollectionStarted(number=2)).activating


def test_the_day_of_activation_is_known_from_then_on() -> None:
    assert read(OPENED, ACTIVATED, paid(1)).activated_on == date(2026, 12, 1)
    assert read(OPENED).activated_on is None


def test_a_collection_under_way_counts_its_failed_attempts_from_the_due_date() -> None:
    progress = read(
        OPENED, ACTIVATED, paid(1), e.CollectionStarted(number=2), attempt_failed(again_at=hour(24))
    )
    assert progress.collection(number=2) == CollectionProgress(
        number=2, attempts=1, started_on=DUE, failed=1, next_attempt_at=hour(24)
    )
    assert progress.collection(number=1).attempts == 1
    assert progress.collection(number=7) == CollectionProgress(number=7)


def test_a_collection_that_somebody_began_again_counts_from_that_day() -> None:
    progress = read(
        OPENED,
        ACTIVATED,
        e.CollectionStarted(number=2),
        attempt_failed(again_at=hour(24)),
        attempt_failed(again_at=hour(48)),
        e.InstallmentFailed(number=2, cause="balance"),
        e.CollectionStarted(number=2),
    )
    collection = progress.collection(number=2)
    assert (collection.attempts, collection.failed) == (3, 0)
    assert collection.started_on == date(2026, 12, 1)
    assert collection.next_attempt_at is None


def test_a_refused_payout_waits_until_a_later_one_is_paid() -> None:
    refused = e.MerchantPayoutRejected(payout_id="pln_1-p1", reason_code="AC04")
    settled = e.MerchantPaid(payout_id="pln_1-p2", amount=Money(100))
    assert read(OPENED, ACTIVATED, refused).payout_rejected == "pln_1-p1"
    assert read(OPENED, ACTIVATED, refused, settled).payout_rejected is None


def test_what_came_of_a_cancelled_plan_is_known() -> None:
    cancelled = e.PlanCancelled(reason="changed mind")
    assert read(OPENED, cancelled).cancel_reason == "changed mind"
    assert not read(OPENED, cancelled).returned
    returned = e.PaymentReturned(refund_id="r", amount=Money(1))
    assert read(OPENED, cancelled, returned).returned


def test_an_installment_stays_with_the_wallet_that_was_chosen_last() -> None:
    chosen = [WalletChosen(number=2, wallet_id=w, by="stf_1", why="asked") for w in ("w2", "w3")]
    started = e.CollectionStarted(number=2)
    progress = read(OPENED, ACTIVATED, *chosen, started, attempt_failed(again_at=hour(9)))
    assert progress.collection(number=2).wallet_id == "w3"
    assert progress.collection(number=1).wallet_id is None
