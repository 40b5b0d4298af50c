"""A provider's own books: wallets and double-entry movements between accounts.

Accounts are text: ``wallet:<msisdn>``, ``merchant:<code>``, ``fees``, ``issue``. Money comes into
being from ``issue``, the only account that may go below zero, so the totals always sum to zero.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path

from sqlalchemy import Connection, Engine, MetaData, Row, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from apps.sandboxes.kernel import tables
from apps.sandboxes.kernel.clock import addis_day
from apps.sandboxes.kernel.store import Store
from meqenet.money import Money

ISSUE = "issue"
FEES = "fees"
_WALLET = "wallet:"


class BookError(Exception):
    """Why a movement or a wallet operation was refused; nothing was written."""


class WalletUnknown(BookError):
    """No wallet has this phone number."""


class WalletExists(BookError):
    """A wallet with this phone number is open already."""


class WalletFrozen(BookError):
    """The wallet may receive but not pay."""


class WalletClosed(BookError):
    """The wallet may neither pay nor receive."""


class InsufficientFunds(BookError):
    """The debited account holds less than the amount."""


class WalletStatus(StrEnum):
    """What a wallet may do."""

    ACTIVE = "active"
    """Pays and receives."""
    FROZEN = "frozen"
    """Receives only."""
    CLOSED = "closed"
    """Neither."""


@dataclass(frozen=True, kw_only=True)
class Wallet:
    """A customer's wallet. Name and PIN stay out of ``repr``."""

    msisdn: str
    name: str = field(repr=False)
    pin: str = field(repr=False)
    balance: Money
    status: WalletStatus


@dataclass(frozen=True, kw_only=True)
class Movement:
    """An amount taken from the account ``debit`` and given to the account ``credit``.

    Attributes:
        id: number in the order of commit.
        reference: the order that moved it.
    """

    id: int
    at: datetime
    kind: str
    reference: str
    debit: str
    credit: str
    amount: Money


def wallet_account(*, msisdn: str) -> str:
    """The account of a wallet's money."""
    return f"{_WALLET}{msisdn}"


def merchant_account(*, code: str) -> str:
    """The account of a merchant's (short code's, organisation's) money."""
    return f"merchant:{code}"


class Book:
    """Wallets and movements of one provider, in a file or (``path=None``) in memory."""

    def __init__(self, *, path: Path | None) -> None:
        self._store = Store(path=path)
        self.add_tables(metadata=tables.metadata)

    @property
    def engine(self) -> Engine:
        """The database engine."""
        return self._store.engine

    def add_tables(self, *, metadata: MetaData) -> None:
        """Create a provider's own tables in the same database."""
        self._store.add_tables(metadata=metadata)

    def transaction(self) -> AbstractContextManager[Connection]:
        """One atomic piece of work; methods of the book called inside join it (see Store)."""
        return self._store.transaction()

    def release(self) -> None:
        """Close the file's connection; it opens again on use."""
        self._store.release()

    def open_wallet(
        self, *, msisdn: str, name: str, pin: str, at: datetime, balance: Money | None = None
    ) -> Wallet:
        """Open an active wallet, filled from ``issue``.

        Raises:
            WalletExists: the number has a wallet.
        """
        with self.transaction() as connection:
            row = upsert(tables.wallets).values(
                msisdn=msisdn, name=name, pin=pin, status=WalletStatus.ACTIVE
            )
            if not connection.execute(row.on_conflict_do_nothing()).rowcount:
                raise WalletExists("a wallet with this number is open already")
            _give(connection, account=wallet_account(msisdn=msisdn), amount=Money.zero())
            self.set_balance(msisdn=msisdn, balance=balance or Money.zero(), at=at)
            return self.wallet(msisdn=msisdn)

    def wallet(self, *, msisdn: str) -> Wallet:
        """The wallet of a phone number (``2519…``/``2517…``, 12 digits).

        Raises:
            WalletUnknown: no wallet has it.
        """
        with self.transaction() as connection:
            for wallet in _wallets(connection, msisdn=msisdn):
                return wallet
        raise WalletUnknown("no wallet has this number")

    def wallets(self) -> list[Wallet]:
        """All wallets by number."""
        with self.transaction() as connection:
            return list(_wallets(connection, msisdn=None))

    def set_status(self, *, msisdn: str, status: WalletStatus) -> Wallet:
        """Freeze, unfreeze or close. Raises WalletUnknown."""
        with self.transaction() as connection:
            connection.execute(
                update(tables.wallets)
                .where(tables.wallets.c.msisdn == msisdn)
                .values(status=status)
            )
            return self.wallet(msisdn=msisdn)

    def set_balance(self, *, msisdn: str, balance: Money, at: datetime) -> Wallet:
        """Bring a wallet of any status to this balance by a movement from or to ``issue``.

        Raises:
            WalletUnknown: no wallet has the number.
            ValueError: a balance below zero.
        """
        if balance < Money.zero():
            raise ValueError("balance: a wallet holds nothing below zero")
        with self.transaction() as connection:
            missing = balance - self.wallet(msisdn=msisdn).balance
            account = wallet_account(msisdn=msisdn)
            debit, credit = (ISSUE, account) if missing > Money.zero() else (account, ISSUE)
            if missing:
                _post(
                    connection,
                    at=at,
                    kind="adjustment",
                    reference="control",
                    debit=debit,
                    credit=credit,
                    amount=max(missing, -missing),
                )
            return self.wallet(msisdn=msisdn)

    def move(
        self, *, kind: str, reference: str, debit: str, credit: str, amount: Money, at: datetime
    ) -> Movement:
        """Take ``amount`` from ``debit`` and give it to ``credit``, all or nothing.

        Raises:
            InsufficientFunds: ``debit`` (any account but ``issue``) holds less.
            WalletUnknown, WalletClosed: either side is such a wallet.
            WalletFrozen: ``debit`` is a frozen wallet.
            ValueError: the amount is not above zero, or both sides are one account.
        """
        if amount <= Money.zero():
            raise ValueError("amount: a movement is above zero")
        if debit == credit:
            raise ValueError("accounts: debit and credit are the same")
        with self.transaction() as connection:
            self._require_usable(debit=debit, credit=credit)
            return _post(
                connection,
                at=at,
                kind=kind,
                reference=reference,
                debit=debit,
                credit=credit,
                amount=amount,
            )

    def movements(self, *, on: date | None = None) -> list[Movement]:
        """Movements in the order of commit, of all time or of one Addis Ababa calendar day."""
        query = select(tables.movements).order_by(tables.movements.c.id)
        if on is not None:
            start, end = addis_day(on=on)
            query = query.where(tables.movements.c.at >= start, tables.movements.c.at < end)
        with self.transaction() as connection:
            return [_movement(row) for row in connection.execute(query)]

    def balance(self, *, account: str) -> Money:
        """What an account holds; zero for one that never moved."""
        return self.totals().get(account, Money.zero())

    def totals(self) -> Mapping[str, Money]:
        """Balance of every account, by name; they sum to zero."""
        query = select(tables.accounts).order_by(tables.accounts.c.account)
        with self.transaction() as connection:
            return {row.account: row.balance for row in connection.execute(query)}

    def _require_usable(self, *, debit: str, credit: str) -> None:
        for account in (debit, credit):
            if not account.startswith(_WALLET):
                continue
            status = self.wallet(msisdn=account.removeprefix(_WALLET)).status
            if status is WalletStatus.CLOSED:
                raise WalletClosed("the wallet is closed")
            if status is WalletStatus.FROZEN and account == debit:
                raise WalletFrozen("the wallet is frozen")


def _wallets(connection: Connection, *, msisdn: str | None) -> Iterator[Wallet]:
    account = _WALLET + tables.wallets.c.msisdn
    query = (
        select(tables.wallets, tables.accounts.c.balance)
        .join(tables.accounts, tables.accounts.c.account == account)
        .order_by(tables.wallets.c.msisdn)
    )
    if msisdn is not None:
        query = query.where(tables.wallets.c.msisdn == msisdn)
    for row in connection.execute(query):
        yield Wallet(
            msisdn=row.msisdn,
            name=row.name,
            pin=row.pin,
            balance=row.balance,
            status=WalletStatus(row.status),
        )


def _post(
    connection: Connection,
    *,
    at: datetime,
    kind: str,
    reference: str,
    debit: str,
    credit: str,
    amount: Money,
) -> Movement:
    _take(connection, account=debit, amount=amount)
    _give(connection, account=credit, amount=amount)
    row = connection.execute(
        insert(tables.movements)
        .values(at=at, kind=kind, reference=reference, debit=debit, credit=credit, amount=amount)
        .returning(tables.movements)
    ).one()
    return _movement(row)


def _take(connection: Connection, *, account: str, amount: Money) -> None:
    """Take conditionally, so that nothing but ``issue`` goes below zero."""
    if account == ISSUE:
        _give(connection, account=account, amount=-amount)
        return
    balance = tables.accounts.c.balance
    taken = connection.execute(
        update(tables.accounts)
        .where(tables.accounts.c.account == account, balance >= amount)
        .values(balance=balance - amount)
    )
    if not taken.rowcount:
        raise InsufficientFunds("the account holds less than the amount")


def _give(connection: Connection, *, account: str, amount: Money) -> None:
    row = upsert(tables.accounts).values(account=account, balance=amount)
    connection.execute(
        row.on_conflict_do_update(
            index_elements=["account"],
            set_={"balance": tables.accounts.c.balance + row.excluded.balance},
        )
    )


def _movement(row: Row[tuple[object, ...]]) -> Movement:
    return Movement(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public accessor in spite of its name
