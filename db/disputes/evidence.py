"""Files that are evidence: sealed as they come in, and theirs whose side has added them.

A front door brings a file in; the dispute's run then adds it under the id that it was brought in
under. So no file travels through a workflow's history.
"""

import base64
import hashlib
from datetime import datetime
from typing import Final

from sqlalchemy import func, select

from db.disputes.disputes import held_dispute, tell
from db.disputes.tables import EvidenceFile
from db.kernel.encryption import EncryptedColumn, Keyring, find_data_key, make_data_key
from db.kernel.engine import ReadSession, WriteSession
from meqenet.disputes.dispute_events import DisputeEvidenceAdded
from meqenet.disputes.dispute_ids import dispute_of, plan_and_number_of
from meqenet.disputes.dispute_ids import evidence_id as evidence_id_of
from meqenet.disputes.evidence import FILES_MAX, Side, content_type_of
from meqenet.errors import Defect, Mender, Refusal

_CONTENT: Final = EncryptedColumn(table="evidence_files", name="content_sealed")
"""Sealed as base64, because columns seal texts."""


async def bring_file(
    *,
    session: WriteSession,
    keyring: Keyring,
    evidence_id: str,
    content: bytes,
    by: str,
    at: datetime,
) -> EvidenceFile:
    """Keep a file of a dispute, sealed; the same one again is given as it stands.

    Args:
        session: the transaction.
        keyring: seals the file under the dispute's data key.
        evidence_id: derived from the dispute's id by whoever asks.
        content: the bytes. Their type is told by themselves.
        by: who brings it, by an opaque id.
        at: now.

    Raises:
        Refusal: ``dispute_unknown``, ``dispute_closed``; ``evidence_differs``: another file has
            the id; what :func:`meqenet.disputes.evidence.content_type_of` refuses.
    """
    content_type = content_type_of(content=content)
    digest = hashlib.sha256(content).digest()
    dispute_id = dispute_of(evidence_id=evidence_id)
    row = await held_dispute(session=session, dispute_id=dispute_id)
    stored = await session.get(EvidenceFile, (row.plan_id, evidence_id))
    if stored is not None:
        if (stored.sha256, stored.brought_by) != (digest, by):
            text = "file: another one is on file under this id"
            raise Refusal("evidence_differs", text, mender=Mender.MEQENET, field="file")
        return stored
    _require_open(is_over=row.outcome is not None)
    key = await make_data_key(session=session, keyring=keyring, person_id=dispute_id)
    file = EvidenceFile(
        plan_id=row.plan_id,
        evidence_id=evidence_id,
        dispute_id=dispute_id,
        content_type=content_type,
        size_bytes=len(content),
        sha256=digest,
        content_sealed=_CONTENT.seal(key=key, text=base64.b64encode(content).decode("ascii")),
        brought_by=by,
        brought_at=at,
    )
    session.add(file)
    await session.flush()
    return file


async def evidence_id_for(
    *, session: WriteSession, dispute_id: str, content: bytes, by: str
) -> str:
    """Under which id a file is brought in: the next one, or that of the same file of the asker.

    Raises:
        Refusal: ``dispute_unknown``; ``evidence_too_many``: nobody brings more than a side may add.
    """
    row = await held_dispute(session=session, dispute_id=dispute_id)
    digest = hashlib.sha256(content).digest()
    brought = await session.execute(
        select(EvidenceFile.evidence_id, EvidenceFile.sha256, EvidenceFile.brought_by).where(
            EvidenceFile.plan_id == row.plan_id, EvidenceFile.dispute_id == dispute_id
        )
    )
    files = list(brought)
    for stored_id, stored_digest, brought_by in files:
        if (stored_digest, brought_by) == (digest, by):
            return str(stored_id)
    if sum(brought_by == by for _, _, brought_by in files) >= FILES_MAX:
        raise _too_many()
    return evidence_id_of(dispute_id=dispute_id, number=len(files) + 1)


async def add_evidence(
    *, session: WriteSession, evidence_id: str, side: Side, at: datetime
) -> EvidenceFile:
    """Make a file that was brought in evidence of a side; the same again changes nothing.

    Raises:
        Refusal: ``dispute_unknown``, ``evidence_unknown``, ``evidence_of_other_side``,
            ``dispute_closed``, ``evidence_too_many``.
    """
    dispute_id = dispute_of(evidence_id=evidence_id)
    row = await held_dispute(session=session, dispute_id=dispute_id)
    file = await session.get(EvidenceFile, (row.plan_id, evidence_id))
    if file is None:
        text = "file: none was brought in under this id"
        raise Refusal("evidence_unknown", text, mender=Mender.MEQENET, field="file")
    if file.side is not None:
        if file.side is not side:
            text = f"file: it is evidence of the {file.side} already"
            raise Refusal("evidence_of_other_side", text, mender=Mender.MEQENET, field="file")
        return file
    _require_open(is_over=row.outcome is not None)
    count = await session.scalar(
        select(func.count()).where(
            EvidenceFile.plan_id == row.plan_id,
            EvidenceFile.dispute_id == dispute_id,
            EvidenceFile.side == side,
        )
    )
    if (count or 0) >= FILES_MAX:
        raise _too_many()
    file.side, file.added_at = side, at
    await session.flush()
    told = DisputeEvidenceAdded(
        dispute_id=dispute_id,
        evidence_id=evidence_id,
        side=side,
        content_type=file.content_type,
        size_bytes=file.size_bytes,
        sha256=file.sha256.hex(),
        by=file.brought_by,
    )
    name = evidence_id.removeprefix(f"{dispute_id}-")
    await tell(session=session, row=row, name=name, data=told, at=at)
    return file


async def read_file(*, session: ReadSession, keyring: Keyring, evidence_id: str) -> bytes:
    """The bytes of a file as they were brought in.

    Raises:
        Refusal: ``evidence_unknown``; ``person_erased``.
        Defect: ``evidence_altered``: they have not the hash that was taken then.
    """
    dispute_id = dispute_of(evidence_id=evidence_id)
    plan_id, _ = plan_and_number_of(dispute_id=dispute_id)
    file = await session.get(EvidenceFile, (plan_id, evidence_id))
    if file is None:
        text = "file: none was brought in under this id"
        raise Refusal("evidence_unknown", text, mender=Mender.MEQENET, field="file")
    key = await find_data_key(session=session, keyring=keyring, person_id=dispute_id)
    content = base64.b64decode(_CONTENT.open(key=key, sealed=file.content_sealed))
    if hashlib.sha256(content).digest() != file.sha256:
        raise Defect("evidence_altered", f"{evidence_id}: the bytes have another hash")
    return content


def _require_open(*, is_over: bool) -> None:
    if is_over:
        text = "the dispute is decided: it takes no evidence any more"
        raise Refusal("dispute_closed", text, mender=Mender.NOBODY)


def _too_many() -> Refusal:
    text = f"file: at most {FILES_MAX} of each side"
    return Refusal("evidence_too_many", text, mender=Mender.NOBODY, field="file")
