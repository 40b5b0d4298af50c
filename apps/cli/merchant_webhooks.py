"""What a merchant does of its webhook: ``meqenet merchant notices``, ``replay``, ``rotate-secret``.

Over the API, under the merchant's own key in ``MEQENET_MERCHANT_KEY``.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from apps.cli.calling import Api, Json, called, print_found
from apps.cli.reading import BAD_INPUT, end

if TYPE_CHECKING:
    from apps.cli.support_calls import SupportApi

_NOTICES: Final = "/v1/webhooks/notices"
_SECRET: Final = "/v1/webhooks/secret"  # noqa: S105 - an address
_From = Annotated[
    str | None, typer.Option("--from", help="Put on file from this day on.", metavar="DAY")
]
_To = Annotated[str | None, typer.Option("--to", help="Up to this day, included.", metavar="DAY")]


def notices(
    *,
    plan: Annotated[str | None, typer.Option(help="Only of this plan.")] = None,
    state: Annotated[
        str | None, typer.Option(help="pending, delivered, given_up or not_wanted.")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="Only such news: plan.approved, …")] = None,
    since: _From = None,
    until: _To = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="So many at most.")] = 20,
    after: Annotated[str | None, typer.Option(help="Those behind this one.")] = None,
    api: Api = None,
    as_json: Json = False,
) -> None:
    """List what the merchant was told, newest first."""
    from apps.cli.merchant_webhooks_page import notices_page  # noqa: PLC0415 - heavy

    asked = {
        "plan": plan,
        "state": state,
        "kind": kind,
        "from": since,
        "to": until,
        "limit": limit,
        "after": after,
    }
    query = {name: value for name, value in asked.items() if value is not None}
    found = _called("notices", api, lambda reached: reached.get(_NOTICES, query=query))
    print_found(found, page=notices_page(found=found), as_json=as_json)


def one(
    *,
    notice: Annotated[str, typer.Argument(help="The notice's id.", metavar="NOTICE")],
    api: Api = None,
    as_json: Json = False,
) -> None:
    """Show a notice with every try of it."""
    from apps.cli.merchant_webhooks_page import notice_page  # noqa: PLC0415 - heavy

    found = _called("notice", api, lambda reached: reached.get(f"{_NOTICES}/{notice}"))
    print_found(found, page=notice_page(found=found), as_json=as_json)


def replay(
    *,
    notice: Annotated[
        str | None, typer.Argument(help="The notice to tell again.", metavar="[NOTICE]")
    ] = None,
    given_up: Annotated[
        bool, typer.Option("--given-up", help="All that were given up, instead of one.")
    ] = False,
    since: _From = None,
    until: _To = None,
    api: Api = None,
) -> None:
    """Have a notice told again, or all that were given up."""
    if (notice is None) is not given_up:
        end(command="merchant replay", text="name a NOTICE, or give --given-up", code=BAD_INPUT)
    if notice is not None:
        _called("replay", api, lambda reached: reached.post(f"{_NOTICES}/{notice}/replay", {}))
        typer.echo(f"{notice}: is being told again")
        return
    period = {"from": since, "to": until}
    found = _called("replay", api, lambda reached: reached.post(f"{_NOTICES}/replay", period))
    typer.echo(f"given-up notices that are being told again: {found['notices']}")


def rotate_secret(
    *,
    overlap_hours: Annotated[
        int, typer.Option(min=0, max=168, help="For so long the old secret signs too.")
    ] = 24,
    api: Api = None,
) -> None:
    """Change the secret that signs notices. The new one is shown this once."""
    body = {"overlap_hours": overlap_hours}
    found = _called("rotate-secret", api, lambda reached: reached.post(f"{_SECRET}/rotate", body))
    typer.echo(f"secret  {found['secret']}")
    _print_signing(found)


def secret(*, api: Api = None) -> None:
    """Show which secrets sign, since when and until when; never the secrets."""
    _print_signing(_called("secret", api, lambda reached: reached.get(_SECRET)))


def end_overlap(*, api: Api = None) -> None:
    """Stop the old secret now: from here on the newest signs alone."""
    path = f"{_SECRET}/end-overlap"
    _print_signing(_called("end-overlap", api, lambda reached: reached.post(path, {})))


COMMANDS: Final[Mapping[str, Callable[..., None]]] = {
    "notices": notices,
    "notice": one,
    "replay": replay,
    "secret": secret,
    "rotate-secret": rotate_secret,
    "end-overlap": end_overlap,
}
"""The commands of this module, by name."""


def _called(
    name: str, api: str | None, call: "Callable[[SupportApi], dict[str, Any]]"
) -> dict[str, Any]:
    return called(command=f"merchant {name}", api=api, call=call, as_merchant=True)


def _print_signing(found: Mapping[str, Any]) -> None:
    from apps.cli.merchant_webhooks_page import signing_lines  # noqa: PLC0415 - heavy

    for line in signing_lines(signing=found["signing"]):
        typer.echo(line)
