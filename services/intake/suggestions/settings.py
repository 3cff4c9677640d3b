"""What a place decides about suggestions (代表建议): the form, who checks what and when, and how a text is scored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from services.intake.labels import Label, Strict
from shared.events.directory import MandateLevel
from shared.events.intake_suggestions import Kind, Point, Publication, RaisedIn

Status = Literal["draft", "pre_submitted", "returned_to_draft", "passed", "submitted", "checked", "refused", "on_agenda", "withdrawn"]
"""`passed`: the township passed it, the congress has not met yet. `on_agenda`: a bill that the presidium took up."""
Until = Literal["submission", "check", "hand_over", "reply"]
Part = Literal["cause", "analysis", "measures"]
Flag = Literal["wants_contact", "for_reference_only", "open_to_joint"]

_Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")]


class Named(Strict):
    """A code of a catalogue and what people call it."""

    code: _Code
    label: Label


class Ground(Named):
    """A ground of refusal (不予受理情形). `may_be_letter`: what is refused so may be passed on as a deputy's letter (代表来信)."""

    may_be_letter: bool


class Question(Named):
    """A question about the deputy's own interest (代表法 59). With `blocks` a yes forbids to submit; else the office is told."""

    blocks: bool


class Level(Strict):
    """The congress to which deputies of a level raise here.

    `office_digits` are how many digits of the mandate's region name the region whose office checks: 6 for a district.
    `bill_signers` is how many deputies a bill needs, the lead among them (地方组织法).
    """

    office_digits: int = Field(ge=2, le=12)
    bill_signers: int = Field(ge=1)


class Session(Strict):
    """A meeting of a congress (届次、会议次数) and the days on which suggestions may formally be submitted to it, both included."""

    id: _Code
    level: MandateLevel
    term: int = Field(ge=1)
    meeting: int = Field(ge=1)
    submit_from: date
    submit_until: date

    @model_validator(mode="after")
    def _in_order(self) -> Session:
        if self.submit_until < self.submit_from:
            raise ValueError("submit_until lies before submit_from")
        return self


class PreSubmission(Strict):
    """Where a pre-submission (预提交) may be made, and where nothing is submitted that the township has not passed."""

    allowed_for: frozenset[RaisedIn]
    required_for: frozenset[RaisedIn]

    @model_validator(mode="after")
    def _allowed_where_required(self) -> PreSubmission:
        if not self.required_for <= self.allowed_for:
            raise ValueError("required_for names what allowed_for does not")
        return self


class Withdrawal(Strict):
    """Until when a suggestion may be withdrawn, whether in writing, and whether all signers must agree.

    `hand_over` and `reply` let it be asked after the check: routing, which knows both moments, decides.
    """

    until: Until
    reason_required: bool
    joint_needs_all: bool
    source: str = ""


class Drafts(Strict):
    """Changes of a draft within so many minutes are one version, unless somebody else has read the version before."""

    one_version_minutes: int = Field(ge=0, le=1440)


class Limits(Strict):
    """What a form must have before it is submitted: the fewest characters of each part, and whether study is named."""

    least: dict[Part, int]
    formed_by_required: bool


class _Scored(Strict):
    code: _Code
    label: Label
    points: int = Field(ge=1)


class ScoredPart(_Scored):
    """Points for a part of the text (案由、案据、方案) that has `least` characters."""

    by: Literal["part"]
    part: Part
    least: int = Field(ge=1)


class ScoredMeasures(_Scored):
    """Points for `least` measures, each a numbered paragraph or a sentence of its own line."""

    by: Literal["measures"]
    least: int = Field(ge=1)


class ScoredLength(_Scored):
    """Points for a whole text of `least` to `most` characters."""

    by: Literal["length"]
    least: int = Field(ge=1)
    most: int


class ScoredFormation(_Scored):
    """Points when the suggestion was formed in one of these ways (形成方式)."""

    by: Literal["formed_by"]
    any_of: frozenset[str]


class ScoredPreCheck(_Scored):
    """Points when the newest opinion of each adviser on a point is favourable, and there is one."""

    by: Literal["pre_check"]
    point: Point


Scored = Annotated[ScoredPart | ScoredMeasures | ScoredLength | ScoredFormation | ScoredPreCheck, Field(discriminator="by")]


class SuggestionsPolicy(Strict):
    """The section `intake.suggestions` of a profile."""

    levels: dict[MandateLevel, Level]
    sessions: tuple[Session, ...]
    pre_submission: PreSubmission
    pre_checks_required_for: frozenset[RaisedIn]
    withdrawal: Withdrawal
    drafts: Drafts
    limits: Limits
    attachments: int = Field(ge=0, le=20)
    kinds: dict[Kind, Label]
    raised_in: dict[RaisedIn, Label]
    statuses: dict[Status, Label]
    parts: dict[Part, Label]
    points: dict[Point, Label]
    publication: dict[Publication, Label]
    secrecy: dict[Literal["open", "confidential"], Label]
    handling: dict[Literal["lead_and_co", "separate"], Label]
    flags: dict[Flag, Label]
    formed_by: tuple[Named, ...]
    raised_before: tuple[Named, ...]
    grounds: tuple[Ground, ...]
    conflict_questions: tuple[Question, ...]
    quality: tuple[Scored, ...]

    @model_validator(mode="after")
    def _hangs_together(self) -> SuggestionsPolicy:
        catalogues: dict[str, Sequence[Named | Session | _Scored]] = {
            "formed_by": self.formed_by,
            "raised_before": self.raised_before,
            "grounds": self.grounds,
            "conflict_questions": self.conflict_questions,
            "sessions": self.sessions,
            "quality": self.quality,
        }
        for name, catalogue in catalogues.items():
            codes = [one.id if isinstance(one, Session) else one.code for one in catalogue]
            if len(set(codes)) < len(codes):
                raise ValueError(f"{name} has a code twice")
        for name, kind in (("kinds", Kind), ("raised_in", RaisedIn), ("statuses", Status), ("points", Point), ("publication", Publication)):
            if missing := set(get_args(kind)) - set(getattr(self, name)):
                raise ValueError(f"{name} lacks {', '.join(sorted(missing))}")
        if missing := set(get_args(Part)) - set(self.parts):
            raise ValueError(f"parts lacks {', '.join(sorted(missing))}")
        if sum(part.points for part in self.quality) != 100:
            raise ValueError("the points of quality do not add up to 100")
        known = {one.code for one in self.formed_by}
        if unknown := {code for part in self.quality if isinstance(part, ScoredFormation) for code in part.any_of} - known:
            raise ValueError(f"quality names unknown formed_by: {', '.join(sorted(unknown))}")
        return self

    def kind_label(self, kind: str, lang: str) -> str:
        """What people call a kind."""
        return self.kinds[kind].of(lang)  # type: ignore[index]

    def raised_in_label(self, raised_in: str, lang: str) -> str:
        """What people call the time of raising."""
        return self.raised_in[raised_in].of(lang)  # type: ignore[index]

    def ground(self, code: str) -> Ground | None:
        """The ground of refusal with this code."""
        return next((one for one in self.grounds if one.code == code), None)

    def session_on(self, level: str, day: date) -> Session | None:
        """The session of a level's congress that takes suggestions on a day (in China)."""
        return next((s for s in self.sessions if s.level == level and s.submit_from <= day <= s.submit_until), None)

    def next_session(self, level: str, day: date) -> Session | None:
        """The next session of a level's congress that will take suggestions after a day."""
        coming = [s for s in self.sessions if s.level == level and s.submit_from > day]
        return min(coming, key=lambda s: s.submit_from, default=None)

    def term_on(self, level: str, day: date) -> int | None:
        """The term (届次) that a level's newest session begun by a day belongs to."""
        begun = [s for s in self.sessions if s.level == level and s.submit_from <= day]
        return max(begun, key=lambda s: s.submit_from).term if begun else None
