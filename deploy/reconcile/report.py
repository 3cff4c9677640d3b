"""What reconcile found."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Finding:
    """One check: how much it compared, and the ids that are missing, doubled, or there without what they stem from."""

    check: str
    invariant: str
    service: str
    counted: int = 0
    missing: set[str] = field(default_factory=set)
    doubled: set[str] = field(default_factory=set)
    orphaned: set[str] = field(default_factory=set)

    @property
    def clean(self) -> bool:
        return not (self.missing or self.doubled or self.orphaned)

    def still(self, later: Finding) -> Finding:
        """What is wrong in both: on a suite at work the rest was only on its way."""
        return Finding(
            self.check,
            self.invariant,
            self.service,
            later.counted,
            self.missing & later.missing,
            self.doubled & later.doubled,
            self.orphaned & later.orphaned,
        )


@dataclass(slots=True)
class Report:
    """All findings, and per service the ids of its dead letters and how many events wait in outbox and parking."""

    findings: list[Finding]
    dead: dict[str, list[str]]
    waiting: dict[str, int]
    parked: dict[str, int]
    unreadable: int

    @property
    def clean(self) -> bool:
        """Nothing is missing, doubled or orphaned. Dead letters wait for a person and are no contradiction."""
        return all(finding.clean for finding in self.findings)

    @property
    def lost(self) -> int:
        """How many ids something is missing for."""
        return sum(len(f.missing) for f in self.findings)

    @property
    def doubled(self) -> int:
        """How many effects are there twice."""
        return sum(len(f.doubled) for f in self.findings)

    def wrong(self) -> list[str]:
        """One line for each check that found something, with up to three ids of each kind."""
        lines = []
        for finding in self.findings:
            for kind in ("missing", "doubled", "orphaned"):
                ids = sorted(getattr(finding, kind))
                if ids:
                    shown = ", ".join(ids[:3]) + (" …" if len(ids) > 3 else "")
                    lines.append(f"{finding.invariant} {finding.service}: {finding.check}: {len(ids)} {kind} ({shown})")
        return lines
