"""Reconciliation's steps: fetching a provider's statement, and what the payments store does.

Each step is one provider call or one transaction.
"""

import base64
import zlib
from datetime import timedelta

from activities.contracts import reconciliation as contract
from activities.contracts.step import Nothing
from activities.edge import takes
from db.kernel.encryption import Keyring
from db.kernel.engine import Database
from db.payments import reconciliation, statements
from db.payments.our_orders import find_orders
from integrations.ports.statements import DailyStatements
from meqenet.errors import Mender, Refusal

_PACKED_MAX = 1_500_000
"""Letters that a workflow's payload holds, with room for what is around them."""


class ReconciliationActivities:
    """See :class:`activities.contracts.reconciliation.ReconciliationSteps`."""

    def __init__(self, *, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    @takes(contract.FIND_DAYS_DUE)
    async def find_days_due(self, command: contract.FindDaysDue) -> contract.DaysDue:
        """Asked of the written store: a replica may lag."""
        async with self._database.write() as session:
            days = await statements.days_due(
                session=session, provider=command.provider, until=command.until
            )
        return contract.DaysDue(days=days)

    @takes(contract.KEEP_STATEMENT)
    async def keep_statement(self, command: contract.KeepStatement) -> contract.StatementKept:
        """Keep a document and lay out its lines."""
        async with self._database.write() as session:
            kept = await statements.keep_statement(
                session=session,
                keyring=self._keyring,
                provider=command.provider,
                day=command.day,
                form=command.document.form,
                content=zlib.decompress(base64.b64decode(command.document.packed)),
                source=command.source,
                at=command.at,
            )
        return contract.StatementKept(
            day=command.day,
            version=kept.version,
            line_count=kept.line_count,
            is_new=kept.is_new,
        )

    @takes(contract.EXPECT_MOVED)
    async def expect_moved(self, command: contract.ExpectMoved) -> Nothing:
        """Expect orders of our own, or payouts that were given."""
        async with self._database.write() as session:
            await reconciliation.expect_moved(
                session=session, provider=command.provider, since=command.since, at=command.at
            )
            await reconciliation.expect_payouts(
                session=session, provider=command.provider, orders=command.payouts, at=command.at
            )
        return Nothing()

    @takes(contract.FIND_UNDECIDED)
    async def find_undecided(self, command: contract.FindUndecided) -> contract.Undecided:
        """The next keys."""
        async with self._database.write() as session:
            keys = await reconciliation.undecided_keys(
                session=session,
                provider=command.provider,
                after=command.after,
                limit=command.limit,
            )
        return contract.Undecided(keys=keys)

    @takes(contract.FIND_ORDERS)
    async def find_orders(self, command: contract.FindOrders) -> contract.OrdersFound:
        """Attempts and refunds."""
        async with self._database.write() as session:
            orders = await find_orders(
                session=session, provider=command.provider, keys=command.keys
            )
        return contract.OrdersFound(orders=orders)

    @takes(contract.JUDGE_KEYS)
    async def judge_keys(self, command: contract.JudgeKeys) -> contract.KeysJudged:
        """Judge and keep."""
        async with self._database.write() as session:
            found = await reconciliation.judge_keys(
                session=session,
                provider=command.provider,
                keys=command.keys,
                orders=command.orders,
                posted=command.posted,
                at=command.at,
                pending_max=timedelta(hours=command.pending_hours_max),
            )
        return contract.KeysJudged(
            found=tuple(
                contract.FoundPayment(
                    order_id=each.order_id,
                    kind=each.kind,
                    amount=each.amount,
                    receipt=each.receipt,
                    moved_at=each.moved_at,
                )
                for each in found
            )
        )

    @takes(contract.FINISH_DAY)
    async def finish_day(self, command: contract.FinishDay) -> contract.DayFinished:
        """Count and tell."""
        async with self._database.write() as session:
            finished = await reconciliation.finish(
                session=session,
                provider=command.provider,
                day=command.day,
                version=command.version,
                at=command.at,
            )
        return contract.DayFinished(
            line_counts=finished.line_counts, open_count=finished.open_count
        )


class TelebirrStatementActivities:
    """On Telebirr's own queue."""

    def __init__(self, *, statements: DailyStatements) -> None:
        self._statements = statements

    @takes(contract.TELEBIRR_FETCH_STATEMENT)
    async def fetch(self, command: contract.FetchStatement) -> contract.FetchedStatement:
        """Fetch a day's document."""
        return await _fetched(self._statements, command)


class MpesaStatementActivities:
    """On M-PESA's own queue."""

    def __init__(self, *, statements: DailyStatements) -> None:
        self._statements = statements

    @takes(contract.MPESA_FETCH_STATEMENT)
    async def fetch(self, command: contract.FetchStatement) -> contract.FetchedStatement:
        """Fetch a day's document."""
        return await _fetched(self._statements, command)


class BankStatementActivities:
    """On the bank's own queue."""

    def __init__(self, *, statements: DailyStatements) -> None:
        self._statements = statements

    @takes(contract.BANK_FETCH_STATEMENT)
    async def fetch(self, command: contract.FetchStatement) -> contract.FetchedStatement:
        """Fetch a day's document."""
        return await _fetched(self._statements, command)


async def _fetched(
    statements: DailyStatements, command: contract.FetchStatement
) -> contract.FetchedStatement:
    document = await statements.fetch(provider=command.provider, day=command.day)
    packed = base64.b64encode(zlib.compress(document.content)).decode("ascii")
    if len(packed) > _PACKED_MAX:
        raise Refusal(
            "statement_too_large",
            f"the statement of {command.day} is too large to be fetched: save it and run "
            f"`meqenet reconcile --provider {command.provider} --day {command.day} "
            "--statement FILE`",
            mender=Mender.MEQENET,
        )
    return contract.FetchedStatement(form=document.form, packed=packed)
