"""What may be refused about suggestions. The texts stand in `texts.yaml`."""

from __future__ import annotations

from shared.errors import NotFound, NotPermitted, Refused


class SuggestionNotFound(NotFound):
    """No such suggestion, or none that this caller may see."""


class NotTheLead(NotPermitted):
    """Only the lead deputy may do this; co-signers sign or do not."""


class NotYourOffice(NotPermitted):
    """The suggestion is for another office to decide."""


class NoMandate(NotPermitted):
    """The account belongs to no deputy whom directory has told of."""


class MandateNotActive(Refused):
    """A mandate is suspended, over or has not begun (代表法 61-62)."""

    shown = ("deputy_id",)


class LevelRaisesElsewhere(Refused):
    """Deputies of this level raise suggestions to a congress that this platform does not serve."""

    shown = ("level",)


class SuggestionIsDraft(Refused):
    """The suggestion is a draft."""


class SuggestionUnderTownshipCheck(Refused):
    """The township is checking the pre-submission."""


class SuggestionPassedByTownship(Refused):
    """The township passed the pre-submission."""


class SuggestionAlreadySubmitted(Refused):
    """The suggestion has been submitted."""


class SuggestionAlreadyChecked(Refused):
    """The suggestion was checked and handed over."""


class SuggestionAlreadyRefused(Refused):
    """The suggestion was refused."""


class BillIsOnAgenda(Refused):
    """The bill was put on the agenda."""


class SuggestionIsWithdrawn(Refused):
    """The suggestion was withdrawn."""


class UnknownChoice(Refused):
    """A code is not in the place's catalogue; `known` are those that are."""

    status = 422
    shown = ("field", "known")


class OrganisationUnknown(Refused):
    """No such organisation at this site."""

    status = 422
    shown = ("organisation",)


class FormIncomplete(Refused):
    """Fields that a submission needs are empty or too short; `missing` lists them (代表法 24, 36)."""

    status = 422
    shown = ("missing",)


class BillOnlyAtCongress(Refused):
    """A bill is raised while the congress meets, not in recess."""

    status = 422


class ConflictOfInterest(Refused):
    """By the deputy's own answers the matter is one that a deputy must not raise (代表法 59)."""

    shown = ("questions",)


class CongressNotInSession(Refused):
    """No session takes suggestions today; `opens_on` is the first day of the next one, if known."""

    shown = ("opens_on",)


class PreSubmissionNotUsed(Refused):
    """The place has no pre-submission for this."""


class PreSubmissionNeeded(Refused):
    """The place asks for a pre-submission that the township has passed."""


class PreChecksMissing(Refused):
    """Advisers have not spoken on each of the three points yet."""

    shown = ("points",)


class TooFewSigners(Refused):
    """A bill lacks signers."""

    shown = ("signers", "needed")


class JointSigningClosed(Refused):
    """The lead did not open the suggestion to co-signers."""


class CoSignerNotOfThisCongress(Refused):
    """A deputy of another congress, an unknown one or the lead cannot sign."""

    status = 422
    shown = ("deputy_id",)


class CoSignersAgreedToAnotherText(Refused):
    """Deputies signed an earlier text than the one that would be submitted."""

    shown = ("co_signers",)


class NotInvited(NotPermitted):
    """The deputy is not asked to sign."""


class TextHasChanged(Refused):
    """The text is another one than the co-signer read; `current` is its version."""

    shown = ("current",)


class ConfidentialStaysInside(Refused):
    """A confidential suggestion is shown to no adviser and passed on to nobody."""


class NotAskedForPreCheck(NotPermitted):
    """The organisation was not asked for its opinion."""


class BillNotDecided(Refused):
    """A bill is put on the agenda, turned into a suggestion or refused; it is not checked as a suggestion."""


class NotABill(Refused):
    """What is no bill cannot be put on the agenda or turned into a suggestion."""


class GroundNotForLetter(Refused):
    """The ground of refusal does not let the matter be passed on as a letter."""

    shown = ("ground",)


class LetterAlreadyPassedOn(Refused):
    """The refused suggestion was passed on as a letter before."""

    shown = ("organisation",)


class ReasonMissing(Refused):
    """The place asks for a written reason."""

    status = 422


class WithdrawalTooLate(Refused):
    """The place's rule lets nobody withdraw any more."""

    shown = ("until",)


class WithdrawalAlreadyOpen(Refused):
    """The co-signers are being asked already, or routing is."""


class NoWithdrawalOpen(Refused):
    """There is no withdrawal to answer."""


class WithdrawalAnswered(Refused):
    """The co-signer has answered this withdrawal."""


class ContactNotGiven(NotFound):
    """The lead gave no contact data."""


class AttachmentNotFound(NotFound):
    """No such file in the text that this caller may read."""


class TooManyAttachments(Refused):
    """The form takes no more files."""

    shown = ("most",)


class AttachmentNotAccepted(Refused):
    """The content is none of the accepted kinds, whatever its name says."""

    status = 415
