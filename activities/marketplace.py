"""The steps of the marketplace domain."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
from standardwebhooks.webhooks import Webhook as Signer

from activities.contracts.marketplace import (
    CLOSE_ORDER,
    DELIVER_NOTICE,
    FIND_UNTOLD,
    LOAD_ORDER,
    PLACE_ORDER,
    RECORD_NOTICE,
    REGISTER_MERCHANT,
    CloseOrder,
    DeliverNotice,
    FindUntold,
    LoadedOrder,
    LoadOrder,
    NoticeAnswer,
    OrderPlaced,
    PlaceOrder,
    RecordNotice,
    RegisterMerchant,
    UntoldFound,
)
from activities.contracts.step import Nothing
from activities.edge import takes
from db.kernel.encryption import Keyring
from db.kernel.engine import Database
from db.marketplace import merchants, notices, orders
from db.marketplace.tables import OrderState
from meqenet.marketplace.webhooks import Notice, Webhook, check_webhook, notice_body

_ANSWER_MAX = timedelta(seconds=10)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class MarketplaceActivities:
    """Implements :class:`activities.contracts.marketplace.MarketplaceSteps`.

    Args:
        database: the marketplace store.
        keyring: keys of private columns.
        http: sends notices; it must not follow redirects.
        clock: the time of sending, which merchants compare with their own clocks.
        answer_max: how long an endpoint may take, from connecting to its answer's status.
    """

    def __init__(
        self,
        *,
        database: Database,
        keyring: Keyring,
        http: httpx.AsyncClient,
        clock: Callable[[], datetime] = _utc_now,
        answer_max: timedelta = _ANSWER_MAX,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._http = http
        self._clock = clock
        self._answer_max = answer_max

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
                return_url=command.return_url,
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
    async def deliver_notice(self, command: DeliverNotice) -> NoticeAnswer:
        """See :meth:`activities.contracts.marketplace.MarketplaceSteps.deliver_notice`."""
        async with self._database.read() as session:
            taken = await notices.status_taken_with(session=session, notice_id=command.notice_id)
            webhook = await notices.find_webhook(
                session=session, keyring=self._keyring, merchant_id=command.merchant_id
            )
        if taken is not None:
            return NoticeAnswer(delivered=True, status=taken, wanted=True)
        if webhook is None:
            return NoticeAnswer(delivered=False, status=None, wanted=False)
        status = await self._post(webhook, command=command, now=self._clock())
        return NoticeAnswer(
            delivered=status is not None and httpx.codes.is_success(status),
            status=status,
            wanted=True,
        )

    @takes(RECORD_NOTICE)
    async def record_notice(self, command: RecordNotice) -> Nothing:
        """See :meth:`activities.contracts.marketplace.MarketplaceSteps.record_notice`."""
        async with self._database.write() as session:
            await notices.record_try(
                session=session,
                made=notices.NoticeTry(
                    notice_id=command.notice_id,
                    merchant_id=command.merchant_id,
                    plan_id=command.plan_id,
                    kind=command.kind,
                    number=command.number,
                    status=command.answer.status,
                    delivered=command.answer.delivered,
                    at=command.at,
                ),
            )
        return Nothing()

    @takes(LOAD_ORDER)
    async def load_order(self, command: LoadOrder) -> LoadedOrder:
        """See :meth:`activities.contracts.marketplace.MarketplaceSteps.load_order`.

        Asked of the written store: a replica may lag.
        """
        async with self._database.write() as session:
            order = await orders.find_order(session=session, plan_id=command.plan_id)
            if order is None:
                return LoadedOrder(placed=False)
            merchant = await merchants.require_merchant(
                session=session, merchant_id=order.merchant_id
            )
            return LoadedOrder(
                placed=True,
                description=order.description,
                return_url=order.return_url,
                merchant_name=merchant.name,
            )

    @takes(FIND_UNTOLD)
    async def find_untold(self, command: FindUntold) -> UntoldFound:
        """See :meth:`activities.contracts.marketplace.MarketplaceSteps.find_untold`."""
        async with self._database.write() as session:
            settled = await notices.settled_among(
                session=session,
                notice_ids=[each.notice_id for each in command.notices],
                tries_max=command.tries_max,
            )
            listening = await notices.listening_among(
                session=session, merchant_ids={each.merchant_id for each in command.notices}
            )
        return UntoldFound(
            notice_ids=tuple(
                each.notice_id
                for each in command.notices
                if each.merchant_id in listening and each.notice_id not in settled
            )
        )

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
            async with (
                asyncio.timeout(self._answer_max.total_seconds()),
                self._http.stream(
                    "POST", webhook.url, content=body.encode(), headers=headers
                ) as response,
            ):
                return response.status_code
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError):
            return None
