"""Where a plan's customer reads e-mail: sealed under the plan's data key, and nowhere else."""

from datetime import datetime
from typing import Final

from db.kernel.encryption import EncryptedColumn, Keyring, find_data_key, make_data_key
from db.kernel.engine import ReadSession, WriteSession
from db.payments.tables import EmailAddress
from db.payments.wallets import lock_plan
from meqenet.errors import Defect, Mender, Refusal

_ADDRESS: Final = EncryptedColumn(table="email_addresses", name="address_sealed")


async def register_email_address(
    *, session: WriteSession, keyring: Keyring, plan_id: str, address: str, at: datetime
) -> None:
    """Put the address on file, once.

    Args:
        session: the transaction.
        keyring: seals it.
        plan_id: the plan.
        address: checked, and spelled one way.
        at: now, by the plan's clock.

    Raises:
        Refusal: ``email_address_differs`` when the plan has another one; ``person_erased``.
    """
    await lock_plan(session=session, plan_id=plan_id)
    key = await make_data_key(session=session, keyring=keyring, person_id=plan_id)
    stored = await session.get(EmailAddress, plan_id)
    if stored is not None:
        if _ADDRESS.open(key=key, sealed=stored.address_sealed) != address:
            raise Refusal(
                "email_address_differs",
                "email: the plan has another e-mail address on file",
                mender=Mender.MERCHANT,
                field="email",
            )
        return
    sealed = _ADDRESS.seal(key=key, text=address)
    session.add(EmailAddress(plan_id=plan_id, address_sealed=sealed, registered_at=at))
    await session.flush()


async def has_email_address(*, session: ReadSession, plan_id: str) -> bool:
    """Whether the customer can be written to by e-mail."""
    return await session.get(EmailAddress, plan_id) is not None


async def email_address_of(*, session: ReadSession, keyring: Keyring, plan_id: str) -> str:
    """The address in clear, for the length of a step.

    Raises:
        Defect: ``email_address_missing``: none is on file.
        Refusal: ``person_erased``.
    """
    stored = await session.get(EmailAddress, plan_id)
    if stored is None:
        raise Defect("email_address_missing", f"no e-mail address is on file for {plan_id}")
    key = await find_data_key(session=session, keyring=keyring, person_id=plan_id)
    return _ADDRESS.open(key=key, sealed=stored.address_sealed)
