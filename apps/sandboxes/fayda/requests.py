"""The authorization request: its parameters and what is refused in them (providers.md §3.3)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from apps.sandboxes.fayda.claims import CLAIMS_BY_SCOPE, KNOWN_CLAIMS
from apps.sandboxes.fayda.refusals import LoginRefused

OTP_ACR: Final = "mosip:idp:acr:generated-code"
ACR_VALUES: Final = (
    OTP_ACR,
    "mosip:idp:acr:biometrics",
    "mosip:idp:acr:static-code",
    "mosip:idp:acr:linked-wallet",
    "mosip:idp:acr:knowledge",
    "mosip:idp:acr:password",
    "mosip:idp:acr:generated-code:biometrics",
)
SCOPES: Final = ("openid", "profile", "email", "phone", "resident-service")
PROMPTS: Final = ("none", "login", "consent", "select_account")
DISPLAYS: Final = ("page", "popup", "touch", "wap")
_MISENCODED_TIMES_MAX: Final = 3


@dataclass(frozen=True, kw_only=True)
class AuthorizationRequest:
    """One checked request."""

    client_id: str
    redirect_uri: str
    scope: str
    state: str | None
    nonce: str | None
    acr: str
    essential_claims: tuple[str, ...]
    voluntary_claims: tuple[str, ...]
    claims_locales: tuple[str, ...]
    ui_locale: str
    code_challenge: str | None = field(default=None, repr=False)


def read_request(parameters: Mapping[str, str], *, forgiving_claims: bool) -> AuthorizationRequest:
    """Check everything but the client and its redirect URI.

    Args:
        parameters: OAuth names; empty text counts as not given.
        forgiving_claims: decode ``claims`` until it parses (fayda-sdk encodes it twice).

    Raises:
        LoginRefused: eSignet's code of the rule that was broken.
    """
    given = {name: value for name, value in parameters.items() if value}
    scopes = given.get("scope", "").split()
    _require("openid" in scopes and set(scopes) <= set(SCOPES), "invalid_scope")
    _require(given.get("response_type") == "code", "invalid_response_type")
    _require(given.get("display", "page") in DISPLAYS, "invalid_display")
    _require(set(given.get("prompt", "").split()) <= set(PROMPTS), "invalid_prompt")
    if given.get("prompt") == "none":
        raise LoginRefused("login_required")
    acrs = [acr for acr in given.get("acr_values", OTP_ACR).split() if acr in ACR_VALUES]
    _require(bool(acrs), "invalid_acr")
    challenge = given.get("code_challenge")
    if challenge and given.get("code_challenge_method") != "S256":
        raise LoginRefused("unsupported_pkce_challenge_method")
    asked = _claims(given.get("claims"), scopes=scopes, forgiving=forgiving_claims)
    return AuthorizationRequest(
        client_id=given.get("client_id", ""),
        redirect_uri=given.get("redirect_uri", ""),
        scope=" ".join(scopes),
        state=given.get("state"),
        nonce=given.get("nonce"),
        acr=acrs[0],
        essential_claims=tuple(name for name, essential in asked.items() if essential),
        voluntary_claims=tuple(name for name, essential in asked.items() if not essential),
        claims_locales=tuple(given.get("claims_locales", "en").split()),
        ui_locale=given.get("ui_locales", "en").split()[0],
        code_challenge=challenge,
    )


def _require(holds: bool, code: str) -> None:  # noqa: FBT001 - an assertion with eSignet's code
    if not holds:
        raise LoginRefused(code)


def _claims(text: str | None, *, scopes: list[str], forgiving: bool) -> dict[str, bool]:
    """Known claims by name: whether each is essential. Unknown ones are ignored (OIDC §5.5)."""
    asked = _parse(text or "{}", times_max=_MISENCODED_TIMES_MAX if forgiving else 0)
    userinfo = asked.get("userinfo") or {}
    _require(isinstance(userinfo, dict), "invalid_claim")
    if not userinfo:
        return {name: False for scope in scopes for name in CLAIMS_BY_SCOPE.get(scope, ())}
    known = {name: wish for name, wish in userinfo.items() if name in KNOWN_CLAIMS}
    _require(
        all(wish is None or isinstance(wish, dict) for wish in known.values()), "invalid_claim"
    )
    return {name: bool((wish or {}).get("essential")) for name, wish in known.items()}


def _parse(text: str, *, times_max: int) -> dict[str, Any]:
    for _ in range(times_max + 1):
        try:
            parsed = json.loads(text)
        except ValueError:
            text = unquote(text)
            continue
        if isinstance(parsed, dict):
            return parsed
        break
    raise LoginRefused("invalid_claim")
