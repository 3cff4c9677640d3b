"""Reconcile: does every row have its event, every event its effect, and each only once (invariants I1-I4, I9)?

The same checks are run after every fault run, on a restored backup, and by an operator on the running suite
(`lianxin reconcile`). They read business tables and distinct event ids and change nothing.
"""

from deploy.reconcile.report import Finding, Report
from deploy.reconcile.run import Sources, reconcile

__all__ = ["Finding", "Report", "Sources", "reconcile"]
