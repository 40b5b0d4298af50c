import asyncio
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, MetaData, String, Table, insert, select

from apps.sandboxes.kernel.book import (
    Book,
    BookError,
    InsufficientFunds,
    WalletClosed,
    WalletExists,
    WalletFrozen,
    WalletStatus,
    WalletUnknown,
    merchant_account,
    wallet_account,
)
from apps.sandboxes.kernel.keyring import Keyring
from apps.sandboxes.kernel.store import Store
from meqenet.money import Money, total

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ALMAZ, BEKELE = "251911223344", "251911223355"
PAYER, PAYEE = wallet_account(msisdn=ALMAZ), wallet_account(msisdn=BEKELE)
SHOP = merchant_account(code="101011")


@pytest.fixture(params=["file", "memory"])
def book(request: pytest.FixtureRequest, tmp_path: Path) -> Book:
    made = Book(path=tmp_path / "deep" / "book.sqlite3" if request.param == "file" else None)
    made.open_wallet(
        msisdn=ALMAZ, name="Almaz", pin="123456", at=AT, balance=Money.from_birr("100.50")
    )
    made.open_wallet(msisdn=BEKELE, name="Bekele", pin="123456", at=AT)
    return made


def pay(
    book: Book, birr: str, *, debit: str = PAYER, credit: str = SHOP, at: datetime = AT
) -> None:
    book.move(
        kind="payment",
        reference="ORD1",
        debit=debit,
        credit=credit,
        amount=Money.from_birr(birr),
        at=at,
    )


def test_a_movement_takes_from_one_and_gives_to_the_other(book: Book) -> None:
    pay(book, "100.50")
    assert book.wallet(msisdn=ALMAZ).balance == Money.zero()
    assert book.balance(account=SHOP) == Money.from_birr("100.50")
    moved = book.movements()[-1]
    assert (moved.debit, moved.credit, moved.reference, moved.at) == (PAYER, SHOP, "ORD1", AT)


def test_more_than_there_is_is_refused_whole(book: Book) -> None:
    before = book.movements()
    with pytest.raises(InsufficientFunds):
        pay(book, "100.51")
    with pytest.raises(InsufficientFunds):
        pay(book, "0.01", debit=SHOP, credit=PAYER)
    assert book.movements() == before
    assert book.wallet(msisdn=ALMAZ).balance == Money.from_birr("100.50")


def test_a_frozen_wallet_receives_but_does_not_pay(book: Book) -> None:
    book.set_status(msisdn=ALMAZ, status=WalletStatus.FROZEN)
    with pytest.raises(WalletFrozen):
        pay(book, "1.00")
    book.set_balance(msisdn=BEKELE, balance=Money.from_birr(5), at=AT)
    pay(book, "5.00", debit=PAYEE, credit=PAYER)
    assert book.wallet(msisdn=ALMAZ).balance == Money.from_birr("105.50")


def test_a_closed_wallet_neither_pays_nor_receives(book: Book) -> None:
    book.set_status(msisdn=BEKELE, status=WalletStatus.CLOSED)
    with pytest.raises(WalletClosed):
        pay(book, "1.00", credit=PAYEE)
    with pytest.raises(WalletClosed):
        pay(book, "1.00", debit=PAYEE)


def test_an_unknown_wallet_is_named_as_such(book: Book) -> None:
    with pytest.raises(WalletUnknown):
        pay(book, "1.00", credit="wallet:251900000099")
    with pytest.raises(WalletUnknown):
        book.set_status(msisdn="251900000099", status=WalletStatus.FROZEN)
    with pytest.raises(WalletExists):
        book.open_wallet(msisdn=ALMAZ, name="Other", pin="000000", at=AT)


@pytest.mark.parametrize("birr", ["0.00", "-1.00"])
def test_a_movement_is_above_zero_and_between_two(book: Book, birr: str) -> None:
    with pytest.raises(ValueError, match="above zero"):
        pay(book, birr)
    with pytest.raises(ValueError, match="same"):
        pay(book, "1.00", credit=PAYER)
    with pytest.raises(ValueError, match="below zero"):
        book.set_balance(msisdn=ALMAZ, balance=Money(-1), at=AT)


def test_a_naive_time_is_refused(book: Book) -> None:
    with pytest.raises(Exception, match="aware"):
        pay(book, "1.00", at=AT.replace(tzinfo=None))


def test_a_statement_day_is_an_addis_ababa_day(book: Book) -> None:
    last_of_day = datetime(2026, 11, 23, 20, 59, 59, 999999, tzinfo=UTC)
    pay(book, "1.00", at=last_of_day)
    pay(book, "2.00", at=last_of_day + timedelta(microseconds=1))
    assert [m.amount for m in book.movements(on=date(2026, 11, 23))] == [Money(100)]
    assert [m.amount for m in book.movements(on=date(2026, 11, 24))] == [Money(200)]


def test_concurrent_payments_never_overdraw(book: Book) -> None:
    refused: list[BookError] = []
    start = threading.Barrier(8)

    def spend() -> None:
        start.wait()
        for _ in range(5):
            try:
                pay(book, "9.00")
            except InsufficientFunds as error:
                refused.append(error)

    threads = [threading.Thread(target=spend) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert book.balance(account=SHOP) == Money.from_birr("99.00")
    assert book.wallet(msisdn=ALMAZ).balance == Money.from_birr("1.50")
    assert len(refused) == 40 - 11


def test_two_processes_on_one_file_never_overdraw(tmp_path: Path) -> None:
    path = tmp_path / "book.sqlite3"
    first, second = Book(path=path), Book(path=path)
    first.open_wallet(msisdn=ALMAZ, name="A", pin="1234", at=AT, balance=Money.from_birr(10))
    paid: list[Book] = []

    def spend(book: Book) -> None:
        for _ in range(10):
            try:
                pay(book, "1.00")
            except InsufficientFunds:
                return
            paid.append(book)

    threads = [threading.Thread(target=spend, args=[book]) for book in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(paid) == 10
    assert first.wallet(msisdn=ALMAZ).balance == Money.zero()


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["move", "set"]), st.integers(0, 2), st.integers(0, 2), st.integers(1, 500)
    ),
    max_size=30,
)


@settings(max_examples=40, deadline=None)
@given(operations=OPERATIONS)
def test_totals_sum_to_zero_and_equal_the_movements(
    operations: list[tuple[str, int, int, int]],
) -> None:
    book = Book(path=None)
    for msisdn in (ALMAZ, BEKELE):
        book.open_wallet(msisdn=msisdn, name="x", pin="1234", at=AT, balance=Money(300))
    accounts = [PAYER, PAYEE, SHOP]
    for deed, one, other, santim in operations:
        if deed == "set":
            book.set_balance(msisdn=(ALMAZ, BEKELE)[one % 2], balance=Money(santim), at=AT)
        elif one != other:
            try:
                pay(book, str(Money(santim)), debit=accounts[one], credit=accounts[other])
            except InsufficientFunds:
                assert book.balance(account=accounts[one]) < Money(santim)
    replayed: dict[str, int] = {}
    for movement in book.movements():
        replayed[movement.debit] = replayed.get(movement.debit, 0) - movement.amount.santim
        replayed[movement.credit] = replayed.get(movement.credit, 0) + movement.amount.santim
    totals = {account: balance.santim for account, balance in book.totals().items()}
    assert totals == {**dict.fromkeys(totals, 0), **replayed}
    assert not total(book.totals().values())
    assert all(santim >= 0 for account, santim in totals.items() if account != "issue")


orders_metadata = MetaData()
orders = Table("orders", orders_metadata, Column("id", String, primary_key=True))


def test_a_providers_row_and_its_movement_commit_together(book: Book) -> None:
    book.add_tables(metadata=orders_metadata)

    def order_beyond_the_balance() -> None:
        with book.transaction() as connection:
            connection.execute(insert(orders).values(id="lost"))
            pay(book, "1000.00")

    with pytest.raises(InsufficientFunds):
        order_beyond_the_balance()
    with book.transaction() as connection:
        connection.execute(insert(orders).values(id="kept"))
        with pytest.raises(InsufficientFunds):
            pay(book, "1000.00")
        pay(book, "1.00")
    with book.transaction() as connection:
        assert connection.execute(select(orders.c.id)).scalars().all() == ["kept"]
    assert book.balance(account=SHOP) == Money.from_birr(1)


def test_what_is_in_the_file_survives(tmp_path: Path) -> None:
    path = tmp_path / "book.sqlite3"
    book = Book(path=path)
    book.open_wallet(msisdn=ALMAZ, name="A", pin="1234", at=AT, balance=Money(7))
    made = Keyring(book=book).keep(name="secret", make=lambda: "first")
    book.release()
    again = Book(path=path)
    assert again.wallet(msisdn=ALMAZ).balance == Money(7)
    assert Keyring(book=again).keep(name="secret", make=lambda: "second") == made == "first"
    assert path.stat().st_mode & 0o077 == 0


def test_private_fields_stay_out_of_repr(book: Book) -> None:
    shown = repr(book.wallet(msisdn=ALMAZ))
    assert "Almaz" not in shown
    assert "123456" not in shown


async def test_awaiting_inside_a_transaction_is_noticed() -> None:
    store = Store(path=None)
    entered, proceed = asyncio.Event(), asyncio.Event()

    async def holds() -> None:
        with store.transaction():
            entered.set()
            await proceed.wait()

    holder = asyncio.create_task(holds())
    await entered.wait()
    with pytest.raises(RuntimeError, match="awaited inside"), store.transaction():
        pass
    proceed.set()
    await holder
