"""Taking a merchant on, from the command line or a demo."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from temporalio.client import Client

from activities.contracts.auth import IssueKey
from activities.contracts.marketplace import RegisterMerchant
from activities.contracts.merchant_settlement import ChangeTerms, TermsTold
from activities.contracts.settlement import RegisterTerms
from meqenet.auth.keys import new_key
from meqenet.identity import derived_id
from meqenet.settlement.transfer import PayoutAccount
from workers.queue_worker import WORKFLOW_QUEUE
from workflows.onboarding import (
    MerchantApplication,
    MerchantOnboardingWorkflow,
    MerchantTermsWorkflow,
)

STANDARD_FEE_BASIS_POINTS: Mapping[str, int] = {
    "pay_in_4": 400,
    "pay_in_30": 300,
    "pay_over_time": 200,
    "pay_in_full": 150,
}
"""Commission of a merchant that has agreed on nothing else."""


@dataclass(frozen=True, kw_only=True)
class NewMerchant:
    """A merchant to take on. ``handle`` is its own short name: one handle, one merchant."""

    handle: str
    name: str
    account: PayoutAccount
    fee_basis_points: Mapping[str, int] = field(
        default_factory=lambda: dict(STANDARD_FEE_BASIS_POINTS)
    )
    delay_days: int = 1
    webhook_url: str | None = None
    webhook_secret: str | None = None
    sandbox: bool = True


@dataclass(frozen=True, kw_only=True)
class Onboarded:
    """The merchant's id, and its API key, which is shown this once and stored as a hash only."""

    merchant_id: str
    api_key: str = field(repr=False)


async def onboard(
    *,
    client: Client,
    merchant: NewMerchant,
    at: datetime,
    randomness: Callable[[int], bytes],
) -> Onboarded:
    """Register the merchant in every domain that deals with it, and issue a key.

    Raises:
        WorkflowFailureError: a domain refused; its cause carries the code.
    """
    merchant_id = derived_id(prefix="mer", parts=(merchant.handle,))
    key = new_key(randomness=randomness, sandbox=merchant.sandbox)
    await client.execute_workflow(
        MerchantOnboardingWorkflow.run,
        MerchantApplication(
            merchant=RegisterMerchant(
                merchant_id=merchant_id,
                name=merchant.name,
                webhook_url=merchant.webhook_url,
                webhook_secret=merchant.webhook_secret,
                at=at,
            ),
            terms=RegisterTerms(
                merchant_id=merchant_id,
                fee_basis_points=merchant.fee_basis_points,
                delay_days=merchant.delay_days,
                account=merchant.account,
                at=at,
            ),
            key=IssueKey(
                merchant_id=merchant_id,
                key_id=key.key_id,
                secret_hash=key.secret_hash,
                label="first key",
                sandbox=merchant.sandbox,
                at=at,
            ),
        ),
        id=f"onboard-{merchant_id}-{key.key_id}",
        task_queue=WORKFLOW_QUEUE,
        static_summary="Take a merchant on",
    )
    return Onboarded(merchant_id=merchant_id, api_key=key.text)


async def change_terms(*, client: Client, change: ChangeTerms, run_id: str) -> TermsTold:
    """Let other terms hold for a merchant from now on; without a change, tell those in force.

    Raises:
        WorkflowFailureError: a rule said no; its cause carries the code.
    """
    return await client.execute_workflow(
        MerchantTermsWorkflow.run,
        change,
        id=f"terms-{change.merchant_id}-{run_id}",
        task_queue=WORKFLOW_QUEUE,
        static_summary="A merchant's terms",
    )
