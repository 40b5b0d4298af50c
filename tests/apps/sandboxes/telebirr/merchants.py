"""A merchant's own program, written after the documents and without our client."""

from collections.abc import Mapping
from urllib.parse import urlencode

import httpx

from integrations.telebirr.signing import canonical_string, fresh_nonce, load_private_key, sign
from tests.apps.sandboxes.telebirr.worlds import World, fresh_order

MOUNTED = "/apiaccess/payment/gateway/payment/v1"
PRE_ORDER = "/merchant/preOrder"


class Merchant:
    """Signs and posts; ``number`` is an order id of its own."""

    def __init__(self, world: World) -> None:
        self.world = world
        settings = world.settings
        self.key = load_private_key(text=settings.private_key.get_secret_value())
        self.headers = {"X-APP-Key": settings.fabric_app_id}
        self.ids = {"appid": settings.merchant_app_id, "merch_code": settings.merchant_code}
        self.number = fresh_order().replace("_", "").replace("-", "")

    async def log_in(self) -> None:
        secret = self.world.settings.app_secret.get_secret_value()
        token = await self.world.http.post(
            f"{self.world.place.base_url}{MOUNTED}/token",
            json={"appSecret": secret},
            headers=self.headers,
        )
        self.headers["Authorization"] = token.json()["token"]

    def message(self, method: str, biz: Mapping[str, object], **more: object) -> dict[str, object]:
        message = {
            "timestamp": "1795334443",
            "nonce_str": fresh_nonce(),
            "method": method,
            "version": "1.0",
            "biz_content": biz,
            **more,
        }
        text = canonical_string(message=message)
        return {
            **message,
            "sign": sign(text=text, private_key=self.key),
            "sign_type": "SHA256WithRSA",
        }

    def debit(self, **changes: object) -> dict[str, object]:
        biz = {
            **self.ids,
            "merch_order_id": self.number,
            "trade_type": "Mandate",
            "title": "Installment",
            "payee_msisdn": self.ids["merch_code"],
            "total_amount": "10.00",
            "trans_currency": "ETB",
            "operator_id": "0000",
            "timeout_express": "5m",
            "business_type": "BuyGoods",
            **changes,
        }
        return {name: value for name, value in biz.items() if value is not None}

    def resigned(self, message: Mapping[str, object], *, text: str) -> dict[str, object]:
        """The message with a signature over another text."""
        return {**message, "sign": sign(text=text, private_key=self.key)}

    def raw_request(self, prepay_id: str, *, encoded: bool = True) -> str:
        """The five signed fields of a checkout; the samples leave ``sign`` unencoded."""
        fields = {
            **self.ids,
            "nonce_str": fresh_nonce(),
            "prepay_id": prepay_id,
            "timestamp": "1795334443",
        }
        signature = sign(text=canonical_string(message=fields), private_key=self.key)
        fields |= {"sign": signature, "sign_type": "SHA256WithRSA"}
        if encoded:
            return urlencode(fields)
        return "&".join(f"{name}={value}" for name, value in fields.items())

    async def post(self, path: str, message: Mapping[str, object]) -> httpx.Response:
        url = f"{self.world.place.base_url}{MOUNTED}{path}"
        return await self.world.http.post(url, json=message, headers=self.headers)

    def pre_order(self, **changes: object) -> dict[str, object]:
        biz = {
            **self.ids,
            "merch_order_id": self.number,
            "notify_url": self.world.inbox.url,
            "trade_type": "Checkout",
            "title": "ጫማ",
            "total_amount": "10.00",
            "trans_currency": "ETB",
            "timeout_express": "120m",
            "business_type": "BuyGoods",
            **changes,
        }
        return {name: value for name, value in biz.items() if value is not None}


async def merchant_of(world: World) -> Merchant:
    merchant = Merchant(world)
    await merchant.log_in()
    return merchant
