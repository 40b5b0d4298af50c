"""The commands ``meqenet support``: the same deeds, under the same roles, as over HTTP."""

from typing import Annotated

import typer

from apps.cli.calling import Api, Json, guarded
from apps.cli.reading import BAD_INPUT, NOT_THERE, end, paper
from apps.cli.support_alarms import alarms, release, take
from apps.cli.support_bills import assign_bill, bills
from apps.cli.support_complaints import complaint_app
from apps.cli.support_deeds import Plan, Why, tell_plan
from apps.cli.support_disputes import dispute_app
from apps.cli.support_hardship import hardship_app
from apps.cli.support_office_days import office_day
from apps.cli.support_payments import payment_app
from apps.cli.support_payouts import pay_again, payouts
from apps.cli.support_voids import retry_cash_back, void
from apps.cli.times import instant_of
from meqenet.errors import Refusal
from meqenet.payments.causes import FailureCause
from meqenet.payments.rail import WalletProvider

_Number = Annotated[int, typer.Argument(help="The installment.", min=1, max=99, metavar="N")]
_Until = Annotated[
    str, typer.Option("--until", help="The first day of collection again.", metavar="DATE")
]


def register(*, app: typer.Typer) -> None:
    """Add ``support`` to a command line."""
    support_app = typer.Typer(
        help="What staff see and do. Your key is taken from MEQENET_STAFF_KEY.",
        no_args_is_help=True,
    )
    for name, command in (
        ("show", show),
        ("retry", retry),
        ("add-wallet", add_wallet),
        ("pay-by-another-wallet", pay_by_another_wallet),
        ("waive-fee", waive_fee),
        ("pause", pause),
        ("unreachable", unreachable),
        ("resume", resume),
        ("retry-refund", retry_refund),
        ("retry-payout", retry_payout),
        ("charge-off", charge_off),
        ("write-off", write_off),
        ("return-credit", return_credit),
        ("void", void),
        ("retry-cash-back", retry_cash_back),
        ("retry-failed", retry_failed),
        ("bills", bills),
        ("assign-bill", assign_bill),
        ("payouts", payouts),
        ("pay-again", pay_again),
        ("alarms", alarms),
        ("take", take),
        ("release", release),
        ("office-day", office_day),
    ):
        support_app.command(name)(command)
    support_app.add_typer(complaint_app(), name="complaint")
    support_app.add_typer(dispute_app(), name="dispute")
    support_app.add_typer(hardship_app(), name="hardship")
    support_app.add_typer(payment_app(), name="payment")
    app.add_typer(support_app, name="support")


def show(*, plan: Plan, api: Api = None, as_json: Json = False) -> None:
    """Show a plan: every attempt and its cause, what comes next, what may be done now."""
    tell_plan(name="show", api=api, path=f"/v1/support/plans/{plan}", as_json=as_json)


def retry(*, plan: Plan, number: _Number, why: Why, api: Api = None, as_json: Json = False) -> None:
    """Try an installment again, now. It is never charged twice."""
    path = f"/v1/support/plans/{plan}/installments/{number}/retry"
    tell_plan(name="retry", api=api, path=path, body={"why": why}, as_json=as_json)


def waive_fee(
    *, plan: Plan, number: _Number, why: Why, api: Api = None, as_json: Json = False
) -> None:
    """Take back the unpaid late fees of an installment; none is charged in their place."""
    path = f"/v1/support/plans/{plan}/installments/{number}/fee/waive"
    tell_plan(name="waive-fee", api=api, path=path, body={"why": why}, as_json=as_json)


def add_wallet(
    *,
    plan: Plan,
    provider: Annotated[WalletProvider, typer.Option(help="Whose wallet it is.")],
    why: Why,
    phone: Annotated[
        str,
        typer.Option(prompt="The wallet's phone", help="Asked for, so that no history keeps it."),
    ],
    api: Api = None,
    as_json: Json = False,
) -> None:
    """Put another wallet of the customer on file, on the customer's word."""
    body = {"wallet": {"provider": provider.value, "phone": phone}, "why": why}
    path = f"/v1/support/plans/{plan}/wallets"
    tell_plan(name="add-wallet", api=api, path=path, body=body, as_json=as_json)


def pay_by_another_wallet(
    *,
    plan: Plan,
    number: _Number,
    wallet: Annotated[
        str, typer.Argument(help="As the plan's wallets name it: w2.", metavar="WALLET")
    ],
    why: Why,
    api: Api = None,
    as_json: Json = False,
) -> None:
    """Ask another wallet on file for an installment, now. It is never charged twice."""
    path = f"/v1/support/plans/{plan}/installments/{number}/pay-by-wallet"
    body = {"wallet": wallet, "why": why}
    tell_plan(name="pay-by-another-wallet", api=api, path=path, body=body, as_json=as_json)


def pause(
    *,
    plan: Plan,
    why: Why,
    until: Annotated[
        str | None,
        typer.Option("--until", help="The first day of collection again.", metavar="DATE"),
    ] = None,
    api: Api = None,
    as_json: Json = False,
) -> None:
    """Try nothing by itself until a day, at most 30 days ahead, or until it is resumed."""
    body = {"why": why, "until": until}
    path = f"/v1/support/plans/{plan}/pause"
    tell_plan(name="pause", api=api, path=path, body=body, as_json=as_json)


def unreachable(
    *, plan: Plan, why: Why, until: _Until, api: Api = None, as_json: Json = False
) -> None:
    """Make no attempt at all until a day, at most 14 days ahead."""
    body = {"why": why, "until": until}
    path = f"/v1/support/plans/{plan}/unreachable"
    tell_plan(name="unreachable", api=api, path=path, body=body, as_json=as_json)


def resume(*, plan: Plan, why: Why, api: Api = None, as_json: Json = False) -> None:
    """End a pause, or say that the customer can be reached again."""
    path = f"/v1/support/plans/{plan}/resume"
    tell_plan(name="resume", api=api, path=path, body={"why": why}, as_json=as_json)


def retry_refund(*, plan: Plan, why: Why, api: Api = None, as_json: Json = False) -> None:
    """Send a refused refund of a payment at checkout again."""
    path = f"/v1/support/plans/{plan}/refund/retry"
    tell_plan(name="retry-refund", api=api, path=path, body={"why": why}, as_json=as_json)


def retry_payout(*, plan: Plan, why: Why, api: Api = None, as_json: Json = False) -> None:
    """Send a merchant's refused payout again, to the account now on file."""
    path = f"/v1/support/plans/{plan}/payout/retry"
    tell_plan(name="retry-payout", api=api, path=path, body={"why": why}, as_json=as_json)


def charge_off(
    *,
    plan: Plan,
    why: Why,
    early: Annotated[
        bool, typer.Option("--early", help="Before its policy says so; for finance alone.")
    ] = False,
    api: Api = None,
    as_json: Json = False,
) -> None:
    """Give a plan up as a loss. The customer owes as before; what still comes is a recovery."""
    body = {"why": why, "early": early}
    path = f"/v1/support/plans/{plan}/charge-off"
    tell_plan(name="charge-off", api=api, path=path, body=body, as_json=as_json)


def write_off(*, plan: Plan, why: Why, api: Api = None, as_json: Json = False) -> None:
    """Ask for a charged-off plan no more: the customer owes nothing, and the plan ends."""
    path = f"/v1/support/plans/{plan}/write-off"
    tell_plan(name="write-off", api=api, path=path, body={"why": why}, as_json=as_json)


def return_credit(
    *,
    plan: Plan,
    attempt: Annotated[
        str,
        typer.Argument(help="As the plan's credits name it: i02-a1.", metavar="ATTEMPT"),
    ],
    why: Why,
    api: Api = None,
    as_json: Json = False,
) -> None:
    """Send what the customer has paid too much back to the wallet that it came from, once."""
    path = f"/v1/support/plans/{plan}/credits/{attempt}/return"
    tell_plan(name="return-credit", api=api, path=path, body={"why": why}, as_json=as_json)


def retry_failed(
    *,
    cause: Annotated[FailureCause, typer.Option(help="Why their newest attempt failed.")],
    provider: Annotated[WalletProvider, typer.Option(help="Whose wallet was asked.")],
    since: Annotated[
        str, typer.Option("--from", help="Failed from this instant on.", metavar="INSTANT")
    ],
    until: Annotated[str, typer.Option("--to", help="And before this one.", metavar="INSTANT")],
    why: Why,
    rate: Annotated[int, typer.Option(help="At most so many a minute.", min=1, max=6000)] = 60,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    api: Api = None,
) -> None:
    """Retry every collection that failed for a cause in a period, as after an outage.

    Shows how many and how much first, and asks. It may be stopped and run again: what was tried
    since is not listed, and nothing is charged twice. Ends with 1 when something was not retried.
    """
    from apps.cli.support_batch import read_failed, retry_all  # noqa: PLC0415 - not for --help
    from apps.cli.support_batch_page import preview, progress  # noqa: PLC0415 - the same
    from apps.cli.support_calls import support_api  # noqa: PLC0415 - the same

    command = "support retry-failed"
    query: dict[str, str | int] = {
        "cause": cause.value,
        "provider": provider.value,
        "from": _instant(since, field="--from"),
        "to": _instant(until, field="--to"),
    }
    with support_api(command=command, api=api) as reached:
        failed = guarded(command=command, call=lambda: read_failed(api=reached, query=query))
        for part in preview(failed=failed, rate_per_minute=rate):
            paper().print(part)
        if not failed.count or not (yes or typer.confirm("Retry all of them?")):
            return
        with progress(count=failed.count) as tell:
            tally = retry_all(api=reached, failed=failed, why=why, rate_per_minute=rate, tell=tell)
    refused = ", ".join(f"{count} {code}" for code, count in sorted(tally.refused.items()))
    typer.echo(
        f"{tally.begun} retried, {sum(tally.refused.values())} refused"
        + (f" ({refused})" if refused else "")
        + f", {tally.unsent} without an answer"
    )
    if tally.begun < failed.count:
        raise typer.Exit(NOT_THERE)


def _instant(text: str, *, field: str) -> str:
    try:
        return instant_of(text, field=field).isoformat()
    except Refusal as refusal:
        end(command="support retry-failed", text=refusal.text, code=BAD_INPUT)
