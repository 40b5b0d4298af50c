import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from db.marketplace.idempotency import Claimed, Differs, Replay, answer, claim
from meqenet.errors import Defect
from tests.backing import Databases, fingerprint

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
GIVEN = Replay(status=201, body='{"ብር": "1.00"}'.encode(), headers={"location": "/v1/plans/a"})


async def _claim(
    databases: Databases, merchant: str, key: str = "k", request_hash: str = "h"
) -> Claimed | Replay | Differs:
    async with databases["marketplace"].write() as session:
        return await claim(
            session=session, merchant_id=merchant, key=key, request_hash=request_hash, at=AT
        )


async def _answer(
    databases: Databases, merchant: str, given: Replay = GIVEN, *, key: str = "k"
) -> Replay:
    async with databases["marketplace"].write() as session:
        return await answer(
            session=session,
            merchant_id=merchant,
            key=key,
            given=given,
            at=AT + timedelta(seconds=1),
        )


async def test_the_same_request_gets_the_same_answer_for_ever(
    databases: Databases, unique: str
) -> None:
    assert await _claim(databases, unique) == Claimed(again=False)
    assert await _answer(databases, unique) == GIVEN
    before = await fingerprint(databases["marketplace"])
    for _ in range(2):
        assert await _claim(databases, unique) == GIVEN
    assert await fingerprint(databases["marketplace"]) == before


async def test_another_request_under_the_key_is_told_so(databases: Databases, unique: str) -> None:
    await _claim(databases, unique)
    before = await fingerprint(databases["marketplace"])
    assert await _claim(databases, unique, request_hash="other") == Differs()
    assert await fingerprint(databases["marketplace"]) == before
    await _answer(databases, unique)
    assert await _claim(databases, unique, request_hash="other") == Differs()


async def test_keys_belong_to_their_merchant(databases: Databases, unique: str) -> None:
    await _claim(databases, unique)
    other = await _claim(databases, f"{unique}b", request_hash="other")
    assert other == Claimed(again=False)
    assert await _claim(databases, unique, key="k2") == Claimed(again=False)


async def test_a_request_whose_process_died_is_carried_out_again(
    databases: Databases, unique: str
) -> None:
    await _claim(databases, unique)
    assert await _claim(databases, unique) == Claimed(again=True)


async def test_of_many_at_once_one_is_first_and_the_first_answer_stays(
    databases: Databases, unique: str
) -> None:
    claims = await asyncio.gather(*(_claim(databases, unique) for _ in range(8)))
    assert sorted(str(each) for each in claims) == sorted(
        [str(Claimed(again=False)), *[str(Claimed(again=True))] * 7]
    )
    answers = await asyncio.gather(
        *(
            _answer(databases, unique, Replay(status=200 + n, body=b"", headers={}))
            for n in range(4)
        )
    )
    assert all(each == answers[0] for each in answers)
    assert await _claim(databases, unique) == answers[0]


async def test_an_answer_needs_a_claim(databases: Databases, unique: str) -> None:
    with pytest.raises(Defect) as defect:
        await _answer(databases, unique)
    assert defect.value.code == "idempotency_key_unclaimed"
