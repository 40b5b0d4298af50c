"""The JSON endpoints behind eSignet's own UI (providers.md §3.4): HTTP 200 with ``errors``."""

import base64
import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from apps.sandboxes.fayda.contacts import masked_contacts
from apps.sandboxes.fayda.generation import SERVICE_PATH, Switches
from apps.sandboxes.fayda.logins import Logins, Transaction
from apps.sandboxes.fayda.refusals import LoginRefused
from apps.sandboxes.kernel.clock import Clock
from apps.sandboxes.kernel.faults import FaultBoard

_PREFIX: Final = f"{SERVICE_PATH}/authorization"
_PARAMETERS: Final = {
    "clientId": "client_id",
    "redirectUri": "redirect_uri",
    "responseType": "response_type",
    "scope": "scope",
    "state": "state",
    "nonce": "nonce",
    "acrValues": "acr_values",
    "claimsLocales": "claims_locales",
    "uiLocales": "ui_locales",
    "display": "display",
    "prompt": "prompt",
    "codeChallenge": "code_challenge",
    "codeChallengeMethod": "code_challenge_method",
}


class AuthorizationApi:
    """The steps as JSON endpoints, with eSignet's wrapper and header rules."""

    def __init__(
        self, *, logins: Logins, switches: Switches, faults: FaultBoard, clock: Clock
    ) -> None:
        self._logins = logins
        self._switches = switches
        self._faults = faults
        self._clock = clock
        self._hashes: dict[str, str] = {}

    def routes(self) -> APIRouter:
        """All routes."""
        router = APIRouter(tags=["login as JSON"])
        router.add_api_route(f"{SERVICE_PATH}/csrf/token", self.csrf_token, methods=["GET"])
        steps: Mapping[str, Callable[[Request, dict[str, Any]], dict[str, Any]]] = {
            "/v2/oauth-details": self.oauth_details,
            "/v3/oauth-details": self.oauth_details,
            "/send-otp": self.send_otp,
            "/v2/authenticate": self.authenticate,
            "/v3/authenticate": self.authenticate,
            "/auth-code": self.auth_code,
        }
        for path, step in steps.items():
            router.add_api_route(f"{_PREFIX}{path}", self._wrapped(step), methods=["POST"])
        return router

    async def csrf_token(self) -> Response:
        """A token as cookie and body; ``--strict`` wants it back in ``X-XSRF-TOKEN``."""
        token = secrets.token_urlsafe(24)
        body = {"token": token, "headerName": "X-XSRF-TOKEN", "parameterName": "_csrf"}
        response = Response(json.dumps(body), media_type="application/json")
        response.set_cookie("XSRF-TOKEN", token)
        return response

    def oauth_details(self, _request: Request, body: dict[str, Any]) -> dict[str, Any]:
        """Start a login."""
        self._take_faults("oauth-details", subject=str(body.get("clientId")))
        parameters = {
            ours: str(body[theirs]) for theirs, ours in _PARAMETERS.items() if body.get(theirs)
        }
        claims = body.get("claims")
        if claims is not None:
            parameters["claims"] = json.dumps(claims)
        login = self._logins.start(parameters=parameters)
        details = _details(login)
        self._hashes[login.transaction_id] = _hash(details)
        return details

    def send_otp(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        """Send the OTP."""
        transaction_id = self._checked_transaction(request, body)
        individual_id = str(body.get("individualId") or "")
        self._take_faults("send-otp", subject=individual_id)
        channels = body.get("otpChannels") or []
        if not isinstance(channels, list) or not set(map(str, channels)) & {"phone", "email"}:
            raise LoginRefused("invalid_otp_channel")
        person = self._logins.send_otp(transaction_id=transaction_id, individual_id=individual_id)
        return {"transactionId": transaction_id, **masked_contacts(person=person)}

    def authenticate(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        """Check the OTP."""
        transaction_id = self._checked_transaction(request, body)
        individual_id = str(body.get("individualId") or "")
        self._take_faults("authenticate", subject=individual_id)
        challenges = body.get("challengeList")
        if not isinstance(challenges, list) or len(challenges) != 1:
            raise LoginRefused("invalid_no_of_challenges")
        challenge = challenges[0] if isinstance(challenges[0], dict) else {}
        if challenge.get("authFactorType") != "OTP":
            raise LoginRefused("auth_factor_mismatch")
        self._logins.authenticate(
            transaction_id=transaction_id,
            individual_id=individual_id,
            otp=str(challenge.get("challenge") or ""),
        )
        return {"transactionId": transaction_id, "consentAction": "CAPTURE"}

    def auth_code(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        """Consent, for a code."""
        transaction_id = self._checked_transaction(request, body)
        self._take_faults("auth-code", subject=None)
        accepted = body.get("acceptedClaims") or []
        if not isinstance(accepted, list):
            raise LoginRefused("invalid_accepted_claim")
        login = self._logins.issue_code(
            transaction_id=transaction_id, accepted=[str(name) for name in accepted]
        )
        self._hashes.pop(transaction_id, None)
        return {
            "code": login.code,
            "redirectUri": login.request.redirect_uri,
            "nonce": login.request.nonce,
            "state": login.request.state,
        }

    def _wrapped(
        self, step: Callable[[Request, dict[str, Any]], dict[str, Any]]
    ) -> Callable[[Request], Any]:
        """Unwrap ``request``, wrap ``response`` and ``errors``; a refusal is HTTP 200 too."""

        async def answer(request: Request) -> Response:
            try:
                self._check_csrf(request)
                body = await _unwrapped(request)
                return self._answer(response=step(request, body), errors=[])
            except LoginRefused as refused:
                error = {"errorCode": refused.code, "errorMessage": refused.code}
                return self._answer(response=None, errors=[error])

        return answer

    def _answer(self, *, response: dict[str, Any] | None, errors: list[dict[str, str]]) -> Response:
        now = self._clock().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        body = {"responseTime": now, "response": response, "errors": errors}
        return Response(_compact(body), media_type="application/json")

    def _check_csrf(self, request: Request) -> None:
        cookie = request.cookies.get("XSRF-TOKEN", "")
        header = request.headers.get("x-xsrf-token", "")
        if self._switches.csrf_required and not (cookie and cookie == header):
            raise LoginRefused("invalid_request")

    def _checked_transaction(self, request: Request, body: dict[str, Any]) -> str:
        """The header rule of §3.9: key is the transaction, hash is that of its details."""
        transaction_id = str(body.get("transactionId") or "")
        key = request.headers.get("oauth-details-key", "")
        given = request.headers.get("oauth-details-hash", "").rstrip("=")
        expected = self._hashes.get(transaction_id)
        if key != transaction_id or expected is None or given != expected:
            raise LoginRefused("invalid_request")
        return transaction_id

    def _take_faults(self, operation: str, *, subject: str | None) -> None:
        faults = self._faults.take(operation=operation, subject=subject)
        faults.before()
        code = faults.refusal()
        if code is not None:
            raise LoginRefused(code or "unknown_error")


def _details(login: Transaction) -> dict[str, Any]:
    request = login.request
    return {
        "authFactors": [[{"type": "OTP", "count": 0, "subTypes": None}]],
        "authorizeScopes": [],
        "clientName": {"@none": login.client.name},
        "configs": {"otp.length": 6},
        "credentialScopes": [],
        "essentialClaims": list(request.essential_claims),
        "logoUrl": "",
        "redirectUri": request.redirect_uri,
        "transactionId": login.transaction_id,
        "voluntaryClaims": list(request.voluntary_claims),
    }


def _hash(details: dict[str, Any]) -> str:
    digest = hashlib.sha256(_compact(details).encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _compact(body: dict[str, Any]) -> str:
    """Keys are sorted on the wire too, so a hash over the text as received is the right one."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


async def _unwrapped(request: Request) -> dict[str, Any]:
    """The inner object of ``{requestTime, request}``."""
    try:
        wrapper = await request.json()
    except ValueError:
        wrapper = None
    body = wrapper.get("request") if isinstance(wrapper, dict) else None
    if not isinstance(body, dict) or not wrapper.get("requestTime"):
        raise LoginRefused("invalid_request")
    return body
