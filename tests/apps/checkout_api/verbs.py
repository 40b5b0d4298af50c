"""Each verb about a plan's order as its caller sends it, and the page that says what it answers."""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx

from db.bnpl.views import events_of
from tests.apps.checkout_api.conftest import Shop
from tests.apps.checkout_api.staff import Agent, FailedPlan
from tests.apps.checkout_api.test_disputes import bring, settled
from tests.backing import Databases
from tests.waiting import eventually

_PAGE: Final = (Path(__file__).parents[3] / "docs" / "verbs.md").read_text(encoding="utf-8")
YES: Final = "yes"
_COMPLAINT: Final = {"language": "en", "category": "collection", "text": "Twice."}
_WHY: Final = "as the customer has said"
_PNG: Final = b"\x89PNG\r\n\x1a\n"


def _answers_of_page() -> dict[str, dict[str, str]]:
    """By column of its tables, and by verb: ``yes``, or the status and the code."""
    found: dict[str, dict[str, str]] = {}
    columns: list[str] = []
    for line in _PAGE.splitlines():
        cells = [cell.strip().replace("`", "") for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            columns = []
        elif line.startswith("|---"):
            continue
        elif not columns:
            columns = cells[1:]
        else:
            for column, cell in zip(columns, cells[1:], strict=True):
                found.setdefault(column, {})[cells[0]] = cell
    return found


PAGE: Final[Mapping[str, Mapping[str, str]]] = _answers_of_page()
"""What ``docs/verbs.md`` says."""


@dataclass
class Life:
    """A plan, its merchant, and a supervisor."""

    plan: FailedPlan
    boss: Agent
    databases: Databases
    dispute: int = 1
    paid: tuple[str, str] = ("x01-a1", "x02-a1")
    """Two payments of the same amount, the later one last."""
    value_date: date = date(2026, 12, 2)
    """A day before both."""

    @property
    def shop(self) -> Shop:
        return self.plan.shop

    @property
    def path(self) -> str:
        return f"/v1/plans/{self.plan.plan_id}"

    @property
    def disputes(self) -> str:
        return f"{self.path}/disputes"

    async def deeds(self) -> int:
        """How much its log has."""
        async with self.databases["bnpl"].write() as session:
            return len(await events_of(session=session, plan_id=self.plan.plan_id))

    async def pay_twice(self) -> None:
        """The customer pays a part, and the same again.

        The day before must come after whatever has gone back: what is dated back to it is no part
        of a refund then.
        """
        now = await self.shop.get(f"/v1/test-clocks/{self.plan.clock}")
        self.value_date = datetime.fromisoformat(now.json()["now"]).date() - timedelta(days=1)
        self.paid = await self._pay(), await self._pay()

    async def _pay(self) -> str:
        before = await self._came()
        paid = await self.shop.post(f"{self.path}/payments", {"amount": "100.00"})
        assert paid.status_code == 200, paid.text
        (new,) = await eventually(self._came, lambda found: len(found) > len(before)) - before
        return new

    async def _came(self) -> set[str]:
        """The payments that are in the plan's log."""
        async with self.databases["bnpl"].write() as session:
            log = await events_of(session=session, plan_id=self.plan.plan_id)
        ended = [e.content.data for e in log if e.content.event_type == "own_payment_ended"]
        return {f"x{each['order']:02d}-a1" for each in ended if each["cause"] is None}

    async def over(self) -> None:
        """Its dispute is decided, and all that follows of that is done."""
        await settled(self.shop, f"{self.disputes}/{self.dispute}")
        self.dispute += 1


Call = Callable[[Life], Awaitable[httpx.Response]]


def _shop(path: str, body: Mapping[str, Any] | None = None, *, has_reference: bool = False) -> Call:
    async def call(life: Life) -> httpx.Response:
        told = dict(body or {})
        if has_reference:
            told["reference"] = secrets.token_hex(4)
        return await life.shop.post(f"{life.path}{path.format(n=life.dispute)}", told)

    return call


def _boss(path: str, body: Mapping[str, Any] | None = None) -> Call:
    async def call(life: Life) -> httpx.Response:
        told = {"why": _WHY, **(body or {})}
        if path == "/disputes":
            del told["why"]
        return await life.boss.post(f"{life.plan.path}{path.format(n=life.dispute)}", told)

    return call


def _replay(cause: str, *, is_preview: bool = False) -> Call:
    async def call(life: Life) -> httpx.Response:
        first, second = life.paid
        body: dict[str, Any] = {"cause": cause}
        attempt = first
        if cause == "backdated":
            body["value_date"] = life.value_date.isoformat()
        elif cause == "repeated":
            body["repeats"], attempt = first, second
        path = f"{life.plan.path}/payments/{attempt}/replay"
        if is_preview:
            return await life.boss.post(f"{path}/preview", body)
        return await life.boss.post(path, {**body, "why": _WHY})

    return call


def _evidence(*, by_merchant: bool) -> Call:
    async def call(life: Life) -> httpx.Response:
        base = life.path if by_merchant else life.plan.path
        who = life.shop if by_merchant else life.boss
        content = _PNG + secrets.token_bytes(4)
        return await bring(who, f"{base}/disputes/{life.dispute}/evidence", content)

    return call


_PART: Final = {"amount": "10.00"}
_DISPUTED: Final = {"kind": "not_received", **_PART}
VERBS: Final[Mapping[str, Call]] = {
    "capture": _shop("/captures", _PART, has_reference=True),
    "void": _shop("/void", _PART, has_reference=True),
    "void preview": _shop("/void/preview", _PART),
    "refund": _shop("/refunds", _PART, has_reference=True),
    "refund preview": _shop("/refunds/preview", _PART),
    "dispute": _shop("/disputes", _DISPUTED),
    "complaint": _shop("/complaints", _COMPLAINT),
    "staff: dispute": _boss("/disputes", _DISPUTED),
    "staff: void": _boss("/void", _PART),
    "staff: retry refund's money": _boss("/refunds/1/retry"),
    "staff: retry void's money": _boss("/voids/1/retry"),
    "staff: reverse payment": _replay("reversed"),
    "staff: date payment back": _replay("backdated"),
    "staff: repeated payment": _replay("repeated"),
    "staff: replay preview": _replay("reversed", is_preview=True),
    "accept": _shop("/disputes/{n}/accept"),
    "answer": _shop("/disputes/{n}/answer"),
    "evidence": _evidence(by_merchant=True),
    "staff: evidence": _evidence(by_merchant=False),
    "withdraw": _boss("/disputes/{n}/withdraw"),
    "decide": _boss("/disputes/{n}/decide", {"outcome": "lost"}),
}
"""By its name on the page; each of ten birr."""
SEEN: Final[Mapping[str, Call]] = {
    "refund": VERBS["refund preview"],
    "staff: reverse payment": VERBS["staff: replay preview"],
    "staff: date payment back": _replay("backdated", is_preview=True),
    "staff: repeated payment": _replay("repeated", is_preview=True),
}
"""What would be done, and is refused as the deed itself would be."""


async def refuses(life: Life, column: str) -> set[str]:
    """Try all that the page says is refused there; nothing is done by it, and the way out is told.

    Returns:
        The verbs that are allowed.
    """
    said = {verb: cell for verb, cell in PAGE[column].items() if cell != YES}
    before = await life.deeds()
    found, texts = {}, {}
    for verb in said:
        answer = await VERBS[verb](life)
        problem = answer.json()
        found[verb] = f"{answer.status_code} {problem.get('code')}"
        texts[verb] = problem.get("detail", "")
    # Nothing leaves the log again: once is enough to look.
    assert await life.deeds() == before, f"{column}: something was refused, and is in the log"
    assert {verb: (found[verb], cell) for verb, cell in said.items() if found[verb] != cell} == {}
    assert all(texts.values())
    return set(PAGE[column]) - set(said)


async def lets(life: Life, *verbs: str, seen: bool = False) -> None:
    """Have done, or seen, what is allowed."""
    for verb in verbs:
        answer = await (SEEN if seen else VERBS)[verb](life)
        assert answer.status_code in (200, 201), (verb, answer.text)
