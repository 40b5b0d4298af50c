from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from meqenet.analytics.facts import Fact
from meqenet.analytics.plan_overview import PlanOverview, fold, key_of
from meqenet.event_chain import EventContent, plain
from meqenet.ledger.events import PostedEntry, TransactionPosted
from meqenet.ledger.happenings import (
    Happening,
    InstallmentCollected,
    InterestAccrued,
    ProviderSettled,
)
from meqenet.ledger.posting_rules import entries_for
from meqenet.money import Money

_AT = datetime(2026, 12, 23, 7, 0, tzinfo=UTC)
_ACCRUED = InterestAccrued(
    plan_id="pln_a", lender="lender-c", number=1, day=_AT.date(), amount=Money(30)
)
_COLLECTED = InstallmentCollected(
    plan_id="pln_a",
    attempt_id="pln_a-i01-a1",
    provider="mpesa",
    lender="lender-c",
    principal=Money(24_000),
    interest=Money.zero(),
    accrued_interest=Money(900),
    merchant_fee=Money(600),
)


def _fact(happening: Happening) -> Fact:
    told = TransactionPosted(
        happening=happening,
        entries=tuple(
            PostedEntry(account=entry.account.code, side=entry.side, amount=entry.amount)
            for entry in entries_for(happening=happening)
        ),
    )
    data: Mapping[str, Any] = plain(told)
    content = EventContent(
        event_id="1",
        stream=happening.plan_id,
        sequence=1,
        event_type="transaction_posted",
        version=1,
        data=data,
        effective_at=_AT,
    )
    return Fact(source="ledger", content=content)


@pytest.mark.parametrize(("happening", "receivable"), [(_ACCRUED, 50_000), (_COLLECTED, 26_000)])
def test_what_is_receivable_is_principal_alone(happening: Happening, receivable: int) -> None:
    fact = _fact(happening)
    assert key_of(fact=fact) == "pln_a"
    before = PlanOverview(plan_id="pln_a", receivable=Money(50_000))
    assert fold(before=before, fact=fact).receivable == Money(receivable)


def test_a_providers_settlement_is_of_no_plan() -> None:
    settled = ProviderSettled(settlement_id="stl_x", provider="mpesa", amount=Money(900_000))
    assert key_of(fact=_fact(settled)) is None
