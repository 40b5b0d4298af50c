"""Every plan in all books, read batch by batch."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase

from db.bnpl.books import read_plans
from db.credit.books import read_exposures
from db.disputes.books import read_disputes
from db.kernel.engine import Database, ReadSession
from db.kernel.histories import known_streams, read_streams, stream_names
from db.ledger.books import read_postings
from db.payments.books import read_orders
from db.settlement.authorised_books import AuthorisedRow, read_authorised
from db.settlement.books import PayoutRow, read_payouts
from workers.settings import Domain
from workers.verifying.findings import Checked, Scope, Watch, reading
from workers.verifying.plan_books import PlanBooks, first_difference
from workers.verifying.read_models import PLAN_KEYED, PLAN_SHEETS
from workers.verifying.settling import Seen, Settling

_PER_BATCH: Final = 200
_PLAN_PREFIX: Final = "pln_"
_TOLD_BY: Final[tuple[Domain, ...]] = ("bnpl", "payments", "settlement", "ledger")
"""The domains whose streams are plans."""


async def check_plans(*, scope: Scope, patience_seconds: float, watch: Watch) -> Checked:
    """Hold all books of every plan to each other, as far as their stores are in the scope."""
    what = "plans in all books"
    watch.begin(what=what, total=None)

    async def read(plan_ids: Sequence[str]) -> list[Seen]:
        found = await _read(scope, plan_ids)
        return [
            Seen(key=books.plan_id, marks=books.marks, bad=first_difference(books=books))
            for books in found
        ]

    settling = Settling(read=read, patience_seconds=patience_seconds)
    count, bad = 0, None
    async for plan_ids in _plan_ids(scope):
        bad = await settling.check(plan_ids)
        if bad is not None:
            break
        count += len(plan_ids)
        watch.advance(len(plan_ids))
    bad = bad or await settling.settle()
    note = f"{settling.moving} moved all the time and were left" if settling.moving else ""
    return Checked(what=what, count=count - settling.moving, unit="plans", bad=bad, note=note)


async def _plan_ids(scope: Scope) -> AsyncIterator[list[str]]:
    """Every plan that any store knows, once: bnpl's first, then those that it should know."""
    if scope.plan_id is not None:
        yield [scope.plan_id]
        return
    known: list[Domain] = [domain for domain in _TOLD_BY if domain in scope.stores]
    for place, domain in enumerate(known):
        async for names in stream_names(
            database=scope.stores[domain], changed_since=scope.since, limit=_PER_BATCH
        ):
            plans = [name for name in names if name.startswith(_PLAN_PREFIX)]
            left = await _not_told_by(scope, plans, known[:place])
            if left:
                yield left
    if "analytics" in scope.stores and scope.since is None:
        for sheet in PLAN_KEYED:
            async for names in _line_names(scope.stores["analytics"], sheet.mapped):
                left = await _not_told_by(scope, names, known)
                if left:
                    yield left


async def _not_told_by(
    scope: Scope, plan_ids: Sequence[str], domains: Sequence[Domain]
) -> list[str]:
    left = list(plan_ids)
    for domain in domains:
        if left:
            async with scope.stores[domain].read() as session:
                told = await known_streams(session=session, streams=left, changed_since=scope.since)
            left = [plan_id for plan_id in left if plan_id not in told]
    return left


async def _line_names(
    database: Database, mapped: type[DeclarativeBase]
) -> AsyncIterator[list[str]]:
    """The keys of a sheet's lines in their order."""
    key: Any = next(iter(mapped.__table__.columns))
    after = ""
    while True:
        async with database.read() as session:
            query = select(key).where(key > after).order_by(key).limit(_PER_BATCH)
            names = list(await session.scalars(query))
        if not names:
            return
        yield names
        after = names[-1]


async def _read(scope: Scope, plan_ids: Sequence[str]) -> list[PlanBooks]:
    """The plans as every store holds them, all stores at once."""
    stores = scope.stores
    domains = list(stores)
    found = dict(
        zip(
            domains,
            await asyncio.gather(*(_of(domain, stores[domain], plan_ids) for domain in domains)),
            strict=True,
        )
    )

    def of(domain: Domain, plan_id: str, *, place: int = 1) -> Any:  # noqa: ANN401 - of each store another
        return found[domain][place].get(plan_id) if domain in found else None

    return [
        PlanBooks(
            plan_id=plan_id,
            domains=frozenset(domains),
            logs={
                domain: log
                for domain in _TOLD_BY
                if (log := of(domain, plan_id, place=0)) is not None
            },
            plan=of("bnpl", plan_id),
            orders=of("payments", plan_id) or (),
            payouts=settled.payouts if (settled := of("settlement", plan_id)) else (),
            order=settled.order if settled else None,
            postings=of("ledger", plan_id) or (),
            exposure=of("credit", plan_id),
            lines=of("analytics", plan_id) or {},
            disputes=of("disputes", plan_id) or (),
        )
        for plan_id in plan_ids
    ]


async def _of(
    domain: Domain, database: Database, plan_ids: Sequence[str]
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """What a store holds of the plans, of one moment: their events, and the rest."""
    with reading(domain=domain):
        async with database.read() as session:
            return await _held(domain, session, plan_ids)


async def _held(
    domain: Domain, session: ReadSession, plan_ids: Sequence[str]
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    logs: dict[str, Any] = {}
    if domain in _TOLD_BY:
        logs = await read_streams(session=session, streams=plan_ids)
    return logs, await _rows(domain, session, plan_ids)


async def _rows(domain: Domain, session: ReadSession, plan_ids: Sequence[str]) -> Mapping[str, Any]:
    reader = _ROWS.get(domain)
    return {} if reader is None else await reader(session=session, plan_ids=plan_ids)


@dataclass(frozen=True, kw_only=True)
class _Settled:
    payouts: Sequence[PayoutRow] = ()
    order: AuthorisedRow | None = None


async def _settlements(*, session: ReadSession, plan_ids: Sequence[str]) -> dict[str, _Settled]:
    payouts = await read_payouts(session=session, plan_ids=plan_ids)
    orders = await read_authorised(session=session, plan_ids=plan_ids)
    return {
        plan_id: _Settled(payouts=payouts.get(plan_id, ()), order=orders.get(plan_id))
        for plan_id in {*payouts, *orders}
    }


async def _lines(*, session: ReadSession, plan_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    lines: dict[str, dict[str, Any]] = {}
    for name, sheet in PLAN_SHEETS.items():
        for plan_id, line in (await sheet.load(session=session, keys=plan_ids)).items():
            lines.setdefault(plan_id, {})[name] = line
    return lines


class _Reader(Protocol):
    async def __call__(
        self, *, session: ReadSession, plan_ids: Sequence[str]
    ) -> Mapping[str, Any]: ...


_ROWS: Final[Mapping[Domain, _Reader]] = {
    "bnpl": read_plans,
    "payments": read_orders,
    "settlement": _settlements,
    "ledger": read_postings,
    "credit": read_exposures,
    "analytics": _lines,
    "disputes": read_disputes,
}
"""How a store's rows of some plans are read."""
