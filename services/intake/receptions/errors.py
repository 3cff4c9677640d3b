"""What may be refused about receptions. The texts stand in `texts.yaml`."""

from __future__ import annotations

from shared.errors import NotFound, Refused


class ReceptionUnknown(NotFound):
    """No such reception, or none in the caller's region."""


class MatterUnknown(NotFound):
    """No such matter, or none in the caller's region."""


class CommentUnknown(NotFound):
    """No such comment at this reception."""


class KindUnknown(Refused):
    """The place's profile has no such kind of meeting."""

    status = 422
    shown = ("kind",)


class CalendarUnknown(Refused):
    """The place's profile has no such rule calendar."""

    status = 422
    shown = ("calendar",)


class PlanDiffers(Refused):
    """A day is not one that the rule gives for this year: what was seen is not what would be saved."""

    status = 422
    shown = ("day",)


class AlreadyPlanned(Refused):
    """The station has a meeting of this kind at this time."""

    shown = ("day",)


class TimesNotInOrder(Refused):
    """A meeting begins in the future, ends after it begins, and lasts two months at most."""

    status = 422


class NoticeTooShort(Refused):
    """There is no time for the notice, and no reason was given."""

    status = 422
    shown = ("day", "notice_days")


class PlaceMissing(Refused):
    """A meeting is at a station, or at a place in a region: one of the two."""

    status = 422


class LinkMissing(Refused):
    """This kind of meeting needs the address where it is streamed."""

    status = 422


class FeatureNotOfKind(Refused):
    """This kind of meeting has no partners, or no experts."""

    status = 422
    shown = ("feature", "kind")


class ReceptionIsOver(Refused):
    """The reception was held or cancelled."""

    shown = ("state",)


class ReceptionNotBegun(Refused):
    """The reception begins at `starts_at`."""

    shown = ("starts_at",)


class CodeOfNoStation(Refused):
    """Deputies sign in with a station's code, and this is another."""

    status = 422


class NoReceptionNow(Refused):
    """No reception at this station takes signatures now."""


class SeveralReceptionsNow(Refused):
    """Several receptions at this station take signatures now: name one of `receptions`."""

    shown = ("receptions",)


class SignInNotOpen(Refused):
    """Deputies sign in from shortly before it begins until it ends."""

    shown = ("starts_at", "ends_at")


class SignedInByCode(Refused):
    """The deputy signed in by code: nobody enters the contrary."""

    shown = ("deputy_id",)


class ChannelMissing(Refused):
    """Who was present was there on site or online; who was not was neither."""

    status = 422


class AttendanceOpen(Refused):
    """Of `still` deputies it is not entered whether they came."""

    shown = ("still",)


class RegionNotOfMeeting(Refused):
    """A matter is handed to the meeting's own region or to a partner's on this site, and to no other."""

    status = 422
    shown = ("region",)


class GroundUnknown(Refused):
    """The place's profile has no such ground for not taking a matter."""

    status = 422
    shown = ("ground",)


class MatterDeclined(Refused):
    """The matter was not taken, so it has no stages."""


class MatterIsSettled(Refused):
    """The matter was settled."""


class StageNotNext(Refused):
    """A matter goes through the stages in order, none left out."""

    status = 422
    shown = ("stage",)


class CommentsNotOpen(Refused):
    """This meeting takes no comments, or not now."""
