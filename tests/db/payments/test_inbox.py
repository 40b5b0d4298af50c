import asyncio
import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from db.kernel.encryption import Keyring
from db.kernel.engine import Database
from db.payments.inbox import CallbackInbox
from meqenet.errors import Defect
from tests.backing import Databases

_AT = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


@pytest.fixture
def payments(databases: Databases) -> Database:
    return databases["payments"]


@pytest.fixture
def inbox(payments: Database, keyring: Keyring) -> CallbackInbox:
    return CallbackInbox(database=payments, keyring=keyring)


async def _keep(
    inbox: CallbackInbox, body: bytes, *, order_id: str | None, verified: bool = True
) -> bool:
    return await inbox.keep(
        provider="mpesa",
        kind="stk",
        order_id=order_id,
        body_digest=hashlib.sha256(body).digest(),
        body=body,
        verified=verified,
        at=_AT + timedelta(seconds=len(body)),
    )


@pytest.mark.parametrize("order", ["pln_{}-i01-a1", None, "nonsense {}"])
async def test_a_callback_is_new_once(inbox: CallbackInbox, unique: str, order: str | None) -> None:
    body = f'{{"PhoneNumber": 251700000001, "x": "{unique}{order}"}}'.encode()
    order_id = order and order.format(unique)
    assert await _keep(inbox, body, order_id=order_id)
    assert not await _keep(inbox, body, order_id=order_id)
    digest = hashlib.sha256(body).digest()
    kept = await inbox.read(provider="mpesa", kind="stk", body_digest=digest, verified=True)
    assert kept == body


async def test_of_many_at_once_one_is_new(
    inbox: CallbackInbox, payments: Database, unique: str
) -> None:
    body = unique.encode()
    order_id = f"pln_{unique}-i01-a1"
    outcomes = await asyncio.gather(*(_keep(inbox, body, order_id=order_id) for _ in range(6)))
    assert sorted(outcomes) == [False] * 5 + [True]
    async with payments.read() as session:
        deliveries = await session.scalar(
            text("SELECT deliveries FROM callbacks WHERE order_id = :order"), {"order": order_id}
        )
    assert deliveries == 6


async def test_a_forged_copy_does_not_hide_the_true_one(inbox: CallbackInbox, unique: str) -> None:
    body = unique.encode()
    assert await _keep(inbox, body, order_id=None, verified=False)
    assert await _keep(inbox, body, order_id=None, verified=True)


async def test_the_body_is_sealed_whatever_its_bytes(
    inbox: CallbackInbox, payments: Database, unique: str
) -> None:
    body = b"\x00\xff\xfe251700000001" + unique.encode()
    assert await _keep(inbox, body, order_id=f"pln_{unique}-i01-a1")
    digest = hashlib.sha256(body).digest()
    kept = await inbox.read(provider="mpesa", kind="stk", body_digest=digest, verified=True)
    assert kept == body
    async with payments.read() as session:
        row = await session.scalar(
            text("SELECT c::text FROM callbacks c WHERE body_digest = :digest"), {"digest": digest}
        )
    assert b"251700000001".hex() not in str(row)
    assert "251700000001" not in str(row)


async def test_what_was_never_kept_cannot_be_read(inbox: CallbackInbox) -> None:
    with pytest.raises(Defect) as broken:
        await inbox.read(provider="mpesa", kind="stk", body_digest=b"none", verified=True)
    assert broken.value.code == "callback_missing"
