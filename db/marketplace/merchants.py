"""Merchants: taken on, and where they are told of news."""

from datetime import datetime
from typing import Final

from db.kernel.encryption import EncryptedColumn, Keyring, find_data_key, make_data_key
from db.kernel.engine import ReadSession, WriteSession
from db.kernel.events import NewEvent, append
from db.kernel.once import insert_once
from db.marketplace.tables import Merchant
from meqenet.errors import Mender, Refusal
from meqenet.marketplace.events import MerchantRegistered
from meqenet.marketplace.webhooks import Webhook

_SECRET: Final = EncryptedColumn(table="merchants", name="webhook_secret_sealed")


async def register_merchant(
    *,
    session: WriteSession,
    keyring: Keyring,
    merchant_id: str,
    name: str,
    webhook: Webhook | None,
    at: datetime,
) -> None:
    """Take a merchant on; the same one again changes nothing.

    Raises:
        Refusal: ``merchant_differs``: the id is on file with other content.
    """
    sealed = None
    if webhook is not None:
        key = await make_data_key(session=session, keyring=keyring, person_id=merchant_id)
        sealed = _SECRET.seal(key=key, text=webhook.secret)
    values = {
        "merchant_id": merchant_id,
        "name": name,
        "webhook_url": webhook.url if webhook else None,
        "webhook_secret_sealed": sealed,
        "registered_at": at,
    }
    if not await insert_once(session=session, table=Merchant, values=values):
        stored = await session.get_one(Merchant, merchant_id)
        known = await read_webhook(session=session, keyring=keyring, merchant=stored)
        if (stored.name, known) != (name, webhook):
            raise Refusal(
                "merchant_differs",
                "merchant_id: a merchant is on file under this id with other content",
                mender=Mender.MEQENET,
                field="merchant_id",
            )
        return
    await append(
        session=session,
        event=NewEvent.of(
            event_id=f"{merchant_id}-registered",
            stream=merchant_id,
            data=MerchantRegistered(wants_notices=webhook is not None),
            at=at,
        ),
    )


async def require_merchant(*, session: ReadSession, merchant_id: str) -> Merchant:
    """The merchant on file.

    Raises:
        Refusal: ``merchant_unknown``.
    """
    merchant = await session.get(Merchant, merchant_id)
    if merchant is None:
        raise Refusal(
            "merchant_unknown",
            "merchant_id: there is no such merchant",
            mender=Mender.MERCHANT,
            field="merchant_id",
        )
    return merchant


async def read_webhook(
    *, session: ReadSession, keyring: Keyring, merchant: Merchant
) -> Webhook | None:
    """The webhook that a merchant was taken on with; None where no notices are wanted."""
    if merchant.webhook_url is None or merchant.webhook_secret_sealed is None:
        return None
    key = await find_data_key(session=session, keyring=keyring, person_id=merchant.merchant_id)
    secret = _SECRET.open(key=key, sealed=merchant.webhook_secret_sealed)
    return Webhook(url=merchant.webhook_url, secret=secret)
