"""What may be refused about ledgers. The texts stand in `texts.yaml`."""

from __future__ import annotations

from shared.errors import NotFound


class LedgerUnknown(NotFound):
    """No such deputy, or one whose ledger the caller may not read: the answer does not tell which."""
