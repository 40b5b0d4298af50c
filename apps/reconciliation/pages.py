"""Lines of statements and open differences, as tables and as JSON."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from rich.console import RenderableType

from apps.writing import birr, instant, table
from db.payments.views import ItemView, JudgementView, StatementView
from meqenet.money import Money, total
from meqenet.payments.reconciliation import WHAT_TO_DO, Because, Verdict

_HOUR_MINUTES = 60
_DAY_HOURS = 24


def day_page(
    *, title: str, versions: Sequence[StatementView], lines: Sequence[ItemView]
) -> Iterable[RenderableType]:
    """How a day's statement stands: its lines by verdict, and its newest version."""
    found = table(title, "verdict", "lines>", "birr>", "charges>")
    for verdict, (count, amount, charge) in _sums(lines).items():
        found.add_row(verdict.value, str(count), birr(amount), birr(charge))
    amount, charge = total(_amounts(lines)), total(line.charge for line in lines)
    found.add_section()
    found.add_row("all", str(len(lines)), birr(amount), birr(charge))
    yield found
    if versions:
        newest = versions[-1]
        yield (
            f"version {newest.version} from the {newest.source}, received "
            f"{instant(newest.received_at)} UTC, sha256 {newest.content_hash[:16]}…"
        )


def open_page(*, items: Sequence[ItemView], now: datetime) -> Iterable[RenderableType]:
    """What is open, the oldest first, and what to do about it."""
    if not items:
        yield "nothing is open"
        return
    found = table(
        "open differences", "line", "order", "kind", "birr>", "verdict", "age>", "what to do"
    )
    for item in items:
        found.add_row(
            item.item_id,
            item.order_id or "—",
            item.kind.value,
            birr(item.amount),
            item.verdict.value,
            age(now - item.since),
            _what_to_do(item),
        )
    yield found
    yield "close one that is dealt with: meqenet reconcile accept LINE --by … --reason …"


def history_page(*, item_id: str, history: Sequence[JudgementView]) -> Iterable[RenderableType]:
    """How an item has stood."""
    found = table(item_id, "at (UTC)", "verdict", "because", "by", "reason")
    for each in history:
        found.add_row(
            instant(each.at),
            each.verdict.value,
            each.because.value,
            each.judged_by or "run",
            each.reason or "",
        )
    yield found


def item_to_tell(*, item: ItemView, now: datetime) -> dict[str, object]:
    """An item as JSON has it; amounts are decimal strings in birr."""
    return {
        "line": item.item_id,
        "provider": item.provider,
        "day": item.day,
        "kind": item.kind,
        "order": item.order_id,
        "amount": str(item.amount),
        "charge": str(item.charge),
        "receipt": item.receipt,
        "moved_at": item.moved_at,
        "verdict": item.verdict,
        "because": item.because,
        "since": item.since,
        "age_hours": int((now - item.since) / timedelta(hours=1)),
        "what_to_do": _what_to_do(item),
        "accepted_by": item.accepted_by,
    }


def day_to_tell(
    *, provider: str, versions: Sequence[StatementView], lines: Sequence[ItemView], now: datetime
) -> dict[str, object]:
    """A day's statement as JSON has it."""
    newest = versions[-1] if versions else None
    return {
        "provider": provider,
        "day": newest.day if newest else None,
        "version": newest.version if newest else None,
        "content_hash": newest.content_hash if newest else None,
        "verdicts": {
            verdict.value: {"lines": count, "amount": str(amount)}
            for verdict, (count, amount, _) in _sums(lines).items()
        },
        "lines": [item_to_tell(item=line, now=now) for line in lines],
    }


def age(passed: timedelta, /) -> str:
    """``3 d``, ``5 h``, ``12 min``."""
    minutes = max(int(passed / timedelta(minutes=1)), 0)
    if minutes < _HOUR_MINUTES:
        return f"{minutes} min"
    hours = minutes // _HOUR_MINUTES
    return f"{hours} h" if hours < 2 * _DAY_HOURS else f"{hours // _DAY_HOURS} d"


def _what_to_do(item: ItemView) -> str:
    is_young = item.verdict is Verdict.PENDING
    return WHAT_TO_DO[Because.NOT_JUDGED if is_young else item.because]


def _sums(lines: Sequence[ItemView]) -> Mapping[Verdict, tuple[int, Money, Money]]:
    found = {}
    for verdict in Verdict:
        some = [line for line in lines if line.verdict is verdict]
        if some:
            found[verdict] = (len(some), total(_amounts(some)), total(x.charge for x in some))
    return found


def _amounts(lines: Iterable[ItemView]) -> Iterable[Money]:
    return (line.amount for line in lines)
