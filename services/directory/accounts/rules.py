"""Pure decisions on accounts: what each role may do, who may change whom, what a password must be."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from services.directory.errors import DeputyNeeded, NotYourOwnAccount, OrganisationNeeded, PasswordTooWeak, RoleIsGrantedBySecurity

Role = Literal["desk", "department", "deputy", "station", "leader", "committee", "sysadmin", "secadmin", "auditor"]

CHANGE_PASSWORD = "password.change"  # noqa: S105 (a permission)

ADMINISTRATORS: frozenset[str] = frozenset({"sysadmin", "secadmin", "auditor"})
"""The three administrators (三权分立; GB/T 22239-2019, 8.1.4.2)."""

_PERMISSIONS: Mapping[str, tuple[str, ...]] = {
    "desk": (
        "case.read",
        "case.assign",
        "case.supervise",
        "case.push",
        "case.publish",
        "opinion.read",
        "opinion.enter",
        "opinion.publish",
        "opinion.join",
        "topic.keep",
        "ledger.read",
        "ranking.read",
        "inbox.read",
        "project.read",
        "project.write",
        "station.read",
        "campaign.run",
        "reception.run",
        "reception.read",
        "contact.enter",
        "contact.read",
        "link.write",
        "appointment.staff",
        "petition.enter",
        "petition.read",
        "mediation.run",
        "mediation.read",
        "suggestion.gate",
        "suggestion.check",
        "suggestion.read",
        "suggestion.advise",
        "personal.read",
        "personal.unmask",
        "personal.erase",
        "figures.read",
        "export.run",
    ),
    "department": (
        "case.read.own",
        "case.handle",
        "inbox.read",
        "project.read",
        "project.stage",
        "appointment.host",
        "suggestion.advise",
        "personal.unmask",
    ),
    "deputy": (
        "ledger.read.own",
        "ranking.read",
        "inbox.read",
        "act.log",
        "project.read",
        "opinion.read.own",
        "opinion.answer",
        "reception.sign_in",
        "reception.read",
        "contact.log",
        "appointment.host",
        "petition.act",
        "mediation.act",
        "suggestion.raise",
        "case.read.signed",
        "case.rate.signed",
        "personal.unmask",
    ),
    "station": (
        "inbox.read",
        "opinion.enter",
        "station.read",
        "reception.run",
        "reception.read",
        "contact.enter",
        "contact.read",
        "appointment.staff",
        "petition.enter",
        "petition.read",
        "mediation.run",
        "mediation.read",
        "personal.read",
        "personal.unmask",
        "figures.read",
    ),
    "leader": (
        "case.read",
        "opinion.read",
        "ranking.read",
        "ledger.read",
        "inbox.read",
        "project.read",
        "reception.read",
        "contact.read",
        "petition.read",
        "mediation.read",
        "suggestion.read",
        "figures.read",
    ),
    "committee": ("case.read.counterpart", "case.push", "inbox.read"),
    "sysadmin": ("master.read", "master.write", "account.write", "import.run", "ops.read", "inbox.read"),
    "secadmin": ("account.role", "account.unlock", "code.issue", "code.revoke", "key.rotate", "inbox.read"),
    "auditor": ("audit.read", "inbox.read"),
}
_ACTS_FOR_AN_ORGANISATION = ("desk", "department", "committee")


def permissions_of(role: str, must_change: bool) -> tuple[str, ...]:
    """What a token of this role may do. Until a one-time password is changed: change it, and nothing else."""
    return (CHANGE_PASSWORD,) if must_change else (*_PERMISSIONS[role], CHANGE_PASSWORD)


def check_bindings(role: str, organisation: str | None, deputy_id: UUID | None) -> None:
    """Raises OrganisationNeeded or DeputyNeeded when the role lacks that for which it acts."""
    if role in _ACTS_FOR_AN_ORGANISATION and organisation is None:
        raise OrganisationNeeded(where="organisation")
    if role == "deputy" and deputy_id is None:
        raise DeputyNeeded(where="deputy_id")


def check_separation(caller_id: UUID, caller_grants: bool, account_id: UUID, role: str) -> None:
    """Raises unless the caller may administer that account.

    Nobody administers the own account; an administrator's account is touched only by who grants roles (`caller_grants`).
    """
    if caller_id == account_id:
        raise NotYourOwnAccount()
    if role in ADMINISTRATORS and not caller_grants:
        raise RoleIsGrantedBySecurity()


def folded(username: str) -> str:
    """The form in which user names are kept and compared: compatibility-normalised, without case."""
    return unicodedata.normalize("NFKC", username).strip().casefold()


def check_password(password: str, username: str, min_length: int) -> None:
    """Raises PasswordTooWeak naming what is missing (GB/T 22239-2019, 8.1.4.1: complexity).

    Three of four kinds of characters (lower, upper, digit, other), at least `min_length` characters, the user name not inside.
    """
    kinds = {_kind(character) for character in password}
    needs = [
        need
        for need, is_missing in (
            ("length", len(password) < min_length),
            ("mixture", len(kinds) < 3),
            ("username", folded(username) in folded(password)),
        )
        if is_missing
    ]
    if needs:
        raise PasswordTooWeak(where="password", needs=needs, min_length=min_length)


def _kind(character: str) -> str:
    if character.islower():
        return "lower"
    if character.isupper():
        return "upper"
    return "digit" if character.isdigit() else "other"


def after_failure(failures: int, limit: int, at: datetime, minutes: int) -> tuple[int, datetime | None]:
    """The count after one more wrong password and, when the limit is reached, until when the account is locked."""
    return (0, at + timedelta(minutes=minutes)) if failures + 1 >= limit else (failures + 1, None)
