"""Events in rows that are only ever appended, and overwritten in place when their call is deleted.

In a table that is sorted by call, new events move older ones from page to page, and SQLite leaves copies behind that
outlive the row, `secure_delete` or not. Rows go by number instead, so nothing moves; an index finds them. Foreign keys
go, since their cascade would remove rows.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP INDEX IF EXISTS alerts")
    op.create_table(
        "new_events",
        sa.Column("call", sa.Text, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("json", sa.Text, nullable=False),
    )
    op.execute("INSERT INTO new_events SELECT call, seq, json FROM events ORDER BY call, seq")
    op.drop_table("events")
    op.rename_table("new_events", "events")
    op.create_index("events_by_call", "events", ["call", "seq"])
    op.execute("""CREATE INDEX alerts ON events (call) WHERE substr(json, 1, 19) = '{"type":"detection"'""")
    op.create_table(
        "new_verdicts",
        sa.Column("call", sa.Text, primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("verdict", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.execute("INSERT INTO new_verdicts SELECT call, seq, verdict FROM verdicts")
    op.drop_table("verdicts")
    op.rename_table("new_verdicts", "verdicts")
