"""Facts that routing tells about what is handed to others: leads to the procuratorate, cases to other systems.

None of them changes the case: `case_version` is the version that it had. Free text is masked.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar, Literal

from shared.events.base import Event
from shared.events.routing import CaseEvent


class CaseHandedOut(CaseEvent):
    """A case waits for another system (民情直通, 12345) to fetch it."""

    handed_out_id: uuid.UUID
    adapter: str


class ExternalStatusReported(CaseEvent):
    """Another system got further with a case that was handed to it; `external_id` is its own name for it."""

    handed_out_id: uuid.UUID
    adapter: str
    external_id: str
    state: Literal["received", "handling", "done", "returned"]
    note: str | None


class LeadHandedOver(CaseEvent):
    """What a case brought to light was handed over to the procuratorate, as a lead in one of its fields."""

    transfer_id: uuid.UUID
    field: str


class LeadReceived(Event):
    """The same, addressed to the procuratorate."""

    producer: ClassVar[str] = "routing"
    key: ClassVar[str] = "transfer_id"
    addressed: ClassVar[bool] = True

    transfer_id: uuid.UUID
    case_id: uuid.UUID
    number: str
    organisation: str
    field: str
    text: str


class LeadAccepted(CaseEvent):
    """The procuratorate took a lead up as a case of its own; its documents are due."""

    transfer_id: uuid.UUID
    documents_due_at: datetime


class LeadReturned(CaseEvent):
    """The procuratorate returned a lead, and why."""

    transfer_id: uuid.UUID
    reason: str


class LeadDocumented(CaseEvent):
    """The documents of the procuratorate's case were copied; its result is due."""

    transfer_id: uuid.UUID
    on_time: bool
    result_due_at: datetime


class LeadConcluded(CaseEvent):
    """The procuratorate told what came of a lead."""

    transfer_id: uuid.UUID
    result: str
    on_time: bool


class LeadOverdue(CaseEvent):
    """Documents or result of a lead were not there when they were due. Exactly one for each."""

    transfer_id: uuid.UUID
    what: Literal["documents", "result"]
    due_at: datetime


class ProcuratorialSuggestionTied(CaseEvent):
    """A suggestion of the procuratorate (检察建议) was tied to a case on the same matter."""

    transfer_id: uuid.UUID
    field: str
    reference: str
