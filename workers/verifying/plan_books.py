"""One plan in all books: what each domain's store, events and read models say of its money.

The rules compare sums that different domains keep on their own: what the plan's events leave owing,
what the ledger has receivable, what the credit domain counts as used, what wallets have brought and
what merchants have got.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final

from db.bnpl.books import PlanRow
from db.credit.books import ExposureRow
from db.disputes.books import DisputeRow
from db.ledger.books import Posting
from db.payments.books import WalletOrder
from db.settlement.authorised_books import AuthorisedRow
from db.settlement.books import PayoutRow
from meqenet.analytics.plan_overview import PlanOverview
from meqenet.event_chain import EventContent
from meqenet.money import Money, total
from meqenet.payments.attempts import OrderState
from meqenet.settlement.payouts import PayoutState
from workers.settings import Domain
from workers.verifying import authorised_orders
from workers.verifying.findings import BadRecord
from workers.verifying.read_models import PLAN_SHEETS, Malformed, difference, told

_ORDERS: Final = ("attempt_id", "refund_id")
"""What a happening calls the order of a wallet provider that moved the money."""


@dataclass(frozen=True, kw_only=True)
class PlanBooks:
    """A plan as the stores hold it.

    Attributes:
        domains: the stores that were read.
        logs: its events by domain.
        plan: bnpl's row.
        orders: the attempts and refunds of payments.
        payouts: settlement's, the newest last.
        order: settlement's, where its merchant captures it.
        postings: the ledger's.
        exposure: credit's.
        lines: the lines of the read models, by the model's name.
        disputes: of its order, the newest last.
    """

    plan_id: str
    domains: frozenset[Domain]
    logs: Mapping[Domain, Sequence[EventContent]] = field(default_factory=dict)
    plan: PlanRow | None = None
    orders: Sequence[WalletOrder] = ()
    payouts: Sequence[PayoutRow] = ()
    order: AuthorisedRow | None = None
    postings: Sequence[Posting] = ()
    exposure: ExposureRow | None = None
    lines: Mapping[str, Any] = field(default_factory=dict)
    disputes: Sequence[DisputeRow] = ()

    def log(self) -> Iterator[tuple[Domain, EventContent]]:
        """All of its events with their domains."""
        for source, events in self.logs.items():
            for content in events:
                yield source, content

    @property
    def marks(self) -> tuple[object, ...]:
        """Another value whenever something has happened in between."""
        lengths = tuple((source, len(events)) for source, events in sorted(self.logs.items()))
        return (*lengths, self.exposure)


def first_difference(*, books: PlanBooks) -> BadRecord | None:
    """Where the books do not agree; None when they do. Rules of stores not read are left out."""
    try:
        made = {
            name: told(sheet=sheet, log=books.log()).get(books.plan_id)
            for name, sheet in PLAN_SHEETS.items()
        }
    except Malformed as malformed:
        return malformed.bad
    overview = made["plan_overview"] or PlanOverview(plan_id=books.plan_id)
    for domain, needed, rule in _RULES:
        if needed | {domain} <= books.domains and (what := rule(books, overview)) is not None:
            return BadRecord(domain=domain, stream=books.plan_id, sequence=None, what=what)
    if {"analytics", "bnpl", "payments", "settlement", "ledger"} <= books.domains:
        for name, line in made.items():
            what = difference(name=name, stored=books.lines.get(name), expected=line)
            if what is not None:
                return BadRecord(domain="analytics", stream=books.plan_id, sequence=None, what=what)
    return None


def _plan_row(books: PlanBooks, overview: PlanOverview) -> str | None:
    """Bnpl's rows are what its own events make them."""
    row = books.plan
    if row is None:
        is_told = bool(books.logs.get("bnpl"))
        return "its row is missing" if is_told else "other stores know it, and it has no log"
    for each in fields(row):
        if each.name == "installments":
            continue
        if getattr(row, each.name) != getattr(overview, each.name):
            return f"plans: {each.name} is not what its events make it"
    if len(row.installments) != len(overview.installments):
        return "installments: not as many as its events make"
    for stored, line in zip(row.installments, overview.installments, strict=True):
        for each in fields(stored):
            if getattr(stored, each.name) != getattr(line, each.name):
                return f"installment {line.number}: {each.name} is not what its events make it"
    return None


def _wallet_orders(books: PlanBooks, overview: PlanOverview) -> str | None:
    """The orders are what the events of payments made them."""
    attempts = [order for order in books.orders if not order.is_refund]
    refunds = [order for order in books.orders if order.is_refund]
    if len(attempts) != overview.attempts:
        return f"{len(attempts)} attempts, and {overview.attempts} by its events"
    return _unequal(
        "collected", "its events", _succeeded(attempts), overview.collected
    ) or _unequal("refunded", "its events", _succeeded(refunds), overview.refunded)


def _payouts(books: PlanBooks, overview: PlanOverview) -> str | None:
    """The payouts are what the events of settlement made them."""
    paid = total(
        row.amount for row in books.payouts if row.state is PayoutState.SETTLED and row.amount
    )
    net = books.payouts[-1].net if books.payouts else None
    if net != overview.merchant_net:
        return "what the merchant gets is not what its events make it"
    return _unequal("paid to the merchant", "its events", paid, overview.merchant_paid)


def _receivable(books: PlanBooks, overview: PlanOverview) -> str | None:
    """What the ledger has receivable is the principal that the plan's events leave owing."""
    account = f"plan_receivable:{books.plan_id}"
    receivable = total(posting.on(account) for posting in books.postings)
    return _unequal(account, "the plan's events", receivable, overview.outstanding_principal)


def _fees(books: PlanBooks, overview: PlanOverview) -> str | None:
    """What the ledger has receivable of late fees is what the plan's events leave owing of them."""
    account = f"fee_receivable:{books.plan_id}"
    receivable = total(posting.on(account) for posting in books.postings)
    return _unequal(account, "the plan's events", receivable, overview.outstanding_late_fees)


def _allowance(books: PlanBooks, overview: PlanOverview) -> str | None:
    """Of a plan that was charged off, all that is still owed is lost by the books."""
    account = f"loss_allowance:{books.plan_id}"
    lost = -total(posting.on(account) for posting in books.postings)
    owed = Money.zero()
    if overview.charged_off_on is not None:
        owed = (
            overview.outstanding_principal
            + overview.outstanding_interest
            + overview.outstanding_late_fees
        )
    return _unequal(account, "the plan's events", lost, owed)


def _owed(books: PlanBooks, overview: PlanOverview) -> str | None:
    """What the plan takes of its customer's limit is the principal outstanding."""
    owed = Money.zero() if books.exposure is None else books.exposure.owed
    outstanding = overview.outstanding_principal
    return _unequal("owed of the limit", "the plan's events", owed, outstanding)


def _clearing(books: PlanBooks, _overview: PlanOverview) -> str | None:
    """Every order that moved money is posted once, of the same amount, and nothing else is."""
    moved = {
        order.order_id: (f"provider_clearing:{order.provider}", order.signed)
        for order in books.orders
        if order.state is OrderState.SUCCEEDED and not order.is_gone
    }
    posted: dict[str, tuple[str, Money]] = {}
    for posting in _standing(books.postings):
        order_id = _order_of(posting)
        accounts = {code for code, _ in posting.lines if code.startswith("provider_clearing:")}
        if order_id is None or not accounts:
            continue
        if order_id in posted:
            return f"order {order_id} is posted twice"
        posted[order_id] = (accounts.pop(), posting.on("provider_clearing"))
    for order_id in sorted({*moved, *posted}):
        if order_id not in posted:
            return f"order {order_id} has moved money by payments, and is not posted"
        if order_id not in moved:
            return f"order {order_id} is posted, and payments has it not as succeeded"
        if posted[order_id] != moved[order_id]:
            return f"order {order_id} is posted to another account, or of another amount"
    return None


def _payable(books: PlanBooks, _overview: PlanOverview) -> str | None:
    """What the merchant is still to get by the ledger is so by the settlements, once scheduled."""
    settled = {
        row.payout_id: row.amount
        for row in books.payouts
        if row.state is PayoutState.SETTLED and row.amount is not None
    }
    newest = books.payouts[-1] if books.payouts else None
    settled.update({} if newest is None else newest.later)
    posted: dict[str, Money] = {}
    for posting in _standing(books.postings):
        payout_id = posting.happening.get("payout_id")
        if isinstance(payout_id, str):
            if payout_id in posted:
                return f"payout {payout_id} is posted twice"
            posted[payout_id] = posting.on("merchant_payable")
    for payout_id in sorted({*settled, *posted}):
        if settled.get(payout_id) != posted.get(payout_id):
            return f"payout {payout_id} is not posted as the bank has settled it"
    owed = -total(
        posting.on("merchant_payable") + posting.on("merchant_protected")
        for posting in books.postings
    )
    net = Money.zero() if newest is None else newest.net + newest.beside
    return _unequal("owed to the merchant", "settlement", owed, net - total(settled.values()))


def _waiting(books: PlanBooks, _overview: PlanOverview) -> str | None:
    """What waits of the merchant's money for the end of a dispute is what its lines say."""
    account = f"merchant_disputed:{books.plan_id}"
    waiting = books.payouts[-1].waiting if books.payouts else Money.zero()
    return _unequal(account, "settlement", _disputed_by_ledger(books), waiting)


def _disputed(books: PlanBooks, _overview: PlanOverview) -> str | None:
    """Money waits while a dispute is open, and no longer."""
    waiting, nothing = _disputed_by_ledger(books), Money.zero()
    held = [row for row in books.disputes if row.is_held]
    if len(held) > 1:
        return "more than one of its disputes waits for somebody"
    if held and waiting > held[0].amount:
        return f"{waiting} wait for {held[0].dispute_id}, which is about {held[0].amount}"
    if waiting != nothing and all(row.is_settled for row in books.disputes):
        return f"{waiting} of the merchant's money wait, and no dispute is open"
    return None


def _disputed_by_ledger(books: PlanBooks) -> Money:
    account = f"merchant_disputed:{books.plan_id}"
    return -total(posting.on(account) for posting in books.postings)


def _authorised(books: PlanBooks, overview: PlanOverview) -> str | None:
    return authorised_orders.against_plan(order=books.order, overview=overview)


def _authorised_rows(books: PlanBooks, _overview: PlanOverview) -> str | None:
    log = books.logs.get("settlement", ())
    return authorised_orders.against_events(order=books.order, log=log)


def _kept_apart(books: PlanBooks, _overview: PlanOverview) -> str | None:
    return authorised_orders.against_ledger(order=books.order, postings=books.postings)


_RULES: Final = (
    ("bnpl", frozenset[Domain](), _plan_row),
    ("payments", frozenset[Domain](), _wallet_orders),
    ("settlement", frozenset[Domain](), _payouts),
    ("settlement", frozenset[Domain](), _authorised_rows),
    ("settlement", frozenset[Domain](["bnpl"]), _authorised),
    ("ledger", frozenset[Domain](["settlement"]), _kept_apart),
    ("ledger", frozenset[Domain](["bnpl"]), _receivable),
    ("ledger", frozenset[Domain](["bnpl"]), _fees),
    ("ledger", frozenset[Domain](["bnpl"]), _allowance),
    ("credit", frozenset[Domain](["bnpl"]), _owed),
    ("ledger", frozenset[Domain](["payments"]), _clearing),
    ("ledger", frozenset[Domain](["settlement"]), _payable),
    ("ledger", frozenset[Domain](["settlement"]), _waiting),
    ("disputes", frozenset[Domain](["ledger"]), _disputed),
)
"""Whose record a difference is named after, the other stores that the rule needs, the rule."""


def _standing(postings: Sequence[Posting]) -> list[Posting]:
    """The postings without those that were reversed, and their reversals."""
    reversed_ids = {posting.reverses for posting in postings if posting.reverses is not None}
    return [
        posting
        for posting in postings
        if posting.reverses is None and posting.posting_id not in reversed_ids
    ]


def _order_of(posting: Posting) -> str | None:
    found = (posting.happening.get(name) for name in _ORDERS)
    return next((order for order in found if isinstance(order, str)), None)


def _succeeded(orders: Sequence[WalletOrder]) -> Money:
    return total(
        order.amount
        for order in orders
        if order.state is OrderState.SUCCEEDED and not order.is_gone
    )


def _unequal(what: str, other: str, found: Money, expected: Money) -> str | None:
    return None if found == expected else f"{what}: {found}, and {expected} by {other}"
