"""Knobs of routing and its section of the policy profile: classes, clocks, and which department handles what."""

from __future__ import annotations

from typing import ClassVar, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from services.routing.answers.settings import Answers
from services.routing.evaluation.settings import SecondAppraisal
from services.routing.labels import Label
from services.routing.supervising.settings import Supervising
from shared.events.intake import RatingLevel
from shared.settings import ServiceSettings
from shared.workdays import Clock

Matter = Literal["opinion", "suggestion"]
"""What a case is about: a resident's opinion (民意) or a deputy's suggestion (建议、批评和意见). Their clocks differ."""

Lane = Literal["ordinary", "instant", "fast"]
"""How a case is handled: the ordinary way, as an instant matter (即时交办处理事项), or on the fast lane (即事即提、即办即回)."""

Status = Literal["to_assign", "assigned", "accepted", "replied", "closed", "objected", "withdrawn"]
"""Where a case stands; `rules.TRANSITIONS` says what leads on from each."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ResultClass(_Strict):
    """A class of handling results (办理结果). A class that counts as a promise is followed up (承诺事项台账)."""

    code: str = Field(pattern=r"^[A-Z][A-Z0-9_]{0,15}$")
    label: Label
    counts_as_done: bool
    counts_as_promise: bool


class FastLane(_Strict):
    """即事即提、即办即回: until there is a plan (成型方案), a reply (答复反馈) and a visible effect (落地见效), each from the hand-over."""

    plan: Clock
    reply: Clock
    effect: Clock


_LONGEST_BY_LAW = 6
"""Months from hand-over (代表法 51)."""


class Clocks(_Strict):
    """Time limits of handling, each from its hand-over (交办). `source` of each names the rule it comes from."""

    reply: dict[Matter, Clock] = Field(description="until the reply of the first round")
    rehandle: Clock = Field(description="until the reply of a later round, from the rating that opened it")
    longest: Clock = Field(description="from the first hand-over of a round: a re-assignment never extends beyond it")
    objection: Clock = Field(description="how long the department may object to a hand-over")
    reassign: Clock = Field(description="how long the desk may take over an objection")
    co_handler: dict[Matter, Clock] = Field(description="until a co-handler's opinion; never later than the reply is due")
    feedback: Clock = Field(description="how long a deputy may take to rate a reply")
    fast_lane: FastLane | None = None
    instant: Clock | None = Field(default=None, description="until an instant matter is done; without it the place has none")
    co_handler_redo: Clock = Field(
        default=Clock(n=5, unit="workday", source="重庆 2017"), description="until a co-handler's better opinion, from when the lead asks"
    )
    pre_assignment: Clock | None = Field(default=None, description="until a unit answers a pre-assignment; without it the place has none")

    @model_validator(mode="after")
    def _for_every_matter(self) -> Clocks:
        for name, by_matter in (("reply", self.reply), ("co_handler", self.co_handler)):
            if missing := {"opinion", "suggestion"} - by_matter.keys():
                raise ValueError(f"{name} lacks {', '.join(sorted(missing))}")
        return self

    @model_validator(mode="after")
    def _within_the_law(self) -> Clocks:
        if self.longest.unit != "month" or self.longest.n > _LONGEST_BY_LAW:
            raise ValueError(f"longest is {self.longest.n} {self.longest.unit}: {_LONGEST_BY_LAW} months at most (代表法 51)")
        return self


class Lights(_Strict):
    """When a deadline warns. Yellow after this share of its days, red when it has passed, then told again each `push_every` days."""

    yellow_share: float = Field(gt=0, le=1)
    push_every: int = Field(ge=1, le=90)


class Phase(_Strict):
    """A phase as the place calls it (提交办督, 132, …), and the states of a case that it shows."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")
    label: Label
    of: tuple[Status, ...]


ContactPhase = Literal["before", "during", "after"]
"""三见面: 办前, 办中, 办后."""


class Contacts(_Strict):
    """How the department stays in touch with the sender (联系沟通), and whether it must have done so before it replies.

    `three_meetings` asks for a contact before and one during handling, in each round, before its reply (如皋). `first` is until the
    first contact, from the hand-over. The defaults are those of rules that were kept before these keys were there.
    """

    labels: dict[ContactPhase, Label] = Field(default_factory=dict, description="what the place calls each meeting")
    three_meetings: bool = False
    first: Clock | None = None


class Named(_Strict):
    """A code of the place's, and what it calls it."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")
    label: Label


class Extensions(_Strict):
    """How much more time a reply may be given (延期), how often in a hand-over, and whose consent the desk enters."""

    most: dict[Matter, Clock]
    times: int = Field(ge=1, le=10)
    agreed_by: tuple[Named, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _for_every_matter(self) -> Extensions:
        if missing := {"opinion", "suggestion"} - self.most.keys():
            raise ValueError(f"most lacks {', '.join(sorted(missing))}")
        return self


class Pauses(_Strict):
    """On which grounds a clock is stopped (暂停计时), for how long at the longest, how often in a hand-over."""

    grounds: tuple[Named, ...] = Field(min_length=1)
    longest: Clock
    times: int = Field(ge=1, le=10)


class RatingScaleLevel(_Strict):
    """A level of the rating scale; `counts_as_satisfied` decides the numerator of the satisfaction rate."""

    label: Label
    counts_as_satisfied: bool


class Ratings(_Strict):
    """How replies are rated: by which channels, on which scale, and what a rating that never came does to the rate.

    `not_returned` of `left_out` takes cases without a rating out of the denominator (重庆 29); `counted` leaves them in it.
    Where a suggestion is rated net and on paper (双测评), `decides` says which of the two closes the case or opens the next round.
    """

    channels: tuple[Literal["net", "paper", "group"], ...] = Field(min_length=1)
    scale: dict[RatingLevel, RatingScaleLevel] = Field(min_length=2)
    not_returned: Literal["left_out", "counted"]
    decides: Literal["net", "paper"] = "net"
    remind_before: int = Field(default=5, ge=1, le=60, description="working days before the end of an opinion form when it is reminded of")
    second_appraisal: SecondAppraisal | None = Field(default=None, description="二次评价; without it the place has none")

    @model_validator(mode="after")
    def _has_the_deciding_channel(self) -> Ratings:
        if self.decides not in self.channels and {"net", "paper"} & set(self.channels):
            raise ValueError(f"decides is {self.decides}, which is no channel of this place")
        return self

    @model_validator(mode="after")
    def _has_all_levels(self) -> Ratings:
        if missing := set(get_args(RatingLevel)) - self.scale.keys():
            raise ValueError(f"scale lacks {', '.join(sorted(missing))}")
        return self


class Reports(_Strict):
    """How figures are shown: places after the decimal point of a share, unless who asks names others."""

    decimals: int = Field(ge=0, le=4)


class Proposals(_Strict):
    """What departments are proposed by: the `last` so many cases of the category that were finally handled; those of the case's own
    region alone when there are at `least` so many of them."""

    last: int = Field(ge=1, le=2000)
    least: int = Field(ge=1, le=2000)


class Automatic(_Strict):
    """When a category is certain enough for a case to be handed over without the desk."""

    sources: frozenset[Literal["sender", "rule", "model"]]
    confidence: float = Field(gt=0, le=1)


class Category(_Strict):
    """A category, and the department that leads its cases; without one the desk decides.

    `regions` names other leads for parts of the site: the longest code that a case's region begins with holds. `label` is what
    reports call it, the same as intake's.
    """

    code: str = Field(pattern=r"^[a-z_]{2,40}$")
    label: Label | None = None
    lead: str | None = None
    regions: dict[str, str] = Field(default_factory=dict)


class RoutingPolicy(_Strict):
    """What a place decides about routing."""

    profile_version: str
    result_classes: tuple[ResultClass, ...] = Field(min_length=1)
    clocks: Clocks
    lights: Lights
    contacts: Contacts = Contacts()
    extensions: Extensions | None = Field(default=None, description="without it the place has none")
    pauses: Pauses | None = Field(default=None, description="without it the place has none")
    answers: Answers = Answers()
    phases: tuple[Phase, ...] = Field(min_length=1)
    ratings: Ratings
    reports: Reports
    supervising: Supervising
    automatic: Automatic
    proposals: Proposals
    categories: tuple[Category, ...]

    @model_validator(mode="after")
    def _codes_are_unique(self) -> RoutingPolicy:
        for codes in ([c.code for c in self.result_classes], [c.code for c in self.categories]):
            if twice := sorted({c for c in codes if codes.count(c) > 1}):
                raise ValueError(f"appears twice: {', '.join(twice)}")
        return self

    @model_validator(mode="after")
    def _each_status_has_one_phase(self) -> RoutingPolicy:
        shown = [status for phase in self.phases for status in phase.of]
        if wrong := sorted(status for status in get_args(Status) if shown.count(status) != 1):
            raise ValueError(f"phases do not show once each: {', '.join(wrong)}")
        return self

    def result_class(self, code: str) -> ResultClass | None:
        """The class with this code, if the place has it."""
        return next((c for c in self.result_classes if c.code == code), None)

    def category(self, code: str | None) -> Category | None:
        """The category with this code, if the place has it."""
        return next((c for c in self.categories if c.code == code), None)


class Settings(ServiceSettings):
    """Knobs of routing."""

    policy: ClassVar[type[BaseModel]] = RoutingPolicy

    overdue_batch: int = Field(default=200, ge=1, description="cases that one sweep marks as overdue")
    waiting_batch: int = Field(default=500, ge=1, description="waiting cases that one transaction assigns when their department has come")
    calendar_batch: int = Field(default=200, ge=1, description="deadlines that one transaction computes anew under a new calendar")
    job_batch: int = Field(default=200, ge=1, description="cases of a bulk job that one transaction works off")
    job_most_cases: int = Field(default=20_000, ge=1, description="cases that one bulk job may have")
    job_keep_hours: int = Field(default=72, ge=1, description="hours after which the rows of a bulk job are deleted")
    adapter_secrets: dict[str, SecretStr] = Field(default={}, description="adapter → the secret that it signs with, as JSON")
    adapter_clock: float = Field(default=300.0, gt=0, description="seconds by which the time of a signature may differ from now")
    promise_batch: int = Field(default=200, ge=1, description="overdue promises that one sweep tells of")
    look_back_batch: int = Field(default=500, ge=1, description="items that one transaction adds to a look-back")
    search_batch: int = Field(default=200, ge=1, description="cases that one sweep makes searchable by index")
