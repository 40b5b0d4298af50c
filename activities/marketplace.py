"""The steps of the marketplace domain."""

from collections.abc import Callable
from datetime import UTC, datetime

import httpx
from standardwebhooks.webhooks import Webhook as Signer

from activities.contracts.marketplace import (
    CLOSE_ORDER,
    DELIVER_NOTICE,
    PLACE_ORDER,
    REGISTER_MERCHANT,
    CloseOrder,
    DeliverNotice,
    OrderPlaced,
    PlaceOrder,
    RegisterMerchant,
)
from activities.contracts.step import Nothing
from activities.edge import takes
from db.kernel.encryption import Keyring
from db.kernel.engine import Database
from db.marketplace import merchants, notices, orders
from db.marketplace.tables import OrderState
from meqenet.errors import Mender, Refusal, Unavailable
from meqenet.marketplace.webhooks import Notice, Webhook, check_webhook, notice_body

_ANSWER_SECONDS_MAX = 10


def _utc_now() -> datetime:
    return datetime.now(UTC)


class MarketplaceActivities:
    """Implements :class:`activities.contracts.marketplace.MarketplaceSteps`.

    Args:
        database: the marketplace store.
        keyring: keys of private columns.
        http: sends notices; it must not follow redirects.
        clock: the time of sending, which merchants compare with their own clocks.
    """

    def __init__(
        self,
        *,
        database: Database,
        keyring: Keyring,
        http: httpx.AsyncClient,
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._http = http
        self._clock = clock

    @takes(REGISTER_MERCHANT)
    async def register_merchant(self, command: RegisterMerchant) -> Nothing:
        """See :meth:`activities.contracts.marketplace.MarketplaceSteps.register_merchant`."""
        webhook = check_webhook(url=command.webhook_url, secret=command.webhook_secret)
        async with self._database.write() as session:
            await merchants.register_merchant(
                session=session,
                keyring=self._keyring,
                merchant_id=command.merchant_id,
                name=command.name,
                webhook=webhook,
                at=command.at,
            )
        return Nothing()

    @takes(PLACE_ORDER)
    async def place_order(self, command: PlaceOrder) -> OrderPlaced:
        """See :meth:`activities.contracts.marketplace.MarketplaceSteps.place_order`."""
        async with self._database.write() as session:
            merchant = await merchants.require_merchant(
                session=session, merchant_id=command.merchant_id
            )
            await orders.place_order(
                session=session,
                plan_id=command.plan_id,
                merchant_id=command.merchant_id,
                reference=command.reference,
                amount=command.amount,
                description=command.description,
                at=command.at,
            )
            return OrderPlaced(
                merchant_name=merchant.name, wants_notices=merchant.webhook_url is not None
            )

    @takes(CLOSE_ORDER)
    async def close_order(self, command: CloseOrder) -> Nothing:
        """See :meth:`activities.contracts.marketplace.MarketplaceSteps.close_order`."""
        async with self._database.write() as session:
            await orders.close_order(
                session=session,
                plan_id=command.plan_id,
                outcome=OrderState(command.outcome.value),
                at=command.at,
            )
        return Nothing()

    @takes(DELIVER_NOTICE)
    async def deliver_notice(self, command: DeliverNotice) -> Nothing:
        """See :meth:`activities.contracts.marketplace.MarketplaceSteps.deliver_notice`.

        Unlike a step that moves money this one asks the store (for the secret) and the wire in
        one attempt: a notice that is sent twice carries the same id, and changes nothing.

        Raises:
            Refusal: ``notices_unwanted``: the merchant has given no webhook.
            Unavailable: ``merchant_endpoint_unavailable``.
        """
        async with self._database.write() as session:
            if await notices.was_delivered(session=session, notice_id=command.notice_id):
                return Nothing()
            merchant = await merchants.require_merchant(
                session=session, merchant_id=command.merchant_id
            )
            webhook = await merchants.read_webhook(
                session=session, keyring=self._keyring, merchant=merchant
            )
        if webhook is None:
            raise Refusal(
                "notices_unwanted",
                "the merchant has given no webhook URL",
                mender=Mender.MERCHANT,
            )
        now = self._clock()
        status = await self._post(webhook, command=command, now=now)
        delivered = status is not None and httpx.codes.is_success(status)
        async with self._database.write() as session:
            attempt = notices.DeliveryAttempt(
                notice_id=command.notice_id,
                merchant_id=command.merchant_id,
                plan_id=command.plan_id,
                kind=command.kind,
                status=status,
                delivered=delivered,
                at=now,
            )
            await notices.record_attempt(session=session, attempt=attempt)
        if not delivered:
            answered = f"answered {status}" if status else "did not answer"
            raise Unavailable(
                "merchant_endpoint_unavailable", f"the merchant's endpoint {answered}"
            )
        return Nothing()

    async def _post(self, webhook: Webhook, *, command: DeliverNotice, now: datetime) -> int | None:
        """The status of the answer, whose body nobody reads; None without an answer."""
        body = notice_body(
            notice=Notice(
                kind=command.kind,
                merchant_id=command.merchant_id,
                plan_id=command.plan_id,
                reference=command.reference,
                at=command.at,
            )
        )
        headers = {
            "content-type": "application/json",
            "webhook-id": command.notice_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Signer(webhook.secret).sign(command.notice_id, now, body),
        }
        try:
            async with self._http.stream(
                "POST",
                webhook.url,
                content=body.encode(),
                headers=headers,
                timeout=_ANSWER_SECONDS_MAX,
            ) as response:
                return response.status_code
        except (httpx.HTTPError, httpx.InvalidURL):
            return None
