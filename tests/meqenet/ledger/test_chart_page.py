import re
from pathlib import Path
from typing import get_args

from meqenet.ledger.accounts import Account, AccountName, Owner
from meqenet.ledger.happenings import Happening, PostingReversed

_KINDS = {
    kind.__dataclass_fields__["kind"].default for kind in (*get_args(Happening), PostingReversed)
}
_PAGE = (Path(__file__).parents[3] / "docs" / "chart-of-accounts.md").read_text(encoding="utf-8")


def _row(account: Account) -> tuple[str, str, str, str]:
    code = (
        account.name.value
        if account.owner is Owner.HOUSE
        else f"{account.name}:<{account.owner.value}>"
    )
    return code, account.type.value, account.type.normal_side.value, account.owner.value


def test_the_page_and_the_chart_say_the_same() -> None:
    accounts = [
        Account(name=name, owner_id=None if name is AccountName.BANK_CLEARING else "x")
        for name in AccountName
    ]
    rows = re.findall(r"^\| `([^`]+)` \| (\w+) \| (\w+) \| (\w+) \| ", _PAGE, flags=re.MULTILINE)
    assert sorted(rows) == sorted(_row(account) for account in accounts)


def test_the_page_has_every_happening() -> None:
    section = _PAGE.partition("## What is posted when")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([a-z_]+)` \|", section, flags=re.MULTILINE)
    assert sorted(rows) == sorted(_KINDS)


def test_the_page_names_no_account_that_does_not_exist() -> None:
    named = {code.partition(":")[0] for code in re.findall(r"`([a-z_]+(?::<\w+>)?)`", _PAGE)}
    assert named - _KINDS - {"posting_differs"} == {name.value for name in AccountName}
