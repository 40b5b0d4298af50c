"""M-PESA's own rows: prompts on phones, receipts of moved money, conversations with callers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Table, insert, select, update

from apps.sandboxes.kernel.book import Book
from apps.sandboxes.mpesa import tables
from apps.sandboxes.mpesa.spelling import new_receipt
from meqenet.money import Money


class PromptState(StrEnum):
    """Where an STK push stands."""

    OPEN = "open"
    """On the phone, waiting for the PIN."""
    PAID = "paid"
    """The PIN was right and the money has moved."""
    FAILED = "failed"
    """It ended otherwise; ``result_code`` says how."""


class ReceiptKind(StrEnum):
    """What moved money."""

    PAYMENT = "payment"
    """A customer paid an STK push."""
    PAY_BILL = "pay_bill"
    """A customer paid the bill without being asked (C2B)."""
    PAYOUT = "payout"
    """The short code paid a customer (B2C)."""
    REVERSAL = "reversal"
    """A payment went back to the customer."""


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """One STK push. ``callback_*`` say how its callback is sent."""

    merchant_request_id: str
    checkout_request_id: str
    msisdn: str = field(repr=False)
    amount: Money
    account_reference: str
    callback_url: str = field(repr=False)
    callback_copies: int
    callback_delay_ms: int
    created_at: datetime
    expires_at: datetime
    state: PromptState
    result_code: str | None = None
    receipt: str | None = None
    answered_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """Money that moved. ``reference`` is the caller's id, ``conversation`` the provider's."""

    receipt: str
    kind: ReceiptKind
    reference: str
    conversation: str
    msisdn: str = field(repr=False)
    amount: Money
    at: datetime
    reversed_by: str | None = None


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """A B2C payout or a reversal, done or failed when it was accepted."""

    originator_id: str
    conversation_id: str
    kind: ReceiptKind
    msisdn: str = field(repr=False)
    amount: Money
    at: datetime
    result_code: str
    receipt: str | None = None


class Journal:
    """Reads and writes the rows; every write joins the transaction of its caller."""

    def __init__(self, *, book: Book) -> None:
        self._book = book
        book.add_tables(metadata=tables.metadata)

    def add_prompt(self, *, prompt: Prompt) -> None:
        """Keep a new prompt."""
        with self._book.transaction() as connection:
            connection.execute(insert(tables.prompts).values(**vars(prompt)))

    def close_prompt(
        self, *, prompt: Prompt, result_code: str, receipt: str | None, at: datetime
    ) -> Prompt:
        """Give an open prompt its end."""
        state = PromptState.PAID if receipt else PromptState.FAILED
        ending = {
            "state": state,
            "result_code": result_code,
            "receipt": receipt,
            "answered_at": at,
        }
        same = tables.prompts.c.merchant_request_id == prompt.merchant_request_id
        with self._book.transaction() as connection:
            connection.execute(update(tables.prompts).where(same).values(**ending))
        return Prompt(**{**vars(prompt), **ending})

    def prompt(self, *, named: str) -> Prompt | None:
        """By MerchantRequestID or by CheckoutRequestID."""
        columns = tables.prompts.c
        found = self._rows(
            tables.prompts,
            (columns.merchant_request_id == named) | (columns.checkout_request_id == named),
        )
        return _prompt(found[0]) if found else None

    def prompts(self, *, msisdn: str | None = None, open_only: bool = False) -> list[Prompt]:
        """Prompts of one phone or of all, oldest first."""
        columns = tables.prompts.c
        asked = [columns.msisdn == msisdn] if msisdn else []
        if open_only:
            asked.append(columns.state == PromptState.OPEN)
        return [_prompt(row) for row in self._rows(tables.prompts, *asked)]

    def add_receipt(
        self,
        *,
        kind: ReceiptKind,
        reference: str,
        conversation: str,
        msisdn: str,
        amount: Money,
        at: datetime,
        receipt: str | None = None,
    ) -> str:
        """Number a movement of money, with the number already told if there is one."""
        row = Receipt(
            receipt=receipt or new_receipt(),
            kind=kind,
            reference=reference,
            conversation=conversation,
            msisdn=msisdn,
            amount=amount,
            at=at,
        )
        with self._book.transaction() as connection:
            connection.execute(insert(tables.receipts).values(**vars(row)))
        return row.receipt

    def receipt(self, *, named: str) -> Receipt | None:
        """By receipt number, by the caller's id or by the provider's."""
        columns = tables.receipts.c
        found = self._rows(
            tables.receipts,
            (columns.receipt == named)
            | (columns.reference == named)
            | (columns.conversation == named),
        )
        return _receipt(found[0]) if found else None

    def receipt_of(self, *, kind: str, reference: str, at: datetime) -> Receipt | None:
        """Of a movement; customers pay to the short code under one reference more than once."""
        columns = tables.receipts.c
        rows = self._rows(tables.receipts, columns.reference == reference, columns.kind == kind)
        found = [_receipt(row) for row in rows]
        return next((each for each in found if each.at == at), found[0] if found else None)

    def mark_reversed(self, *, receipt: str, by: str) -> None:
        """A payment goes back once."""
        with self._book.transaction() as connection:
            connection.execute(
                update(tables.receipts)
                .where(tables.receipts.c.receipt == receipt)
                .values(reversed_by=by)
            )

    def add_conversation(self, *, conversation: Conversation) -> None:
        """Keep what became of a payout or a reversal."""
        with self._book.transaction() as connection:
            connection.execute(insert(tables.conversations).values(**vars(conversation)))

    def conversation(self, *, named: str) -> Conversation | None:
        """By OriginatorConversationID or by ConversationID."""
        columns = tables.conversations.c
        found = self._rows(
            tables.conversations,
            (columns.originator_id == named) | (columns.conversation_id == named),
        )
        if not found:
            return None
        return Conversation(**{**found[0], "kind": ReceiptKind(found[0]["kind"])})

    def _rows(self, table: Table, *conditions: ColumnElement[bool]) -> list[dict[str, Any]]:
        query = select(table).where(*conditions).order_by(_oldest_first(table))
        with self._book.transaction() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


def _oldest_first(table: Table) -> ColumnElement[datetime]:
    return table.c.created_at if table is tables.prompts else table.c.at


def _prompt(row: Mapping[str, Any]) -> Prompt:
    return Prompt(**{**row, "state": PromptState(row["state"])})


def _receipt(row: Mapping[str, Any]) -> Receipt:
    return Receipt(**{**row, "kind": ReceiptKind(row["kind"])})
