"""The provider's own tables, beside the kernel's: orders, refunds, mandates."""

from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table, Text

from apps.sandboxes.kernel.columns import InstantColumn, MoneyColumn

metadata = MetaData()

orders = Table(
    "orders",
    metadata,
    Column("merch_order_id", String(64), primary_key=True),
    Column("prepay_id", String(64), nullable=False, unique=True),
    Column("payment_order_id", String(24), nullable=False, unique=True),
    Column("trade_type", String(16), nullable=False),
    Column("title", Text, nullable=False),
    Column("amount", MoneyColumn, nullable=False),
    Column("notify_url", Text),
    Column("redirect_url", Text),
    Column("callback_info", Text),
    Column("status", String(16), nullable=False),
    Column("failure_code", String(16)),
    Column("trans_id", String(10), unique=True),
    Column("payer", String(12)),
    Column("wrong_pins", Integer, nullable=False),
    Column("contract_no", String(32), index=True),
    Column("template_id", String(16)),
    Column("execute_on", String(10)),
    Column("created_at", InstantColumn, nullable=False),
    Column("expires_at", InstantColumn, nullable=False),
    Column("closed_at", InstantColumn),
)

refunds = Table(
    "refunds",
    metadata,
    Column("refund_request_no", String(64), primary_key=True),
    Column(
        "merch_order_id",
        String(64),
        ForeignKey("orders.merch_order_id"),
        nullable=False,
        index=True,
    ),
    Column("refund_order_id", String(24), nullable=False, unique=True),
    Column("amount", MoneyColumn, nullable=False),
    Column("status", String(16), nullable=False),
    Column("requested_at", InstantColumn, nullable=False),
    Column("closed_at", InstantColumn),
)

mandates = Table(
    "mandates",
    metadata,
    Column("contract_no", String(32), primary_key=True),
    Column("mandate_id", String(20), nullable=False, unique=True),
    Column("template_id", String(16), nullable=False),
    Column("payer", String(12), nullable=False, index=True),
    Column("status", String(16), nullable=False),
    Column("payment_order_id", String(24)),
    Column("execute_on", String(10)),
    Column("created_at", InstantColumn, nullable=False),
    Column("expires_on", String(10), nullable=False),
    Column("closed_at", InstantColumn),
)

templates = Table(
    "templates",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("terms", Text, nullable=False),
)
