"""Two eSignet generations and what they answer differently (providers.md §3.9)."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

SERVICE_PATH: Final = "/v1/esignet"
V1_TOKEN_PATH: Final = f"{SERVICE_PATH}/oauth/token"
V2_TOKEN_PATH: Final = f"{SERVICE_PATH}/oauth/v2/token"


class GenerationName(StrEnum):
    """Which eSignet is imitated."""

    V1_4 = "1.4.x"
    """The generation that Fayda's documents match; the default."""
    V1_8 = "1.8.0"
    """The head of the repository in 2026."""


@dataclass(frozen=True, kw_only=True)
class Generation:
    """Behaviour of one generation.

    Attributes:
        issuer_path: what follows the host in ``iss``.
        code_refused: error of a bad, used or expired code.
        assertion_refused: error of a client assertion that does not hold.
        verifier_missing, verifier_wrong: error and HTTP status of PKCE failures.
        jti_required: whether an assertion needs a ``jti`` that was never seen before.
        assertion_leeway: how far the client's clock may be off.
        issuer_is_audience: whether an assertion may name the issuer as ``aud``.
        assertion_algorithms: how a client may sign.
        signature_algorithm: how tokens and userinfo are signed.
        login_lifetime: from the authorization request to authentication.
        consent_lifetime: from authentication to consent.
        code_lifetime: from the code's issue to its use.
        blocked_for: how long a person is blocked after too many attempts.
    """

    issuer_path: str
    code_refused: str
    assertion_refused: str
    verifier_missing: tuple[str, int]
    verifier_wrong: tuple[str, int]
    jti_required: bool
    assertion_leeway: timedelta
    issuer_is_audience: bool
    assertion_algorithms: tuple[str, ...]
    signature_algorithm: str
    login_lifetime: timedelta
    consent_lifetime: timedelta
    code_lifetime: timedelta
    blocked_for: timedelta


GENERATIONS: Final = {
    GenerationName.V1_4: Generation(
        issuer_path=SERVICE_PATH,
        code_refused="invalid_transaction",
        assertion_refused="invalid_assertion",
        verifier_missing=("invalid_pkce_code_verifier", 500),
        verifier_wrong=("pkce_failed", 500),
        jti_required=False,
        assertion_leeway=timedelta(0),
        issuer_is_audience=False,
        assertion_algorithms=("RS256",),
        signature_algorithm="RS256",
        login_lifetime=timedelta(seconds=180),
        consent_lifetime=timedelta(seconds=60),
        code_lifetime=timedelta(seconds=60),
        blocked_for=timedelta(seconds=300),
    ),
    GenerationName.V1_8: Generation(
        issuer_path="",
        code_refused="invalid_grant",
        assertion_refused="invalid_client",
        verifier_missing=("invalid_grant", 400),
        verifier_wrong=("invalid_grant", 400),
        jti_required=True,
        assertion_leeway=timedelta(seconds=5),
        issuer_is_audience=True,
        assertion_algorithms=("RS256", "PS256"),
        signature_algorithm="PS256",
        login_lifetime=timedelta(seconds=300),
        consent_lifetime=timedelta(seconds=120),
        code_lifetime=timedelta(seconds=300),
        blocked_for=timedelta(seconds=600),
    ),
}


@dataclass(kw_only=True)
class Switches:
    """How the sandbox behaves now; the control API turns these.

    Attributes:
        generation_name: which eSignet.
        v1_reads_code_verifier: whether the v1 token endpoint honours PKCE, as Fayda's documents
            assume; eSignet itself drops the verifier there, so a PKCE-bound code always fails.
        any_loopback_redirect: whether redirect URIs on loopback need no registration.
        forgiving_claims: whether ``claims`` may be percent-encoded twice (fayda-sdk does).
        csrf_required: whether the JSON login endpoints want the XSRF-TOKEN cookie in a header.
    """

    generation_name: GenerationName = GenerationName.V1_4
    v1_reads_code_verifier: bool
    any_loopback_redirect: bool
    forgiving_claims: bool
    csrf_required: bool

    @property
    def generation(self) -> Generation:
        """Behaviour of the chosen generation."""
        return GENERATIONS[self.generation_name]


def switches(*, strict: bool) -> Switches:
    """As the documents say (strict), or forgiving known habits of clients."""
    return Switches(
        v1_reads_code_verifier=not strict,
        any_loopback_redirect=not strict,
        forgiving_claims=not strict,
        csrf_required=strict,
    )


def issuer(*, base_url: str, generation: Generation) -> str:
    """``iss`` of the sandbox at this base URL (no slash at its end)."""
    return base_url + generation.issuer_path
