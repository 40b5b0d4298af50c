"""Fayda's sandbox: eSignet's OIDC provider with its login page (docs/sandboxes/fayda.md)."""

from pathlib import Path

from apps.sandboxes.fayda import control_routes
from apps.sandboxes.fayda.authorization_routes import AuthorizationApi
from apps.sandboxes.fayda.clients import TEST_CLIENT_ID, Clients
from apps.sandboxes.fayda.exchange import Exchange
from apps.sandboxes.fayda.generation import switches
from apps.sandboxes.fayda.logins import Logins
from apps.sandboxes.fayda.oauth_routes import OauthApi
from apps.sandboxes.fayda.page_routes import LoginPages
from apps.sandboxes.fayda.register import Register
from apps.sandboxes.fayda.signing import SigningKeys
from apps.sandboxes.kernel.assembly import Kernel
from apps.sandboxes.kernel.clock import Clock, utc_now
from apps.sandboxes.kernel.serve import Sandbox


def create(*, directory: Path | None, strict: bool, clock: Clock = utc_now) -> Sandbox:
    """Build the sandbox; ``strict`` follows the documents to the letter.

    Its credentials are settings of :class:`integrations.fayda.settings.FaydaSettings`, complete
    with ``base_url``, from which the endpoints follow, and a ``redirect_uri``.

    Args:
        directory: keeps people, clients and keys; None: in memory.
        strict: see :func:`apps.sandboxes.fayda.generation.switches`.
        clock: tests bring their own.
    """
    kernel = Kernel.open(provider="fayda", directory=directory, clock=clock)
    turned = switches(strict=strict)
    register = Register(book=kernel.book)
    clients = Clients(book=kernel.book, keyring=kernel.keyring)
    keys = SigningKeys(keyring=kernel.keyring)
    logins = Logins(register=register, clients=clients, switches=turned, clock=clock)
    exchange = Exchange(logins=logins, keys=keys, switches=turned, clock=clock)
    app = kernel.app(title="Fayda sandbox", wallets=False)
    faults = kernel.faults
    for router in (
        LoginPages(logins=logins, switches=turned).routes(),
        AuthorizationApi(logins=logins, switches=turned, faults=faults, clock=clock).routes(),
        OauthApi(exchange=exchange, keys=keys, switches=turned, faults=faults).routes(),
        control_routes.people_routes(register=register),
        control_routes.client_routes(clients=clients),
        control_routes.switch_routes(switches=turned),
        control_routes.login_routes(logins=logins, switches=turned),
    ):
        app.include_router(router)
    return Sandbox(
        provider="fayda",
        app=app,
        credentials={"client_id": TEST_CLIENT_ID, "private_key": clients.test_private_key},
    )
