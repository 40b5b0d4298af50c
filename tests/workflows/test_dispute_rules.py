"""Whether an order may be disputed, and what has to wait while it is: every no has its code."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from activities.contracts.settlement import SettlementScheduled
from meqenet.bnpl.account_history import AccountHistory
from meqenet.bnpl.dispute_events import OrderDisputed
from meqenet.bnpl.events import PlannedInstallment
from meqenet.bnpl.loss_events import PlanChargedOff
from meqenet.bnpl.states import PlanState
from meqenet.disputes.dispute_states import DisputeKind
from meqenet.money import Money
from meqenet.payments.rail import WalletProvider
from workflows.asked_deed import AskedDeed
from workflows.clock import ClockReading, PlanClock
from workflows.dispute_messages import DisputeOrder
from workflows.dispute_rules import no_dispute, no_dispute_open, opened_by
from workflows.messages import Application
from workflows.order_refund_messages import TakeGoodsBack
from workflows.order_refund_rules import outlook
from workflows.plan_desk import PlanDesk
from workflows.plan_life import InstallmentLife, PayoutLife, PlanLife
from workflows.support import No, no_retry

_NOW = datetime(2026, 12, 1, tzinfo=UTC)
_ORDER = DisputeOrder(opening_id="opening_1", kind=DisputeKind.DUPLICATE, by="stf_first")
_DISPUTED = OrderDisputed(
    dispute_id="pln_a-d1",
    opening_id="opening_1",
    reason="duplicate",
    on=date(2026, 12, 1),
    amount=Money(100_000),
    held=Money(97_000),
    waiting=(1,),
    due_again_days=14,
    by="stf_first",
)
Change = Callable[[PlanDesk], None]


def _desk(state: PlanState = PlanState.ACTIVE) -> PlanDesk:
    application = Application(
        plan_id="pln_a",
        merchant_id="mer_a",
        reference="order-1",
        request_hash="",
        option="pay_in_30",
        amount=Money(100_000),
        description="goods",
        installment_count=None,
        wallet_provider=WalletProvider.MPESA,
        msisdn="",
        fayda_number="",
        consent_version="",
        monthly_income=None,
        return_url=None,
    )
    scheduled = SettlementScheduled(
        payout_id="pln_a-p1",
        gross=Money(100_000),
        net=Money(97_000),
        fee=Money(3_000),
        due_at=_NOW,
    )
    planned = PlannedInstallment(
        number=1, due_on=date(2026, 12, 31), principal=Money(100_000), interest=Money.zero()
    )
    life = PlanLife(
        state=state,
        activated_on=date(2026, 12, 1),
        installments=[InstallmentLife(planned=planned)],
        payout=PayoutLife(scheduled=scheduled, by_day=True),
    )
    clock = PlanClock(ClockReading(now=_NOW, turn=0))
    return PlanDesk(application=application, life=life, clock=clock)


def _in_dispute(desk: PlanDesk) -> None:
    desk.life.account = desk.life.account.disputed(_DISPUTED)


def _charged_off(desk: PlanDesk) -> None:
    lost = PlanChargedOff(
        on=date(2026, 12, 1),
        days_past_due=90,
        installments=(),
        principal=Money(1),
        interest=Money.zero(),
        late_fee=Money.zero(),
        merchant_fee=Money.zero(),
        by="stf_first",
        why="late",
    )
    desk.life.account = AccountHistory(charged_off=lost)


def _paid_alone(desk: PlanDesk) -> None:
    if desk.life.payout is not None:
        desk.life.payout.by_day = False


def _asked(deed: DisputeOrder | TakeGoodsBack) -> Change:
    return lambda desk: desk.deeds.append(AskedDeed(deed=deed))


def _nothing(desk: PlanDesk) -> None:
    assert desk.deeds is not None


@pytest.mark.parametrize(
    ("state", "change", "code"),
    [
        *(
            (state, _nothing, "plan_not_in_force")
            for state in sorted(
                set(PlanState) - {PlanState.ACTIVE, PlanState.PAST_DUE, PlanState.COMPLETED}
            )
        ),
        (PlanState.PAST_DUE, _charged_off, "plan_charged_off"),
        (PlanState.ACTIVE, _in_dispute, "dispute_under_way"),
        (PlanState.COMPLETED, _in_dispute, "dispute_under_way"),
        (PlanState.ACTIVE, _paid_alone, "dispute_unsupported"),
        (
            PlanState.ACTIVE,
            _asked(replace(_ORDER, opening_id="opening_2")),
            "dispute_under_way",
        ),
        (PlanState.ACTIVE, _asked(TakeGoodsBack(reference="r-1")), "refund_under_way"),
        *(
            (state, _nothing, None)
            for state in (PlanState.ACTIVE, PlanState.PAST_DUE, PlanState.COMPLETED)
        ),
        # The same request, sent twice.
        (PlanState.ACTIVE, _asked(_ORDER), None),
    ],
)
def test_an_order_is_disputed_in_force_or_completed_once(
    state: PlanState, change: Change, code: str | None
) -> None:
    desk = _desk(state)
    change(desk)
    no = no_dispute(desk, _ORDER)
    assert (None if no is None else no.code) == code


def test_what_is_in_dispute_goes_back_by_its_end_alone() -> None:
    desk = _desk()
    _in_dispute(desk)
    assert opened_by(desk, _ORDER) == "pln_a-d1"
    no = no_dispute_open(desk)
    assert no is not None
    assert no.code == "order_in_dispute"

    def refused(**wanted: object) -> str:
        found = outlook(desk, TakeGoodsBack(**{"reference": "r-1", **wanted}))  # type: ignore[arg-type]  # fields of the class
        return found.code if isinstance(found, No) else ""

    assert refused() == "order_in_dispute"
    assert refused(reference="pln_a-d1") == "refund_reference_reserved"
    retry = no_retry(desk, number=1)
    assert retry is not None
    assert retry.code == "installment_in_dispute"
    # Of a smaller part, the rest may go back.
    part = replace(_DISPUTED, amount=Money(40_000))
    desk.life.account = AccountHistory(disputes=(part,))
    assert refused(amount=Money(60_001)) == "refund_above_order"
