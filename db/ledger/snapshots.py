"""Sums of all accounts at the ends of closed days, so that a balance need not add up everything.

An account to which nothing was posted since its last snapshot needs no other: the last one that is
not later than a day's end is what the account had then.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy import text

from db.kernel.chains import lift_limits
from db.kernel.engine import ReadSession, WriteSession
from db.ledger.tables import ClosedPeriod
from meqenet.errors import Mender, Refusal
from meqenet.ledger.as_of import AsOf
from meqenet.money import Money

_TAKE: Final = text(
    """
    WITH before AS (SELECT max(until) AS until FROM snapshots WHERE until < :until),
    since AS (
        SELECT account_code,
            coalesce(sum(amount_santim) FILTER (WHERE side = 'debit'), 0) AS debit,
            coalesce(sum(amount_santim) FILTER (WHERE side = 'credit'), 0) AS credit
        FROM entries
        WHERE effective_at >= coalesce((SELECT until FROM before), '-infinity')
            AND effective_at < :until
        GROUP BY account_code
    )
    INSERT INTO snapshots (account_code, day, until, debit_santim, credit_santim, taken_at)
    SELECT since.account_code, :day, :until, coalesce(last.debit_santim, 0) + since.debit,
        coalesce(last.credit_santim, 0) + since.credit, (SELECT clock_timestamp())
    FROM since LEFT JOIN LATERAL (
        SELECT debit_santim, credit_santim FROM snapshots
        WHERE account_code = since.account_code AND until < :until ORDER BY day DESC LIMIT 1
    ) AS last ON true
    ON CONFLICT DO NOTHING
    RETURNING account_code
    """
)


async def take_snapshots(*, session: WriteSession, last_day: date) -> int:
    """Sum up every account to which something was posted since the snapshots before.

    It holds no lock that others wait for: nothing is added to a closed day. Again, nothing changes.

    Args:
        session: a transaction after the one that closed the period, or that one.
        last_day: the last day of a closed period.

    Returns:
        How many accounts have a new snapshot.

    Raises:
        Refusal: ``period_open``: no period that ends on that day is closed.
    """
    period = await session.get(ClosedPeriod, last_day)
    if period is None:
        raise Refusal(
            "period_open",
            f"last_day: no period that ends on {last_day} is closed",
            mender=Mender.MEQENET,
            field="last_day",
        )
    await lift_limits(session=session)
    taken = await session.execute(_TAKE, {"until": period.closed_until, "day": last_day})
    return len(taken.all())


@dataclass(frozen=True, kw_only=True)
class Sums:
    """What was posted to an account, or to all accounts of a name."""

    code: str
    debit: Money
    credit: Money


async def sums(
    *, session: ReadSession, by_name: bool, prefix: str | None, as_of: AsOf
) -> list[Sums]:
    """The newest snapshots that can be used, and the entries behind them, in order of the codes.

    A snapshot holds what had been recorded when it was taken, so whoever asks what was known before
    gets an older one. Every account has had one by the newest that can be used, or nothing to sum.

    Args:
        session: the transaction.
        by_name: add up the accounts of a name.
        prefix: only the account of this code, and those whose codes go on behind a colon.
        as_of: the point in both times.
    """
    given = {"prefix": prefix, "beyond": f"{prefix};", "recorded": as_of.recorded_until}
    usable, behind, under = ["true"], ["true"], "true"
    if as_of.effective_until is not None:
        given["effective"] = as_of.effective_until
        # A snapshot's end is the first instant that is not in it.
        given["horizon"] = as_of.effective_until + timedelta(microseconds=1)
        usable.append("until <= :horizon")
        behind.append("effective_at <= :effective")
    if as_of.recorded_until is not None:
        usable.append("taken_at <= :recorded")
        behind.append(
            "(SELECT recorded_at FROM transactions WHERE plan_id = entries.plan_id "
            "AND posting_id = entries.posting_id) <= :recorded"
        )
    if prefix is not None:
        # ";" is the character after ":", so this is every code that begins with "prefix:".
        under = (
            "(account_code = :prefix OR account_code >= :prefix || ':' AND account_code < :beyond)"
        )
    code = "split_part(account_code, ':', 1)" if by_name else "account_code"
    query = _SUMS.format(
        code=code, usable=" AND ".join(usable), behind=" AND ".join(behind), under=under
    )
    names = {name for name in given if f":{name}" in query}
    found = await session.execute(text(query), {name: given[name] for name in names})
    return [
        Sums(code=code, debit=Money(int(debit)), credit=Money(int(credit)))
        for code, debit, credit in found
    ]


_SUMS: Final = """
    WITH base AS (SELECT max(until) AS until FROM snapshots WHERE {usable}),
    parts AS (
        SELECT * FROM (
            SELECT DISTINCT ON (account_code) account_code, debit_santim, credit_santim
            FROM snapshots WHERE until <= (SELECT until FROM base) AND {under}
            ORDER BY account_code, day DESC
        ) AS last
        UNION ALL
        SELECT account_code, CASE side WHEN 'debit' THEN amount_santim ELSE 0 END,
            CASE side WHEN 'credit' THEN amount_santim ELSE 0 END
        FROM entries
        WHERE effective_at >= coalesce((SELECT until FROM base), '-infinity')
            AND {behind} AND {under}
    )
    SELECT {code}, sum(debit_santim), sum(credit_santim) FROM parts GROUP BY 1 ORDER BY 1
"""
