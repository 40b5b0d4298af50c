"""The steps of disputes: each one transaction, each idempotent by its ids."""

from datetime import date, datetime

from activities.contracts import disputes as contract
from activities.edge import takes
from activities.holidays import public_holidays
from db.disputes import disputes, evidence
from db.disputes.tables import Dispute
from db.kernel.engine import Database
from meqenet.calendar import addis_date


class DisputeActivities:
    """Implements :class:`activities.contracts.disputes.DisputeSteps`."""

    def __init__(self, *, database: Database) -> None:
        self._database = database

    @takes(contract.OPEN_DISPUTE)
    async def open_dispute(self, command: contract.OpenDispute) -> contract.DisputeStanding:
        """Put a dispute on file."""
        opened = disputes.NewDispute(
            dispute_id=command.dispute_id,
            merchant_id=command.merchant_id,
            kind=command.kind,
            amount=command.amount,
            captured=command.captured,
            refunded=command.refunded,
            activated_on=command.activated_on,
            by=command.by,
        )
        async with self._database.write() as session:
            row = await disputes.open_dispute(
                session=session,
                dispute=opened,
                holidays=_holidays_from(at=command.at),
                at=command.at,
            )
        return _told(row)

    @takes(contract.RECORD_STAGE)
    async def record_stage(self, command: contract.RecordStage) -> contract.DisputeStanding:
        """Bring it to its next stage."""
        async with self._database.write() as session:
            row = await disputes.record_stage(
                session=session,
                made=_made(command),
                holidays=_holidays_from(at=command.at),
                at=command.at,
            )
        return _told(row)

    @takes(contract.RECORD_OUTCOME)
    async def record_outcome(self, command: contract.RecordOutcome) -> contract.DisputeStanding:
        """Decide it."""
        async with self._database.write() as session:
            row = await disputes.record_outcome(session=session, made=_made(command), at=command.at)
        return _told(row)

    @takes(contract.ADD_EVIDENCE)
    async def add_evidence(self, command: contract.AddEvidence) -> contract.EvidenceAdded:
        """Make a file evidence that was brought in."""
        async with self._database.write() as session:
            file = await evidence.add_evidence(
                session=session,
                evidence_id=command.evidence_id,
                side=command.side,
                at=command.at,
            )
        return contract.EvidenceAdded(
            evidence_id=file.evidence_id, sha256=file.sha256.hex(), size_bytes=file.size_bytes
        )


def _made(command: contract.RecordStage | contract.RecordOutcome) -> disputes.Made:
    return disputes.Made(
        dispute_id=command.dispute_id,
        move_id=command.move_id,
        move=command.move,
        by=command.by,
        why=command.why,
    )


def _told(row: Dispute) -> contract.DisputeStanding:
    return contract.DisputeStanding(
        stage=row.stage, outcome=row.outcome, amount=row.amount_santim, due_at=row.due_at
    )


def _holidays_from(*, at: datetime) -> frozenset[date]:
    """Ethiopia's public holidays of that year and the next."""
    year = addis_date(at=at).year
    return public_holidays(years=(year, year + 1))
