"""Payments that are replayed: the read models owe what the account does, and lose no line."""

from hypothesis import given, settings
from hypothesis import strategies as st

from meqenet.bnpl.replay_events import ReplayCause
from meqenet.bnpl.replaying import WantedReplay, payments_replayed
from tests.meqenet.analytics.test_paid_and_returned import Models
from tests.meqenet.bnpl.test_replaying import STEPS, lived


@settings(max_examples=40)
@given(steps=STEPS, is_free=st.booleans(), data=st.data())
def test_the_read_models_owe_what_the_replayed_account_owes(
    data: st.DataObject, *, steps: list[tuple[int, str, int]], is_free: bool
) -> None:
    plan, _ = lived(steps, is_free=is_free)
    models = Models(plan.terms)
    for event, _ in plan.log:
        models.take(event)
    while told := plan.now.told.payments:
        payment = data.draw(st.sampled_from(told))
        wanted = WantedReplay(cause=ReplayCause.REVERSED, attempt_id=payment.attempt_id)
        replayed = payments_replayed(plan=plan.now, wanted=wanted)
        lines = {(line.number, line.part) for line in models.loan.installments}
        plan.replayed(replayed)
        models.take(replayed)
        left = plan.account.left
        assert models.loan_left == (left.principal, left.interest)
        overview = models.overview
        assert overview.outstanding_principal == left.principal
        assert overview.outstanding_interest == left.interest
        assert overview.outstanding_late_fees == left.fees
        assert lines <= {(line.number, line.part) for line in models.loan.installments}
