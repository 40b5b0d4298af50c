"""A plan's story as a page for support and finance."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from apps.plan_history.story import PlanStory
from apps.writing import birr, day, instant, table
from db.kernel.recorded import RecordedEvent
from db.ledger.views import PostedEntry
from meqenet.analytics.plan_overview import PlanOverview
from meqenet.ledger.accounts import Side
from meqenet.money import Money, total

_HASH_LETTERS = 12
_TELLING = (
    "change",
    "number",
    "attempt",
    "stage",
    "reason",
    "reason_code",
    "cause",
    "amount",
    "owed",
    "principal",
    "net",
    "receipt",
    "bank_reference",
    "tier",
    "agreement_version",
    "message_channel",
    "owner",
    "by",
)
"""Fields that say in a few words what an event was about."""


def print_story(*, story: PlanStory, console: Console) -> None:
    """Print the whole page."""
    console.print(Group(*_parts(story)))


def _parts(story: PlanStory) -> Iterator[RenderableType]:
    yield _heading(story)
    yield _facts(story)
    yield _next(story)
    if story.overview.installments:
        yield _schedule(story)
    if story.attempts:
        yield _attempts(story)
    yield _events(story)
    if story.entries:
        yield _entries(story)
        yield _balances(story)
    if story.holds or story.exposure is not None:
        yield _holds(story)


def _heading(story: PlanStory) -> Text:
    moment = story.moment
    text = Text(f"\n{story.plan_id}", style="bold")
    text.append(
        "  as it is now" if moment.at is None else f"  as it was at {instant(moment.at)} UTC",
        style="not bold",
    )
    if moment.recorded_at is not None:
        text.append(f", by what was recorded until {instant(moment.recorded_at)} UTC", "not bold")
    if story.later:
        noun = "event" if story.later == 1 else "events"
        text.append(f"\n{story.later} later {noun} of the plan not shown", style="not bold yellow")
    text.append("\ntimes are UTC, days are those of Addis Ababa (Ethiopian), amounts birr", "dim")
    return text


def _facts(story: PlanStory) -> Table:
    plan, merchant = story.overview, story.merchant
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim")
    grid.add_column()
    rows = [
        ("state", str(plan.state)),
        (
            "option",
            f"{plan.option} (version {plan.product_version}), paid by {plan.wallet_provider}",
        ),
        ("merchant", f"{plan.merchant_id}, order {plan.reference}"),
        ("customer", f"{plan.customer_id or 'not known yet'}{_tier(plan.tier)}"),
        ("lender of record", plan.lender_of_record or "—"),
        ("price", birr(plan.amount)),
        ("total payable", birr(plan.total_payable)),
        *_order(plan),
        ("collected", f"{birr(plan.collected)}{_back(plan.refunded)}"),
        ("outstanding", _outstanding(plan)),
        ("opened", instant(plan.opened_at)),
        ("active since", day(plan.activated_on)),
        ("ended", instant(plan.ended_at)),
    ]
    if merchant.net is not None:
        rows.append(("merchant gets", f"{birr(merchant.net)} ({birr(merchant.fee)} fee)"))
        paid = f", paid {birr(merchant.paid_out)}" if merchant.paid_out else ""
        bank = f", bank {merchant.bank_reference}" if merchant.bank_reference else ""
        rows.append(
            ("payout", f"{merchant.payout_state}, due {instant(merchant.due_at)}{paid}{bank}")
        )
    for credit in story.credits:
        name = credit.attempt_id.removeprefix(f"{story.plan_id}-")
        back = "" if credit.returned_at is None else f", went back {instant(credit.returned_at)}"
        what = f"{birr(credit.amount)} by {credit.provider} since {instant(credit.since)}"
        rows.append(("customer's credit", f"{what} ({name}){back}"))
    if plan.test_clock_id:
        rows.append(
            (
                "test clock",
                f"{plan.test_clock_id}: its times are the clock's, but providers' are real",
            )
        )
    if plan.findings:
        rows.append(("contradictions", f"{plan.findings} in the provider's answers"))
    for row in rows:
        grid.add_row(*row)
    return grid


def _order(plan: PlanOverview) -> Iterator[tuple[str, str]]:
    """What of the price is where, unless all of it is captured and stays so."""
    if plan.activated_on is None or (plan.captured == plan.amount and not plan.goods_returned):
        return
    captured, voided = birr(plan.captured), birr(plan.voided)
    told = f"{captured} captured, {voided} voided, {birr(plan.goods_returned)} refunded"
    yield "order", told


def _tier(tier: str | None) -> str:
    return f", tier {tier}" if tier else ""


def _back(refunded: Money) -> str:
    return f", of which {birr(refunded)} went back" if refunded else ""


def _outstanding(plan: PlanOverview) -> str:
    principal, beside = plan.outstanding_principal, []
    if plan.outstanding_interest:
        beside.append(f"{birr(plan.outstanding_interest)} interest")
    if plan.outstanding_late_fees:
        beside.append(f"{birr(plan.outstanding_late_fees)} late fees")
    text = birr(principal + plan.outstanding_interest + plan.outstanding_late_fees)
    return f"{text} ({birr(principal)} principal, {', '.join(beside)})" if beside else text


def _next(story: PlanStory) -> Text:
    outlook = story.outlook
    if outlook is None:
        return Text("next: nothing, the plan has ended", style="bold")
    when = "" if outlook.at is None else f", {instant(outlook.at)}"
    return Text(f"next: {outlook.what}{when}", style="bold")


def _schedule(story: PlanStory) -> Table:
    found = table(
        "schedule",
        "#>",
        "due",
        "principal>",
        "interest>",
        "amount>",
        "late fee>",
        "state",
        "paid at",
        "tried>",
        "cause, next attempt",
    )
    lines = story.overview.installments
    for line in lines:
        tried = sum(line.number == each.installment for each in story.attempts)
        again = f"again {instant(line.next_attempt_at)}" if line.next_attempt_at else ""
        found.add_row(
            str(line.number),
            day(line.due_on),
            birr(line.principal),
            birr(line.interest),
            birr(line.principal + line.interest),
            birr(line.late_fee),
            line.state,
            instant(line.paid_at),
            str(tried),
            ", ".join(filter(None, (line.last_cause, again))),
        )
    principal = total(line.principal for line in lines)
    interest = total(line.interest for line in lines)
    found.add_section()
    late_fee = total(line.late_fee for line in lines)
    sums = (principal, interest, principal + interest, late_fee)
    found.add_row("", "total", *(birr(each) for each in sums))
    return found


def _attempts(story: PlanStory) -> Table:
    found = table(
        "attempts to collect",
        "attempt",
        "asked of",
        "amount>",
        "opened",
        "last word",
        "state",
        "cause or receipt",
    )
    for each in story.attempts:
        found.add_row(
            each.attempt_id.removeprefix(f"{story.plan_id}-"),
            each.provider,
            birr(each.amount),
            instant(each.opened_at),
            instant(each.changed_at),
            each.state,
            each.cause or each.receipt or "",
        )
    return found


def _events(story: PlanStory) -> Table:
    found = table("events", "recorded", "true at", "domain", "#>", "event", "what", "hash")
    for event in story.events:
        if event.source != "ledger":
            content = event.content
            found.add_row(
                instant(event.recorded_at),
                instant(content.effective_at),
                event.source,
                str(content.sequence),
                content.event_type,
                _what(event),
                event.hash.hex()[:_HASH_LETTERS],
            )
    return found


def _what(event: RecordedEvent) -> str:
    told = event.content.data
    words = []
    for name in _TELLING:
        value = told.get(name)
        if isinstance(value, dict) and "santim" in value:
            words.append(f"{name} {birr(Money(value['santim']))}")
        elif isinstance(value, str | int) and value != "":
            words.append(f"{name} {value}")
    return ", ".join(words)


def _entries(story: PlanStory) -> Table:
    found = table("ledger", "recorded", "counts from", "posting", "account", "debit>", "credit>")
    for postings in _alike(story.entries):
        first, last = postings[0][0], postings[-1][0]
        name = first.posting_id.removeprefix(f"{story.plan_id}-")
        if first is not last:
            name = f"{len(postings)} times, until {instant(last.effective_at)}"
        elif first.backdated_from is not None:
            name += f", of {instant(first.backdated_from)}"
        for place, lines in enumerate(zip(*postings, strict=True)):
            head = place == 0
            found.add_row(
                instant(first.recorded_at) if head else "",
                instant(first.effective_at) if head else "",
                f"{first.kind} {name}" if head else "",
                lines[0].account_code.replace(f":{story.plan_id}", ":…"),
                *_sides(lines),
            )
    found.add_section()
    found.add_row("", "", "", "total", *_sums(story.entries))
    return found


def _alike(entries: Iterable[PostedEntry]) -> Iterator[list[list[PostedEntry]]]:
    """Postings; those of one kind and between the same accounts that follow each other as one.

    Interest is earned day by day, and nobody reads every day.
    """
    postings = [list(lines) for _, lines in groupby(entries, key=lambda entry: entry.posting_id)]
    for _, found in groupby(postings, key=_form):
        yield list(found)


def _form(posting: list[PostedEntry]) -> tuple[object, ...]:
    head = posting[0]
    sides = tuple((entry.account_code, entry.side) for entry in posting)
    return (head.kind, head.backdated_from, sides)


def _sides(entries: Sequence[PostedEntry]) -> tuple[str, str]:
    amount = birr(total(entry.amount for entry in entries))
    return (amount, "") if entries[0].side is Side.DEBIT else ("", amount)


def _sums(entries: Iterable[PostedEntry]) -> tuple[str, str]:
    by_side = {side: Money.zero() for side in Side}
    for entry in entries:
        by_side[entry.side] += entry.amount
    return birr(by_side[Side.DEBIT]), birr(by_side[Side.CREDIT])


def _balances(story: PlanStory) -> Table:
    found = table(
        "what the plan has put on each account", "account", "type", "debit>", "credit>", "balance>"
    )
    for each in story.balances:
        found.add_row(
            each.code.replace(f":{story.plan_id}", ":…"),
            each.type.value,
            birr(each.debit),
            birr(each.credit),
            birr(each.balance),
        )
    found.add_section()
    debit = total(each.debit for each in story.balances)
    credit = total(each.credit for each in story.balances)
    found.add_row("total", "", birr(debit), birr(credit))
    return found


def _holds(story: PlanStory) -> Table:
    found = table("held", "of", "amount>", "state", "since", "until", "why")
    exposure = story.exposure
    if exposure is not None:
        found.add_row(
            "the customer's limit",
            birr(exposure.held + exposure.owed),
            str(exposure.state),
            instant(exposure.moved_at),
            "",
            "some repayment was late" if exposure.was_late else "",
        )
    for hold in story.holds:
        end = hold.ended
        found.add_row(
            hold.account_code.replace(f":{story.plan_id}", ":…"),
            birr(hold.amount),
            "pending" if end is None else end.state.value,
            instant(hold.placed_at),
            instant(hold.expires_at if end is None else end.ended_at),
            hold.kind if end is None else end.reason,
        )
    return found
