"""Every payout of a merchant that is over: the sum of its lines, and posted once as it was paid."""

from typing import Final

from db.ledger.clearing import cleared
from db.settlement.books import FinishedPayout, finished_payouts
from meqenet.money import Money
from workers.verifying.findings import BadRecord, Checked, Scope, Unreadable, Watch, reading

WHAT: Final = "merchants' payouts"
_PER_BATCH: Final = 200


async def check_payouts(*, scope: Scope, watch: Watch) -> Checked:
    """Hold each finished payout to its lines and to the ledger; nothing is under way with one."""
    watch.begin(what=WHAT, total=None)
    try:
        return await _check(scope=scope, watch=watch)
    except Unreadable as unreadable:
        bad = BadRecord(domain=unreadable.domain, stream=WHAT, sequence=None, what=unreadable.what)
        return Checked(what=WHAT, count=0, unit="payouts", bad=bad)


async def _check(*, scope: Scope, watch: Watch) -> Checked:
    count, after = 0, ""
    while True:
        with reading(domain="settlement"):
            async with scope.stores["settlement"].read() as session:
                page = await finished_payouts(
                    session=session, after=after, since=scope.since, limit=_PER_BATCH
                )
        if not page:
            return Checked(what=WHAT, count=count, unit="payouts")
        moved = await _moved(scope, page)
        for payout in page:
            what = _wrong(payout, moved.get(payout.payout_id))
            if what is not None:
                bad = BadRecord(
                    domain="settlement", stream=payout.payday_id, sequence=None, what=what
                )
                return Checked(what=WHAT, count=count, unit="payouts", bad=bad)
        count += len(page)
        watch.advance(len(page))
        after = page[-1].payout_id


async def _moved(scope: Scope, page: list[FinishedPayout]) -> dict[str, Money]:
    """By payout, what its posting has moved out of our account at the bank or provider."""
    moved: dict[str, Money] = {}
    with reading(domain="ledger"):
        async with scope.stores["ledger"].read() as session:
            for rail in sorted({payout.rail for payout in page}):
                days = [payout.payday_id for payout in page if payout.rail is rail]
                found = await cleared(session=session, provider=rail.value, plan_ids=days)
                moved.update(found)
    return moved


def _wrong(payout: FinishedPayout, moved: Money | None) -> str | None:
    name = payout.payout_id
    if not payout.is_settled:
        return None if moved is None else f"{name}: it was rejected, and is posted"
    if payout.of_lines != payout.amount:
        return f"{name}: {payout.amount} paid, and {payout.of_lines} by its lines"
    if moved != payout.amount:
        return f"{name}: {payout.amount} paid, and {moved or 'nothing'} by the ledger"
    return None
