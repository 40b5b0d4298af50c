import pytest

from meqenet.ledger.accounts import (
    HOLDABLE,
    Account,
    AccountName,
    AccountType,
    Owner,
    Side,
    account_of,
)


@pytest.mark.parametrize(
    ("code", "kind", "owner", "grows_on"),
    [
        ("provider_clearing:telebirr", AccountType.ASSET, Owner.PROVIDER, Side.DEBIT),
        ("bank_clearing", AccountType.ASSET, Owner.HOUSE, Side.DEBIT),
        ("customer_deposits:pln_a", AccountType.LIABILITY, Owner.PLAN, Side.CREDIT),
        ("plan_receivable:pln_a", AccountType.ASSET, Owner.PLAN, Side.DEBIT),
        ("merchant_payable:mrc_a", AccountType.LIABILITY, Owner.MERCHANT, Side.CREDIT),
        ("merchant_protected:pln_a", AccountType.LIABILITY, Owner.PLAN, Side.CREDIT),
        ("customer_credit:pln_a", AccountType.LIABILITY, Owner.PLAN, Side.CREDIT),
        ("interest_receivable:pln_a", AccountType.ASSET, Owner.PLAN, Side.DEBIT),
        ("fee_receivable:pln_a", AccountType.ASSET, Owner.PLAN, Side.DEBIT),
        ("loss_allowance:pln_a", AccountType.CONTRA_ASSET, Owner.PLAN, Side.CREDIT),
        ("merchant_receivable:mrc_a", AccountType.ASSET, Owner.MERCHANT, Side.DEBIT),
        ("merchant_fee_deferred:pln_a", AccountType.LIABILITY, Owner.PLAN, Side.CREDIT),
        ("late_fee_income:lender-1", AccountType.INCOME, Owner.LENDER, Side.CREDIT),
        ("recovery_income:lender-1", AccountType.INCOME, Owner.LENDER, Side.CREDIT),
        ("credit_losses:lender-1", AccountType.EXPENSE, Owner.LENDER, Side.DEBIT),
        ("provider_charges:mpesa", AccountType.EXPENSE, Owner.PROVIDER, Side.DEBIT),
        ("merchant_fee_income:lender-1", AccountType.INCOME, Owner.LENDER, Side.CREDIT),
        ("interest_income:lender-1", AccountType.INCOME, Owner.LENDER, Side.CREDIT),
    ],
)
def test_the_chart(code: str, kind: AccountType, owner: Owner, grows_on: Side) -> None:
    account = account_of(code=code)
    assert (account.code, account.type, account.owner) == (code, kind, owner)
    assert account.type.normal_side is grows_on


def test_every_name_is_in_the_chart() -> None:
    for name in AccountName:
        owner_id = None if name is AccountName.BANK_CLEARING else "x"
        account = Account(name=name, owner_id=owner_id)
        assert account_of(code=account.code) == account


@pytest.mark.parametrize(
    "code",
    ["", "cash", "bank_clearing:us", "plan_receivable", "plan_receivable:", "plan_receivable:a:b",
     "merchant_payable:+251911000000", "merchant_payable:a b", "merchant_payable:\n"],
)  # fmt: skip
def test_no_other_code_is_an_account(code: str) -> None:
    with pytest.raises(ValueError, match=r"belongs to|letters, digits|not a valid AccountName"):
        account_of(code=code)


def test_only_a_plans_own_debts_are_held() -> None:
    for name in HOLDABLE:
        account = Account(name=name, owner_id="pln_a")
        assert (account.type, account.owner) == (AccountType.LIABILITY, Owner.PLAN)


def test_an_expense_grows_on_the_left() -> None:
    assert AccountType.EXPENSE.normal_side is Side.DEBIT
