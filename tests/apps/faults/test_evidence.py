"""The oracle itself: it is content with a life as it should be, and names whatever is not."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from apps.faults.drawing import AttemptPlot, CollectionPlot, Scenario
from apps.faults.evidence import Evidence, broken, changed
from apps.faults.mishaps import Mishap
from db.ledger.views import PostedEntry
from db.payments.views import AttemptView, FindingView
from meqenet.bnpl.options import PaymentOption
from meqenet.ledger.accounts import Side
from meqenet.money import Money
from meqenet.payments.attempts import Finding, OrderState
from meqenet.payments.rail import WalletProvider

PLAN = "pln_abcdefghijklmnopqrst"
WIRE = "plnabcdefghijklmnopqrst"
AT = datetime(2026, 12, 31, 7, 30, tzinfo=UTC)
PRICE = Money.from_birr("1000.00")

SCENARIO = Scenario(
    seed=7,
    option=PaymentOption.PAY_IN_30,
    provider=WalletProvider.TELEBIRR,
    amount=PRICE,
    starts_on=date(2026, 12, 1),
    lead=Mishap.REFUSED,
    collections=(
        CollectionPlot(
            attempts=(
                AttemptPlot(refusal="4003"),
                AttemptPlot(delivery=Mishap.TIMEOUT_BEFORE),
            )
        ),
    ),
    payout=Mishap.PAYOUT_REJECTED,
)


def _attempt(number: int, state: OrderState) -> AttemptView:
    return AttemptView(
        plan_id=PLAN,
        attempt_id=f"{PLAN}-i01-a{number}",
        installment_id=f"{PLAN}-i01",
        channel="mandate",
        provider=WalletProvider.TELEBIRR,
        wallet_id=f"{PLAN}-w1",
        asked=PRICE,
        state=state,
        cause=None,
        failure_code=None,
        provider_reference=None,
        receipt=None,
        moved_at=None,
        opened_at=AT,
        changed_at=AT,
    )


def _entry(posting_id: str, kind: str, account: str, side: Side) -> PostedEntry:
    return PostedEntry(
        posting_id=posting_id,
        kind=kind,
        line=1,
        account_code=account,
        side=side,
        amount=PRICE,
        effective_at=AT,
        recorded_at=AT,
        backdated_from=None,
    )


def _sent(number: int, status: int | None) -> dict[str, Any]:
    path = "/payment/v1/merchant/disburseOrder"
    return {"reference": f"{WIRE}i01a{number}", "path": path, "status": status}


def _debit(number: int) -> dict[str, Any]:
    return {"reference": f"{WIRE}i01a{number}", "amount": "1000.00"}


RECEIVABLE = f"plan_receivable:{PLAN}"
COLLECTED = (f"{PLAN}-i01-a2", "installment_collected")
GOOD = Evidence(
    plan={
        "id": PLAN,
        "state": "completed",
        "merchant_paid": True,
        "schedule": [{"number": 1, "state": "paid", "amount": "1000.00"}],
    },
    debits=[_debit(2)],
    balance=Money.from_birr("59000.00"),
    requests=[_sent(1, 299), _sent(2, None), _sent(2, 503), _sent(2, 200)],
    transfers=[
        {"end_to_end_id": "paya1", "status": "RJCT"},
        {"end_to_end_id": "payb1", "status": "ACSC"},
    ],
    attempts=[_attempt(1, OrderState.FAILED), _attempt(2, OrderState.SUCCEEDED)],
    findings=[],
    entries=[
        _entry(f"{PLAN}-activation", "plan_activated", RECEIVABLE, Side.DEBIT),
        _entry(*COLLECTED, RECEIVABLE, Side.CREDIT),
        _entry(f"{PLAN}-p2", "merchant_share_paid", "merchant_payable:mer_a", Side.CREDIT),
    ],
)


def test_a_life_as_it_should_be_holds() -> None:
    assert broken(scenario=SCENARIO, evidence=GOOD) == []
    assert changed(before=GOOD, after=replace(GOOD, requests=[])) == []


@pytest.mark.parametrize(
    ("spoilt", "named"),
    [
        ({"plan": {**GOOD.plan, "state": "past_due"}}, "should be completed; it is past_due"),
        ({"plan": {**GOOD.plan, "merchant_paid": False}}, "the merchant is not paid"),
        ({"debits": []}, "debited for none, paid attempts are i01a2"),
        ({"debits": [_debit(2), _debit(2)]}, "installment 1 was debited 2 times"),
        ({"debits": [_debit(1), _debit(2)]}, "installment 1 was debited 2 times"),
        ({"debits": [{**_debit(2), "amount": "999.99"}]}, "debits of ['999.99']"),
        ({"balance": Money.from_birr("58000.00")}, "the wallet holds 58000.00"),
        ({"attempts": GOOD.attempts[1:]}, "should have 2 attempts; it has: succeeded"),
        (
            {"attempts": [GOOD.attempts[0], _attempt(2, OrderState.UNKNOWN)]},
            "paid attempts are none",
        ),
        ({"entries": GOOD.entries[::2]}, "paid attempts are i01a2, the ledger has none"),
        ({"entries": GOOD.entries[::2]}, f"1000.00 is left on {RECEIVABLE}"),
        ({"entries": GOOD.entries[:2]}, f"should have the payout {PLAN}-p2; it has []"),
        ({"requests": [*GOOD.requests, _sent(2, 299)]}, f"{WIRE}i01a2 was sent 4 times"),
        ({"requests": [_sent(1, 299), _sent(1, 299)]}, f"{WIRE}i01a1 was sent 2 times"),
        ({"transfers": GOOD.transfers[:1]}, "it has ['RJCT']"),
        ({"transfers": [*GOOD.transfers, GOOD.transfers[1]]}, "it has ['RJCT', 'ACSC', 'ACSC']"),
        (
            {
                "findings": [
                    FindingView(
                        plan_id=PLAN,
                        order_id=f"{PLAN}-i01-a1",
                        finding=Finding.MONEY_AFTER_FAILURE,
                        status=None,
                        amount=None,
                        receipt=None,
                        heard_at=AT,
                    )
                ]
            },
            "i01-a1: money_after_failure",
        ),
    ],
)
def test_whatever_does_not_hold_is_named(spoilt: dict[str, Any], named: str) -> None:
    evidence = replace(GOOD, **spoilt)
    assert any(named in what for what in broken(scenario=SCENARIO, evidence=evidence))
    assert len(changed(before=GOOD, after=evidence)) == (0 if "requests" in spoilt else 1)
