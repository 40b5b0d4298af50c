"""``GET /authorize`` and the posts of its forms."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from apps.sandboxes.fayda import pages
from apps.sandboxes.fayda.contacts import masked_contacts
from apps.sandboxes.fayda.generation import Switches, issuer
from apps.sandboxes.fayda.logins import CONSENT_REJECTED, Logins, Stage, Transaction
from apps.sandboxes.fayda.refusals import LoginRefused

_GONE: Final = "invalid_transaction"


def return_url(  # noqa: D417 - the rest is the query
    *, redirect_uri: str, **values: str | None
) -> str:
    """The redirect URI with what was given added to its query.

    Args:
        redirect_uri: as in the request; its own query stays.
    """
    query = urlencode({name: value for name, value in values.items() if value is not None})
    return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{query}"


def success_url(*, login: Transaction, base_url: str, switches: Switches) -> str:
    """Back to the client with the code; 1.8.0 adds ``iss`` (RFC 9207)."""
    generation = switches.generation
    named = issuer(base_url=base_url, generation=generation) if generation.jti_required else None
    return return_url(
        redirect_uri=login.request.redirect_uri,
        code=login.code,
        state=login.request.state,
        iss=named,
    )


def failure_url(*, redirect_uri: str, state: str | None, error: str) -> str:
    """Back to the client with an error whose description repeats it."""
    return return_url(redirect_uri=redirect_uri, error=error, error_description=error, state=state)


class LoginPages:
    """The pages of one login: number, OTP, consent."""

    def __init__(self, *, logins: Logins, switches: Switches) -> None:
        self._logins = logins
        self._switches = switches

    def routes(self) -> APIRouter:
        """All routes."""
        router = APIRouter(tags=["login page"], include_in_schema=False)
        router.add_api_route("/authorize", self.authorize, methods=["GET"])
        posts = {
            "otp": self.send_otp,
            "login": self.authenticate,
            "consent": self.consent,
            "cancel": self.cancel,
        }
        for name, post in posts.items():
            router.add_api_route(f"/authorize/{name}", post, methods=["POST"])
        return router

    async def authorize(self, request: Request) -> Response:
        """The first page, or back with an error, or a dead end."""
        parameters = dict(request.query_params)
        try:
            opened = open_login(logins=self._logins, parameters=parameters)
        except LoginRefused as refused:
            return _dead_end(refused.code, locale=parameters.get("ui_locales", "en"))
        if isinstance(opened, str):
            return _see_other(opened)
        return HTMLResponse(pages.number_page(login=opened))

    async def send_otp(self, request: Request) -> Response:
        """The number was typed."""
        form = await _form(request)
        login = self._find(form, stage=Stage.STARTED)
        if login is None:
            return _dead_end(_GONE)
        number = _digits(form["individual_id"])
        try:
            person = self._logins.send_otp(
                transaction_id=login.transaction_id, individual_id=number
            )
        except LoginRefused as refused:
            return HTMLResponse(pages.number_page(login=login, error=refused.code))
        sent_to = " / ".join(masked_contacts(person=person).values())
        return HTMLResponse(pages.otp_page(login=login, individual_id=number, sent_to=sent_to))

    async def authenticate(self, request: Request) -> Response:
        """The OTP was typed."""
        form = await _form(request)
        login = self._find(form, stage=Stage.STARTED)
        if login is None:
            return _dead_end(_GONE)
        try:
            self._logins.authenticate(
                transaction_id=login.transaction_id,
                individual_id=_digits(form["individual_id"]),
                otp=form["otp"].strip(),
            )
        except LoginRefused as refused:
            return HTMLResponse(pages.number_page(login=login, error=refused.code))
        return HTMLResponse(pages.consent_page(login=login))

    async def consent(self, request: Request) -> Response:
        """The claims were allowed."""
        accepted = [str(value) for value in (await request.form()).getlist("accepted_claims")]
        login = self._find(await _form(request), stage=Stage.AUTHENTICATED)
        if login is None:
            return _dead_end(_GONE)
        return _see_other(
            consent_url(
                logins=self._logins,
                login=login,
                accepted=accepted,
                base_url=str(request.base_url).rstrip("/"),
                switches=self._switches,
            )
        )

    async def cancel(self, request: Request) -> Response:
        """The person went away, or denied."""
        form = await _form(request)
        try:
            login = self._logins.cancel(transaction_id=form["transaction_id"])
        except LoginRefused as refused:
            return _dead_end(refused.code)
        return _see_other(denied_url(login=login))

    def _find(self, form: Mapping[str, str], *, stage: Stage) -> Transaction | None:
        try:
            return self._logins.find(transaction_id=form["transaction_id"], stage=stage)
        except LoginRefused:
            return None


def open_login(*, logins: Logins, parameters: Mapping[str, str]) -> Transaction | str:
    """A new login, or the URL that tells the client what was wrong with its request.

    Raises:
        LoginRefused: the client or its redirect URI is not known, so nobody may be told.
    """
    logins.client_of(parameters=parameters)
    try:
        return logins.start(parameters=parameters)
    except LoginRefused as refused:
        return failure_url(
            redirect_uri=parameters["redirect_uri"],
            state=parameters.get("state"),
            error=refused.code,
        )


def consent_url(
    *, logins: Logins, login: Transaction, accepted: list[str], base_url: str, switches: Switches
) -> str:
    """Where the browser goes after consent: back with a code, or with the rejection."""
    try:
        logins.issue_code(transaction_id=login.transaction_id, accepted=accepted)
    except LoginRefused:
        logins.drop(login=login)
        return denied_url(login=login)
    return success_url(login=login, base_url=base_url, switches=switches)


def denied_url(*, login: Transaction) -> str:
    """Back to the client after the person said no."""
    request = login.request
    rejected = login.stage is Stage.AUTHENTICATED
    return failure_url(
        redirect_uri=request.redirect_uri,
        state=request.state,
        error=CONSENT_REJECTED if rejected else "access_denied",
    )


class _Form(dict[str, str]):
    """Posted text; what is missing reads as empty."""

    def __missing__(self, key: str) -> str:
        return ""


async def _form(request: Request) -> _Form:
    return _Form({name: str(value) for name, value in (await request.form()).items()})


def _digits(text: str) -> str:
    return text.replace(" ", "").replace("-", "")


def _dead_end(code: str, *, locale: str = "en") -> Response:
    return HTMLResponse(pages.dead_end_page(error=code, locale=locale), status_code=400)


def _see_other(url: str) -> Response:
    """303, so that a browser's post becomes a get."""
    return RedirectResponse(url, status_code=303)
