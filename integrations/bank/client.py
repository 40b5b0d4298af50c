"""The bank as the ``Bank`` port: each order is sent once, and asked for under the same id."""

import secrets
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus

import httpx

from integrations.bank.errors import (
    AnswerUnreadable,
    Deed,
    conflict,
    error_code,
    lost_answer,
    of_status,
    of_transport,
)
from integrations.bank.settings import BankSettings
from integrations.bank.signing import signed_headers
from integrations.bank.wire import (
    DUPLICATION,
    not_found,
    read_answer,
    spell_order,
    wire_reference,
)
from meqenet.money import Money
from meqenet.settlement.transfer import CreditTransfer, TransferAnswer

_PATH = "/v1/credit-transfers"
_UNKNOWN_ID = "UNKNOWN_ID"


class BankClient:
    """The real client. Errors are those of ``integrations.ports.wallets``.

    Args:
        settings: address and credentials.
        http: a pooled client; its own timeouts are not used.
        clock: gives the present as an aware datetime.
    """

    def __init__(
        self, *, settings: BankSettings, http: httpx.AsyncClient, clock: Callable[[], datetime]
    ) -> None:
        self._settings = settings
        self._http = http
        self._clock = clock

    async def send_transfer(self, *, order: CreditTransfer) -> TransferAnswer:
        """Send an order. The same end-to-end id with the same content is acted upon once.

        Raises:
            Unavailable: the bank cannot be reached or is busy; nothing happened.
            OutcomeUnknown: the bank may have taken it: query before sending again.
            Defect: our credentials or grammar were refused, or the id stands for another order.
        """
        body = spell_order(
            order=order,
            debtor_name=self._settings.debtor_name,
            debtor_account=self._settings.debtor_account,
        )
        response = await self._call(method="POST", path=_PATH, body=body, deed=Deed.ACTS)
        return _answer(response, order_id=order.end_to_end_id, deed=Deed.ACTS, amount=order.amount)

    async def query_transfer(self, *, end_to_end_id: str) -> TransferAnswer:
        """Ask for an order's state; NOT_FOUND when the bank never took it.

        Raises:
            Unavailable: no readable answer came; nothing happened.
            Defect: our credentials were refused.
        """
        path = f"{_PATH}/{wire_reference(end_to_end_id=end_to_end_id)}"
        response = await self._call(method="GET", path=path, body=b"", deed=Deed.ASKS)
        missing = response.status_code == HTTPStatus.NOT_FOUND
        if missing and error_code(response=response) == _UNKNOWN_ID:
            return not_found(end_to_end_id=end_to_end_id)
        return _answer(response, order_id=end_to_end_id, deed=Deed.ASKS, amount=None)

    async def _call(self, *, method: str, path: str, body: bytes, deed: Deed) -> httpx.Response:
        headers = signed_headers(
            client_id=self._settings.client_id,
            secret=self._settings.secret.get_secret_value(),
            at=self._clock(),
            nonce=secrets.token_hex(16),
            body=body,
        )
        try:
            return await self._http.request(
                method,
                f"{self._settings.base_url}{path}",
                content=body,
                headers={**headers, "Content-Type": "application/json"},
                timeout=self._settings.timeout(),
                follow_redirects=False,
            )
        except httpx.RequestError as error:
            raise of_transport(error=error, deed=deed) from error


def _answer(
    response: httpx.Response, *, order_id: str, deed: Deed, amount: Money | None
) -> TransferAnswer:
    error = of_status(response=response, deed=deed)
    if error is not None:
        raise error
    try:
        answer = read_answer(content=response.content, end_to_end_id=order_id, amount=amount)
    except AnswerUnreadable as unreadable:
        raise lost_answer(deed=deed, reason=str(unreadable)) from unreadable
    if answer.reason_code == DUPLICATION:
        raise conflict()
    return answer
