"""The plan's updates about further wallets of its customer; part of the plan's workflow."""

from abc import abstractmethod

from temporalio import workflow

from workflows.asked_deed import AskedDeed
from workflows.messages import AddWallet, PayByAnotherWallet, PlanAnswer
from workflows.plan_desk import PlanDesk
from workflows.support import no_added_wallet, no_other_wallet, no_signature, require


class WalletUpdates:
    """Putting another wallet on file, and having an installment paid from it."""

    _desk: PlanDesk

    @abstractmethod
    async def _have_done(self, asked: AskedDeed) -> PlanAnswer:
        """Leave the deed for the main coroutine; answers once what it changes can be seen."""

    @workflow.update
    async def add_wallet(self, request: AddWallet) -> PlanAnswer:
        """Put another wallet of the customer on file; the same phone twice is one wallet."""
        return await self._have_done(AskedDeed(deed=request))

    @add_wallet.validator
    def _may_be_added(self, request: AddWallet) -> None:
        require(no_signature(request) or no_added_wallet(self._desk))

    @workflow.update
    async def pay_by_another_wallet(self, request: PayByAnotherWallet) -> PlanAnswer:
        """Collect an installment now, from a wallet that the customer has named."""
        # From here on its attempt is under way: whoever presses next is told so.
        self._desk.life.installment(number=request.number).next_attempt_at = None
        return await self._have_done(AskedDeed(deed=request))

    @pay_by_another_wallet.validator
    def _may_be_paid_by(self, request: PayByAnotherWallet) -> None:
        no = no_signature(request) or no_other_wallet(
            self._desk, number=request.number, wallet_id=request.wallet_id
        )
        require(no)
