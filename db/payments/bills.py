"""Money that is told to have come to our short code: whose it is, and to which phone it returns."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select

from db.kernel.encryption import EncryptedColumn, Keyring, find_data_key
from db.kernel.engine import ReadSession, WriteSession
from db.kernel.events import NewEvent, append
from db.payments.tables import Attempt, PaidBill, StatementLine
from db.payments.wallets import lock_plan, wallet_of
from meqenet.errors import Mender, Refusal
from meqenet.identity import wire_id
from meqenet.money import Money
from meqenet.payments.channels import Channel
from meqenet.payments.orders import plan_on_the_wire
from meqenet.payments.rail import WalletProvider
from meqenet.payments.statement_document import LineKind
from meqenet.payments.surplus_events import BillAssigned

PAYER: Final = EncryptedColumn(table="paid_bills", name="payer_sealed")

_LISTED_MAX: Final = 100


@dataclass(frozen=True, kw_only=True)
class ToldBill:
    """Money that was told of. No phone is in it."""

    receipt: str
    amount: Money
    told_at: datetime


async def unclaimed_bills(*, session: ReadSession) -> tuple[ToldBill, ...]:
    """Money whose reference was no plan's number, and that nobody has assigned; oldest first."""
    found = await session.scalars(
        select(PaidBill)
        .where(PaidBill.plan_id.is_(None))
        .order_by(PaidBill.told_at, PaidBill.receipt)
        .limit(_LISTED_MAX)
    )
    return tuple(_told(bill) for bill in found)


async def assign_bill(
    *, session: WriteSession, receipt: str, plan_id: str, by: str, why: str, at: datetime
) -> ToldBill:
    """Say, once, for which plan money came; the same again changes nothing.

    Raises:
        Refusal: ``bill_unknown``; ``bill_assigned``: it is another plan's.
    """
    await lock_plan(session=session, plan_id=plan_id)
    bill = await session.get(PaidBill, receipt, with_for_update=True)
    if bill is None:
        bill = await _on_statement(session, receipt=receipt, at=at)
    if bill is None:
        text = "receipt: no money is known under it; look at `meqenet support bills`"
        raise Refusal("bill_unknown", text, mender=Mender.MEQENET, field="receipt")
    if bill.plan_id not in (None, plan_id):
        text = "receipt: it came for another plan"
        raise Refusal("bill_assigned", text, mender=Mender.MEQENET, field="receipt")
    if bill.plan_id is None:
        bill.plan_id = plan_id
        told = BillAssigned(receipt=receipt, amount=bill.amount_santim, by=by, why=why)
        event = NewEvent.of(event_id=f"{receipt}-assigned", stream=plan_id, data=told, at=at)
        await append(session=session, event=event)
    return _told(bill)


async def _on_statement(session: WriteSession, *, receipt: str, at: datetime) -> PaidBill | None:
    """Money of which a statement tells, and M-PESA has not: its confirmation was lost."""
    lines = await session.scalars(
        select(StatementLine)
        .where(
            StatementLine.provider == WalletProvider.MPESA,
            StatementLine.kind == LineKind.PAYMENT,
            StatementLine.receipt == receipt,
        )
        .order_by(StatementLine.day.desc(), StatementLine.version.desc())
        .limit(1)
    )
    line = lines.one_or_none()
    if line is None or plan_on_the_wire(reference=wire_id(meqenet_id=line.reference)) is not None:
        # A payment that we have asked for is its order's, and is found by its id.
        return None
    bill = PaidBill(
        receipt=receipt,
        plan_id=None,
        person_id="callbacks-of-mpesa",
        amount_santim=line.amount_santim,
        payer_sealed=None,
        told_at=at,
    )
    session.add(bill)
    await session.flush()
    return bill


def _told(bill: PaidBill) -> ToldBill:
    return ToldBill(receipt=bill.receipt, amount=bill.amount_santim, told_at=bill.told_at)


async def paying_phone(
    *, session: ReadSession, keyring: Keyring, attempt: Attempt, is_part: bool
) -> str:
    """The phone to which an attempt's money goes back.

    That of its wallet; of money that came unasked, the one that M-PESA has named as the payer's,
    or, where it was masked, the wallet's. A whole payment is reversed by its receipt, whoever paid;
    a part is paid to the phone, so it has to be M-PESA's.

    Raises:
        Refusal: ``payer_unknown``; ``person_erased``.
        Defect: ``wallet_missing``.
    """
    if attempt.channel == Channel.PAY_BILL and attempt.receipt is not None:
        bill = await session.get(PaidBill, attempt.receipt)
        if bill is not None and bill.payer_sealed is not None:
            key = await find_data_key(session=session, keyring=keyring, person_id=bill.person_id)
            return PAYER.open(key=key, sealed=bill.payer_sealed)
    wallet = await wallet_of(
        session=session, keyring=keyring, plan_id=attempt.plan_id, number=attempt.wallet_number
    )
    is_elsewhere = wallet.provider is not WalletProvider.MPESA
    if is_part and is_elsewhere and attempt.channel == Channel.PAY_BILL:
        raise Refusal(
            "payer_unknown",
            "attempt: M-PESA has masked the phone that paid, and the plan's wallet is no M-PESA"
            " wallet: have it returned at M-PESA's portal by its receipt",
            mender=Mender.MEQENET,
            field="attempt",
        )
    return wallet.msisdn
