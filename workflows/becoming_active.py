"""From application to signature: the plan is opened, identity verified, credit decided."""

from datetime import datetime, timedelta

from temporalio.exceptions import ActivityError

from activities.contracts import bnpl, credit, kyc, marketplace, payments, reminders
from activities.contracts.bnpl import NextAction
from meqenet.bnpl.events import (
    IdentityConfirmed,
    IdentityRequested,
    OfferAccepted,
    PlanOffered,
)
from meqenet.bnpl.states import PlanState
from meqenet.identity import contract_number
from meqenet.payments.rail import WalletProvider
from workflows.asking import ask, passed_on, report_of
from workflows.ending import end_early
from workflows.plan_desk import PlanDesk, PlanEnded
from workflows.plan_life import InstallmentLife

IDENTITY_ATTEMPTS_MAX = 3


async def open_plan(desk: PlanDesk) -> None:
    """Open the plan and its order. A refusal here means that there is no plan at all."""
    a = desk.application
    try:
        desk.life.terms = await ask(
            bnpl.OPEN_PLAN,
            bnpl.OpenPlan(
                plan_id=a.plan_id,
                merchant_id=a.merchant_id,
                reference=a.reference,
                request_hash=a.request_hash,
                option=a.option,
                amount=a.amount,
                installment_count=a.installment_count,
                wallet_provider=a.wallet_provider,
                test_clock_id=a.test_clock_id,
                at=desk.clock.now(),
                capture=a.capture,
            ),
            summary="Open the plan",
        )
        desk.life.sequence = 1
        await ask(
            marketplace.PLACE_ORDER,
            marketplace.PlaceOrder(
                plan_id=a.plan_id,
                merchant_id=a.merchant_id,
                reference=a.reference,
                amount=a.amount,
                description=a.description,
                return_url=a.return_url,
                at=desk.clock.now(),
            ),
            summary="Place the order",
        )
    except ActivityError as error:
        raise passed_on(report_of(error)) from error
    await ask(
        payments.REGISTER_WALLET,
        payments.RegisterWallet(
            plan_id=a.plan_id,
            provider=a.wallet_provider,
            msisdn=a.msisdn,
            contract_no=(
                contract_number(plan_id=a.plan_id)
                if a.wallet_provider is WalletProvider.TELEBIRR
                else None
            ),
            at=desk.clock.now(),
        ),
        summary="Put the wallet on file",
    )
    if a.email is not None:
        await ask(
            reminders.REGISTER_EMAIL_ADDRESS,
            reminders.RegisterEmailAddress(plan_id=a.plan_id, address=a.email, at=desk.clock.now()),
            summary="Put the e-mail address on file",
        )


async def verify_identity(desk: PlanDesk) -> kyc.IdentityVerified:
    """Have the customer log in at Fayda; up to three logins, then the plan is declined."""
    expires_at = desk.clock.now() + timedelta(minutes=desk.life.signed.offer_minutes_max)
    await request_login(desk, expires_at=expires_at)
    return await see_login_through(desk, expires_at=expires_at)


async def see_login_through(desk: PlanDesk, *, expires_at: datetime) -> kyc.IdentityVerified:
    """Await the login that was asked for, and ask for another one while that may help."""
    while True:
        desk.answer()
        await desk.clock.wait_until(
            lambda: desk.returned is not None or desk.cancel is not None,
            until=expires_at,
            summary="the customer logs in at Fayda",
        )
        if desk.returned is None:
            await _close_login(desk, code="cancelled" if desk.cancel else "expired")
            await end_early(desk, stage="identity")
        outcome = await _read_identity(desk)
        if isinstance(outcome, kyc.IdentityVerified):
            return await confirm_identity(desk, outcome)
        await _close_login(desk, code=outcome[0])
        await ask_for_another_login(desk, reason=outcome, expires_at=expires_at)


async def confirm_identity(desk: PlanDesk, identity: kyc.IdentityVerified) -> kyc.IdentityVerified:
    """Record who it is."""
    await desk.record(
        IdentityConfirmed(customer_id=identity.customer_id),
        state=desk.life.state,
        step="credit check",
    )
    desk.life.customer_id = identity.customer_id
    return identity


async def ask_for_another_login(
    desk: PlanDesk, *, reason: tuple[str, str], expires_at: datetime
) -> None:
    """Ask for the next login, or decline the plan when another one cannot help.

    Raises:
        PlanEnded: it was declined.
    """
    used_up = desk.life.identity_attempt >= IDENTITY_ATTEMPTS_MAX
    if used_up or reason[0] == "identity_mismatch":
        await desk.decline(reason)
    await request_login(desk, expires_at=expires_at)


async def request_login(desk: PlanDesk, *, expires_at: datetime) -> None:
    """Open the next login at Fayda and lay its link before the customer."""
    desk.life.identity_attempt += 1
    desk.returned = None
    begun = await ask(
        kyc.BEGIN_VERIFICATION,
        kyc.BeginVerification(
            plan_id=desk.plan_id,
            attempt=desk.life.identity_attempt,
            fayda_number=desk.application.fayda_number,
            consent_version=desk.application.consent_version,
            monthly_income=desk.application.monthly_income,
            at=desk.clock.now(),
        ),
        summary=f"Open Fayda login {desk.life.identity_attempt}",
    )
    desk.login_state = begun.state
    await desk.record(
        IdentityRequested(attempt=desk.life.identity_attempt, expires_at=expires_at),
        state=PlanState.IDENTITY_REQUIRED,
        step="the customer logs in at Fayda",
        step_at=expires_at,
        action=NextAction(kind="visit", url=begun.authorization_url, expires_at=expires_at),
    )


async def _read_identity(desk: PlanDesk) -> kyc.IdentityVerified | tuple[str, str]:
    """Fetch and store who it is; a code and a text for the customer when that did not work."""
    returned = desk.returned
    if returned is None or returned.code is None:
        return ("identity_login_refused", "You did not finish the login at Fayda.")
    try:
        matched = await ask(
            kyc.MATCH_RETURN,
            kyc.MatchReturn(
                plan_id=desk.plan_id,
                attempt=desk.life.identity_attempt,
                state=returned.state,
                code=returned.code,
            ),
            summary="Match the login",
        )
        claims = await ask(kyc.FETCH_IDENTITY, matched, summary="Ask Fayda who it is")
        return await ask(
            kyc.RECORD_IDENTITY,
            kyc.RecordIdentity(
                plan_id=desk.plan_id,
                attempt=desk.life.identity_attempt,
                claims=claims,
                at=desk.clock.now(),
            ),
            summary="Store the identity",
        )
    except ActivityError as error:
        report = report_of(error)
        return (report.code, report.text or "Fayda could not be asked; please log in again.")


async def _close_login(desk: PlanDesk, *, code: str) -> None:
    await ask(
        kyc.CLOSE_VERIFICATION,
        kyc.CloseVerification(
            plan_id=desk.plan_id,
            attempt=desk.life.identity_attempt,
            code=code,
            at=desk.clock.now(),
        ),
        summary=f"Close the login: {code}",
    )


async def decide_credit(desk: PlanDesk, identity: kyc.IdentityVerified) -> None:
    """Ask for a decision, which holds the limit; decline with its reasons."""
    terms = desk.life.signed
    decision = await ask(
        credit.ASSESS,
        credit.AssessCredit(
            plan_id=desk.plan_id,
            customer_id=identity.customer_id,
            age_years=identity.age_years,
            option=desk.application.option,
            amount=terms.owed_after_checkout,
            monthly_payment=terms.monthly_payment_max,
            monthly_income=desk.application.monthly_income,
            at=desk.clock.now(),
        ),
        summary="Decide the credit",
    )
    if not decision.approved:
        await desk.decline(*((reason.code, reason.text) for reason in decision.reasons))
    desk.life.tier = decision.tier


async def make_offer(desk: PlanDesk) -> None:
    """Lay the terms before the customer and wait for the signature."""
    offer = await ask(
        bnpl.MAKE_OFFER,
        bnpl.MakeOffer(plan_id=desk.plan_id, tier=desk.life.tier, at=desk.clock.now()),
        summary="Compute the offer",
    )
    expires_at = desk.clock.now() + timedelta(minutes=desk.life.signed.offer_minutes_max)
    desk.life.installments = [InstallmentLife(planned=row) for row in offer.installments]
    await desk.record(
        PlanOffered(
            installments=offer.installments,
            total_payable=offer.total_payable,
            cost_of_credit=offer.cost_of_credit,
            nominal_rate_basis_points=offer.nominal_rate_basis_points,
            nominal_apr_percent=offer.nominal_apr_percent,
            effective_apr_percent=offer.effective_apr_percent,
            tier=desk.life.tier,
            lender_of_record=desk.life.signed.lender_of_record,
            expires_at=expires_at,
        ),
        state=PlanState.OFFERED,
        step="the customer accepts the offer",
        step_at=expires_at,
        action=NextAction(kind="accept_offer", expires_at=expires_at),
    )
    desk.answer()
    await await_signature(desk, expires_at=expires_at)


async def await_signature(desk: PlanDesk, *, expires_at: datetime) -> None:
    """Wait for the customer's signature under the offer.

    Raises:
        PlanEnded: it did not come in time, or the checkout has cancelled.
    """
    await desk.clock.wait_until(
        lambda: desk.accepted is not None or desk.cancel is not None,
        until=expires_at,
        summary="the customer accepts the offer",
    )
    if desk.accepted is None or desk.cancel is not None:
        await end_early(desk, stage="offer")
        raise PlanEnded
    await desk.record(
        OfferAccepted(agreement_version=desk.accepted.agreement_version),
        state=PlanState.ACCEPTED,
        step="payment at checkout" if desk.life.signed.first_payment else "activation",
    )
