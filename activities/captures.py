"""The settlement domain's steps of orders that merchants capture themselves."""

from activities.captured import found_captures, order_authorised
from activities.contracts import captures as contract
from activities.edge import takes
from activities.holidays import holidays_after
from db.kernel.engine import Database
from db.settlement import captured, captures
from meqenet.money import Money, total
from meqenet.settlement.authorisations import PartKind
from meqenet.settlement.lines import LineMoney


class CaptureActivities:
    """See :class:`activities.contracts.captures.CaptureSteps`."""

    def __init__(self, *, database: Database) -> None:
        self._database = database

    @takes(contract.AUTHORISE_ORDER)
    async def authorise_order(self, command: contract.AuthoriseOrder) -> contract.OrderAuthorised:
        """Fix what the merchant gets once it captures."""
        async with self._database.write() as session:
            stored = await captures.authorise(
                session=session,
                order=captures.AuthorisedOrder(
                    plan_id=command.plan_id,
                    merchant_id=command.merchant_id,
                    option=command.option,
                    amount=command.amount,
                    authorised_on=command.authorised_on,
                    protection_days=command.protection_days,
                    reference=command.reference,
                    clock_id=command.test_clock_id or "",
                ),
                at=command.at,
            )
        return order_authorised(order=stored)

    @takes(contract.CAPTURE_ORDER)
    async def capture_order(self, command: contract.CaptureOrder) -> contract.OrderCaptured:
        """Have the merchant get a part."""
        async with self._database.write() as session:
            line = await captures.capture(
                session=session,
                part=captures.TakenPart(
                    plan_id=command.plan_id,
                    part_id=command.capture_id,
                    kind=PartKind.CAPTURED,
                    amount=command.amount,
                ),
                on=command.on,
                holidays=holidays_after(day=command.on),
                at=command.at,
            )
            return contract.OrderCaptured(
                net=line.net_santim,
                is_protected=line.is_protected,
                found=await found_captures(session=session, plan_id=command.plan_id),
            )

    @takes(contract.VOID_ORDER)
    async def void_order(self, command: contract.VoidOrder) -> contract.OrderVoided:
        """Note that a part will not be captured."""
        async with self._database.write() as session:
            stored = await captures.take_part(
                session=session,
                part=captures.TakenPart(
                    plan_id=command.plan_id,
                    part_id=command.void_id,
                    kind=PartKind.VOIDED,
                    amount=command.amount,
                ),
                at=command.at,
            )
        return contract.OrderVoided(fee=stored.fee_santim + stored.tax_santim)

    @takes(contract.TAKE_FROM_CAPTURES)
    async def take_from_captures(
        self, command: contract.TakeFromCaptures
    ) -> contract.TakenFromCaptures:
        """Take goods that went back off what the merchant gets."""
        async with self._database.write() as session:
            lines = await captured.take_back(
                session=session,
                plan_id=command.plan_id,
                refund_id=command.refund_id,
                amount=command.amount,
                at=command.at,
                dispute_id=command.dispute_id,
            )
            found = await found_captures(session=session, plan_id=command.plan_id)

        def of(money: LineMoney, *, is_protected: bool) -> Money:
            return -total(
                line.net_santim
                for line in lines
                if line.money is money and line.is_protected is is_protected
            )

        return contract.TakenFromCaptures(
            fee_back=-total(line.fee_santim + line.tax_santim for line in lines),
            protected=of(LineMoney.PAYABLE, is_protected=True),
            payable=of(LineMoney.PAYABLE, is_protected=False),
            paid_out=of(LineMoney.RECEIVABLE, is_protected=False),
            found=found,
        )

    @takes(contract.FIND_CAPTURES)
    async def find_captures(self, command: contract.FindCaptures) -> contract.CapturesFound:
        """What has become of captures. Asked of the written store: a replica may lag."""
        async with self._database.write() as session:
            return await found_captures(session=session, plan_id=command.plan_id)
