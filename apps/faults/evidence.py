"""What must hold of a life that is over: of its plan, and in everybody's books."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from apps.faults.drawing import CollectionPlot, Scenario
from apps.faults.living import Life
from apps.faults.mishaps import Mishap
from apps.faults.patience import patiently
from apps.faults.paydays import payouts_among
from apps.faults.planting import rail_of
from apps.faults.world import BALANCE
from db.ledger.views import PostedEntry, entries_of
from db.payments.views import AttemptView, FindingView, attempts_of, findings
from meqenet.identity import attempt_id, installment_id, payout_id, wire_id
from meqenet.ledger.accounts import Side
from meqenet.money import Money, total
from meqenet.payments.attempts import OrderState

_PAYMENTS: Final = ("checkout_payment_received", "installment_collected")
"""The kinds of postings by which money of the customer comes in."""
_PAID_OUT: Final = "merchant_share_paid"
_SENDS: Final = {
    "stk_push": "stkpush",
    "disburseOrder": "disburseOrder",
    "preOrder": "preOrder",
    "createOrder": "createOrder",
}
"""What stands in the path of a request that asks for money, by the sandbox's operation."""
_PAGES: Final = ("preOrder", "createOrder")
"""Opening a page moves no money, so it may be sent again although its answer was lost."""
_BUSY: Final = 503


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What everybody says of one life, ids in the spelling of the wire.

    Attributes:
        plan: as the API has it.
        debits: payments out of the wallet, by the provider's books.
        balance: what is left in the wallet.
        requests: what the provider was sent, as far as it remembers.
        transfers: the merchant's money, by the bank's books.
    """

    plan: dict[str, Any]
    debits: Sequence[dict[str, Any]]
    balance: Money
    requests: Sequence[dict[str, Any]]
    transfers: Sequence[dict[str, Any]]
    attempts: Sequence[AttemptView]
    findings: Sequence[FindingView]
    entries: Sequence[PostedEntry]


async def gather(*, life: Life) -> Evidence:
    """Ask everybody."""
    world, plan_id = life.world, life.plan_id
    controls, phone = world.controls, life.customer.phone
    control = controls[life.scenario.provider]
    mine = wire_id(meqenet_id=plan_id)
    statement = await world.rows(f"{control}/statement")
    requests = await world.rows(f"{control}/requests", last="1000")
    transfers = await world.rows(f"{controls['bank']}/transfers")
    plan = await world.shop.plan(plan_id)
    wallet = await world.http.get(f"{control}/wallets/{phone}")

    async def by_payments() -> tuple[Sequence[AttemptView], Sequence[FindingView]]:
        async with world.payments.read() as session:
            return (
                await attempts_of(session=session, plan_id=plan_id),
                await findings(session=session, plan_id=plan_id),
            )

    async def by_ledger() -> Sequence[PostedEntry]:
        async with world.ledger.read() as session:
            return await entries_of(session=session, plan_id=plan_id)

    attempts, found = await patiently(by_payments)
    return Evidence(
        plan=plan,
        debits=[
            row
            for row in statement
            if row["debit"] == f"wallet:{phone}" and row["kind"] == "payment"
        ],
        balance=Money.from_birr(wallet.json()["balance"]),
        requests=[
            row for row in requests if wire_id(meqenet_id=row["reference"] or "").startswith(mine)
        ],
        transfers=payouts_among(
            transfers, merchant_id=world.shop.merchant_id, clock=life.clock, plan=plan
        ),
        attempts=attempts,
        findings=found,
        entries=await patiently(by_ledger),
    )


def broken(*, scenario: Scenario, evidence: Evidence) -> list[str]:
    """What does not hold, in sentences; nothing when all does."""
    return [
        *_plan(scenario, evidence),
        *_money_in(scenario, evidence),
        *_attempts(scenario, evidence),
        *_sendings(scenario, evidence),
        *_money_out(scenario, evidence),
        *_ledger(evidence),
    ]


def changed(*, before: Evidence, after: Evidence) -> list[str]:
    """What has become another although nothing new was heard, in sentences."""
    names = ("plan", "debits", "balance", "transfers", "attempts", "findings", "entries")
    return [
        f"{name} changed when callbacks came again: {getattr(after, name)}"
        for name in names
        if getattr(before, name) != getattr(after, name)
    ]


def _plan(scenario: Scenario, evidence: Evidence) -> Iterator[str]:
    plan = evidence.plan
    states = [row["state"] for row in plan["schedule"]]
    if plan["state"] != "completed" or set(states) != {"paid"}:
        yield f"the plan should be completed; it is {plan['state']}, its installments {states}"
    if len(states) != len(scenario.collections):
        yield f"the plan has {len(states)} installments"
    if not plan["merchant_paid"]:
        yield "the merchant is not paid, by the plan"


def _money_in(scenario: Scenario, evidence: Evidence) -> Iterator[str]:
    """The sandbox's books = attempts = ledger, and each installment once."""
    debited = Counter(wire_id(meqenet_id=row["reference"]) for row in evidence.debits)
    succeeded = Counter(
        wire_id(meqenet_id=each.attempt_id)
        for each in evidence.attempts
        if each.state is OrderState.SUCCEEDED
    )
    posted = Counter(wire_id(meqenet_id=each) for each in _posted(evidence, *_PAYMENTS))
    if debited != succeeded:
        yield f"the wallet was debited for {_told(debited)}, paid attempts are {_told(succeeded)}"
    if succeeded != posted:
        yield f"paid attempts are {_told(succeeded)}, the ledger has {_told(posted)}"
    for installment, times in sorted(_by_installment(evidence).items()):
        if times != 1:
            yield f"installment {installment} was debited {times} times"
    amounts = sorted(row["amount"] for row in evidence.debits)
    planned = sorted(row["amount"] for row in evidence.plan["schedule"])
    if amounts != planned:
        yield f"debits of {amounts}, installments of {planned}"
    left = Money.from_birr(BALANCE) - scenario.amount
    if evidence.balance != left:
        yield f"the wallet holds {evidence.balance}, and should hold {left}"


def _attempts(scenario: Scenario, evidence: Evidence) -> Iterator[str]:
    """Each refusal ends one attempt, nothing else does, and the last attempt is paid."""
    for number, plot in enumerate(scenario.collections, start=1):
        installment = installment_id(plan_id=evidence.plan["id"], number=number)
        mine = [each for each in evidence.attempts if each.installment_id == installment]
        states = [each.state for each in mine]
        expected = [OrderState.FAILED] * (len(plot.attempts) - 1) + [OrderState.SUCCEEDED]
        if states != expected:
            told = ", ".join(f"{each.state} {each.failure_code or ''}".strip() for each in mine)
            yield f"installment {number} should have {len(expected)} attempts; it has: {told}"
    for finding in evidence.findings:
        yield f"{finding.order_id}: {finding.finding}"


def _sendings(scenario: Scenario, evidence: Evidence) -> Iterator[str]:
    """Sent again only where the provider has certainly not taken it."""
    for number, plot in enumerate(scenario.collections, start=1):
        operation = rail_of(scenario=scenario, number=number).request
        if operation in _PAGES:
            continue
        for tries, order in _orders(evidence.plan["id"], number=number, plot=plot):
            sent = [
                row["status"]
                for row in evidence.requests
                if wire_id(meqenet_id=row["reference"]) == order
                and _SENDS[operation] in row["path"]
            ]
            lost = plot.attempts[tries - 1].delivery is Mishap.TIMEOUT_BEFORE
            taken = len(sent) - sent.count(_BUSY) - (1 if lost else 0)
            if taken > 1:
                yield f"{order} was sent {len(sent)} times: answered {sent}"


def _orders(plan_id: str, *, number: int, plot: CollectionPlot) -> Iterator[tuple[int, str]]:
    installment = installment_id(plan_id=plan_id, number=number)
    for tries in range(1, len(plot.attempts) + 1):
        order = attempt_id(installment_id=installment, number=tries)
        yield tries, wire_id(meqenet_id=order)


def _money_out(scenario: Scenario, evidence: Evidence) -> Iterator[str]:
    """The merchant is paid once; the plan's share counts the payouts that had it."""
    rejected = scenario.payout is Mishap.PAYOUT_REJECTED
    statuses = [row["status"] for row in evidence.transfers]
    expected = ["RJCT", "ACSC"] if rejected else ["ACSC"]
    if statuses != expected:
        yield f"the bank should have the transfers {expected}; it has {statuses}"
    paid_out = _posted(evidence, _PAID_OUT)
    last = payout_id(plan_id=evidence.plan["id"], number=len(expected))
    if paid_out != [last]:
        yield f"the ledger should have the payout {last}; it has {paid_out}"


def _ledger(evidence: Evidence) -> Iterator[str]:
    """Nothing is left on the plan's own accounts."""
    own = f":{evidence.plan['id']}"
    for code in sorted({entry.account_code for entry in evidence.entries}):
        if not code.endswith(own):
            continue
        left = total(
            entry.amount if entry.side is Side.DEBIT else -entry.amount
            for entry in evidence.entries
            if entry.account_code == code
        )
        if left:
            yield f"{left} is left on {code}"


def _posted(evidence: Evidence, *kinds: str) -> list[str]:
    entries = [entry for entry in evidence.entries if entry.kind in kinds]
    return list(dict.fromkeys(entry.posting_id for entry in entries))


def _by_installment(evidence: Evidence) -> Counter[int]:
    """How often each installment was debited, by the order ids on the provider's statement."""
    prefixes = {
        row["number"]: wire_id(
            meqenet_id=installment_id(plan_id=evidence.plan["id"], number=row["number"])
        )
        for row in evidence.plan["schedule"]
    }
    found: Counter[int] = Counter(dict.fromkeys(prefixes, 0))
    for row in evidence.debits:
        order = wire_id(meqenet_id=row["reference"])
        for number, prefix in prefixes.items():
            found[number] += order.startswith(f"{prefix}a")
    return found


def _told(orders: Counter[str]) -> str:
    """Attempts without what they have in common, as ``i02a1``."""
    return ", ".join(sorted(each[-5:] for each in orders.elements())) or "none"
