from collections.abc import Sequence
from dataclasses import dataclass, field

from workers.verifying.findings import BadRecord, Unreadable
from workers.verifying.settling import Seen, Settling

PATIENCE_SECONDS = 0.05
BAD = BadRecord(domain="ledger", stream="p1", sequence=None, what="differs")


@dataclass
class Stores:
    """Answers from a script: per key what is seen each time, the last one again and again."""

    script: dict[str, list[tuple[int, BadRecord | None]]]
    unreadable: str = ""
    reads: dict[str, int] = field(default_factory=dict)

    async def read(self, keys: Sequence[str]) -> list[Seen]:
        if self.unreadable in keys:
            raise Unreadable(domain="bnpl", what="a row cannot be read")
        return [self._seen(key) for key in keys]

    def _seen(self, key: str) -> Seen:
        number = self.reads[key] = self.reads.get(key, 0) + 1
        steps = self.script[key]
        mark, bad = steps[min(number, len(steps)) - 1]
        return Seen(key=key, marks=(mark,), bad=bad)


def settling(stores: Stores) -> Settling:
    return Settling(read=stores.read, patience_seconds=PATIENCE_SECONDS)


async def test_what_agrees_is_read_once() -> None:
    stores = Stores({"p1": [(1, None)], "p2": [(1, None)]})
    checks = settling(stores)
    assert await checks.check(["p1", "p2"]) is None
    assert await checks.settle() is None
    assert stores.reads == {"p1": 1, "p2": 1}


async def test_what_is_under_way_comes_to_agree() -> None:
    stores = Stores({"p1": [(1, BAD), (2, BAD), (3, None)], "p2": [(1, None)]})
    checks = settling(stores)
    assert await checks.check(["p1", "p2"]) is None
    assert await checks.settle() is None
    assert stores.reads == {"p1": 3, "p2": 1}


async def test_what_stays_different_while_nothing_happens_is_bad() -> None:
    stores = Stores({"p1": [(1, BAD)]})
    checks = settling(stores)
    assert await checks.check(["p1"]) is None
    assert await checks.settle() == BAD
    assert stores.reads["p1"] > 1


async def test_what_moves_all_the_time_is_left_and_counted() -> None:
    stores = Stores({"p1": [(number, BAD) for number in range(1000)]})
    checks = settling(stores)
    assert await checks.check(["p1"]) is None
    assert await checks.settle() is None
    assert checks.moving == 1


async def test_a_row_that_cannot_be_read_is_named_and_hides_no_other() -> None:
    stores = Stores({"p1": [(1, None)], "p3": [(1, None)]}, unreadable="p2")
    checks = settling(stores)
    assert await checks.check(["p1", "p2", "p3"]) is None
    bad = await checks.settle()
    assert bad == BadRecord(domain="bnpl", stream="p2", sequence=None, what="a row cannot be read")
    assert stores.reads["p3"] == 1
