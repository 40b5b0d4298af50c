"""Fayda's part of the control API: people, clients, switches, and a login in one call."""

from dataclasses import asdict, replace
from datetime import date
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlsplit

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator

from apps.sandboxes.fayda.clients import Client, Clients, ClientUnknown, UserinfoForm
from apps.sandboxes.fayda.generation import GenerationName, Switches
from apps.sandboxes.fayda.logins import TEST_OTP, Logins
from apps.sandboxes.fayda.page_routes import consent_url, denied_url, open_login
from apps.sandboxes.fayda.people import Conduct, Person
from apps.sandboxes.fayda.refusals import LoginRefused
from apps.sandboxes.fayda.register import AlreadyEnrolled, Register
from apps.sandboxes.kernel.edge import CONTROL
from meqenet.errors import Refusal
from meqenet.kyc.numbers import FaydaNumberKind, check_fayda_number

_FORBID = ConfigDict(extra="forbid")


class EnrolPerson(BaseModel):
    """A person to enrol."""

    model_config = _FORBID
    fan: str | None = None
    fin: str | None = None
    name: Annotated[str, Field(examples=["Abebe Bekele"])]
    name_am: str | None = None
    birthdate: date | None = None
    phone: str | None = None
    email: str | None = "someone@example.com"
    gender: str | None = None
    address: dict[str, str] = Field(default_factory=dict)
    conduct: Conduct = Conduct.ORDINARY

    @model_validator(mode="after")
    def _numbers_hold(self) -> "EnrolPerson":
        kinds = {FaydaNumberKind.FAN: self.fan, FaydaNumberKind.FIN: self.fin}
        if not any(kinds.values()):
            raise ValueError("fan: a person has a FAN, a FIN, or both")
        for kind, text in kinds.items():
            try:
                holds = text is None or check_fayda_number(text=text).kind is kind
            except Refusal as refusal:
                raise ValueError(f"{kind}: {refusal.text}") from None
            if not holds:
                raise ValueError(f"{kind}: has the length of the other kind of number")
        return self


class LogIn(BaseModel):
    """A whole login."""

    model_config = _FORBID
    authorization_url: str
    fan: Annotated[str, Field(description="FAN or FIN")]
    otp: str = TEST_OTP
    consent: bool = True


class RegisterClient(BaseModel):
    """A relying party to register, or to register anew."""

    model_config = _FORBID
    client_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
    name: str
    public_jwk: dict[str, Any]
    redirect_uris: list[str] = Field(default_factory=list)
    userinfo_form: UserinfoForm = UserinfoForm.JWS
    encryption_jwk: dict[str, Any] | None = None


class RegisterRedirectUri(BaseModel):
    """A redirect URI, compared exactly from then on."""

    model_config = _FORBID
    redirect_uri: str


class ChangeUserinfo(BaseModel):
    """How a client gets userinfo from now on."""

    model_config = _FORBID
    form: UserinfoForm
    encryption_jwk: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _encryption_needs_a_key(self) -> "ChangeUserinfo":
        if self.form is UserinfoForm.JWE and self.encryption_jwk is None:
            raise ValueError("encryption_jwk: needed to encrypt userinfo")
        return self


class TurnSwitches(BaseModel):
    """Switches to turn; what is left out stays."""

    model_config = _FORBID
    generation: GenerationName | None = None
    v1_reads_code_verifier: bool | None = None
    any_loopback_redirect: bool | None = None
    forgiving_claims: bool | None = None
    csrf_required: bool | None = None


def people_routes(*, register: Register) -> APIRouter:
    """Enrol and list people."""
    router = APIRouter(prefix=f"{CONTROL}/people", tags=["control"])

    @router.post("", status_code=201)
    async def enrol(wanted: EnrolPerson) -> dict[str, Any]:
        names = {"en": wanted.name, "am": wanted.name_am}
        person = Person(
            fan=check_fayda_number(text=wanted.fan).digits if wanted.fan else None,
            fin=check_fayda_number(text=wanted.fin).digits if wanted.fin else None,
            names={locale: name for locale, name in names.items() if name},
            birth_date=wanted.birthdate,
            phone=wanted.phone,
            email=wanted.email,
            gender=wanted.gender,
            address=wanted.address,
            conduct=wanted.conduct,
        )
        try:
            register.enrol(person=person)
        except AlreadyEnrolled as error:
            raise HTTPException(status_code=409, detail=str(error)) from error
        return _shown(person)

    @router.get("")
    async def everyone() -> list[dict[str, Any]]:
        return [_shown(person) for person in register.everyone()]

    return router


def client_routes(*, clients: Clients) -> APIRouter:
    """Register clients, their redirect URIs and the form of their userinfo."""
    router = APIRouter(prefix=f"{CONTROL}/clients", tags=["control"])

    @router.post("", status_code=201)
    async def add(wanted: RegisterClient) -> dict[str, Any]:
        clients.add(
            client=Client(
                client_id=wanted.client_id,
                name=wanted.name,
                relying_party=wanted.client_id,
                public_jwk=wanted.public_jwk,
                redirect_uris=tuple(wanted.redirect_uris),
                userinfo_form=wanted.userinfo_form,
                encryption_jwk=wanted.encryption_jwk,
            )
        )
        return {"client_id": wanted.client_id}

    @router.post("/{client_id}/redirect-uris", status_code=201)
    async def add_redirect_uri(client_id: str, wanted: RegisterRedirectUri) -> dict[str, Any]:
        client = _get(clients, client_id=client_id)
        uris = tuple(dict.fromkeys((*client.redirect_uris, wanted.redirect_uri)))
        clients.add(client=replace(client, redirect_uris=uris))
        return {"client_id": client_id, "redirect_uris": list(uris)}

    @router.put("/{client_id}/userinfo")
    async def change_userinfo(client_id: str, wanted: ChangeUserinfo) -> dict[str, Any]:
        client = _get(clients, client_id=client_id)
        changed = replace(client, userinfo_form=wanted.form, encryption_jwk=wanted.encryption_jwk)
        clients.add(client=changed)
        return {"client_id": client_id, "form": wanted.form}

    return router


def switch_routes(*, switches: Switches) -> APIRouter:
    """Look at the switches and turn them."""
    router = APIRouter(prefix=f"{CONTROL}/settings", tags=["control"])

    @router.get("")
    async def show() -> dict[str, Any]:
        return _switches(switches)

    @router.put("")
    async def turn(wanted: TurnSwitches) -> dict[str, Any]:
        chosen = wanted.model_dump(exclude_none=True)
        if wanted.generation is not None:
            chosen["generation_name"] = chosen.pop("generation")
        for name, value in chosen.items():
            setattr(switches, name, value)
        return _switches(switches)

    return router


def login_routes(*, logins: Logins, switches: Switches) -> APIRouter:
    """A whole browser login in one call, by the same steps and checks as the page."""
    router = APIRouter(prefix=f"{CONTROL}/login", tags=["control"])

    @router.post("")
    async def log_in(wanted: LogIn, request: Request) -> dict[str, str]:
        """Where the browser would have been sent; 409 where the page would have shown an error."""
        parameters = dict(parse_qsl(urlsplit(wanted.authorization_url).query))
        try:
            opened = open_login(logins=logins, parameters=parameters)
            if isinstance(opened, str):
                return {"redirect_to": opened}
            number = wanted.fan.replace(" ", "").replace("-", "")
            logins.send_otp(transaction_id=opened.transaction_id, individual_id=number)
            login = logins.authenticate(
                transaction_id=opened.transaction_id, individual_id=number, otp=wanted.otp
            )
        except LoginRefused as refused:
            raise HTTPException(status_code=409, detail=refused.code) from refused
        if not wanted.consent:
            logins.drop(login=login)
            return {"redirect_to": denied_url(login=login)}
        asked = [*login.request.essential_claims, *login.request.voluntary_claims]
        return {
            "redirect_to": consent_url(
                logins=logins,
                login=login,
                accepted=asked,
                base_url=str(request.base_url).rstrip("/"),
                switches=switches,
            )
        }

    return router


def _get(clients: Clients, *, client_id: str) -> Client:
    try:
        return clients.get(client_id=client_id)
    except ClientUnknown as error:
        raise HTTPException(status_code=404, detail=str(error)) from error


def _switches(switches: Switches) -> dict[str, Any]:
    shown = asdict(switches)
    return {"generation": shown.pop("generation_name"), **shown}


def _shown(person: Person) -> dict[str, Any]:
    return {
        "fan": person.fan,
        "fin": person.fin,
        "names": dict(person.names),
        "birthdate": person.birth_date,
        "phone": person.phone,
        "conduct": person.conduct,
    }
