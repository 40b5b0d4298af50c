"""Every customer's limit: what the credit store's events make of it, its rows, its read model."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from db.analytics.models import CUSTOMERS, EXPOSURES
from db.credit.books import CustomerRow, read_customers, read_exposures
from db.kernel.histories import read_streams, stream_names
from meqenet.analytics.customer_exposure import CustomerLine
from meqenet.event_chain import EventContent
from meqenet.money import total
from workers.settings import Domain
from workers.verifying.findings import BadRecord, Checked, Scope, Watch, reading
from workers.verifying.read_models import Malformed, as_fact, difference, take_in, told
from workers.verifying.settling import Seen, Settling

_PER_BATCH: Final = 200
_CREDIT: Final[Domain] = "credit"
_OF_THE_ROW: Final = ("customer_id", "state", "held", "owed", "financed", "was_late")


async def check_customers(*, scope: Scope, patience_seconds: float, watch: Watch) -> Checked:
    """Hold limits, exposures and the read model to the events that they come from."""
    what = "customers' limits"
    watch.begin(what=what, total=None)

    async def read(customer_ids: Sequence[str]) -> list[Seen]:
        return await _read(scope, customer_ids)

    settling = Settling(read=read, patience_seconds=patience_seconds)
    count, bad = 0, None
    async for customer_ids in _customer_ids(scope):
        bad = await settling.check(customer_ids)
        if bad is not None:
            break
        count += len(customer_ids)
        watch.advance(len(customer_ids))
    bad = bad or await settling.settle()
    return Checked(what=what, count=count, unit="customers", bad=bad)


async def customer_of(*, scope: Scope, plan_id: str) -> str | None:
    """Whose limit the plan takes of, if any."""
    async with scope.stores["credit"].read() as session:
        found = await read_exposures(session=session, plan_ids=[plan_id])
    return found[plan_id].customer_id if plan_id in found else None


async def _customer_ids(scope: Scope) -> AsyncIterator[list[str]]:
    if scope.plan_id is not None:
        customer_id = await customer_of(scope=scope, plan_id=scope.plan_id)
        if customer_id is not None:
            yield [customer_id]
        return
    async for names in stream_names(
        database=scope.stores["credit"], changed_since=scope.since, limit=_PER_BATCH
    ):
        yield names


async def _read(scope: Scope, customer_ids: Sequence[str]) -> list[Seen]:
    with reading(domain=_CREDIT):
        async with scope.stores["credit"].read() as session:
            logs = await read_streams(session=session, streams=customer_ids)
            rows = await read_customers(session=session, customer_ids=customer_ids)
    made: dict[str, Mapping[str, Any]] = {}
    seen: dict[str, BadRecord | None] = {}
    for customer_id in customer_ids:
        log = logs.get(customer_id, [])
        try:
            made[customer_id] = told(sheet=EXPOSURES, log=((_CREDIT, event) for event in log))
            lines = told(sheet=CUSTOMERS, log=((_CREDIT, event) for event in log))
        except Malformed as malformed:
            seen[customer_id] = malformed.bad
            continue
        seen[customer_id] = _over_the_limit(log) or _rows_differ(
            customer_id, rows.get(customer_id), lines.get(customer_id), made[customer_id]
        )
    if "analytics" in scope.stores:
        await _compare_lines(scope, logs=logs, made=made, seen=seen)
    return [
        Seen(key=customer_id, marks=(len(logs.get(customer_id, [])),), bad=bad)
        for customer_id, bad in seen.items()
    ]


async def _compare_lines(
    scope: Scope,
    *,
    logs: Mapping[str, Sequence[EventContent]],
    made: Mapping[str, Mapping[str, Any]],
    seen: dict[str, BadRecord | None],
) -> None:
    plan_ids = [plan_id for lines in made.values() for plan_id in lines]
    with reading(domain="analytics"):
        async with scope.stores["analytics"].read() as session:
            customers = await CUSTOMERS.load(session=session, keys=list(logs))
            exposures = await EXPOSURES.load(session=session, keys=plan_ids)
    for customer_id, lines in made.items():
        events = ((_CREDIT, event) for event in logs.get(customer_id, []))
        expected = told(sheet=CUSTOMERS, log=events).get(customer_id)
        pairs = [
            (customers.get(customer_id), expected),
            *((exposures.get(plan_id), line) for plan_id, line in lines.items()),
        ]
        for stored, line in pairs:
            what = difference(name="customer_exposure", stored=stored, expected=line)
            if what is not None and seen[customer_id] is None:
                seen[customer_id] = BadRecord(
                    domain="analytics", stream=customer_id, sequence=None, what=what
                )


def _over_the_limit(log: Sequence[EventContent]) -> BadRecord | None:
    """Whether more than the limit was held and owed after some approval."""
    lines: dict[str, Any] = {}
    for event in log:
        take_in(sheet=EXPOSURES, lines=lines, source=_CREDIT, content=event)
        if event.event_type != "credit_decided" or not event.data.get("approved"):
            continue
        limit = as_fact(source=_CREDIT, content=event).money_or_none("limit")
        used = total(line.held + line.owed for line in lines.values())
        if limit is not None and used > limit:
            what = f"{used} are held and owed, and the limit is {limit}"
            return BadRecord(
                domain=_CREDIT, stream=event.stream, sequence=event.sequence, what=what
            )
    return None


def _rows_differ(
    customer_id: str,
    row: CustomerRow | None,
    line: CustomerLine | None,
    exposures: Mapping[str, Any],
) -> BadRecord | None:
    what = None
    stored = {} if row is None else {each.plan_id: each for each in row.exposures}
    if row is None or line is None:
        both_missing = row is None and line is None
        what = None if both_missing else "customers: not as its events make it"
    elif (row.tier, row.limit, row.decided_at) != (line.tier, line.limit, line.decided_at):
        what = "customers: tier, limit or time of decision is not what its events make it"
    elif stored.keys() != exposures.keys():
        what = "exposures: not of the plans that its events tell of"
    for plan_id, exposure in stored.items() if what is None else ():
        expected = exposures[plan_id]
        for name in _OF_THE_ROW:
            if getattr(exposure, name) != getattr(expected, name):
                what = f"exposures of {plan_id}: {name} is not what its events make it"
    if what is None:
        return None
    return BadRecord(domain=_CREDIT, stream=customer_id, sequence=None, what=what)
