"""Taking a merchant on: each domain stores its own part."""

from dataclasses import dataclass

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.contracts import auth, marketplace, merchant_settlement, settlement
    from workflows.asking import ask, passed_on, report_of


@dataclass(frozen=True, kw_only=True)
class MerchantApplication:
    """A merchant, its terms, and its first API key's public id and hash."""

    merchant: marketplace.RegisterMerchant
    terms: settlement.RegisterTerms
    key: auth.IssueKey


@workflow.defn
class MerchantOnboardingWorkflow:
    """Registers a merchant in every domain that deals with it; repeating it changes nothing."""

    @workflow.run
    async def run(self, application: MerchantApplication) -> str:
        """Return the merchant's id. A refusal of any domain fails the run with its code."""
        try:
            await ask(
                marketplace.REGISTER_MERCHANT, application.merchant, summary="Take the merchant on"
            )
            await ask(
                settlement.REGISTER_TERMS, application.terms, summary="Store terms and account"
            )
            await ask(auth.ISSUE_KEY, application.key, summary="Issue the API key")
        except ActivityError as error:
            raise passed_on(report_of(error)) from error
        return application.merchant.merchant_id


@workflow.defn
class MerchantTermsWorkflow:
    """Changes a merchant's terms from now on, or tells those in force."""

    @workflow.run
    async def run(self, change: merchant_settlement.ChangeTerms) -> merchant_settlement.TermsTold:
        """Return the terms in force. A refusal fails the run with its code."""
        try:
            return await ask(
                merchant_settlement.CHANGE_TERMS, change, summary="The merchant's terms"
            )
        except ActivityError as error:
            raise passed_on(report_of(error)) from error
