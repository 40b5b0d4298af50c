"""The ledger in itself: balanced, as its events tell it, on accounts of the chart."""

from db.kernel.engine import Database
from db.ledger import proof
from db.ledger.proof import BooksBreak
from db.ledger.waiting_proof import first_bad_wait
from workers.verifying.findings import BadRecord, Checked, Count, Scope, Watch

_LEDGER = "ledger"


async def check_ledger(*, database: Database, scope: Scope, watch: Watch) -> list[Checked]:
    """All of the ledger's checks; those over everything only when everything is asked for."""
    checks = [
        await _postings(database=database, scope=scope, watch=watch),
        await _waits(database=database, scope=scope, watch=watch),
    ]
    if scope.is_all:
        checks += [
            await _sums(database=database, watch=watch),
            await _accounts(database=database, watch=watch),
        ]
    return checks


async def _postings(*, database: Database, scope: Scope, watch: Watch) -> Checked:
    what = "ledger: transactions, entries and events"
    watch.begin(what=what, total=None)
    count = Count(watch)
    async with database.read() as session:
        broken = await proof.first_bad_posting(
            session=session, plan_id=scope.plan_id, since=scope.since, advance=count
        )
    return Checked(what=what, count=count.seen, unit="transactions", bad=_bad(broken))


async def _waits(*, database: Database, scope: Scope, watch: Watch) -> Checked:
    what = "ledger: holds and closed periods"
    watch.begin(what=what, total=None)
    count = Count(watch)
    async with database.read() as session:
        broken = await first_bad_wait(session=session, plan_id=scope.plan_id, advance=count)
    return Checked(what=what, count=count.seen, unit="records", bad=_bad(broken))


async def _sums(*, database: Database, watch: Watch) -> Checked:
    what = "ledger: debits and credits"
    watch.begin(what=what, total=1)
    async with database.read() as session:
        totals = await proof.totals(session=session)
        broken = await proof.first_bad_snapshot(session=session)
    if totals.debit != totals.credit:
        differ = f"debits of {totals.debit} and credits of {totals.credit}"
        broken = BooksBreak(stream="all accounts", sequence=None, what=differ)
    watch.advance(1)
    note = f"{totals.debit} on each side" if broken is None else ""
    return Checked(what=what, count=totals.entries, unit="entries", bad=_bad(broken), note=note)


async def _accounts(*, database: Database, watch: Watch) -> Checked:
    what = "ledger: accounts and the chart"
    watch.begin(what=what, total=None)
    count = Count(watch)
    async with database.read() as session:
        broken = await proof.first_bad_account(session=session, advance=count)
    return Checked(what=what, count=count.seen, unit="accounts", bad=_bad(broken))


def _bad(broken: BooksBreak | None) -> BadRecord | None:
    if broken is None:
        return None
    return BadRecord(
        domain=_LEDGER, stream=broken.stream, sequence=broken.sequence, what=broken.what
    )
