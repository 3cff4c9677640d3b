"""The ledger and the versions of mandates and stations that decide whose account a line is on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _at(name: str) -> sa.Column[sa.DateTime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def upgrade() -> None:
    _ledger()
    _versions()


def _ledger() -> None:
    op.create_table(
        "ledger_line",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("points", sa.Numeric(8, 2), nullable=False),
        sa.Column("earner_kind", sa.String(), nullable=False),
        sa.Column("earner_id", sa.Uuid(), nullable=False),
        sa.Column("evidence", sa.Uuid(), nullable=False),
        _at("occurred_at"),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("period", sa.Integer(), nullable=False),
        sa.Column("rule_version", sa.String(), nullable=False),
    )
    op.create_index("ledger_line_by_earner", "ledger_line", ["earner_id", "period"])
    op.create_index("ledger_line_by_period", "ledger_line", ["period"])
    # Append-only, whoever writes: a correction is a further line, never a change of one that a deputy has seen.
    op.execute(
        "CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'ledger_line is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER ledger_line_append_only BEFORE UPDATE OR DELETE ON ledger_line "
        "FOR EACH ROW EXECUTE FUNCTION ledger_is_append_only()"
    )


def _versions() -> None:
    op.create_table(
        "mandate_version",
        sa.Column("deputy_id", sa.Uuid(), primary_key=True),
        sa.Column("version_no", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("group", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date()),
        _at("since"),
    )
    op.create_table(
        "station_version",
        sa.Column("station_id", sa.Uuid(), primary_key=True),
        sa.Column("version_no", sa.Integer(), primary_key=True),
        sa.Column("lead_deputy_id", sa.Uuid(), index=True),
        _at("since"),
    )
