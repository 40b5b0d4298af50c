"""The ``Messages`` port: each message is sent once, and asked for under the same id."""

from http import HTTPStatus
from urllib.parse import quote

import httpx

from integrations.messages.errors import (
    AnswerUnreadable,
    Deed,
    error_code,
    lost_answer,
    of_status,
    of_transport,
)
from integrations.messages.settings import MessagesSettings
from integrations.messages.wire import not_found, read_answer, spell_message
from meqenet.payments.messages import MessageAnswer, OutgoingMessage

_PATH = "/v1/messages"
_UNKNOWN_ID = "unknown_id"


class MessagesClient:
    """The real client. Errors are those of ``integrations.ports.wallets``.

    Args:
        settings: address and credentials.
        http: a pooled client; its own timeouts are not used.
    """

    def __init__(self, *, settings: MessagesSettings, http: httpx.AsyncClient) -> None:
        self._settings = settings
        self._http = http

    async def send_message(self, *, message: OutgoingMessage) -> MessageAnswer:
        """Send a message. The same id with the same content is passed on once.

        Raises:
            Unavailable: the provider cannot be reached or is busy; nothing happened.
            OutcomeUnknown: it may have taken the message: query before sending again.
            Defect: our key or grammar was refused, or the id stands for another message.
        """
        body = spell_message(message=message, sender=self._settings.sender)
        response = await self._call(method="POST", path=_PATH, body=body, deed=Deed.SENDS)
        return _answer(response, message_id=message.message_id, deed=Deed.SENDS)

    async def query_message(self, *, message_id: str) -> MessageAnswer:
        """Ask for a message's state; NOT_FOUND when the provider never took it.

        Raises:
            Unavailable: no readable answer came; nothing happened.
            Defect: our key was refused.
        """
        path = f"{_PATH}/{quote(message_id, safe='')}"
        response = await self._call(method="GET", path=path, body=b"", deed=Deed.ASKS)
        missing = response.status_code == HTTPStatus.NOT_FOUND
        if missing and error_code(response=response) == _UNKNOWN_ID:
            return not_found(message_id=message_id)
        return _answer(response, message_id=message_id, deed=Deed.ASKS)

    async def _call(self, *, method: str, path: str, body: bytes, deed: Deed) -> httpx.Response:
        key = self._settings.api_key.get_secret_value()
        try:
            return await self._http.request(
                method,
                f"{self._settings.base_url}{path}",
                content=body,
                headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
                timeout=self._settings.timeout(),
                follow_redirects=False,
            )
        except httpx.RequestError as error:
            raise of_transport(error=error, deed=deed) from error


def _answer(response: httpx.Response, *, message_id: str, deed: Deed) -> MessageAnswer:
    error = of_status(response=response, deed=deed)
    if error is not None:
        raise error
    try:
        return read_answer(content=response.content, message_id=message_id)
    except AnswerUnreadable as unreadable:
        raise lost_answer(deed=deed, reason=str(unreadable)) from unreadable
