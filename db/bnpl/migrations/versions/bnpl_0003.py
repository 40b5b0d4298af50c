"""Whoever rewrites a chain with all its hashes, or cuts it short, is caught by signed anchors."""

from db.kernel.schema import create_anchors

revision = "bnpl_0003"
down_revision = "bnpl_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_anchors()
