"""The steps of disputes: each one transaction, each idempotent by its ids."""

from dataclasses import replace

from activities.contracts import disputes as contract
from activities.edge import takes
from activities.holidays import holidays_around
from db.disputes import dispute_clock, disputes, evidence
from db.disputes.deadlines import dispute_policy
from db.disputes.tables import Dispute
from db.kernel.engine import Database


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
            test_clock_id=command.test_clock_id,
        )
        async with self._database.write() as session:
            row = await disputes.open_dispute(
                session=session,
                dispute=opened,
                holidays=holidays_around(at=command.at),
                at=command.at,
            )
            policy = await dispute_policy(session=session, version=row.policy_version)
        return replace(_told(row), due_again_days=policy.due_again_days)

    @takes(contract.RECORD_STAGE)
    async def record_stage(self, command: contract.RecordStage) -> contract.DisputeStanding:
        """Bring it to its next stage."""
        async with self._database.write() as session:
            row = await disputes.record_stage(
                session=session,
                made=_made(command),
                holidays=holidays_around(at=command.at),
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

    @takes(contract.FOLLOW_DISPUTE)
    async def follow_dispute(self, command: contract.FollowDispute) -> contract.DisputeStanding:
        """Do what is due by now."""
        async with self._database.write() as session:
            row = await dispute_clock.follow_clock(
                session=session,
                dispute_id=command.dispute_id,
                holidays=holidays_around(at=command.at),
                at=command.at,
            )
        return _told(row)

    @takes(contract.SETTLE_DISPUTE)
    async def settle_dispute(self, command: contract.SettleDispute) -> contract.DisputeStanding:
        """Note that its plan has followed the outcome."""
        async with self._database.write() as session:
            row = await dispute_clock.settle(
                session=session, dispute_id=command.dispute_id, at=command.at
            )
        return _told(row)

    @takes(contract.LIST_UNSETTLED_DISPUTES)
    async def list_unsettled_disputes(
        self, command: contract.ListUnsettledDisputes
    ) -> contract.UnsettledDisputesListed:
        """A page of them. Asked of the written store: a replica may lag."""
        async with self._database.write() as session:
            found = await dispute_clock.list_unsettled(
                session=session, after=command.after, limit=command.limit
            )
        return contract.UnsettledDisputesListed(
            disputes=tuple(
                contract.UnsettledDispute(
                    dispute_id=row.dispute_id,
                    plan_id=row.plan_id,
                    merchant_id=row.merchant_id,
                    kind=row.kind,
                    stage=row.stage,
                    test_clock_id=row.test_clock_id,
                    lived_until=max(row.stage_began_at, row.late_since or row.opened_at),
                )
                for row in found
            )
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
        stage=row.stage,
        outcome=row.outcome,
        amount=row.amount_santim,
        due_at=row.due_at,
        is_late=row.late_since is not None,
    )
