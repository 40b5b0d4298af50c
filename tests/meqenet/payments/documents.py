"""The policy documents of the store, for tests of the rules that read them."""

import json
from pathlib import Path
from typing import Any

import db.payments
from meqenet.payments.policy_documents import (
    read_query_times,
    read_retry_policy,
    read_wallet_limits,
)
from meqenet.payments.query_times import QueryTimes
from meqenet.payments.retry_policy import RetryPolicy
from meqenet.payments.wallet_limits import WalletLimits

DIRECTORY = Path(db.payments.__file__).parent / "policies"
PATHS = sorted(DIRECTORY.glob("*.json"))


def document(name: str) -> dict[str, Any]:
    """A document by its file's name."""
    read: dict[str, Any] = json.loads((DIRECTORY / f"{name}.json").read_text(encoding="utf-8"))
    return read


def retries(option: str = "pay_in_4") -> RetryPolicy:
    """The first version of an option's retry policy."""
    return read_retry_policy(document=document(f"retries-{option}-v1"))


def limits(version: int = 2) -> WalletLimits:
    """A version of the wallet limits."""
    return read_wallet_limits(document=document(f"wallet_limits-level_2-v{version}"))


def query_times() -> QueryTimes:
    """The first version of the query times."""
    return read_query_times(document=document("queries-orders-v1"))
