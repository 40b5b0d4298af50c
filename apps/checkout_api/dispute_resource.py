"""A dispute as it is told: to the merchant, and with more to staff."""

from datetime import datetime
from typing import Final, Literal

from pydantic import ConfigDict
from pydantic.config import JsonDict

from apps.checkout_api.amounts import Birr
from apps.checkout_api.told import Told
from db.disputes.views.disputes import DisputeView, EvidenceView, MoveView
from meqenet.disputes.dispute_ids import evidence_number_of
from meqenet.disputes.dispute_states import DisputeKind, Move, Outcome, Stage, moves_at
from meqenet.disputes.evidence import ContentType, Side
from workers.dispute_desk import DisputeFile

_BY_STAFF: Final = "stf_"
_EXAMPLE: Final[JsonDict] = {
    "id": "pln_abcdefghijklmnopqrst-d1",
    "number": 1,
    "plan": "pln_abcdefghijklmnopqrst",
    "kind": "not_received",
    "amount": "1500.00",
    "stage": "merchant_response",
    "due_at": "2026-12-08T21:00:00Z",
    "outcome": None,
    "opened_by": "merchant",
    "opened_at": "2026-11-23T06:00:00Z",
    "decided_at": None,
    "settled_at": None,
}
_FILE: Final[JsonDict] = {
    "number": 1,
    "side": "merchant",
    "content_type": "application/pdf",
    "size_bytes": 48213,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "brought_at": "2026-11-24T06:00:00Z",
}
_MOVE: Final[JsonDict] = {
    "move": "ask_merchant",
    "stage": "merchant_response",
    "at": "2026-11-23T06:00:00Z",
}
_SUPPORT_EXAMPLE: Final[JsonDict] = {
    **_EXAMPLE,
    "merchant": "mer_abcdefghijklmnopqrst",
    "late_since": None,
    "possible": ["customer_withdraws", "merchant_accepts", "merchant_answers"],
}


class Dispute(Told):
    """Where a dispute stands."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    id: str
    number: int
    """Which dispute of the plan it is, from 1."""
    plan: str
    kind: DisputeKind
    amount: Birr
    """The disputed part of the order's price."""
    stage: Stage
    due_at: datetime | None
    """From when on whoever is waited for is late; null once it is decided."""
    outcome: Outcome | None
    opened_by: Literal["merchant", "staff"]
    opened_at: datetime
    decided_at: datetime | None
    settled_at: datetime | None
    """When the plan had followed the outcome: money is where it belongs."""


class EvidenceTold(Told):
    """A file; its bytes are read at an address of its own, by those who may see it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_FILE]})

    number: int
    side: Side
    content_type: ContentType
    size_bytes: int
    sha256: str
    """Of its bytes, in hexadecimal."""
    brought_at: datetime


class EvidenceList(Told):
    """The files of a dispute, in the order in which they came."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"evidence": [_FILE]}]})

    evidence: list[EvidenceTold]


class MoveTold(Told):
    """What has brought a dispute on."""

    move: Move
    stage: Stage
    """The stage to which it was brought."""
    at: datetime


class DisputeRead(Dispute):
    """A dispute with what has brought it on, and its files."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{**_EXAMPLE, "moves": [_MOVE], "evidence": [_FILE]}]}
    )

    moves: list[MoveTold]
    evidence: list[EvidenceTold]


class Disputes(Told):
    """A plan's disputes, the first one first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"disputes": [_EXAMPLE]}]})

    disputes: list[Dispute]


class SupportMove(MoveTold):
    """What has brought a dispute on, who has, and why."""

    by: str | None
    """An opaque id; null: its clock, or the plan."""
    why: str | None


class SupportDispute(Dispute):
    """A dispute, for staff."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SUPPORT_EXAMPLE]})

    merchant: str
    late_since: datetime | None
    """Since when its review is late: it waits for a decision."""
    possible: list[Move]
    """What brings it on from here; your role may still not allow it."""


class SupportDisputeRead(SupportDispute):
    """A dispute with who has done what, and why, and its files."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_SUPPORT_EXAMPLE,
                    "moves": [{**_MOVE, "by": None, "why": None}],
                    "evidence": [_FILE],
                }
            ]
        }
    )

    moves: list[SupportMove]
    evidence: list[EvidenceTold]


class SupportDisputes(Told):
    """Disputes that wait for somebody, those whose review is late first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"disputes": [_SUPPORT_EXAMPLE]}]})

    disputes: list[SupportDispute]


def dispute_told(view: DisputeView) -> Dispute:
    """As a merchant sees it."""
    return Dispute(
        id=view.dispute_id,
        number=view.number,
        plan=view.plan_id,
        kind=view.kind,
        amount=view.amount,
        stage=view.stage,
        due_at=view.due_at,
        outcome=view.outcome,
        opened_by="staff" if view.opened_by.startswith(_BY_STAFF) else "merchant",
        opened_at=view.opened_at,
        decided_at=view.decided_at,
        settled_at=view.settled_at,
    )


def dispute_read(file: DisputeFile) -> DisputeRead:
    """As a merchant reads it."""
    return DisputeRead(
        **dict(dispute_told(file.dispute)),
        moves=[MoveTold(move=each.move, stage=each.stage, at=each.at) for each in file.moves],
        evidence=evidence_told(file),
    )


def support_dispute(view: DisputeView) -> SupportDispute:
    """As staff see it."""
    return SupportDispute(
        **dict(dispute_told(view)),
        merchant=view.merchant_id,
        late_since=view.late_since,
        possible=sorted(moves_at(stage=view.stage)),
    )


def support_dispute_read(file: DisputeFile) -> SupportDisputeRead:
    """As staff read it."""
    return SupportDisputeRead(
        **dict(support_dispute(file.dispute)),
        moves=[_support_move(each) for each in file.moves],
        evidence=evidence_told(file),
    )


def evidence_told(file: DisputeFile) -> list[EvidenceTold]:
    """Its files: those that are evidence of a side."""
    return [_file(each, side=each.side) for each in file.evidence if each.side is not None]


def _file(each: EvidenceView, *, side: Side) -> EvidenceTold:
    return EvidenceTold(
        number=evidence_number_of(evidence_id=each.evidence_id),
        side=side,
        content_type=each.content_type,
        size_bytes=each.size_bytes,
        sha256=each.sha256.hex(),
        brought_at=each.brought_at,
    )


def _support_move(each: MoveView) -> SupportMove:
    return SupportMove(move=each.move, stage=each.stage, at=each.at, by=each.by, why=each.why)
