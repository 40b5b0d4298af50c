"""Port of the identity provider (Fayda). Errors as in :mod:`integrations.ports.wallets`."""

from typing import Protocol

from meqenet.kyc.fayda import AuthorizationRequest, AuthorizationReturn, IdentityClaims


class IdentityProvider(Protocol):
    """OIDC login with signed userinfo."""

    def authorization_url(self, *, request: AuthorizationRequest) -> str:
        """Where the customer's browser goes to log in and consent. No I/O."""
        ...

    async def fetch_identity(self, *, returned: AuthorizationReturn) -> IdentityClaims:
        """Exchange the single-use code and read the verified userinfo.

        Raises:
            Refusal: the code is bad, used or expired (``identity_login_expired``), or essential
                claims were not shared (``identity_claims_missing``): the customer logs in again.
            Unavailable, OutcomeUnknown, Defect: as for every port; after OutcomeUnknown the code
                may be used up, so the customer logs in again.
        """
        ...
