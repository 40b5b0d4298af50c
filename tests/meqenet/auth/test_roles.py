"""The whole table of what each role may do."""

import pytest

from meqenet.auth.roles import ALLOWED, Deed, Role, require_allowed
from meqenet.errors import Refusal

TABLE = {
    # deed: support, supervisor, finance, operator
    Deed.READ_PLAN: (True, True, True, True),
    Deed.RETRY_INSTALLMENT: (True, True, False, True),
    Deed.PAY_BY_ANOTHER_WALLET: (True, True, False, False),
    Deed.HOLD_COLLECTION: (True, True, False, False),
    Deed.RETRY_REFUND: (False, True, True, False),
    Deed.RETURN_CREDIT: (False, True, True, False),
    Deed.WAIVE_FEE: (False, True, False, False),
    Deed.GRANT_HARDSHIP: (True, True, False, False),
    Deed.APPROVE_HARDSHIP: (False, True, False, False),
    Deed.REPLAY_PAYMENT: (False, True, True, False),
    Deed.CHARGE_OFF: (False, True, True, False),
    Deed.CHARGE_OFF_EARLY: (False, False, True, False),
    Deed.WRITE_OFF: (False, False, True, False),
    Deed.VOID_ORDER: (False, True, True, False),
    Deed.RETRY_PAYOUT: (False, False, True, True),
    Deed.LIST_FAILED: (False, True, False, True),
    Deed.TAKE_ALARM: (True, True, True, True),
    Deed.RELEASE_ALARM: (False, True, False, False),
    Deed.READ_COMPLAINT: (True, True, False, False),
    Deed.HANDLE_COMPLAINT: (True, True, False, False),
    Deed.ASSIGN_COMPLAINT: (False, True, False, False),
    Deed.SET_OFFICE_DAY: (False, True, False, False),
    Deed.SUM_UP_COMPLAINTS: (False, True, True, False),
    Deed.READ_DISPUTE: (True, True, True, False),
    Deed.HANDLE_DISPUTE: (True, True, False, False),
    Deed.DECIDE_DISPUTE: (False, True, False, False),
    Deed.READ_REPORTS: (False, False, True, False),
}
ROLES = (Role.SUPPORT, Role.SUPERVISOR, Role.FINANCE, Role.OPERATOR)


def test_every_role_and_every_deed_is_in_the_table() -> None:
    assert set(TABLE) == set(Deed)
    assert set(ROLES) == set(Role) == set(ALLOWED)


@pytest.mark.parametrize("deed", Deed)
@pytest.mark.parametrize("role", Role)
def test_a_role_may_do_what_the_table_says(role: Role, deed: Deed) -> None:
    may = TABLE[deed][ROLES.index(role)]
    assert (deed in ALLOWED[role]) is may
    if may:
        require_allowed(role=role, deed=deed)
        return
    with pytest.raises(Refusal) as refusal:
        require_allowed(role=role, deed=deed)
    able = [name for name, able in zip(ROLES, TABLE[deed], strict=True) if able]
    assert refusal.value.code == "role_not_allowed"
    assert refusal.value.text.endswith(f"ask one of: {', '.join(able)}")
