"""Who a customer is stands sealed in one store, found by keyed indexes and by nothing readable."""

import sqlalchemy as sa
from alembic import op

from db.kernel.schema import create_events, create_person_keys

revision = "kyc_0001"
down_revision = None
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_events()
    create_person_keys()
    op.create_table(
        "verifications",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("person_id", sa.Text, nullable=False),
        sa.Column("oauth_state", sa.Text, nullable=False),
        sa.Column("nonce", sa.Text, nullable=False),
        sa.Column("code_verifier_sealed", sa.LargeBinary, nullable=False),
        sa.Column("number_index", sa.LargeBinary, nullable=False),
        sa.Column("number_sealed", sa.LargeBinary, nullable=False),
        sa.Column("consent_version", sa.Text, nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("outcome", sa.Text),
        sa.Column("customer_id", sa.Text),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.PrimaryKeyConstraint("plan_id", "attempt", name="pk_verifications"),
    )
    op.create_index("ix_verifications_customer_id", "verifications", ["customer_id"])
    op.create_table(
        "persons",
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("name_sealed", sa.LargeBinary, nullable=False),
        sa.Column("birth_date_sealed", sa.LargeBinary, nullable=False),
        sa.Column("phone_sealed", sa.LargeBinary),
        sa.Column("gender_sealed", sa.LargeBinary),
        sa.Column("first_verified_at", INSTANT, nullable=False),
        sa.Column("verified_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name="pk_persons"),
    )
    op.create_table(
        "identifiers",
        sa.Column("blind_index", sa.LargeBinary, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("value_sealed", sa.LargeBinary, nullable=False),
        sa.Column("known_since", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("blind_index", name="pk_identifiers"),
    )
    op.create_index("ix_identifiers_customer_id", "identifiers", ["customer_id"])
