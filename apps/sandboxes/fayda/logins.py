"""The steps of a login, shared by the page, the JSON endpoints and the control API (§3.4)."""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from apps.sandboxes.fayda.clients import Client, Clients, ClientUnknown
from apps.sandboxes.fayda.generation import Switches
from apps.sandboxes.fayda.people import Conduct, Person
from apps.sandboxes.fayda.refusals import LoginRefused
from apps.sandboxes.fayda.register import Register
from apps.sandboxes.fayda.requests import AuthorizationRequest, read_request
from apps.sandboxes.kernel.clock import Clock
from meqenet.errors import Refusal
from meqenet.kyc.numbers import check_fayda_number

TEST_OTP: Final = "111111"
_ATTEMPTS_MAX: Final = 3
CONSENT_REJECTED: Final = "consent_request_rejected"


class Stage(StrEnum):
    """How far a login has come."""

    STARTED = "started"
    """The request was accepted; the person has not proved anything."""
    AUTHENTICATED = "authenticated"
    """The OTP was right; consent is awaited."""
    CODE_ISSUED = "code_issued"
    """The browser went back with a code, which was not used yet."""


@dataclass(kw_only=True, repr=False)
class Transaction:
    """One login. It lives in memory only, like eSignet's caches."""

    transaction_id: str
    request: AuthorizationRequest
    client: Client
    stage: Stage = Stage.STARTED
    expires_at: datetime
    attempts: dict[str, int] = field(default_factory=dict)
    otp_sent_to: str | None = None
    individual_id: str = ""
    person: Person | None = None
    authenticated_at: datetime | None = None
    accepted_claims: tuple[str, ...] = ()
    code: str | None = None
    token_asked: bool = False


class Logins:
    """Open logins."""

    def __init__(
        self, *, register: Register, clients: Clients, switches: Switches, clock: Clock
    ) -> None:
        self._register = register
        self._clients = clients
        self._switches = switches
        self._clock = clock
        self._open: dict[str, Transaction] = {}
        self._blocked_until: dict[str, datetime] = {}

    def start(self, *, parameters: Mapping[str, str]) -> Transaction:
        """Accept an authorization request.

        Raises:
            LoginRefused: ``invalid_client_id`` and ``invalid_redirect_uri`` (answer on the spot),
                or another code, which may be told to the redirect URI.
        """
        client = self.client_of(parameters=parameters)
        forgiving = self._switches.forgiving_claims
        request = read_request(parameters, forgiving_claims=forgiving)
        now = self._clock()
        self._open = {key: login for key, login in self._open.items() if login.expires_at > now}
        login = Transaction(
            transaction_id=secrets.token_urlsafe(32),
            request=request,
            client=client,
            expires_at=now + self._switches.generation.login_lifetime,
        )
        self._open[login.transaction_id] = login
        return login

    def client_of(self, *, parameters: Mapping[str, str]) -> Client:
        """The client of a request whose redirect URI is its own.

        Raises:
            LoginRefused: ``invalid_client_id`` or ``invalid_redirect_uri``.
        """
        try:
            client = self._clients.get(client_id=parameters.get("client_id", ""))
        except ClientUnknown:
            raise LoginRefused("invalid_client_id") from None
        redirect_uri = parameters.get("redirect_uri", "")
        any_loopback = self._switches.any_loopback_redirect
        if not client.accepts(redirect_uri=redirect_uri, any_loopback=any_loopback):
            raise LoginRefused("invalid_redirect_uri")
        return client

    def find(self, *, transaction_id: str, stage: Stage) -> Transaction:
        """A login at this stage.

        Raises:
            LoginRefused: ``invalid_transaction``.
        """
        login = self._open.get(transaction_id)
        if login is None or login.stage is not stage or login.expires_at <= self._clock():
            raise LoginRefused("invalid_transaction")
        return login

    def cancel(self, *, transaction_id: str) -> Transaction:
        """Forget a login that has no code yet, whatever its stage.

        Raises:
            LoginRefused: ``invalid_transaction``.
        """
        login = self._open.get(transaction_id)
        if login is None or login.stage is Stage.CODE_ISSUED:
            raise LoginRefused("invalid_transaction")
        self.drop(login=login)
        return login

    def send_otp(self, *, transaction_id: str, individual_id: str) -> Person:
        """Send the OTP (always ``111111``) to whoever has this number."""
        login = self.find(transaction_id=transaction_id, stage=Stage.STARTED)
        person = self._person(login, individual_id=individual_id, step="send-otp")
        if person.phone is None and person.email is None:
            raise LoginRefused("IDA-MLC-014")
        login.otp_sent_to = individual_id
        return person

    def authenticate(self, *, transaction_id: str, individual_id: str, otp: str) -> Transaction:
        """Check the OTP."""
        login = self.find(transaction_id=transaction_id, stage=Stage.STARTED)
        person = self._person(login, individual_id=individual_id, step="authenticate")
        if login.otp_sent_to != individual_id:
            raise LoginRefused("IDA-OTA-012")
        if otp != TEST_OTP or person.conduct is Conduct.OTP_WRONG:
            raise LoginRefused("auth_failed")
        login.stage = Stage.AUTHENTICATED
        login.individual_id, login.person = individual_id, person
        login.authenticated_at = self._clock()
        login.expires_at = self._clock() + self._switches.generation.consent_lifetime
        return login

    def issue_code(self, *, transaction_id: str, accepted: Collection[str]) -> Transaction:
        """Take the consent and issue the single-use code.

        Raises:
            LoginRefused: ``invalid_accepted_claim`` when an essential claim is withheld, or one
                is accepted that was not asked for.
        """
        login = self.find(transaction_id=transaction_id, stage=Stage.AUTHENTICATED)
        request, taken = login.request, set(accepted)
        asked = {*request.essential_claims, *request.voluntary_claims}
        withheld = login.person is None or login.person.conduct is Conduct.WITHHOLDS_CONSENT
        if withheld or not set(request.essential_claims) <= taken or not taken <= asked:
            raise LoginRefused("invalid_accepted_claim")
        login.accepted_claims = tuple(sorted(taken))
        login.stage = Stage.CODE_ISSUED
        login.code = secrets.token_urlsafe(32)
        login.expires_at = self._clock() + self._switches.generation.code_lifetime
        return login

    def drop(self, *, login: Transaction) -> None:
        """Forget a login: its code was used, or the person went away."""
        self._open.pop(login.transaction_id, None)

    def find_code(self, *, code: str) -> Transaction | None:
        """The login whose code this is, unless it was used or is too old."""
        now = self._clock()
        for login in self._open.values():
            issued = login.stage is Stage.CODE_ISSUED and login.code is not None
            if issued and login.expires_at > now and secrets.compare_digest(login.code or "", code):
                return login
        return None

    def _person(self, login: Transaction, *, individual_id: str, step: str) -> Person:
        """Whoever has the number, within the limit of attempts per login."""
        now = self._clock()
        try:
            check_fayda_number(text=individual_id)
        except Refusal:
            raise LoginRefused("invalid_individual_id") from None
        if self._blocked_until.get(individual_id, now) > now:
            raise LoginRefused("individual_id_blocked")
        login.attempts[step] = login.attempts.get(step, 0) + 1
        if login.attempts[step] > _ATTEMPTS_MAX:
            blocked_for: timedelta = self._switches.generation.blocked_for
            self._blocked_until[individual_id] = now + blocked_for
            raise LoginRefused("no_attempts_left")
        person = self._register.find(individual_id=individual_id)
        if person is None:
            raise LoginRefused("IDA-MLC-018")
        if person.conduct is Conduct.BLOCKED:
            raise LoginRefused("individual_id_blocked")
        return person
