"""Taking over a CSV file: every line goes through the same verbs as a single change, all or none of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from services.directory.accounts import actions as accounts
from services.directory.accounts.actions import Bindings
from services.directory.accounts.rules import folded
from services.directory.deputies import actions as deputies
from services.directory.deputies.actions import MandateFields
from services.directory.errors import CardTaken, DeputyUnknown, ImportRefused, PersonNameDiffers, RoleIsGrantedBySecurity, TooManyRows
from services.directory.imports.rows import AccountLine, Flaw, Kind, OrganisationLine, PersonLine, RegionLine, StationLine, read
from services.directory.models import Mandate, Organisation, Person, Region
from services.directory.places import actions as places
from services.directory.places.actions import OrganisationFields, RegionFields, StationFields
from services.directory.places.rules import DEPTH
from services.directory.settings import Settings
from shared.db import Tx
from shared.errors import Refused
from shared.identity import Caller
from shared.texts import folder_of, text

Outcome = Literal["created", "changed", "unchanged"]


@dataclass(slots=True)
class Taken:
    """What became of the lines; one-time passwords by user name."""

    outcomes: Counter[str] = field(default_factory=Counter)
    one_time_passwords: dict[str, str] = field(default_factory=dict)


async def take(tx: Tx, kind: Kind, content: bytes, caller: Caller, language: str) -> Taken:
    """Takes a file over. Raises ImportRefused, with every flaw by line and column, and then nothing of it stays."""
    settings: Settings = tx.settings
    found = read(kind, content)
    limit = settings.import_accounts if kind == "accounts" else settings.import_rows
    if len(found.lines) + len(found.flaws) > limit:
        raise _refused([Flaw(1, TooManyRows(limit=limit))], settings, language)
    taken, flaws = Taken(), list(found.flaws)
    lines = sorted(found.lines, key=_depth) if kind == "regions" else found.lines
    for number, line in lines:
        try:
            outcome = await _TAKE[kind](tx, line, caller, taken)
            taken.outcomes[outcome] += 1
        except Refused as refusal:
            flaws.append(Flaw(number, refusal))
    if flaws:
        raise _refused(flaws, settings, language)
    return taken


async def rehearse(tx: Tx, kind: Kind, content: bytes, caller: Caller, language: str) -> Taken:
    """Does all that `take` does and undoes it: a dry run that cannot differ from the run. Raises ImportRefused."""
    said = len(tx.outgoing)
    async with tx.begin_nested() as attempt:
        taken = await take(tx, kind, content, caller, language)
        await attempt.rollback()
    del tx.outgoing[said:]
    tx.info.pop("locks", None)  # those taken since have gone with the attempt
    taken.one_time_passwords.clear()
    return taken


def _refused(flaws: list[Flaw], settings: Settings, language: str) -> ImportRefused:
    flaws.sort(key=lambda flaw: flaw.line)
    errors = [
        {
            "line": flaw.line,
            "column": flaw.refusal.where,
            "code": flaw.refusal.code(),
            "message": text(folder_of(type(flaw.refusal)), flaw.refusal.code(), language, **flaw.refusal.values)["advice"],
        }
        for flaw in flaws[: settings.import_errors]
    ]
    return ImportRefused(errors=errors, total=len(flaws))


def _depth(numbered: tuple[int, Any]) -> tuple[int, int]:
    return DEPTH[numbered[1].kind], numbered[0]


def _outcome(before: int, after: int) -> Outcome:
    return "created" if not before else "changed" if after > before else "unchanged"


async def _region(tx: Tx, line: RegionLine, caller: Caller, taken: Taken) -> Outcome:
    row = await tx.get(Region, line.code)
    before = row.version_no if row else 0
    after = await places.put_region(tx, RegionFields(line.code, line.name, line.kind, line.parent), caller, None)
    return _outcome(before, after.version_no)


async def _organisation(tx: Tx, line: OrganisationLine, caller: Caller, taken: Taken) -> Outcome:
    row = await tx.get(Organisation, line.organisation)
    before = row.version_no if row else 0
    after = await places.put_organisation(tx, OrganisationFields(**line.model_dump()), caller, None)
    return _outcome(before, after.version_no)


async def _person(tx: Tx, line: PersonLine, caller: Caller, taken: Taken) -> Outcome:
    fields = MandateFields(line.card, line.level, line.region, line.group, line.starts_on, line.ends_on)
    row = await deputies.with_card(tx, line.card)
    if row is None:
        await deputies.enter(tx, line.person, line.name, fields, caller)
        return "created"
    person = await tx.get_one(Person, row.person_id)
    if person.number != line.person:
        raise CardTaken(where="card")
    if person.name != line.name:  # a slip in a list must not rename somebody: that has a door of its own
        raise PersonNameDiffers(where="name", number=line.person)
    before = row.version_no
    return _outcome(before, (await deputies.change(tx, row.id, line.name, fields, caller=caller, version=None)).version_no)


async def _station(tx: Tx, line: StationLine, caller: Caller, taken: Taken) -> Outcome:
    lead = await _with_card(tx, line.lead, "lead")
    fields = StationFields(
        line.name, line.kind, line.region, lead.id if lead else None, line.address, line.opening_hours, line.brand, line.status
    )
    row = await places.station_named(tx, line.region, line.name)
    if row is None:
        await places.enter_station(tx, fields, caller)
        return "created"
    before = row.version_no
    return _outcome(before, (await places.change_station(tx, row.id, fields, caller, None)).version_no)


async def _account(tx: Tx, line: AccountLine, caller: Caller, taken: Taken) -> Outcome:
    mandate = await _with_card(tx, line.deputy, "deputy")
    bindings = Bindings(line.organisation, line.region, mandate.id if mandate else None)
    row = await accounts.named(tx, folded(line.username))
    if row is None:
        opened = await accounts.open_account(tx, line.username, line.role, bindings, password=None, must_change=True, caller=caller)
        taken.one_time_passwords[opened.account.username] = str(opened.one_time_password)
        return "created"
    if row.role != line.role:
        raise RoleIsGrantedBySecurity(where="role")
    before = row.version_no
    return _outcome(before, (await accounts.change(tx, row.id, bindings, active=row.active, caller=caller, version=None)).version_no)


async def _with_card(tx: Tx, card: str | None, where: str) -> Mandate | None:
    if card is None:
        return None
    row = await deputies.with_card(tx, card)
    if row is None:
        raise DeputyUnknown(where=where)
    return row


_TAKE: Mapping[Kind, Callable[[Tx, Any, Caller, Taken], Awaitable[Outcome]]] = {
    "regions": _region,
    "organisations": _organisation,
    "people": _person,
    "stations": _station,
    "accounts": _account,
}
