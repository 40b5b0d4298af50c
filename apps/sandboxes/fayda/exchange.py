"""Code for tokens, token for userinfo (providers.md §3.5, §3.6)."""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from apps.sandboxes.fayda.assertions import AssertionDesk
from apps.sandboxes.fayda.claims import claims_of, pairwise_subject
from apps.sandboxes.fayda.generation import V1_TOKEN_PATH, V2_TOKEN_PATH, Switches, issuer
from apps.sandboxes.fayda.logins import Logins, Transaction
from apps.sandboxes.fayda.people import Conduct, Person
from apps.sandboxes.fayda.refusals import TokenRefused
from apps.sandboxes.fayda.signing import SigningKeys, in_form_of, sign
from apps.sandboxes.kernel.clock import Clock

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_TOKEN_LIFETIME: Final = timedelta(seconds=3600)


@dataclass(frozen=True, kw_only=True, repr=False)
class Grant:
    """What an access token opens."""

    login: Transaction
    person: Person
    issuer: str
    expires_at: datetime


class Exchange:
    """The token and userinfo endpoints' rules."""

    def __init__(
        self, *, logins: Logins, keys: SigningKeys, switches: Switches, clock: Clock
    ) -> None:
        self._logins = logins
        self._keys = keys
        self._switches = switches
        self._clock = clock
        self._assertions = AssertionDesk(clock=clock)
        self._grants: dict[str, Grant] = {}

    def find_login(self, *, form: Mapping[str, str]) -> Transaction:
        """The login of a token request's code.

        Raises:
            TokenRefused: the form is incomplete, or the code is bad, used or expired.
        """
        if form.get("grant_type") != "authorization_code":
            raise TokenRefused("invalid_grant_type")
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise TokenRefused("invalid_assertion_type")
        if not form.get("code") or not form.get("client_assertion"):
            raise TokenRefused("invalid_input")
        login = self._logins.find_code(code=form["code"])
        if login is None:
            raise TokenRefused(self._switches.generation.code_refused)
        return login

    def redeem(
        self, *, login: Transaction, form: Mapping[str, str], base_url: str, path: str
    ) -> dict[str, Any]:
        """Check the rest of the request, spend the code and give the tokens.

        Raises:
            TokenRefused: the code is still good then, as in eSignet.
        """
        generation = self._switches.generation
        if form.get("client_id", login.client.client_id) != login.client.client_id:
            raise TokenRefused("invalid_client_id")
        if form.get("redirect_uri") != login.request.redirect_uri:
            raise TokenRefused("invalid_redirect_uri")
        self._check_verifier(login, form=form, path=path)
        self._assertions.check(
            form["client_assertion"],
            client=login.client,
            audiences=self._audiences(base_url=base_url, path=path),
            generation=generation,
        )
        self._logins.drop(login=login)
        return self._tokens(login, issuer_name=issuer(base_url=base_url, generation=generation))

    def find_grant(self, *, access_token: str) -> Grant | None:
        """What this access token opens; None when it is unknown or expired."""
        grant = self._grants.get(access_token)
        return grant if grant is not None and grant.expires_at > self._clock() else None

    def userinfo(self, *, grant: Grant) -> str:
        """Signed claims, encrypted if the client asked for that."""
        login = grant.login
        claims = {
            "iss": grant.issuer,
            "aud": login.client.client_id,
            "sub": _subject(login),
            **claims_of(
                person=grant.person,
                individual_id=login.individual_id,
                accepted=login.accepted_claims,
                locales=login.request.claims_locales,
            ),
        }
        forged = grant.person.conduct is Conduct.WRONG_KEY
        signed = sign(
            claims,
            key=self._keys.forged() if forged else self._keys.authority,
            algorithm=self._switches.generation.signature_algorithm,
        )
        return in_form_of(login.client, signed=signed)

    def _check_verifier(self, login: Transaction, *, form: Mapping[str, str], path: str) -> None:
        challenge = login.request.code_challenge
        if challenge is None:
            return
        is_read = path == V2_TOKEN_PATH or self._switches.v1_reads_code_verifier
        verifier = form.get("code_verifier", "") if is_read else ""
        generation = self._switches.generation
        if not verifier:
            error, status = generation.verifier_missing
            raise TokenRefused(error, status=status)
        digest = hashlib.sha256(verifier.encode()).digest()
        if not secrets.compare_digest(_base64url(digest), challenge):
            error, status = generation.verifier_wrong
            raise TokenRefused(error, status=status)

    def _audiences(self, *, base_url: str, path: str) -> list[str]:
        generation = self._switches.generation
        token_url = base_url + (V2_TOKEN_PATH if path == V2_TOKEN_PATH else V1_TOKEN_PATH)
        issuer_name = issuer(base_url=base_url, generation=generation)
        return [token_url, issuer_name] if generation.issuer_is_audience else [token_url]

    def _tokens(self, login: Transaction, *, issuer_name: str) -> dict[str, Any]:
        now = self._clock()
        if login.person is None or login.authenticated_at is None:
            raise RuntimeError("a code was issued without authentication")
        common = {
            "iss": issuer_name,
            "sub": _subject(login),
            "aud": login.client.client_id,
            "iat": int(now.timestamp()),
            "exp": int((now + _TOKEN_LIFETIME).timestamp()),
        }
        extra = {"scope": login.request.scope, "client_id": login.client.client_id}
        unique = {"jti": secrets.token_urlsafe(16)}
        access_token = self._sign({**common, **extra, **unique})
        id_token = {
            **common,
            "auth_time": int(login.authenticated_at.timestamp()),
            "nonce": login.request.nonce,
            "acr": login.request.acr,
            "at_hash": _base64url(hashlib.sha256(access_token.encode()).digest()[:16]),
        }
        self._grants = {key: grant for key, grant in self._grants.items() if grant.expires_at > now}
        self._grants[access_token] = Grant(
            login=login,
            person=login.person,
            issuer=issuer_name,
            expires_at=now + _TOKEN_LIFETIME,
        )
        return {
            "access_token": access_token,
            "id_token": self._sign({k: v for k, v in id_token.items() if v is not None}),
            "token_type": "Bearer",
            "expires_in": int(_TOKEN_LIFETIME.total_seconds()),
        }

    def _sign(self, claims: dict[str, Any]) -> str:
        algorithm = self._switches.generation.signature_algorithm
        return sign(claims, key=self._keys.esignet, algorithm=algorithm)


def _subject(login: Transaction) -> str:
    return pairwise_subject(
        individual_id=login.individual_id, relying_party=login.client.relying_party
    )


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
