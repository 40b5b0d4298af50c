"""The provider's spelling of messages and of what became of them."""

import json
from collections.abc import Mapping

from integrations.messages.errors import AnswerUnreadable
from meqenet.payments.messages import MessageAnswer, MessageKind, MessageStatus, OutgoingMessage

_STATUS_OF = {
    "accepted": MessageStatus.ACCEPTED,
    "delivered": MessageStatus.DELIVERED,
    "undelivered": MessageStatus.UNDELIVERED,
    "refused": MessageStatus.REFUSED,
}
_FAILURES = frozenset({MessageStatus.UNDELIVERED, MessageStatus.REFUSED})


def spell_message(*, message: OutgoingMessage, sender: str) -> bytes:
    """The message's JSON. The same message always has the same bytes."""
    is_sms = message.kind is MessageKind.SMS
    fields = {
        "id": message.message_id,
        "channel": message.kind.value,
        "from": sender,
        "to": f"+{message.to}" if is_sms else message.to,
        "text": message.text,
    }
    if message.subject is not None:
        fields["subject"] = message.subject
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def read_answer(*, content: bytes, message_id: str) -> MessageAnswer:
    """The provider's word on one message.

    Raises:
        AnswerUnreadable: no JSON, an unknown status, or an answer about something else.
    """
    try:
        fields = json.loads(content)
    except ValueError:
        raise AnswerUnreadable("it is no JSON") from None
    if not isinstance(fields, Mapping):
        raise AnswerUnreadable("it is no JSON object")
    if fields.get("id") != message_id:
        raise AnswerUnreadable("it is about another message")
    status = _STATUS_OF.get(str(fields.get("status")))
    if status is None:
        raise AnswerUnreadable("its status is none that we know")
    code, reference = fields.get("reason"), fields.get("reference")
    if status in _FAILURES and not isinstance(code, str):
        raise AnswerUnreadable("a failure without a reason")
    return MessageAnswer(
        message_id=message_id,
        status=status,
        provider_reference=reference if isinstance(reference, str) else None,
        failure_code=code if status in _FAILURES else None,
    )


def not_found(*, message_id: str) -> MessageAnswer:
    """The answer about a message that the provider never took."""
    return MessageAnswer(message_id=message_id, status=MessageStatus.NOT_FOUND)
