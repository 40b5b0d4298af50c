import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from activities.auth import AuthActivities
from activities.contracts.auth import IssueKey, IssueStaffKey, RevokeKey, RevokeStaffKeys
from activities.contracts.step import Nothing
from db.auth.views import StoredKey, find_key, staff_keys
from db.kernel.events import read_stream, require_unbroken
from meqenet.auth.roles import Role
from meqenet.errors import Refusal
from tests.backing import Databases, fingerprint

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
def steps(databases: Databases) -> AuthActivities:
    return AuthActivities(database=databases["auth"])


@pytest.fixture
def issue(unique: str) -> IssueKey:
    return IssueKey(
        merchant_id=f"mer_{unique}",
        key_id=f"key{unique}",
        secret_hash="ab" * 32,
        label="till",
        sandbox=True,
        at=AT,
    )


async def _find(databases: Databases, key_id: str) -> StoredKey | None:
    async with databases["auth"].read() as session:
        return await find_key(session=session, key_id=key_id)


async def _events(databases: Databases, merchant_id: str) -> list[str]:
    async with databases["auth"].read() as session:
        await require_unbroken(session=session, stream=merchant_id)
        events = await read_stream(session=session, stream=merchant_id)
    return [event.content.event_type for event in events]


async def test_a_key_is_issued_once_and_revoked_once(
    databases: Databases, steps: AuthActivities, issue: IssueKey
) -> None:
    revoke = RevokeKey(merchant_id=issue.merchant_id, key_id=issue.key_id, at=AT + timedelta(1))
    assert await steps.issue_key(issue) == Nothing()
    await steps.issue_key(issue)
    key = await _find(databases, issue.key_id)
    assert key is not None
    assert (key.merchant_id, key.secret_hash, key.sandbox) == (
        issue.merchant_id,
        issue.secret_hash,
        True,
    )
    assert key.revoked_at is None
    assert await steps.revoke_key(revoke) == Nothing()
    await steps.revoke_key(replace(revoke, at=AT + timedelta(2)))
    key = await _find(databases, issue.key_id)
    assert key is not None
    assert key.revoked_at == revoke.at
    assert await _events(databases, issue.merchant_id) == ["key_issued", "key_revoked"]


async def test_issuing_again_does_not_bring_a_revoked_key_back(
    databases: Databases, steps: AuthActivities, issue: IssueKey
) -> None:
    await steps.issue_key(issue)
    await steps.revoke_key(RevokeKey(merchant_id=issue.merchant_id, key_id=issue.key_id, at=AT))
    await steps.issue_key(issue)
    key = await _find(databases, issue.key_id)
    assert key is not None
    assert key.revoked_at == AT


async def test_a_key_asked_for_by_many_at_once_is_issued_once(
    databases: Databases, steps: AuthActivities, issue: IssueKey
) -> None:
    await asyncio.gather(*(steps.issue_key(issue) for _ in range(8)))
    assert await _events(databases, issue.merchant_id) == ["key_issued"]


@pytest.mark.parametrize(
    "change",
    [{"secret_hash": "cd" * 32}, {"merchant_id": "mer_other"}, {"sandbox": False}],
)
async def test_an_id_that_is_taken_is_refused(
    databases: Databases, steps: AuthActivities, issue: IssueKey, change: dict[str, Any]
) -> None:
    await steps.issue_key(issue)
    before = await fingerprint(databases["auth"])
    with pytest.raises(Refusal) as refusal:
        await steps.issue_key(replace(issue, **change))
    assert refusal.value.code == "key_id_taken"
    assert await fingerprint(databases["auth"]) == before


async def test_nobody_revokes_another_merchants_key(
    databases: Databases, steps: AuthActivities, issue: IssueKey
) -> None:
    await steps.issue_key(issue)
    before = await fingerprint(databases["auth"])
    for stranger in (
        RevokeKey(merchant_id="mer_other", key_id=issue.key_id, at=AT),
        RevokeKey(merchant_id=issue.merchant_id, key_id="unknown", at=AT),
    ):
        with pytest.raises(Refusal) as refusal:
            await steps.revoke_key(stranger)
        assert refusal.value.code == "key_unknown"
    assert await fingerprint(databases["auth"]) == before
    assert await _find(databases, "unknown") is None


async def test_staff_keys_are_issued_once_and_revoked_together(
    databases: Databases, steps: AuthActivities, unique: str
) -> None:
    first = IssueStaffKey(
        staff_id=f"stf_{unique}",
        handle=f"agent-{unique}",
        role=Role.SUPPORT,
        key_id=f"first{unique}",
        secret_hash="ab" * 32,
        at=AT,
    )
    second = replace(first, key_id=f"second{unique}", role=Role.SUPERVISOR, at=AT + timedelta(1))
    for key in (first, first, second):
        assert await steps.issue_staff_key(key) == Nothing()
    with pytest.raises(Refusal) as taken:
        await steps.issue_staff_key(replace(first, role=Role.FINANCE))
    assert taken.value.code == "key_id_taken"
    leaving = RevokeStaffKeys(staff_id=first.staff_id, at=AT + timedelta(2))
    for _ in range(2):
        assert await steps.revoke_staff_keys(leaving) == Nothing()
    async with databases["auth"].read() as session:
        keys = [key for key in await staff_keys(session=session) if key.staff_id == first.staff_id]
    assert [(key.role, key.revoked_at) for key in keys] == [
        (Role.SUPPORT, leaving.at),
        (Role.SUPERVISOR, leaving.at),
    ]
    assert await _events(databases, first.staff_id) == [
        *["staff_key_issued"] * 2,
        *["staff_key_revoked"] * 2,
    ]


async def test_nobody_without_a_key_is_let_go(
    databases: Databases, steps: AuthActivities, unique: str
) -> None:
    before = await fingerprint(databases["auth"])
    with pytest.raises(Refusal) as refusal:
        await steps.revoke_staff_keys(RevokeStaffKeys(staff_id=f"stf_{unique}", at=AT))
    assert refusal.value.code == "staff_unknown"
    assert await fingerprint(databases["auth"]) == before
