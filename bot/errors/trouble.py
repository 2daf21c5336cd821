"""Trouble with video services, the database and delivery."""

from typing import ClassVar

from bot.errors.base import FaultClass, ShotcallerError


class ProviderError(ShotcallerError):
    """Trouble with a video service.

    `code` is its own code as a string ("" when it gave none), `detail` its own words, cut and never shown to
    people; `retry_after` is in seconds.
    """

    fault: ClassVar[FaultClass] = FaultClass.TRANSIENT

    def __init__(self, *, provider: str, code: str = "", detail: str = "", retry_after: float | None = None) -> None:
        self.provider, self.code, self.detail, self.retry_after = provider, code, detail[:500], retry_after
        super().__init__(f"{provider}: {code} {self.detail}".strip())


class ProviderBusy(ProviderError):
    """It asks us to come back later (rate limit, no free resources)."""


class ProviderUnavailable(ProviderError):
    """It does not answer, or answers that it is broken; certainly nothing was carried out."""


class ProviderRejected(ProviderError):
    """It will never accept this call."""

    fault = FaultClass.PERMANENT


class ModelDiscontinued(ProviderError):
    """It makes no more videos with that model."""

    fault = FaultClass.PERMANENT


class ContentRefused(ProviderError):
    """Its moderation refuses what was asked."""

    fault = FaultClass.CONTENT


class OperatorFault(ProviderError):
    """Key, balance or permission of our account: whoever runs the bot has to act."""

    fault = FaultClass.OPERATOR


class OutcomeUnknown(ProviderError):
    """The call may or may not have been carried out."""

    fault = FaultClass.AMBIGUOUS


class TaskExists(ProviderError):
    """The external id is taken: the call has been carried out before, so there is a task of ours."""

    fault = FaultClass.AMBIGUOUS


class TaskUnknown(ProviderError):
    """It knows no task by that id."""

    fault = FaultClass.PERMANENT


class StoreError(ShotcallerError):
    """Trouble with the database."""


class StoreUnavailable(StoreError):
    """The database is locked, full or gone."""


class StoreLost(StoreError):
    """The file of the database at `path` was deleted or replaced: what is written is kept nowhere."""

    def __init__(self, *, path: str) -> None:
        self.path = path
        super().__init__(path)


class TransitionLost(StoreError):
    """A guarded update met no row: somebody else moved the job first. What was to follow must not happen."""


class DeliveryError(ShotcallerError):
    """The finished video cannot reach the person this way; `reason` is a short code for the log and the words."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class ResultUnusable(DeliveryError):
    """What was downloaded is not the playable video that was promised."""


class ResultTooLarge(DeliveryError):
    """It is larger than the cap or than the destination takes."""


class ResultUnavailable(DeliveryError):
    """The file cannot be had right now."""


class DestinationLost(DeliveryError):
    """The place it should be posted in is closed to us for good."""


class DestinationBusy(DeliveryError):
    """Discord cannot take it right now."""
