"""Routing 交办/督办: where a matter goes, by when, and what came of it."""

from __future__ import annotations

from fastapi import FastAPI

from services.routing import api
from services.routing.adapters import api as adapters
from services.routing.answers import api as answers
from services.routing.clock import sweeps as case_sweeps
from services.routing.co_handling import api as co_handling
from services.routing.consumers import consumers
from services.routing.contacts import api as contacts
from services.routing.evaluation import api as evaluation
from services.routing.evaluation.clock import sweeps as evaluation_sweeps
from services.routing.extensions import api as extensions
from services.routing.jobs import api as jobs
from services.routing.jobs.clock import sweeps as job_sweeps
from services.routing.joining import api as joining
from services.routing.lanes import api as lanes
from services.routing.lanes.clock import sweeps as lane_sweeps
from services.routing.look_backs import api as look_backs
from services.routing.meetings import api as meetings
from services.routing.objections import api as objections
from services.routing.pauses import api as pauses
from services.routing.pre_assignments import api as pre_assignments
from services.routing.pre_assignments.clock import sweeps as pre_assignment_sweeps
from services.routing.procuratorate import api as procuratorate
from services.routing.promises import api as promises
from services.routing.proposals import api as proposals
from services.routing.reports import api as reports
from services.routing.second_appraisals import api as second_appraisals
from services.routing.settings import Settings
from services.routing.splitting import api as splitting
from services.routing.suggestions import api as suggestions
from services.routing.supervising import api as supervising
from shared.app import create_app
from shared.sweeps import Sweeps


def build(settings: Settings | None = None) -> FastAPI:
    """The service. Raises ProfileNotValid when the place's profile does not fit."""
    sweeps = Sweeps()
    for capability in (case_sweeps, pre_assignment_sweeps, lane_sweeps, job_sweeps, evaluation_sweeps):
        sweeps.all.extend(capability.all)
    doors = (
        api,
        proposals,
        contacts,
        objections,
        extensions,
        pauses,
        co_handling,
        pre_assignments,
        lanes,
        joining,
        splitting,
        jobs,
        reports,
        promises,
        look_backs,
        supervising,
        meetings,
        procuratorate,
        adapters,
        suggestions,
        evaluation,
        second_appraisals,
        answers,
    )
    routers = [*(one.router for one in doors), jobs.downloads]
    return create_app("routing", settings=settings or Settings(), routers=routers, consumers=consumers, sweeps=sweeps)
