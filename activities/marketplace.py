"""The steps of the marketplace domain; those that tell merchants of news are in ``notices``."""

from activities.contracts.marketplace import (
    CLOSE_ORDER,
    LOAD_ORDER,
    PLACE_ORDER,
    REGISTER_MERCHANT,
    CloseOrder,
    LoadedOrder,
    LoadOrder,
    OrderPlaced,
    PlaceOrder,
    RegisterMerchant,
)
from activities.contracts.step import Nothing
from activities.edge import takes
from db.kernel.encryption import Keyring
from db.kernel.engine import Database
from db.marketplace import merchants, orders
from db.marketplace.tables import OrderState
from meqenet.marketplace.endpoints import STRICT, EndpointRules
from meqenet.marketplace.webhooks import check_webhook


class MarketplaceActivities:
    """Implements :class:`activities.contracts.marketplace.MarketplaceSteps`.

    Args:
        database: the marketplace store.
        keyring: keys of private columns.
        rules: which endpoints merchants may name.
    """

    def __init__(
        self, *, database: Database, keyring: Keyring, rules: EndpointRules = STRICT
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._rules = rules

    @takes(REGISTER_MERCHANT)
    async def register_merchant(self, command: RegisterMerchant) -> Nothing:
        """See :meth:`activities.contracts.marketplace.MarketplaceSteps.register_merchant`."""
        webhook = check_webhook(
            url=command.webhook_url, secret=command.webhook_secret, rules=self._rules
        )
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
