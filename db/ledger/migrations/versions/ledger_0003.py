"""Whoever rewrites a chain with all its hashes, or cuts it short, is caught by signed anchors."""

from db.kernel.schema import create_anchors

revision = "ledger_0003_anchors"
down_revision = "ledger_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_anchors()
