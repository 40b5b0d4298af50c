"""The steps of complaints: each one transaction, each idempotent by its ids."""

from activities.contracts import complaints as contract
from activities.edge import takes
from activities.holidays import holidays_around
from db.disputes import complaint_deeds, complaints
from db.kernel.encryption import Keyring
from db.kernel.engine import Database


class ComplaintActivities:
    """Implements :class:`activities.contracts.complaints.ComplaintSteps`."""

    def __init__(self, *, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    @takes(contract.RECEIVE_COMPLAINT)
    async def receive_complaint(
        self, command: contract.ReceiveComplaint
    ) -> contract.ComplaintStanding:
        """Put a complaint on file."""
        received = complaints.NewComplaint(
            tracking_number=command.tracking_number,
            plan_id=command.plan_id,
            merchant_id=command.merchant_id,
            language=command.language,
            channel=command.channel,
            category=command.category,
            text=command.text,
            by=command.by,
            assignee=command.assignee,
            test_clock_id=command.test_clock_id,
        )
        async with self._database.write() as session:
            found = await complaints.receive(
                session=session, keyring=self._keyring, complaint=received, at=command.at
            )
        return _told(found)

    @takes(contract.ACKNOWLEDGE_COMPLAINT)
    async def acknowledge_complaint(
        self, command: contract.FollowComplaint
    ) -> contract.ComplaintStanding:
        """Set its clock."""
        async with self._database.write() as session:
            found = await complaints.acknowledge(
                session=session,
                tracking_number=command.tracking_number,
                holidays=holidays_around(at=command.at),
                at=command.at,
            )
        return _told(found)

    @takes(contract.FOLLOW_COMPLAINT)
    async def follow_complaint(
        self, command: contract.FollowComplaint
    ) -> contract.ComplaintStanding:
        """Do what is due by now."""
        async with self._database.write() as session:
            found = await complaints.follow_clock(
                session=session,
                tracking_number=command.tracking_number,
                holidays=holidays_around(at=command.at),
                at=command.at,
            )
        return _told(found)

    @takes(contract.DO_COMPLAINT_DEED)
    async def do_complaint_deed(
        self, command: contract.DoComplaintDeed
    ) -> contract.ComplaintStanding:
        """Have a deed done."""
        async with self._database.write() as session:
            found = await complaint_deeds.do_deed(
                session=session,
                keyring=self._keyring,
                tracking_number=command.tracking_number,
                deed_id=command.deed_id,
                deed=command.deed,
                holidays=holidays_around(at=command.at),
                at=command.at,
            )
        return _told(found)

    @takes(contract.LIST_OPEN_COMPLAINTS)
    async def list_open_complaints(
        self, command: contract.ListOpenComplaints
    ) -> contract.OpenComplaintsListed:
        """A page of them. Asked of the written store: a replica may lag."""
        async with self._database.write() as session:
            found = await complaints.list_open(
                session=session, after=command.after, limit=command.limit
            )
        return contract.OpenComplaintsListed(
            complaints=tuple(
                contract.OpenComplaint(
                    tracking_number=row.tracking_number,
                    plan_id=row.plan_id,
                    merchant_id=row.merchant_id,
                    language=row.language,
                    channel=row.channel,
                    category=row.category,
                    by=row.received_by,
                    test_clock_id=row.test_clock_id,
                    lived_until=lived_until,
                )
                for row, lived_until in found
            )
        )


def _told(found: complaints.Standing) -> contract.ComplaintStanding:
    return contract.ComplaintStanding(
        state=found.state,
        due_on=found.due_on,
        next_step=found.next_step,
        next_at=found.next_at,
    )
