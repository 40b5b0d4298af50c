"""Every way in which Fayda or the way to it says no, as one of our four kinds of error.

Two vocabularies are understood: eSignet 1.4.x and 1.8.0 (providers.md §3.5, §3.6, §3.9).
"""

from datetime import timedelta
from typing import Final

import httpx

from meqenet.errors import Defect, MeqenetError, OutcomeUnknown, Refusal, Unavailable

_LOGIN_OVER: Final = frozenset(
    {
        "invalid_transaction",  # 1.4.x: bad, used or expired code
        "invalid_grant",  # 1.8.0: the same, and a code of another login (PKCE)
        "pkce_failed",  # 1.4.x: a code of another login
    }
)
_OURS: Final = frozenset(
    {
        "invalid_assertion",
        "invalid_assertion_type",
        "invalid_client",
        "invalid_client_id",
        "invalid_grant_type",
        "invalid_input",
        "invalid_pkce_code_verifier",  # the verifier was not read: token_endpoint is v1's
        "invalid_redirect_uri",
        "invalid_request",
        "unsupported_pkce_challenge_method",
    }
)
_NOT_NOW: Final = frozenset({"data_exchange_failed", "temporarily_unavailable"})
_CONSENT_WITHHELD: Final = frozenset(
    {"access_denied", "consent_request_rejected", "invalid_accepted_claim"}
)
_REQUEST_WRONG: Final = frozenset(
    {
        "invalid_acr",
        "invalid_client_id",
        "invalid_redirect_uri",
        "invalid_request",
        "invalid_response_type",
        "invalid_scope",
        "request_not_supported",
        "unauthorized_client",
        "unsupported_response_type",
    }
)


def login_expired() -> Refusal:
    """The code is bad, used or expired: the customer logs in again."""
    return Refusal(
        "identity_login_expired", "The Fayda login is no longer valid; log in at Fayda again."
    )


def claims_missing(*, names: tuple[str, ...]) -> Refusal:
    """Essential claims were not shared. ``names`` are claim names, not values."""
    shared = ", ".join(names)
    return Refusal(
        "identity_claims_missing",
        f"Fayda did not share: {shared}. Log in again and consent to sharing it.",
    )


def login_refused(*, error: str) -> MeqenetError:
    """What ``?error=…`` at our redirect URI means (§3.3, §3.8).

    A Refusal for what the customer did or may mend by another login, a Defect when Fayda refused
    our own request.
    """
    if error in _REQUEST_WRONG:
        return Defect(
            "fayda_request_refused", "Fayda refused our login request.", facts={"error": error}
        )
    if error in _CONSENT_WITHHELD:
        return Refusal(
            "identity_consent_withheld",
            "Sharing your identity was not agreed to; log in again and consent to continue.",
        )
    return Refusal(
        "identity_login_failed", "The login at Fayda did not succeed; log in at Fayda again."
    )


def transport_failed(error: httpx.RequestError, *, doing: str) -> MeqenetError:
    """A request that got no answer.

    Args:
        error: what httpx says.
        doing: what was asked, for the text: "exchanging the code".
    """
    kind = type(error).__name__
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return Unavailable("fayda_unavailable", f"{doing}: Fayda cannot be reached ({kind})")
    return OutcomeUnknown("fayda_outcome_unknown", f"{doing}: no answer from Fayda ({kind})")


def token_refused(response: httpx.Response) -> MeqenetError:
    """An answer of the token endpoint that is not 200."""
    error = _error_name(response)
    if error in _LOGIN_OVER:
        return login_expired()
    if error in _OURS:
        return Defect(
            "fayda_request_refused",
            "Fayda refused our token request: check client, keys, clock and endpoints.",
            facts={"error": error, "status": str(response.status_code)},
        )
    if error in _NOT_NOW or response.status_code in {429, 503}:
        return Unavailable(
            "fayda_unavailable",
            f"Fayda's token endpoint is busy (HTTP {response.status_code})",
            retry_after=_retry_after(response),
        )
    if response.is_server_error:
        return OutcomeUnknown(
            "fayda_outcome_unknown", f"Fayda's token endpoint failed (HTTP {response.status_code})"
        )
    return Defect(
        "fayda_answer_unknown",
        "Fayda's token endpoint answered in a way that is not in its documents.",
        facts={"error": error, "status": str(response.status_code)},
    )


def userinfo_refused(response: httpx.Response) -> MeqenetError:
    """An answer of the userinfo endpoint that is not 200; the code is used up by then (§3.6)."""
    said = response.headers.get("www-authenticate", "")
    if response.status_code == httpx.codes.UNAUTHORIZED and "invalid_token" in said:
        return login_expired()
    if response.is_server_error or response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return OutcomeUnknown(
            "fayda_outcome_unknown", f"Fayda's userinfo failed (HTTP {response.status_code})"
        )
    return Defect(
        "fayda_answer_unknown",
        "Fayda's userinfo endpoint answered in a way that is not in its documents.",
        facts={"status": str(response.status_code)},
    )


def unreadable(*, what: str) -> OutcomeUnknown:
    """A 200 whose body is not what it must be."""
    return OutcomeUnknown("fayda_outcome_unknown", f"Fayda's {what} cannot be read")


def distrusted(*, what: str, why: str) -> Defect:
    """Something signed does not hold; ``why`` names the check, never a value."""
    return Defect("fayda_not_trusted", f"Fayda's {what} does not hold: {why}", facts={"check": why})


def _error_name(response: httpx.Response) -> str:
    """The ``error`` of an OAuth answer; only plain names, so that no private text is passed on."""
    try:
        body = response.json()
    except ValueError:
        return "none"
    name = body.get("error") if isinstance(body, dict) else None
    plain = isinstance(name, str) and name.isascii() and name.replace("_", "").isalnum()
    return name if plain and isinstance(name, str) else "none"


def _retry_after(response: httpx.Response) -> timedelta | None:
    seconds = response.headers.get("retry-after", "")
    return timedelta(seconds=int(seconds)) if seconds.isascii() and seconds.isdigit() else None
