import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from activities.contracts.kyc import (
    BeginVerification,
    CloseVerification,
    IdentityVerified,
    LoadedLogin,
    LoadLogin,
    LoginState,
    MatchReturn,
    RecordIdentity,
    VerificationBegun,
)
from activities.kyc import FaydaActivities, KycActivities
from apps.sandboxes.fayda.people import WELL_KNOWN_PEOPLE
from db.kernel.encryption import Keyring, erase_person
from db.kernel.events import read_stream, require_unbroken
from integrations.fayda.client import FaydaClient
from meqenet.errors import Defect, Refusal
from meqenet.kyc.fayda import AuthorizationReturn, IdentityClaims
from meqenet.kyc.numbers import verhoeff_digit
from meqenet.money import Money
from tests.backing import Databases, fingerprint
from tests.integrations.fayda.setting import Setting, fayda_setting

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)


def fresh_number(length: int = 16) -> str:
    body = "".join(secrets.choice("123456789") for _ in range(length - 1))
    return body + verhoeff_digit(digits=body)


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The steps, and one applicant of this test's own."""

    steps: KycActivities
    databases: Databases
    unique: str
    number: str = field(default_factory=fresh_number)

    @property
    def plan_id(self) -> str:
        return f"pln_{self.unique}"

    @property
    def claims(self) -> IdentityClaims:
        return IdentityClaims(
            subject=f"subject of {self.number}",
            individual_id=self.number,
            name="Abebe Bekele Tesfaye",
            birth_date=date(1990, 3, 2),
            phone="251900000301",
            gender="Male",
        )

    async def begin(self, **change: Any) -> VerificationBegun:  # noqa: ANN401 - any field
        command = BeginVerification(
            plan_id=self.plan_id,
            attempt=1,
            fayda_number=self.number,
            consent_version="kfs-2026-01",
            at=AT,
        )
        begun = await self.steps.begin_verification(replace(command, **change))
        assert isinstance(begun, VerificationBegun)
        return begun

    async def match(self, **change: Any) -> AuthorizationReturn:  # noqa: ANN401 - any field
        command = MatchReturn(plan_id=self.plan_id, attempt=1, state="", code="code-1")
        matched = await self.steps.match_return(replace(command, **change))
        assert isinstance(matched, AuthorizationReturn)
        return matched

    async def record(
        self,
        claims: IdentityClaims | None = None,
        **change: Any,  # noqa: ANN401 - any field
    ) -> IdentityVerified:
        command = RecordIdentity(
            plan_id=self.plan_id, attempt=1, claims=claims or self.claims, at=AT
        )
        verified = await self.steps.record_identity(replace(command, **change))
        assert isinstance(verified, IdentityVerified)
        return verified

    async def close(self, code: str, **change: Any) -> None:  # noqa: ANN401 - any field
        command = CloseVerification(plan_id=self.plan_id, attempt=1, code=code, at=AT)
        await self.steps.close_verification(replace(command, **change))

    async def events(self, plan_id: str | None = None) -> list[str]:
        stream = plan_id or self.plan_id
        async with self.databases["kyc"].read() as session:
            await require_unbroken(session=session, stream=stream)
            found = await read_stream(session=session, stream=stream)
        return [event.content.event_type for event in found]

    async def snapshot(self) -> dict[str, str]:
        return await fingerprint(self.databases["kyc"])


@pytest.fixture(scope="module", name="fayda")
async def _fayda() -> AsyncIterator[Setting]:
    async with fayda_setting() as setting:
        yield setting


@pytest.fixture
def client(fayda: Setting) -> FaydaClient:
    return fayda.client()


@pytest.fixture
def desk(databases: Databases, keyring: Keyring, unique: str, client: FaydaClient) -> Desk:
    steps = KycActivities(
        database=databases["kyc"],
        keyring=keyring,
        provider=client,
        randomness=secrets.token_bytes,
    )
    return Desk(steps=steps, databases=databases, unique=unique)


async def test_a_person_is_verified_at_fayda_from_link_to_identity(
    desk: Desk, fayda: Setting, client: FaydaClient
) -> None:
    hana = WELL_KNOWN_PEOPLE["hana"]
    begun = await desk.begin(fayda_number=hana.number)
    answer = await fayda.control(
        "/login", authorization_url=begun.authorization_url, fan=hana.number
    )
    query = parse_qs(urlsplit(answer["redirect_to"]).query)
    matched = await desk.match(state=query["state"][0], code=query["code"][0])
    claims = await FaydaActivities(provider=client).fetch_identity(matched)
    verified = await desk.record(claims)
    assert verified.customer_id.startswith("cus_")
    assert verified.age_years >= 18
    assert await desk.events() == ["verification_opened", "identity_verified"]


async def test_the_link_carries_fresh_secrets_and_pkce(desk: Desk) -> None:
    first, second = await desk.begin(), await desk.begin(attempt=2)
    for begun in (first, second):
        query = parse_qs(urlsplit(begun.authorization_url).query)
        assert query["state"] == [begun.state]
        assert begun.state.startswith(f"{desk.plan_id}.")
        assert len(begun.state) == len(desk.plan_id) + 1 + 32
        assert query["code_challenge_method"] == ["S256"]
    assert first.state != second.state
    matched = await desk.match(state=first.state)
    assert len(matched.code_verifier) == 43
    assert matched.nonce not in (matched.code_verifier, first.state)


async def test_beginning_again_gives_the_same_login(desk: Desk) -> None:
    first = await desk.begin()
    before = await desk.snapshot()
    assert await desk.begin() == first
    spaced = " ".join(desk.number[i : i + 4] for i in range(0, 16, 4))
    assert await desk.begin(fayda_number=spaced) == first
    assert await desk.snapshot() == before
    assert await desk.events() == ["verification_opened"]


async def test_a_login_begun_by_many_at_once_is_one(desk: Desk) -> None:
    begun = await asyncio.gather(*(desk.begin() for _ in range(8)))
    assert all(each == begun[0] for each in begun)


async def test_a_begun_login_does_not_change_its_number_or_consent(desk: Desk) -> None:
    await desk.begin()
    before = await desk.snapshot()
    for change in ({"fayda_number": fresh_number()}, {"consent_version": "kfs-2027-01"}):
        with pytest.raises(Defect) as defect:
            await desk.begin(**change)
        assert defect.value.code == "verification_differs"
    assert await desk.snapshot() == before


@pytest.mark.parametrize(
    ("number", "code"),
    [("1234", "fayda_number_length"), ("1234567890123456", "fayda_number_checksum")],
)
async def test_a_mistyped_number_leaves_no_trace(desk: Desk, number: str, code: str) -> None:
    before = await desk.snapshot()
    with pytest.raises(Refusal) as refusal:
        await desk.begin(fayda_number=number)
    assert refusal.value.code == code
    assert await desk.snapshot() == before


async def test_only_this_logins_state_matches(desk: Desk) -> None:
    begun = await desk.begin()
    other = await desk.begin(attempt=2)
    before = await desk.snapshot()
    for state in (other.state, begun.state[:-1], begun.state + "a", "", "ብር"):
        with pytest.raises(Refusal) as refusal:
            await desk.match(state=state)
        assert refusal.value.code == "identity_state_mismatch"
    first, again = await desk.match(state=begun.state), await desk.match(state=begun.state)
    assert first == again
    assert first.code == "code-1"
    assert await desk.snapshot() == before


async def test_a_closed_login_matches_nothing_and_takes_no_identity(desk: Desk) -> None:
    begun = await desk.begin()
    await desk.close("expired")
    before = await desk.snapshot()
    await desk.close("expired")
    with pytest.raises(Refusal):
        await desk.match(state=begun.state)
    with pytest.raises(Defect):
        await desk.record()
    with pytest.raises(Defect):
        await desk.close("cancelled")
    assert await desk.snapshot() == before
    assert await desk.events() == ["verification_opened", "verification_closed"]


async def test_an_identity_is_stored_once(desk: Desk) -> None:
    await desk.begin()
    verified = await asyncio.gather(*(desk.record() for _ in range(6)))
    assert all(each == verified[0] for each in verified)
    before = await desk.snapshot()
    assert await desk.record(at=AT.replace(year=2030)) == verified[0]
    with pytest.raises(Defect):
        await desk.close("expired")
    assert await desk.snapshot() == before
    assert await desk.events() == ["verification_opened", "identity_verified"]


async def test_the_age_is_that_of_the_day_in_addis_ababa(desk: Desk) -> None:
    """On 1 March 2026, 21:00 UTC, it is the second of March in Addis Ababa."""
    await desk.begin()
    await desk.begin(attempt=2)
    assert (await desk.record(at=datetime(2026, 3, 1, 20, 59, tzinfo=UTC))).age_years == 35
    later = await desk.record(at=datetime(2026, 3, 1, 21, 0, tzinfo=UTC), attempt=2)
    assert later.age_years == 36


async def test_another_person_than_applied_leaves_no_trace(desk: Desk) -> None:
    await desk.begin()
    before = await desk.snapshot()
    with pytest.raises(Refusal) as refusal:
        await desk.record(replace(desk.claims, individual_id=fresh_number()))
    assert refusal.value.code == "identity_mismatch"
    assert await desk.snapshot() == before


async def test_a_birth_date_that_has_not_come_is_a_defect(desk: Desk) -> None:
    await desk.begin()
    before = await desk.snapshot()
    with pytest.raises(Defect) as defect:
        await desk.record(replace(desk.claims, birth_date=date(2026, 3, 2)))
    assert defect.value.code == "birth_date_ahead"
    assert await desk.snapshot() == before


async def test_a_login_that_was_never_opened_is_a_defect(desk: Desk) -> None:
    for deed in (desk.match(state="x"), desk.record(), desk.close("expired")):
        with pytest.raises(Defect) as defect:
            await deed
        assert defect.value.code == "verification_missing"


async def test_the_same_person_is_the_same_customer_in_every_plan(desk: Desk) -> None:
    await desk.begin()
    first = await desk.record()
    second_plan = replace(desk, unique=f"{desk.unique}b")
    await second_plan.begin()
    assert (await second_plan.record()).customer_id == first.customer_id
    stranger = replace(desk, unique=f"{desk.unique}c", number=fresh_number())
    await stranger.begin()
    assert (await stranger.record()).customer_id != first.customer_id


async def test_a_new_number_does_not_make_a_new_customer(desk: Desk) -> None:
    """A FAN can be revoked and issued anew; Fayda's token for the person stays."""
    await desk.begin()
    first = await desk.record()
    renewed = replace(desk, unique=f"{desk.unique}b", number=fresh_number(12))
    claims = replace(renewed.claims, subject=desk.claims.subject)
    await renewed.begin()
    assert (await renewed.record(claims)).customer_id == first.customer_id
    third = replace(renewed, unique=f"{desk.unique}c")
    await third.begin()
    assert (await third.record(claims)).customer_id == first.customer_id


async def test_one_person_with_two_numbers_at_once_is_one_customer(desk: Desk) -> None:
    plans = [replace(desk, unique=f"{desk.unique}{n}", number=fresh_number()) for n in range(6)]
    for plan in plans:
        await plan.begin()
    verified = await asyncio.gather(
        *(plan.record(replace(plan.claims, subject="one person")) for plan in plans)
    )
    assert len({each.customer_id for each in verified}) == 1


async def test_nothing_private_is_readable_in_the_store_or_its_events(desk: Desk) -> None:
    begun = await desk.begin()
    matched = await desk.match(state=begun.state)
    await desk.record()
    async with desk.databases["kyc"].read() as session:
        connection = await session.connection()
        written = ""
        for table in ("verifications", "persons", "identifiers", "person_keys", "events"):
            rows = await connection.exec_driver_sql(f"SELECT t::text FROM {table} t")  # noqa: S608 - the names above
            written += "".join(row[0] for row in rows)
        found = await read_stream(session=session, stream=desk.plan_id)
    written += json.dumps([dict(event.content.data) for event in found])
    private = (
        desk.number,
        desk.number[-4:] + '"',
        desk.claims.name,
        "1990-03-02",
        desk.claims.subject,
        "251900000301",
        matched.code_verifier,
    )
    for value in private:
        assert value not in written
        assert value.encode().hex() not in written
    assert "Male" not in written


async def test_an_erased_person_is_gone_and_the_record_stays(desk: Desk) -> None:
    begun = await desk.begin()
    customer = (await desk.record()).customer_id
    async with desk.databases["kyc"].write() as session:
        await erase_person(session=session, person_id=customer)
    for deed in (desk.match(state=begun.state), desk.record()):
        with pytest.raises(Refusal) as refusal:
            await deed
        assert refusal.value.code == "person_erased"
    assert await desk.events() == ["verification_opened", "identity_verified"]


async def test_the_newest_login_tells_where_it_stands_and_what_was_applied_with(
    desk: Desk,
) -> None:
    question = LoadLogin(plan_id=desk.plan_id)
    assert await desk.steps.load_login(question) == LoadedLogin(state=LoginState.NONE)
    await desk.begin()
    await desk.close("identity_login_expired")
    closed = await desk.steps.load_login(question)
    assert (closed.state, closed.outcome) == (LoginState.CLOSED, "identity_login_expired")
    income = Money.from_birr("31415.93")
    begun = await desk.begin(attempt=2, monthly_income=income)
    opened = LoadedLogin(
        state=LoginState.OPEN,
        fayda_number=desk.number,
        consent_version="kfs-2026-01",
        attempt=2,
        login_state=begun.state,
        monthly_income=income,
    )
    assert await desk.steps.load_login(question) == opened
    identity = await desk.record(attempt=2)
    verified = replace(opened, state=LoginState.VERIFIED, identity=identity)
    assert await desk.steps.load_login(question) == verified
    assert desk.number not in repr(verified)
    assert "31415.93" not in repr(verified)


async def test_of_an_erased_person_the_number_is_gone_and_the_outcome_stays(
    desk: Desk,
) -> None:
    await desk.begin(monthly_income=Money.from_birr("9000.00"))
    identity = await desk.record()
    async with desk.databases["kyc"].write() as session:
        await erase_person(session=session, person_id=identity.customer_id)
    loaded = await desk.steps.load_login(LoadLogin(plan_id=desk.plan_id))
    assert (loaded.state, loaded.fayda_number) == (LoginState.VERIFIED, None)
    assert (loaded.identity, loaded.monthly_income) == (None, None)
