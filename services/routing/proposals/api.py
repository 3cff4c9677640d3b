"""The door of proposals: which departments might handle a case, ranked, each reason with its base."""

from __future__ import annotations

import uuid
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel

from services.routing import queries as cases
from services.routing.proposals import queries, rules
from services.routing.reports.rules import rate
from services.routing.settings import RoutingPolicy
from shared.http import InTx, Lang, service_router
from shared.identity import Caller, requires
from shared.texts import text

router = service_router(tags=["proposals"])

_HERE = Path(__file__).resolve().parent


class ReasonOut(BaseModel):
    """What speaks for a department. `past`: `n` of `of` cases. `load` is information only: `n` open cases, `of` is null."""

    kind: Literal["rule", "past", "load"]
    basis: rules.Basis | None = None
    n: int | None = None
    of: int | None = None
    percent: Decimal | None = None
    text: str


class ProposalOut(BaseModel):
    """A department that is active. `rank` from 1."""

    rank: int
    department: str
    name: str
    reasons: list[ReasonOut]


class ProposalsOut(BaseModel):
    """Departments for a case, ranked. `base` is how many past cases were looked at."""

    case_id: uuid.UUID
    number: str
    category: str | None
    region: str
    base: int
    items: list[ProposalOut]


@router.get("/cases/{case_id}/proposals")
async def proposals(case_id: uuid.UUID, tx: InTx, lang: Lang, caller: Annotated[Caller, requires("case.assign")]) -> ProposalsOut:
    """Whom the profile's rule names, and who finally handled cases like this one. Nothing is decided by it."""
    case = await cases.find_case(tx, caller, case_id)
    policy: RoutingPolicy = tx.policy
    named = rules.by_rule(policy.category(case.category), case.region)
    past = await queries.past_of(tx, case, caller.region, policy.proposals.last)
    counts, basis = rules.like_it(past, case.region, policy.proposals)
    names = await queries.active_names(tx, [*counts, *([named[0]] if named else [])])
    found = rules.ranked(named, counts, basis, frozenset(names))
    loads = await queries.load_of(tx, names)
    items = [
        ProposalOut(
            rank=rank,
            department=one.department,
            name=names[one.department],
            reasons=_reasons(policy, one, loads.get(one.department, queries.Load()), lang),
        )
        for rank, one in enumerate(found, 1)
    ]
    return ProposalsOut(case_id=case.id, number=case.number, category=case.category, region=case.region, base=counts.total(), items=items)


def _reasons(policy: RoutingPolicy, one: rules.Proposal, load: queries.Load, lang: str) -> list[ReasonOut]:
    found = []
    if one.rule is not None:
        category = policy.category(one.rule.category)
        label = getattr(category.label, lang) if category and category.label else one.rule.category
        key = "rule_in_region" if one.rule.region else "rule"
        found.append(ReasonOut(kind="rule", text=_say(key, lang, category=label, region=one.rule.region)))
    if one.past is not None:
        share = rate(one.past.n, one.past.of, policy.reports.decimals).percent
        said = _say(f"past_{one.past.basis}", lang, n=one.past.n, of=one.past.of, percent=share)
        found.append(ReasonOut(kind="past", basis=one.past.basis, n=one.past.n, of=one.past.of, percent=share, text=said))
    found.append(ReasonOut(kind="load", n=load.open, text=_say("load", lang, open=load.open, overdue=load.overdue)))
    return found


def _say(key: str, lang: str, **values: Any) -> str:
    return str(text(_HERE, key, lang, **values))
