from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from db.kernel.encryption import (
    DataKey,
    EncryptedColumn,
    Keyring,
    erase_person,
    find_data_key,
    make_data_key,
    rewrap,
)
from db.kernel.engine import Database
from db.kernel.tables import person_keys
from meqenet.errors import Defect, Refusal

NAME = EncryptedColumn(table="persons", name="name")
KEY = DataKey(person_id="cus_a", secret=b"s" * 32)


def _ring(current: str, keys: Mapping[str, bytes]) -> Keyring:
    return Keyring(current=current, keys=keys, blind_index_key=b"i" * 32)


OLD = _ring("old", {"old": b"o" * 32})
BOTH_STILL_OLD = _ring("old", {"old": b"o" * 32, "new": b"n" * 32})
BOTH = _ring("new", {"old": b"o" * 32, "new": b"n" * 32})
NEW = _ring("new", {"new": b"n" * 32})


async def _make(database: Database, keyring: Keyring, person: str = "cus_a") -> DataKey:
    async with database.write() as session:
        return await make_data_key(session=session, keyring=keyring, person_id=person)


async def _find(database: Database, keyring: Keyring, person: str = "cus_a") -> DataKey:
    async with database.read() as session:
        return await find_data_key(session=session, keyring=keyring, person_id=person)


@given(st.text())
def test_a_sealed_text_opens(text: str) -> None:
    sealed = NAME.seal(key=KEY, text=text)
    assert NAME.open(key=KEY, sealed=sealed) == text
    assert sealed != NAME.seal(key=KEY, text=text)


@given(st.integers(min_value=0, max_value=1 + 12 + 6 + 16 - 1), st.integers(1, 255))
def test_any_changed_byte_is_noticed(place: int, change: int) -> None:
    sealed = bytearray(NAME.seal(key=KEY, text="Abebe!"))
    sealed[place] ^= change
    with pytest.raises(Defect) as defect:
        NAME.open(key=KEY, sealed=bytes(sealed))
    assert defect.value.code == "sealed_value_broken"


@pytest.mark.parametrize("length", [0, 1, 12, 13, 28])
def test_a_cut_value_is_noticed(length: int) -> None:
    with pytest.raises(Defect):
        NAME.open(key=KEY, sealed=NAME.seal(key=KEY, text="Abebe!")[:length])


def test_a_value_opens_in_its_place_only() -> None:
    sealed = NAME.seal(key=KEY, text="Abebe")
    elsewhere = (
        (EncryptedColumn(table="persons", name="phone"), KEY),
        (EncryptedColumn(table="wallets", name="name"), KEY),
        (NAME, replace(KEY, person_id="cus_b")),
        (NAME, replace(KEY, secret=b"t" * 32)),
    )
    for column, key in elsewhere:
        with pytest.raises(Defect):
            column.open(key=key, sealed=sealed)


def test_keys_are_not_shown() -> None:
    shown = repr(KEY) + repr(OLD)
    assert "ssss" not in shown
    assert "oooo" not in shown
    assert "iiii" not in shown


def test_a_ring_needs_whole_keys() -> None:
    for current, keys in (("b", {"a": b"a" * 32}), ("a", {"a": b"a" * 16})):
        with pytest.raises(ValueError, match="key"):
            _ring(current, keys)


def test_the_blind_index_tells_equal_texts_of_one_purpose() -> None:
    index = OLD.blind_index(purpose="fayda", text="1234")
    assert index == NEW.blind_index(purpose="fayda", text="1234")
    assert len(index) == 32
    others = (
        OLD.blind_index(purpose="fayda", text="1235"),
        OLD.blind_index(purpose="phone", text="1234"),
        replace(OLD, blind_index_key=b"j" * 32).blind_index(purpose="fayda", text="1234"),
    )
    assert index not in others


async def test_each_person_has_one_key(kernel_store: Database) -> None:
    key = await _make(kernel_store, OLD)
    assert await _make(kernel_store, OLD) == key
    assert await _find(kernel_store, OLD) == key
    assert (await _make(kernel_store, OLD, "cus_b")).secret != key.secret


async def test_an_erased_person_cannot_be_read_again(kernel_store: Database) -> None:
    sealed = NAME.seal(key=await _make(kernel_store, OLD), text="Abebe")
    async with kernel_store.write() as session:
        await erase_person(session=session, person_id="cus_a")
    with pytest.raises(Refusal) as refusal:
        await _find(kernel_store, OLD)
    assert refusal.value.code == "person_erased"
    with pytest.raises(Defect):
        NAME.open(key=await _make(kernel_store, OLD), sealed=sealed)


async def test_keys_rotate_in_two_phases(kernel_store: Database) -> None:
    people = [f"cus_{number}" for number in range(5)]
    before = {person: await _make(kernel_store, OLD, person) for person in people}
    assert await _find(kernel_store, BOTH_STILL_OLD, "cus_0") == before["cus_0"]
    before["cus_late"] = await _make(kernel_store, BOTH, "cus_late")
    counts: list[int] = []
    while not counts or counts[-1]:
        async with kernel_store.write() as session:
            counts.append(await rewrap(session=session, keyring=BOTH, limit=2))
    assert counts == [2, 2, 1, 0]
    for person, key in before.items():
        assert await _find(kernel_store, NEW, person) == key
    with pytest.raises(Defect) as defect:
        await _find(kernel_store, OLD, "cus_0")
    assert defect.value.code == "key_unknown"


async def test_a_wrapped_key_opens_for_its_person_only(kernel_store: Database) -> None:
    await _make(kernel_store, OLD, "cus_a")
    await _make(kernel_store, OLD, "cus_b")
    async with kernel_store.write() as session:
        stolen = await session.scalar(
            select(person_keys.c.wrapped_key).where(person_keys.c.person_id == "cus_a")
        )
        await session.execute(
            person_keys.update()
            .where(person_keys.c.person_id == "cus_b")
            .values(wrapped_key=stolen)
        )
    with pytest.raises(Defect) as defect:
        await _find(kernel_store, OLD, "cus_b")
    assert defect.value.code == "sealed_value_broken"
