"""Whoever rewrites a chain with all its hashes, or cuts it short, is caught by signed anchors."""

from db.kernel.schema import create_anchors

revision = "analytics_0002_anchors"
down_revision = "analytics_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_anchors()
