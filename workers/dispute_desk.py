"""Disputes as the front doors may read them; files are brought in here, and read again.

Whoever changes a dispute asks its run. A file is sealed as it comes in, so that none travels
through a workflow's history.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from db.disputes.evidence import bring_file, evidence_id_for, read_file
from db.disputes.views.disputes import (
    DisputeCounts,
    DisputeView,
    EvidenceView,
    MoveView,
    count_open_disputes,
    disputes_of,
    evidence_of,
    find_dispute,
    list_open_disputes,
    moves_of,
)
from db.kernel.encryption import Keyring
from db.kernel.engine import Database

_LISTED_MAX: Final = 200
_METRIC: Final = "meqenet_open_disputes"
_LATE: Final = "meqenet_late_dispute_reviews"


@dataclass(frozen=True, kw_only=True)
class DisputeFile:
    """A dispute with all that has brought it on, and its files without their bytes."""

    dispute: DisputeView
    moves: tuple[MoveView, ...]
    evidence: tuple[EvidenceView, ...]


class DisputeDesk:
    """Reads disputes where they are written, so that everybody sees what they have just done."""

    def __init__(self, *, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    async def disputes(self, *, plan_id: str) -> tuple[DisputeView, ...]:
        """A plan's disputes, the first one first."""
        async with self._database.write() as session:
            return await disputes_of(session=session, plan_id=plan_id)

    async def under_way(self) -> tuple[DisputeView, ...]:
        """Those that wait for somebody, the late ones first."""
        async with self._database.write() as session:
            return await list_open_disputes(session=session, limit=_LISTED_MAX)

    async def file(self, *, plan_id: str, number: int) -> DisputeFile | None:
        """A dispute with what was done and brought."""
        async with self._database.write() as session:
            found = await find_dispute(session=session, plan_id=plan_id, number=number)
            if found is None:
                return None
            return DisputeFile(
                dispute=found,
                moves=await moves_of(session=session, plan_id=plan_id, dispute_id=found.dispute_id),
                evidence=await evidence_of(
                    session=session, plan_id=plan_id, dispute_id=found.dispute_id
                ),
            )

    async def bring(self, *, dispute_id: str, content: bytes, by: str, at: datetime) -> str:
        """Keep a file, sealed; the same file of the same asker again is the same. Its id.

        Raises:
            Refusal: as of :func:`db.disputes.evidence.evidence_id_for` and
                :func:`db.disputes.evidence.bring_file`.
        """
        async with self._database.write() as session:
            evidence_id = await evidence_id_for(
                session=session, dispute_id=dispute_id, content=content, by=by
            )
            await bring_file(
                session=session,
                keyring=self._keyring,
                evidence_id=evidence_id,
                content=content,
                by=by,
                at=at,
            )
        return evidence_id

    async def content(self, *, evidence_id: str) -> bytes:
        """A file's bytes. Who may have them, the front door has judged.

        Raises:
            Refusal: ``evidence_unknown``; ``person_erased``.
            Defect: ``evidence_altered``.
        """
        async with self._database.write() as session:
            return await read_file(session=session, keyring=self._keyring, evidence_id=evidence_id)


async def counted_disputes(*, disputes: Database) -> DisputeCounts:
    """How many disputes wait for somebody now."""
    async with disputes.read() as session:
        return await count_open_disputes(session=session)


def as_prometheus(*, counts: DisputeCounts) -> str:
    """The counts in Prometheus' text format (version 0.0.4)."""
    lines = (f'{_METRIC}{{stage="{stage}"}} {count}\n' for stage, count in counts.by_stage.items())
    return (
        f"# HELP {_METRIC} Disputes that wait for somebody, by stage.\n"
        f"# TYPE {_METRIC} gauge\n" + "".join(lines) + f"# HELP {_LATE} Disputes whose review is "
        f"late: staff have to decide.\n# TYPE {_LATE} gauge\n{_LATE} {counts.late}\n"
    )
