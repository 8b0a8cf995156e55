"""Notices go out of the house: what is on its way, what each person wishes, and the texts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.db import UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TO_SEND, NOT_SENT = sa.text("state = 'waiting'"), sa.text("state = 'failed'")
UNROUTED = sa.text("routed_at IS NULL")


def upgrade() -> None:
    """This will make the tables; notices that stand already stay in the house."""
    op.add_column("notices", sa.Column("routed_at", UtcDateTime(), nullable=True))
    op.execute("UPDATE notices SET routed_at = made_at")
    op.create_index("ix_notices_unrouted", "notices", ["id"], postgresql_where=UNROUTED, sqlite_where=UNROUTED)
    _sendings()
    op.create_table(
        "notice_preferences",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("addresses", sa.Text(), nullable=False),
        sa.Column("choices", sa.Text(), nullable=False),
        sa.Column("quiet_from", sa.String(5), nullable=False),
        sa.Column("quiet_until", sa.String(5), nullable=False),
        sa.Column("is_quiet_on_rest_days", sa.Boolean(), nullable=False),
        sa.Column("urgent_passes", sa.Boolean(), nullable=False),
        sa.Column("digest_at", sa.String(5), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name="fk_notice_preferences_person_id"),
        sa.PrimaryKeyConstraint("person_id", name="pk_notice_preferences"),
    )
    op.create_table(
        "wordings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("is_reset", sa.Boolean(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["made_by"], ["persons.id"], name="fk_wordings_made_by"),
        sa.PrimaryKeyConstraint("id", name="pk_wordings"),
        sa.UniqueConstraint("kind", "language", "version", name="uq_wordings_kind_language_version"),
    )


def _sendings() -> None:
    op.create_table(
        "sendings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("is_digest", sa.Boolean(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("batch", sa.Uuid(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("leased_until", UtcDateTime(), nullable=True),
        sa.Column("leased_by", sa.String(64), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["notice_id"], ["notices.id"], name="fk_sendings_notice_id"),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name="fk_sendings_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sendings"),
    )
    op.create_index("ix_sendings_due", "sendings", ["due_at", "id"], postgresql_where=TO_SEND, sqlite_where=TO_SEND)
    columns = ["person_id", "channel"]
    op.create_index("ix_sendings_to", "sendings", columns, postgresql_where=TO_SEND, sqlite_where=TO_SEND)
    op.create_index("ix_sendings_failed", "sendings", ["id"], postgresql_where=NOT_SENT, sqlite_where=NOT_SENT)
    op.create_index("ix_sendings_batch", "sendings", ["batch"])
    op.create_index("ix_sendings_notice", "sendings", ["notice_id"])
    op.create_index("ix_sendings_made_at", "sendings", ["made_at"])


def downgrade() -> None:
    """This will forget what is on its way, what people wish, and changed texts; the notices stay."""
    op.drop_table("wordings")
    op.drop_table("notice_preferences")
    op.drop_table("sendings")
    op.drop_index("ix_notices_unrouted", "notices")
    op.drop_column("notices", "routed_at")
