"""Whoever rewrites a chain with all its hashes, or cuts it short, is caught by signed anchors."""

from db.kernel.schema import create_anchors

revision = "auth_0002"
down_revision = "auth_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_anchors()
