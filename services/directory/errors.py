"""What directory refuses, named as facts. The texts are in `texts.yaml`."""

from __future__ import annotations

from shared.errors import Refused


class LoginRefused(Refused):
    """Unknown name, wrong password, locked, closed or not yet granted: one answer for all, so that no account shows."""

    status = 401
    keeps = True


class SessionEnded(Refused):
    """The refresh token is unknown, expired, revoked or was used before; then its whole family is revoked."""

    status = 401
    keeps = True


class OldPasswordWrong(Refused):
    status = 403
    keeps = True


class PasswordTooWeak(Refused):
    """`needs` lists what is missing: `length`, `mixture`, `username`, `changed`."""

    status = 422
    shown = ("needs", "min_length")


class OutsideYourRegion(Refused):
    status = 403


class NotYourOwnAccount(Refused):
    """Administrators change others' accounts by these doors, never their own (三权分立)."""

    status = 403


class RoleIsGrantedBySecurity(Refused):
    """Only the security administrator grants or resets what belongs to administrators (三权分立)."""

    status = 403


class UsernameTaken(Refused):
    status = 409


class RegionUnknown(Refused):
    status = 422


class RegionCodeNotValid(Refused):
    """The code does not fit the kind, or does not lie under its parent."""

    status = 422


class OrganisationUnknown(Refused):
    status = 422


class OrganisationNotActive(Refused):
    status = 422


class OrganisationNeeded(Refused):
    """The role acts for an organisation."""

    status = 422


class DeputyUnknown(Refused):
    status = 422


class DeputyNeeded(Refused):
    """The role acts as a deputy."""

    status = 422


class DatesNotValid(Refused):
    """A mandate ends after it starts."""

    status = 422


class CardTaken(Refused):
    """The card number belongs to another mandate."""

    status = 409


class PersonNameDiffers(Refused):
    """The number belongs to a person of another name."""

    status = 409


class MandateStatusForbids(Refused):
    status = 409
    shown = ("current",)


class StationStatusForbids(Refused):
    status = 409
    shown = ("current",)


class StationNameTaken(Refused):
    """There is a station of that name in the region."""

    status = 409


class TargetUnknown(Refused):
    """There is no such station or deputy to issue a code for."""

    status = 422


class TargetNotActive(Refused):
    """The station is closed or the mandate has ended."""

    status = 409


class CodeRevoked(Refused):
    """The code was genuine and is valid no more: revoked, or a rotated one took its place."""

    status = 410


class CodeAlreadyEnded(Refused):
    status = 409
    shown = ("current",)


class LabelNeeded(Refused):
    """A code for a project or campaign says what it is for: directory does not know its name."""

    status = 422


class KeyUnknown(Refused):
    status = 404


class ImportRefused(Refused):
    """Nothing was taken over. `errors` lists line, column, code and message; `total` counts all, listed or not."""

    status = 422
    shown = ("errors", "total")


class NotReadableAsCsv(Refused):
    """Neither UTF-8 nor GB18030, or quotes that do not close. Like those that follow: an entry of `ImportRefused`."""

    status = 422


class ColumnMissing(Refused):
    status = 422


class ColumnUnknown(Refused):
    status = 422


class ColumnTwice(Refused):
    status = 422


class LineOfOtherLength(Refused):
    status = 422


class CellMissing(Refused):
    status = 422


class CellNotValid(Refused):
    status = 422


class TooManyRows(Refused):
    status = 422
