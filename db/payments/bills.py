"""Who has paid to our short code, so that what was too much can go back to the same phone."""

from typing import Final

from db.kernel.encryption import EncryptedColumn, Keyring, find_data_key
from db.kernel.engine import ReadSession
from db.payments.tables import Attempt, PaidBill
from db.payments.wallets import wallet_of
from meqenet.errors import Mender, Refusal
from meqenet.payments.channels import Channel
from meqenet.payments.rail import WalletProvider

PAYER: Final = EncryptedColumn(table="paid_bills", name="payer_sealed")


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
