"""Tables that every sandbox has: wallets, accounts, movements, secrets, callbacks."""

from sqlalchemy import CheckConstraint, Column, Integer, MetaData, String, Table, Text

from apps.sandboxes.kernel.columns import InstantColumn, MoneyColumn

metadata = MetaData()

wallets = Table(
    "wallets",
    metadata,
    Column("msisdn", String(12), primary_key=True),
    Column("name", Text, nullable=False),
    Column("pin", String(6), nullable=False),
    Column("status", String(8), nullable=False),
)

accounts = Table(
    "accounts",
    metadata,
    Column("account", String(64), primary_key=True),
    Column("balance", MoneyColumn, nullable=False),
    CheckConstraint("balance >= 0 OR account = 'issue'", name="only_issue_goes_below_zero"),
)

movements = Table(
    "movements",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", InstantColumn, nullable=False, index=True),
    Column("kind", String(32), nullable=False),
    Column("reference", String(128), nullable=False, index=True),
    Column("debit", String(64), nullable=False),
    Column("credit", String(64), nullable=False),
    Column("amount", MoneyColumn, nullable=False),
    CheckConstraint("amount > 0", name="amount_is_positive"),
    CheckConstraint("debit <> credit", name="money_goes_somewhere_else"),
    sqlite_autoincrement=True,
)

secrets = Table(
    "secrets",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

callbacks = Table(
    "callbacks",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", InstantColumn, nullable=False),
    Column("reference", String(128), nullable=False, index=True),
    Column("url", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("result", String(16), nullable=False),
    Column("status", Integer),
    sqlite_autoincrement=True,
)
