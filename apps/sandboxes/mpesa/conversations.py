"""Asynchronous requests: accepted now, their Result posted later (providers.md 2.6, 2.7)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from apps.sandboxes.kernel.faults import Faults
from apps.sandboxes.mpesa.desk import Desk
from apps.sandboxes.mpesa.grammar import Fields
from apps.sandboxes.mpesa.spelling import Json, dumps, new_conversation_id

DONE = "0"
INITIATOR_INVALID = "2001"
QUEUE_TIMEOUT = "timeout"
"""A planned ``…_result`` refusal with this code sends a notice to QueueTimeOutURL instead."""

DESCRIPTIONS = {
    DONE: "The service request is processed successfully.",
    "1": "The balance is insufficient for the transaction.",
    "17": "The transaction breaks a rule or a limit.",
    INITIATOR_INVALID: "The initiator information is invalid.",
    "2006": "The account is not active.",
    "2040": "Credit Party customer type can't be supported by the service.",
    "R000001": "The transaction has already been reversed.",
    "R000002": "The OriginalTransactionID is invalid.",
}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one asynchronous request. ``receipt`` numbers the money it moved."""

    code: str
    receipt: str | None = None
    parameters: Mapping[str, Json] = field(default_factory=dict)

    @classmethod
    def failed(cls, code: str) -> Self:
        """Nothing has moved; failure Results have no parameters."""
        return cls(code=code)


@dataclass(frozen=True, kw_only=True)
class Talk:
    """One asynchronous request: its ids and the addresses for its answer."""

    originator_id: str
    conversation_id: str
    result_url: str = field(repr=False)
    timeout_url: str = field(repr=False)


def begin(*, desk: Desk, fields: Fields, originator_id: str) -> Talk:
    """Read the addresses and give the request its ConversationID."""
    return Talk(
        originator_id=originator_id,
        conversation_id=new_conversation_id(at=desk.kernel.clock()),
        result_url=fields.url("ResultURL"),
        timeout_url=fields.url("QueueTimeOutURL"),
    )


def initiator_fits(*, desk: Desk, fields: Fields, named: str) -> bool:
    """Whether the request's initiator and its encrypted password are right."""
    return desk.credentials.initiator_fits(
        name=fields.text(named), security_credential=fields.text("SecurityCredential")
    )


def planned_end(*, desk: Desk, operation: str, talk: Talk) -> str | None:
    """The code with which a test wants this request to end."""
    return desk.kernel.faults.take(
        operation=f"{operation}_result", subject=talk.originator_id
    ).refusal()


async def tell(*, desk: Desk, talk: Talk, outcome: Outcome, faults: Faults) -> None:
    """Post the Result, normally a moment after the request is answered."""
    timed_out = outcome.code == QUEUE_TIMEOUT
    manner = faults.manner()
    if not manner.first:
        manner = replace(manner, delay=manner.delay + desk.behaviour.answer_delay)
    await desk.kernel.callbacks.send(
        url=talk.timeout_url if timed_out else talk.result_url,
        body=dumps(_notice(talk) if timed_out else _result(talk, outcome=outcome)),
        reference=talk.originator_id,
        manner=manner,
    )


def _result(talk: Talk, *, outcome: Outcome) -> dict[str, Json]:
    code = outcome.code
    told: dict[str, Json] = {
        "ResultType": 0,
        "ResultCode": int(code) if code.isdecimal() else code,
        "ResultDesc": DESCRIPTIONS.get(code, "The service request has failed."),
        "OriginatorConversationID": talk.originator_id,
        "ConversationID": talk.conversation_id,
        "TransactionID": outcome.receipt or "0",
        "ReferenceData": _reference_data(talk),
    }
    if outcome.parameters:
        listed: list[Json] = [
            {"Key": name, "Value": value} for name, value in outcome.parameters.items()
        ]
        told["ResultParameters"] = {"ResultParameter": listed}
    return {"Result": told}


def _notice(talk: Talk) -> dict[str, Json]:
    """What is sent when a request waited too long; its shape is inferred from a Result's."""
    return {
        "Result": {
            "ResultType": 1,
            "ResultCode": 1037,
            "ResultDesc": "The request waited too long in the queue.",
            "OriginatorConversationID": talk.originator_id,
            "ConversationID": talk.conversation_id,
            "ReferenceData": _reference_data(talk),
        }
    }


def _reference_data(talk: Talk) -> Json:
    return {"ReferenceItem": {"Key": "QueueTimeoutURL", "Value": talk.timeout_url}}
