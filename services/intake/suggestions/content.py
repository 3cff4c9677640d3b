"""What a deputy fills in: the form of a suggestion as a value. A draft may be incomplete, but never wrong."""

from __future__ import annotations

import uuid
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.events.intake_suggestions import Handling, Kind, Publication, RaisedIn

Secrecy = Literal["open", "confidential"]
_Text = Annotated[str, Field(max_length=10_000)]
_Code = Annotated[str, Field(min_length=1, max_length=40)]


class SuggestionForm(BaseModel):
    """The fields of the form (domain, section 1). Codes are those of the profile's catalogues; wishes name organisations.

    `cause`, `analysis` and `measures` (案由、案据、方案) are the text. `conflicts` answers the questions about own interest.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    kind: Kind = "suggestion"
    raised_in: RaisedIn = "recess"
    title: str = Field(default="", max_length=200)
    cause: _Text = ""
    analysis: _Text = ""
    measures: _Text = ""
    category: _Code | None = None
    publication: Publication = "full"
    secrecy: Secrecy = "open"
    formed_by: tuple[_Code, ...] = Field(default=(), max_length=10)
    raised_before: _Code | None = None
    wants_contact: bool = False
    for_reference_only: bool = False
    open_to_joint: bool = True
    handling: Handling = "lead_and_co"
    lead_wish: _Code | None = None
    co_wishes: tuple[_Code, ...] = Field(default=(), max_length=10)
    conflicts: dict[_Code, bool] = Field(default_factory=dict, max_length=20)


class Content(SuggestionForm):
    """The form with the files that belong to it."""

    attachments: tuple[uuid.UUID, ...] = ()

    @property
    def confidential(self) -> bool:
        """Whether only its signers and the congress's office may read it (密级)."""
        return self.secrecy == "confidential"
