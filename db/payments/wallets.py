"""Wallets and mandates of plans. The phone is sealed; equal phones are told by a blind index."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from db.kernel.encryption import EncryptedColumn, Keyring, find_data_key, make_data_key
from db.kernel.engine import ReadSession, WriteSession
from db.kernel.events import NewEvent, append
from db.payments.tables import Mandate, Wallet
from meqenet.errors import Defect, Mender, Refusal
from meqenet.payments.events import MandateChanged
from meqenet.payments.rail import MandateAnswer, MandateStatus, WalletProvider

_MSISDN: Final = EncryptedColumn(table="wallets", name="msisdn_sealed")
_PURPOSE: Final = "msisdn"


@dataclass(frozen=True, kw_only=True)
class OpenWallet:
    """A plan's wallet with its phone in clear, for the length of a step."""

    provider: WalletProvider
    msisdn: str = field(repr=False)
    contract_no: str | None


async def lock_plan(*, session: WriteSession, plan_id: str) -> None:
    """Let no other transaction write to this plan's payments until this one has ended."""
    key = func.hashtextextended(f"payments:{plan_id}", 0)
    await session.execute(select(func.pg_advisory_xact_lock(key)))


async def register_wallet(
    *,
    session: WriteSession,
    keyring: Keyring,
    plan_id: str,
    provider: WalletProvider,
    msisdn: str,
    contract_no: str | None,
    at: datetime,
) -> None:
    """Put the wallet that pays a plan on file, once.

    Raises:
        Refusal: ``wallet_differs`` when the plan has another one.
    """
    await lock_plan(session=session, plan_id=plan_id)
    index = keyring.blind_index(purpose=_PURPOSE, text=msisdn)
    stored = await session.get(Wallet, plan_id)
    if stored is not None:
        same = (stored.provider, stored.msisdn_index, stored.contract_no)
        if same != (provider, index, contract_no):
            raise Refusal(
                "wallet_differs", "the plan is paid from another wallet", mender=Mender.MERCHANT
            )
        return
    key = await make_data_key(session=session, keyring=keyring, person_id=plan_id)
    session.add(
        Wallet(
            plan_id=plan_id,
            provider=provider,
            msisdn_sealed=_MSISDN.seal(key=key, text=msisdn),
            msisdn_index=index,
            contract_no=contract_no,
            registered_at=at,
        )
    )
    await session.flush()


async def wallet_of(*, session: ReadSession, keyring: Keyring, plan_id: str) -> OpenWallet:
    """The wallet that pays a plan.

    Raises:
        Defect: ``wallet_missing``: none was registered.
        Refusal: ``person_erased``.
    """
    stored = await session.get(Wallet, plan_id)
    if stored is None:
        raise Defect("wallet_missing", f"no wallet is on file for {plan_id}")
    key = await find_data_key(session=session, keyring=keyring, person_id=plan_id)
    return OpenWallet(
        provider=stored.provider,
        msisdn=_MSISDN.open(key=key, sealed=stored.msisdn_sealed),
        contract_no=stored.contract_no,
    )


async def record_mandate(
    *, session: WriteSession, plan_id: str, answer: MandateAnswer, at: datetime
) -> None:
    """Store what the provider says of a plan's mandate, unless something newer is known.

    Raises:
        Defect: ``mandate_foreign``: the contract is not the plan's.
    """
    await lock_plan(session=session, plan_id=plan_id)
    wallet = await session.get(Wallet, plan_id)
    if wallet is None or wallet.contract_no != answer.contract_no:
        raise Defect("mandate_foreign", f"the mandate is not that of {plan_id}")
    before = await session.get(Mandate, (plan_id, answer.contract_no))
    if before is not None and before.heard_at > at:
        return
    word = {
        "status": answer.status,
        "mandate_id": answer.mandate_id,
        "debit_limit_santim": answer.debit_limit,
    }
    unchanged = before is not None and all(getattr(before, k) == v for k, v in word.items())
    await session.execute(
        insert(Mandate)
        .values(plan_id=plan_id, contract_no=answer.contract_no, heard_at=at, **word)
        .on_conflict_do_update(
            index_elements=["plan_id", "contract_no"], set_={**word, "heard_at": at}
        )
    )
    if not unchanged:
        await _tell(session=session, plan_id=plan_id, answer=answer, at=at)


async def active_contract(*, session: ReadSession, plan_id: str) -> str | None:
    """The contract number of the plan's active mandate, if it has one."""
    return await session.scalar(
        select(Mandate.contract_no).where(
            Mandate.plan_id == plan_id, Mandate.status == MandateStatus.ACTIVE
        )
    )


async def _tell(
    *, session: WriteSession, plan_id: str, answer: MandateAnswer, at: datetime
) -> None:
    await append(
        session=session,
        event=NewEvent.of(
            event_id=f"{plan_id}-mandate-{answer.status}-{at.isoformat()}",
            stream=plan_id,
            data=MandateChanged(contract_no=answer.contract_no, status=answer.status),
            at=at,
        ),
    )
