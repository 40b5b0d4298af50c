"""The steps of the kyc domain, and Fayda's own queue."""

import base64
from collections.abc import Callable

from activities.contracts.kyc import (
    BEGIN_VERIFICATION,
    CLOSE_VERIFICATION,
    FETCH_IDENTITY,
    LOAD_LOGIN,
    MATCH_RETURN,
    RECORD_IDENTITY,
    BeginVerification,
    CloseVerification,
    IdentityVerified,
    LoadedLogin,
    LoadLogin,
    LoginState,
    MatchReturn,
    RecordIdentity,
    VerificationBegun,
)
from activities.contracts.step import Nothing
from activities.edge import takes
from db.kernel.encryption import Keyring
from db.kernel.engine import Database
from db.kyc import verifications
from integrations.ports.identity import IdentityProvider
from meqenet.kyc.fayda import AuthorizationRequest, AuthorizationReturn, IdentityClaims
from meqenet.kyc.numbers import check_fayda_number

_SECRET_BYTES = 24
_VERIFIER_BYTES = 32
"""43 letters of base64url: the shortest that PKCE allows (RFC 7636, 4.1), 256 bits."""


class KycActivities:
    """Implements :class:`activities.contracts.kyc.KycSteps` over the kyc store.

    Args:
        database: the kyc store.
        keyring: keys of private columns.
        provider: asked for the authorization URL only, which takes no call.
        randomness: gives that many unpredictable bytes.
    """

    def __init__(
        self,
        *,
        database: Database,
        keyring: Keyring,
        provider: IdentityProvider,
        randomness: Callable[[int], bytes],
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._provider = provider
        self._randomness = randomness

    @takes(BEGIN_VERIFICATION)
    async def begin_verification(self, command: BeginVerification) -> VerificationBegun:
        """See :meth:`activities.contracts.kyc.KycSteps.begin_verification`."""
        login = verifications.Login(
            plan_id=command.plan_id,
            attempt=command.attempt,
            number=check_fayda_number(text=command.fayda_number),
            consent_version=command.consent_version,
            request=AuthorizationRequest(
                state=f"{command.plan_id}.{self._letters(_SECRET_BYTES)}",
                nonce=self._letters(_SECRET_BYTES),
                code_verifier=self._letters(_VERIFIER_BYTES),
            ),
            monthly_income=command.monthly_income,
        )
        async with self._database.write() as session:
            request = await verifications.open_verification(
                session=session, keyring=self._keyring, login=login, at=command.at
            )
        url = self._provider.authorization_url(request=request)
        return VerificationBegun(authorization_url=url, state=request.state)

    @takes(MATCH_RETURN)
    async def match_return(self, command: MatchReturn) -> AuthorizationReturn:
        """See :meth:`activities.contracts.kyc.KycSteps.match_return`."""
        async with self._database.write() as session:
            return await verifications.match_return(
                session=session,
                keyring=self._keyring,
                plan_id=command.plan_id,
                attempt=command.attempt,
                returned=command.state,
                code=command.code,
            )

    @takes(RECORD_IDENTITY)
    async def record_identity(self, command: RecordIdentity) -> IdentityVerified:
        """See :meth:`activities.contracts.kyc.KycSteps.record_identity`."""
        async with self._database.write() as session:
            verified = await verifications.record_identity(
                session=session,
                keyring=self._keyring,
                plan_id=command.plan_id,
                attempt=command.attempt,
                claims=command.claims,
                at=command.at,
            )
        return IdentityVerified(customer_id=verified.customer_id, age_years=verified.age_years)

    @takes(CLOSE_VERIFICATION)
    async def close_verification(self, command: CloseVerification) -> Nothing:
        """See :meth:`activities.contracts.kyc.KycSteps.close_verification`."""
        async with self._database.write() as session:
            await verifications.close_verification(
                session=session,
                plan_id=command.plan_id,
                attempt=command.attempt,
                code=command.code,
                at=command.at,
            )
        return Nothing()

    @takes(LOAD_LOGIN)
    async def load_login(self, command: LoadLogin) -> LoadedLogin:
        """See :meth:`activities.contracts.kyc.KycSteps.load_login`.

        Asked of the written store: a replica may lag.
        """
        async with self._database.write() as session:
            login = await verifications.newest_login(
                session=session, keyring=self._keyring, plan_id=command.plan_id
            )
        if login is None:
            return LoadedLogin(state=LoginState.NONE)
        verified = login.verified
        return LoadedLogin(
            state=LoginState(login.state),
            fayda_number=login.number,
            consent_version=login.consent_version,
            attempt=login.attempt,
            login_state=login.oauth_state,
            outcome=login.outcome,
            identity=(
                None
                if verified is None
                else IdentityVerified(
                    customer_id=verified.customer_id, age_years=verified.age_years
                )
            ),
            monthly_income=login.monthly_income,
        )

    def _letters(self, count: int) -> str:
        raw = self._randomness(count)
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class FaydaActivities:
    """Implements :class:`activities.contracts.kyc.FaydaSteps` over an identity provider."""

    def __init__(self, *, provider: IdentityProvider) -> None:
        self._provider = provider

    @takes(FETCH_IDENTITY)
    async def fetch_identity(self, returned: AuthorizationReturn) -> IdentityClaims:
        """See :meth:`activities.contracts.kyc.FaydaSteps.fetch_identity`."""
        return await self._provider.fetch_identity(returned=returned)
