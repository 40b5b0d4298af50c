"""The logins of a plan's customer: opened, matched on return, verified or closed."""

import hmac
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import select

from db.kernel.encryption import EncryptedColumn, Keyring, find_data_key, make_data_key
from db.kernel.engine import WriteSession
from db.kernel.events import NewEvent, append
from db.kernel.once import insert_once
from db.kyc.persons import (
    keep_claims,
    likely_customer,
    number_index,
    read_birth_date,
    recognise,
)
from db.kyc.tables import Verification, VerificationState
from meqenet.calendar import addis_date
from meqenet.errors import Defect, Refusal
from meqenet.event_types import EventData
from meqenet.kyc.events import IdentityVerified, VerificationClosed, VerificationOpened
from meqenet.kyc.fayda import AuthorizationRequest, AuthorizationReturn, IdentityClaims
from meqenet.kyc.matching import require_same_person
from meqenet.kyc.numbers import FaydaNumber, check_fayda_number
from meqenet.kyc.phones import age_years
from meqenet.money import Money

_CODE_VERIFIER: Final = EncryptedColumn(table="verifications", name="code_verifier_sealed")
_NUMBER: Final = EncryptedColumn(table="verifications", name="number_sealed")
_INCOME: Final = EncryptedColumn(table="verifications", name="income_sealed")


@dataclass(frozen=True, kw_only=True)
class Login:
    """A login to open. ``request`` holds fresh secrets; an earlier opening's count instead."""

    plan_id: str
    attempt: int
    number: FaydaNumber
    consent_version: str
    request: AuthorizationRequest = field(repr=False)
    monthly_income: Money | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Verified:
    """Who it is. ``age_years``: on the Addis Ababa day of the login."""

    customer_id: str
    age_years: int


@dataclass(frozen=True, kw_only=True)
class StoredLogin:
    """A login as it stands. ``number`` is None once the person was erased.

    ``monthly_income``: as the customer declared it, if at all, until erased.
    """

    attempt: int
    state: VerificationState
    number: str | None = field(repr=False)
    consent_version: str
    oauth_state: str
    outcome: str | None
    verified: Verified | None
    monthly_income: Money | None = field(default=None, repr=False)


async def open_verification(
    *, session: WriteSession, keyring: Keyring, login: Login, at: datetime
) -> AuthorizationRequest:
    """Store the login; the same one again gives the secrets of the first time.

    Raises:
        Defect: ``verification_differs``: it was opened for another number or consent.
    """
    index = number_index(keyring=keyring, digits=login.number.digits)
    person_id = await likely_customer(session=session, index=index)
    key = await make_data_key(session=session, keyring=keyring, person_id=person_id)
    request, income = login.request, login.monthly_income
    values = {
        "plan_id": login.plan_id,
        "attempt": login.attempt,
        "person_id": person_id,
        "oauth_state": request.state,
        "nonce": request.nonce,
        "code_verifier_sealed": _CODE_VERIFIER.seal(key=key, text=request.code_verifier),
        "number_index": index,
        "number_sealed": _NUMBER.seal(key=key, text=login.number.digits),
        "income_sealed": None if income is None else _INCOME.seal(key=key, text=str(income)),
        "consent_version": login.consent_version,
        "state": VerificationState.OPEN,
        "opened_at": at,
    }
    new = await insert_once(session=session, table=Verification, values=values)
    stored = await _verification(session, plan_id=login.plan_id, attempt=login.attempt)
    if (stored.number_index, stored.consent_version) != (index, login.consent_version):
        raise _differs(stored, "it was opened for another number or consent")
    if new:
        opened = VerificationOpened(attempt=login.attempt, consent_version=login.consent_version)
        await _note(session, stored, opened, at=at)
    verifier = await _code_verifier(session, keyring=keyring, stored=stored)
    return AuthorizationRequest(
        state=stored.oauth_state, nonce=stored.nonce, code_verifier=verifier
    )


async def match_return(
    *, session: WriteSession, keyring: Keyring, plan_id: str, attempt: int, returned: str, code: str
) -> AuthorizationReturn:
    """What the code exchange needs, for a browser that came back with the state ``returned``.

    Raises:
        Refusal: ``identity_state_mismatch``: the state is not this login's, or it is over.
        Defect: ``verification_missing``.
    """
    stored = await _verification(session, plan_id=plan_id, attempt=attempt)
    same = hmac.compare_digest(stored.oauth_state.encode(), returned.encode())
    if not same or stored.state is VerificationState.CLOSED:
        raise Refusal(
            "identity_state_mismatch",
            "state: this is not the login that the plan is waiting for; log in again",
            field="state",
        )
    verifier = await _code_verifier(session, keyring=keyring, stored=stored)
    return AuthorizationReturn(code=code, nonce=stored.nonce, code_verifier=verifier)


async def record_identity(
    *,
    session: WriteSession,
    keyring: Keyring,
    plan_id: str,
    attempt: int,
    claims: IdentityClaims,
    at: datetime,
) -> Verified:
    """Store what Fayda said of the person; once verified, it stays as it was said first.

    Raises:
        Refusal: ``identity_mismatch``: another person logged in than applied.
        Defect: ``verification_missing``; ``verification_differs``: it was closed;
            ``birth_date_ahead``: Fayda gives a birth date that has not come yet.
    """
    stored = await _verification(session, plan_id=plan_id, attempt=attempt)
    if stored.state is VerificationState.CLOSED:
        raise _differs(stored, "it was closed before the identity came")
    if stored.state is VerificationState.OPEN:
        key = await find_data_key(session=session, keyring=keyring, person_id=stored.person_id)
        digits = _NUMBER.open(key=key, sealed=stored.number_sealed)
        require_same_person(applied_with=check_fayda_number(text=digits), claims=claims)
        if claims.birth_date > addis_date(at=at):
            raise Defect("birth_date_ahead", f"{plan_id}: a birth date that has not come yet")
        customer_id = await recognise(session=session, keyring=keyring, claims=claims, at=at)
        await keep_claims(
            session=session, keyring=keyring, customer_id=customer_id, claims=claims, at=at
        )
        stored.state, stored.ended_at = VerificationState.VERIFIED, at
        stored.customer_id = customer_id
        verified = IdentityVerified(
            attempt=attempt, customer_id=customer_id, consent_version=stored.consent_version
        )
        await _note(session, stored, verified, at=at)
    return await _verified(session, keyring=keyring, stored=stored)


async def close_verification(
    *, session: WriteSession, plan_id: str, attempt: int, code: str, at: datetime
) -> None:
    """End a login without an identity; again, nothing changes.

    Raises:
        Defect: ``verification_missing``; ``verification_differs``: it ended otherwise.
    """
    stored = await _verification(session, plan_id=plan_id, attempt=attempt)
    if stored.state is VerificationState.CLOSED and stored.outcome == code:
        return
    if stored.state is not VerificationState.OPEN:
        raise _differs(stored, "it ended otherwise")
    stored.state, stored.outcome, stored.ended_at = VerificationState.CLOSED, code, at
    await _note(session, stored, VerificationClosed(attempt=attempt, code=code), at=at)


async def newest_login(
    *, session: WriteSession, keyring: Keyring, plan_id: str
) -> StoredLogin | None:
    """The newest login of a plan's customer; None before the first."""
    stored = await session.scalar(
        select(Verification)
        .where(Verification.plan_id == plan_id)
        .order_by(Verification.attempt.desc())
        .limit(1)
    )
    if stored is None:
        return None
    number, verified, income = None, None, None
    # Of an erased person the sealed values are gone for good; how the login ended is not.
    with suppress(Refusal):
        key = await find_data_key(session=session, keyring=keyring, person_id=stored.person_id)
        number = _NUMBER.open(key=key, sealed=stored.number_sealed)
        if stored.income_sealed is not None:
            income = Money.from_birr(_INCOME.open(key=key, sealed=stored.income_sealed))
        if stored.state is VerificationState.VERIFIED:
            verified = await _verified(session, keyring=keyring, stored=stored)
    return StoredLogin(
        attempt=stored.attempt,
        state=stored.state,
        number=number,
        consent_version=stored.consent_version,
        oauth_state=stored.oauth_state,
        outcome=stored.outcome,
        verified=verified,
        monthly_income=income,
    )


async def _verification(session: WriteSession, *, plan_id: str, attempt: int) -> Verification:
    stored = await session.get(Verification, (plan_id, attempt), with_for_update=True)
    if stored is None:
        raise Defect("verification_missing", f"{plan_id}: login {attempt} was never opened")
    return stored


async def _code_verifier(session: WriteSession, *, keyring: Keyring, stored: Verification) -> str:
    key = await find_data_key(session=session, keyring=keyring, person_id=stored.person_id)
    return _CODE_VERIFIER.open(key=key, sealed=stored.code_verifier_sealed)


async def _verified(session: WriteSession, *, keyring: Keyring, stored: Verification) -> Verified:
    if stored.customer_id is None or stored.ended_at is None:
        raise _differs(stored, "it is verified without a customer")
    birth_date = await read_birth_date(
        session=session, keyring=keyring, customer_id=stored.customer_id
    )
    age = age_years(birth_date=birth_date, on=addis_date(at=stored.ended_at))
    return Verified(customer_id=stored.customer_id, age_years=age)


async def _note(
    session: WriteSession, stored: Verification, what: EventData, *, at: datetime
) -> None:
    event = NewEvent.of(
        event_id=f"{stored.plan_id}-v{stored.attempt}-{what.event_type.rpartition('_')[2]}",
        stream=stored.plan_id,
        data=what,
        at=at,
    )
    await append(session=session, event=event)


def _differs(stored: Verification, why: str) -> Defect:
    return Defect("verification_differs", f"{stored.plan_id}: login {stored.attempt}: {why}")
