"""What sandboxes of a test's own need not make anew."""

import itertools
from collections.abc import Callable, Iterator

import pytest

from apps.sandboxes.mpesa import credentials as mpesa
from apps.sandboxes.telebirr import credentials as telebirr


@pytest.fixture(scope="session", autouse=True)
def _few_keys() -> Iterator[None]:
    """Whatever sandbox is new gets the keys of the one before: to make them costs most of its test.

    Telebirr has two, the merchant's and its own.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(telebirr, "_fresh_key", _by_turns(telebirr._fresh_key, count=2))  # noqa: SLF001 - where it makes them
        patch.setattr(mpesa, "_new_private_key", _by_turns(mpesa._new_private_key, count=1))  # noqa: SLF001 - the same
        yield


def _by_turns(make: Callable[[], str], *, count: int) -> Callable[[], str]:
    keys = itertools.cycle([make() for _ in range(count)])
    return lambda: next(keys)
