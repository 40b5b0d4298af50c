"""The parts of the provider, handed together to everything that serves requests."""

from dataclasses import dataclass

from apps.sandboxes.kernel.assembly import Kernel
from apps.sandboxes.kernel.faults import Faults
from apps.sandboxes.telebirr import refusals
from apps.sandboxes.telebirr.credentials import Credentials
from apps.sandboxes.telebirr.gateway import Gateway
from apps.sandboxes.telebirr.mandates import Mandates
from apps.sandboxes.telebirr.notices import Notices
from apps.sandboxes.telebirr.orders import Order, Orders
from apps.sandboxes.telebirr.payments import Behaviour, Payments
from apps.sandboxes.telebirr.refunds import Refunds
from apps.sandboxes.telebirr.refusals import Refused


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Everything of one sandbox."""

    kernel: Kernel
    credentials: Credentials
    behaviour: Behaviour
    gateway: Gateway
    orders: Orders
    mandates: Mandates
    refunds: Refunds
    payments: Payments
    notices: Notices
    strict: bool

    def begin(self, *, operation: str, subject: str | None) -> Faults:
        """Take the faults planned for a request; act out those that come before anything.

        Raises:
            Refused: a refusal was planned; without a code it is the transient 49401024991.
        """
        faults = self.kernel.faults.take(operation=operation, subject=subject)
        faults.before()
        code = faults.refusal()
        if code is not None:
            raise Refused(code=code or refusals.BUSY, text="planned refusal")
        return faults

    async def lapse(self, *, order: Order) -> Order:
        """The order as it stands now; one whose time is over is closed, and the merchant told."""
        current = self.payments.lapse(order=order, at=self.kernel.clock())
        if current.status is not order.status:
            await self.notices.tell(order=current)
        return current
