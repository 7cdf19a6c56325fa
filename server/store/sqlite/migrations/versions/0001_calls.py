"""Calls and their numbered events."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calls",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("title", sa.Text),
        sa.Column("layout", sa.Text, nullable=False),
        sa.Column("rate", sa.Integer, nullable=False),
        sa.Column("started_at", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("ended_at", sa.Text),
        sa.Column("duration", sa.Float, nullable=False),
        sa.Column("keep_audio", sa.Boolean, nullable=False),
    )
    op.create_index("calls_started_at", "calls", ["started_at"])
    op.create_table(
        "events",
        sa.Column("call", sa.Text, sa.ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("json", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
