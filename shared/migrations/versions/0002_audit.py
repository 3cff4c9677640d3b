"""The audit: what waits for its place in the chain, the chain, and signed checkpoints of every service's chain (decision record 0016)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0002"
down_revision = "0001"

_REFUSE = """
CREATE FUNCTION kit_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.salt IS NULL THEN
        OLD.salt := NULL;
        IF NEW IS NOT DISTINCT FROM OLD THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'kit_audit is append-only: only a salt may be taken away' USING ERRCODE = 'restrict_violation';
END $$
"""


def _content() -> list[sa.Column[object]]:
    """What a row says of a write; the salt alone is no part of the chain."""
    return [
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("object", pg.ARRAY(sa.Text()), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text()),
        sa.Column("trace_id", sa.Text()),
        sa.Column("body_hash", sa.LargeBinary()),
        sa.Column("salt", sa.LargeBinary()),
    ]


def upgrade() -> None:
    op.create_table("kit_audit_waiting", sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True), *_content())
    op.create_table(
        "kit_audit",
        sa.Column("seq", sa.BigInteger(), primary_key=True, autoincrement=False),
        *_content(),
        sa.Column("prev", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
    )
    op.create_index("kit_audit_actor", "kit_audit", ["actor", "seq"])
    op.create_index("kit_audit_object", "kit_audit", ["object"], postgresql_using="gin")
    op.create_index("kit_audit_at", "kit_audit", ["at"], postgresql_using="brin")
    op.create_index("kit_audit_salted", "kit_audit", ["at"], postgresql_where=sa.text("salt IS NOT NULL"))
    op.execute(_REFUSE)
    op.execute("CREATE TRIGGER kit_audit_rows BEFORE UPDATE OR DELETE ON kit_audit FOR EACH ROW EXECUTE FUNCTION kit_audit_refuse()")
    op.execute("CREATE TRIGGER kit_audit_whole BEFORE TRUNCATE ON kit_audit FOR EACH STATEMENT EXECUTE FUNCTION kit_audit_refuse()")
    op.create_table(
        "kit_audit_checkpoint",
        sa.Column("origin", sa.Text(), primary_key=True),
        sa.Column("size", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("head", sa.LargeBinary(), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
    )
