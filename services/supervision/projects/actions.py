"""The verbs on projects: each changes rows and emits the event in one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.supervision.models import Mandate, Organisation
from services.supervision.projects import rules
from services.supervision.projects.errors import (
    ActAlreadyLogged,
    ActKindUnknown,
    BoardUnknown,
    MandateNotActive,
    NoMandate,
    NotTheOwner,
    OwnerUnknown,
    ProjectUnknown,
    RegionOutOfReach,
)
from services.supervision.projects.models import Act, Project, Stage, StageDelay, StageReplan
from services.supervision.settings import SupervisionPolicy
from shared.clock import now
from shared.db import Tx
from shared.events import EVERYONE, new_id
from shared.events.supervision import ProjectEntered, StageCompleted, StageDelayed, StageName, SupervisionActLogged
from shared.http import check_version
from shared.identity import Caller
from shared.live import live
from shared.masking import mask
from shared.outbox import emit


async def enter(tx: Tx, caller: Caller, *, name: str, board: str, owner: str, region: str, planned: Mapping[StageName, date]) -> Project:
    """Enters a project with its plan. Raises BoardUnknown, RegionOutOfReach, OwnerUnknown, PlanOutOfOrder."""
    policy: SupervisionPolicy = tx.policy
    if not policy.has_board(board):
        raise BoardUnknown(board=board, where="board")
    if not caller.sees_region(region):
        raise RegionOutOfReach(where="region")
    organisation = await tx.get(Organisation, owner)
    if organisation is None or not organisation.active:
        raise OwnerUnknown(owner=owner, where="owner")
    rules.check_plan(planned)
    project = Project(
        id=new_id(),
        site=tx.site,
        name=name,
        board=board,
        owner=owner,
        region=region,
        profile_version=policy.profile_version,
        entered_by=caller.account_id,
        entered_at=now(),
    )
    tx.add(project)
    await tx.flush()
    tx.add_all(
        Stage(project_id=project.id, stage=stage, position=place, planned_on=planned[stage]) for place, stage in enumerate(rules.STAGES)
    )
    emit(tx, ProjectEntered(project_id=project.id, board=board, owner=owner, region=region), audience=EVERYONE)
    live(tx, "project", str(project.id))
    return project


async def complete_stage(
    tx: Tx, project_id: uuid.UUID, stage: StageName, caller: Caller, version: int, *, completed_on: date, note: str | None
) -> Project:
    """The owner completes a stage, in order, with its evidence in a note.

    Raises ProjectUnknown, NotTheOwner, StaleVersion and what `rules.check_completion` raises.
    """
    project = await locked(tx, project_id)
    if caller.organisation != project.owner:
        raise NotTheOwner()
    check_version(project.version, version)
    stages = await stages_of(tx, project_id)
    rules.check_completion(stages, stage, completed_on, rules.day_of(now()))
    own = stages[rules.STAGES.index(stage)]
    own.completed_on, own.note = completed_on, mask(note) if note else None
    own.delayed = rules.has_passed(own.planned_on, completed_on)
    _changed(tx, project, stages)
    emit(
        tx,
        StageCompleted(project_id=project_id, stage=stage, planned_on=own.planned_on, completed_on=completed_on, was_delayed=own.delayed),
        audience=EVERYONE,
    )
    return project


async def replan_stage(
    tx: Tx, project_id: uuid.UUID, stage: StageName, caller: Caller, version: int, *, planned_on: date, reason: str
) -> Project:
    """The desk moves the planned day of an open stage; the old day and the reason are kept.

    A stage that was late is so again only when its new day passes too.
    Raises ProjectUnknown, RegionOutOfReach, StaleVersion and what `rules.check_replan` raises.
    """
    project = await locked(tx, project_id)
    if not caller.sees_region(project.region):
        raise RegionOutOfReach()
    check_version(project.version, version)
    stages = await stages_of(tx, project_id)
    rules.check_replan(stages, stage, planned_on)
    own = stages[rules.STAGES.index(stage)]
    tx.add(
        StageReplan(
            id=new_id(),
            project_id=project_id,
            stage=stage,
            planned_before=own.planned_on,
            planned_on=planned_on,
            reason=mask(reason),
            by=caller.account_id,
            at=now(),
        )
    )
    own.planned_on, own.delayed = planned_on, False
    _changed(tx, project, stages)
    return project


async def log_act(tx: Tx, project_id: uuid.UUID, caller: Caller, *, kind: str, note: str | None) -> Act:
    """A deputy with an active mandate logs an act on a project, one of a kind a day.

    Raises ProjectUnknown, ActKindUnknown, NoMandate, MandateNotActive, ActAlreadyLogged.
    """
    if not tx.policy.has_act_kind(kind):
        raise ActKindUnknown(kind=kind, where="kind")
    if await tx.get(Project, project_id) is None:
        raise ProjectUnknown()
    moment = now()
    day = rules.day_of(moment)
    mandate = await tx.get(Mandate, caller.deputy_id) if caller.deputy_id else None
    if mandate is None:
        raise NoMandate()
    if not mandate.is_active_on(day):
        raise MandateNotActive()
    act = Act(
        id=new_id(),
        site=tx.site,
        project_id=project_id,
        deputy_id=mandate.deputy_id,
        kind=kind,
        note=mask(note) if note else None,
        day=day,
        logged_at=moment,
    )
    logging = insert(Act).values(act.model_dump()).on_conflict_do_nothing(constraint="one_act_a_day")
    if (await tx.execute(logging.returning(col(Act.id)))).first() is None:
        raise ActAlreadyLogged(day=day.isoformat())
    emit(tx, SupervisionActLogged(act_id=act.id, project_id=project_id, deputy_id=act.deputy_id))
    live(tx, "project", str(project_id))
    return act


async def mark_delays(tx: Tx, today: date, batch: int) -> int:
    """Marks open stages whose planned day has passed, the oldest first, and tells each such day once. Returns how many."""
    due = (
        select(Stage, Project)
        .join(Project, col(Project.id) == col(Stage.project_id))
        .where(col(Stage.completed_on).is_(None), col(Stage.delayed).is_(False), col(Stage.planned_on) < today)
        .order_by(col(Stage.planned_on), col(Stage.project_id), col(Stage.position))
        .limit(batch)
        # Both rows: only a locked row is read anew after a concurrent write, and a completion writes both.
        .with_for_update(of=(Project, Stage), skip_locked=True)
    )
    found = (await tx.execute(due)).tuples().all()
    behind: dict[uuid.UUID, Project] = {}
    for stage, project in found:
        stage.delayed = True
        behind[project.id] = project
        if await _is_first(tx, stage):
            emit(
                tx,
                StageDelayed(project_id=project.id, owner=project.owner, stage=_name(stage), planned_on=stage.planned_on),
                audience=EVERYONE,
            )
    for project in behind.values():
        project.delayed, project.version = True, project.version + 1
        live(tx, "project", str(project.id))
    return len(found)


async def locked(tx: Tx, project_id: uuid.UUID) -> Project:
    """The project, locked until the transaction ends. Raises ProjectUnknown."""
    project = await tx.get(Project, project_id, with_for_update=True)
    if project is None:
        raise ProjectUnknown()
    return project


async def stages_of(tx: Tx, project_id: uuid.UUID) -> list[Stage]:
    """The stages of a project in their order."""
    found = await tx.scalars(select(Stage).where(col(Stage.project_id) == project_id).order_by(col(Stage.position)))
    return list(found)


def _changed(tx: Tx, project: Project, stages: list[Stage]) -> None:
    project.delayed = rules.is_behind(stages)
    project.version += 1
    live(tx, "project", str(project.id))


async def _is_first(tx: Tx, stage: Stage) -> bool:
    delay = insert(StageDelay).values(project_id=stage.project_id, stage=stage.stage, planned_on=stage.planned_on, found_at=now())
    return (await tx.execute(delay.on_conflict_do_nothing().returning(col(StageDelay.stage)))).first() is not None


def _name(stage: Stage) -> StageName:
    return rules.STAGES[stage.position]
