"""Providers' callbacks as they came: once each, sealed, before anybody acts on them."""

from datetime import datetime
from typing import Final

from sqlalchemy.dialects.postgresql import insert

from db.kernel.encryption import EncryptedColumn, Keyring, find_data_key, make_data_key
from db.kernel.engine import Database
from db.payments.bills import PAYER
from db.payments.tables import Callback, PaidBill
from meqenet.errors import Defect
from meqenet.money import Money
from meqenet.payments.orders import plan_of

_BODY: Final = EncryptedColumn(table="callbacks", name="body_sealed")
"""Sealed as Latin-1, which gives every byte a character."""


class CallbackInbox:
    """Keeps callbacks. A body holds phones and names, so it is sealed.

    A callback that names an order is sealed under its plan's data key, and is lost with it;
    one that names none is sealed under a key of the provider's.
    """

    def __init__(self, *, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    async def keep(
        self,
        *,
        provider: str,
        kind: str,
        order_id: str | None,
        body_digest: bytes,
        body: bytes,
        verified: bool,
        at: datetime,
    ) -> bool:
        """Keep a callback; whether it is the first of its kind with this body.

        Args:
            provider: who sent it.
            kind: what it is about, as the provider's address for it says.
            order_id: our attempt's or refund's id, where the callback or its address names it.
            body_digest: SHA-256 of the body.
            body: the bytes as they came.
            verified: whether the sender has proved to be the provider. The same body verified
                and not verified are two.
            at: when it came.
        """
        person_id = _person(provider=provider, order_id=order_id)
        async with self._database.write() as session:
            key = await make_data_key(session=session, keyring=self._keyring, person_id=person_id)
            sealed = _BODY.seal(key=key, text=body.decode("latin-1"))
            deliveries = await session.scalar(
                insert(Callback)
                .values(
                    provider=provider,
                    kind=kind,
                    body_digest=body_digest,
                    verified=verified,
                    order_id=order_id,
                    person_id=person_id,
                    body_sealed=sealed,
                    deliveries=1,
                    first_at=at,
                    last_at=at,
                )
                .on_conflict_do_update(
                    index_elements=["provider", "kind", "body_digest", "verified"],
                    set_={"deliveries": Callback.deliveries + 1, "last_at": at},
                )
                .returning(Callback.deliveries)
            )
        return deliveries == 1

    async def keep_bill(
        self, *, receipt: str, plan_id: str | None, amount: Money, payer: str | None, at: datetime
    ) -> None:
        """Keep who has paid to our short code, as it was told first; nothing proves it.

        Args:
            receipt: the provider's id of the payment.
            plan_id: whose number was typed; None where it is no plan of ours.
            amount: as told.
            payer: the phone that has paid, if it is known. It is sealed like a callback.
            at: when it was told.
        """
        person_id = _person(provider="mpesa", order_id=plan_id)
        async with self._database.write() as session:
            key = await make_data_key(session=session, keyring=self._keyring, person_id=person_id)
            await session.execute(
                insert(PaidBill)
                .values(
                    receipt=receipt,
                    plan_id=plan_id,
                    person_id=person_id,
                    amount_santim=amount,
                    payer_sealed=None if payer is None else PAYER.seal(key=key, text=payer),
                    told_at=at,
                )
                .on_conflict_do_nothing()
            )

    async def read(self, *, provider: str, kind: str, body_digest: bytes, verified: bool) -> bytes:
        """The body of a kept callback, as it came.

        Raises:
            Defect: ``callback_missing``.
            Refusal: ``person_erased``.
        """
        async with self._database.read() as session:
            kept = await session.get(Callback, (provider, kind, body_digest, verified))
            if kept is None:
                raise Defect("callback_missing", f"no such {kind} callback of {provider} is kept")
            key = await find_data_key(
                session=session, keyring=self._keyring, person_id=kept.person_id
            )
            return _BODY.open(key=key, sealed=kept.body_sealed).encode("latin-1")


def _person(*, provider: str, order_id: str | None) -> str:
    if order_id is None:
        return f"callbacks-of-{provider}"
    try:
        return plan_of(order_id=order_id)
    except Defect:
        # Whoever calls back may write anything; it is kept all the same.
        return f"callbacks-of-{provider}"
