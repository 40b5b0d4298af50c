"""What M-PESA keeps beside wallets and movements: prompts, receipts, conversations, addresses."""

from sqlalchemy import Boolean, Column, Integer, MetaData, String, Table, Text

from apps.sandboxes.kernel.columns import InstantColumn, MoneyColumn

metadata = MetaData()

prompts = Table(
    "mpesa_prompts",
    metadata,
    Column("merchant_request_id", String(128), primary_key=True),
    Column("checkout_request_id", String(64), nullable=False, unique=True),
    Column("msisdn", String(12), nullable=False, index=True),
    Column("amount", MoneyColumn, nullable=False),
    Column("account_reference", Text, nullable=False),
    Column("callback_url", Text, nullable=False),
    Column("callback_copies", Integer, nullable=False),
    Column("callback_delay_ms", Integer, nullable=False),
    Column("created_at", InstantColumn, nullable=False),
    Column("expires_at", InstantColumn, nullable=False),
    Column("state", String(8), nullable=False, index=True),
    Column("result_code", String(16)),
    Column("receipt", String(10)),
    Column("answered_at", InstantColumn),
)

receipts = Table(
    "mpesa_receipts",
    metadata,
    Column("receipt", String(10), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("reference", String(128), nullable=False, index=True),
    Column("conversation", String(64), nullable=False, index=True),
    Column("msisdn", String(12), nullable=False),
    Column("amount", MoneyColumn, nullable=False),
    Column("at", InstantColumn, nullable=False),
    Column("reversed_by", String(10)),
)

conversations = Table(
    "mpesa_conversations",
    metadata,
    Column("originator_id", String(128), primary_key=True),
    Column("conversation_id", String(64), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("msisdn", String(12), nullable=False),
    Column("amount", MoneyColumn, nullable=False),
    Column("at", InstantColumn, nullable=False),
    Column("result_code", String(16), nullable=False),
    Column("receipt", String(10)),
)

phones = Table(
    "mpesa_phones",
    metadata,
    Column("msisdn", String(12), primary_key=True),
    Column("mode", String(8), nullable=False),
)

addresses = Table(
    "mpesa_addresses",
    metadata,
    Column("short_code", String(6), primary_key=True),
    Column("confirmation_url", Text, nullable=False),
    Column("validation_url", Text, nullable=False),
    Column("completes_unanswered", Boolean, nullable=False),
)
