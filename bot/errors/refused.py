"""Refusals of what somebody asked for themselves."""

from collections.abc import Sequence
from datetime import datetime

from bot.errors.base import Problem, Refused


class InvalidRequest(Refused):
    """No such video can be asked for; `problems` names every reason."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(", ".join(problem.code for problem in self.problems))


class ImpossibleRequest(InvalidRequest):
    """The chosen model cannot do it."""


class SeveralReasons(Refused):
    """More than one thing is in the way of a request; `reasons` are the refusals that each alone would be."""

    def __init__(self, reasons: Sequence[Refused]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("; ".join(f"{type(each).__name__}: {each}" for each in reasons))


class ModelUnknown(Refused):
    """No configured provider has the model."""

    def __init__(self, *, model: str) -> None:
        self.model = model
        super().__init__(model)


class ModelGivenUp(Refused):
    """The model's service makes no more videos with it."""

    def __init__(self, *, model: str) -> None:
        self.model = model
        super().__init__(model)


class QuotaExceeded(Refused):
    """The balance (credits) does not cover the price (credits); it renews at `renews_at`, or with None never."""

    def __init__(self, *, price: int, balance: int, allowance: int, renews_at: datetime | None) -> None:
        self.price, self.balance, self.allowance, self.renews_at = price, balance, allowance, renews_at
        super().__init__(f"{price} of {balance}")


class TooManyJobs(Refused):
    """The person has `limit` unfinished jobs already."""

    def __init__(self, *, limit: int) -> None:
        self.limit = limit
        super().__init__(limit)


class MissingPermissions(Refused):
    """The bot may not post the result there; `missing` are Discord's names of permissions."""

    def __init__(self, *, channel_id: int, missing: Sequence[str]) -> None:
        self.channel_id, self.missing = channel_id, tuple(missing)
        super().__init__(", ".join(self.missing))


class JobUnknown(Refused):
    """There is no such job, or it is somebody else's."""

    def __init__(self, *, job_id: str) -> None:
        self.job_id = job_id
        super().__init__(job_id)


class ResultForgotten(Refused):
    """There is no such video where somebody is: its records are gone, or it is not theirs to see. Which is not told."""


class ResultDeleted(Refused):
    """A moderator has taken somebody's own video away: nobody gets it any more."""


class ResultLost(Refused):
    """The video's file can't be had any more, or not now."""


class DirectMessagesClosed(Refused):
    """The person takes no direct messages from the bot."""


class ChannelClosed(Refused):
    """The bot may not post in that channel."""

    def __init__(self, *, channel_id: int) -> None:
        self.channel_id = channel_id
        super().__init__(channel_id)


class ChannelUnfit(Refused):
    """The bot lacks permissions in a channel that was chosen for it; `missing` are Discord's names of them."""

    def __init__(self, *, channel_id: int, missing: Sequence[str]) -> None:
        self.channel_id, self.missing = channel_id, tuple(missing)
        super().__init__(f"{channel_id}: {', '.join(self.missing)}")


class DiscordBusy(Refused):
    """Discord can't take it right now."""


class CopyUnderWay(Refused):
    """The same video is on its way to the same person already."""


class TooOften(Refused):
    """The person has had that done as often as one may for now; `again_at` is when they may again."""

    def __init__(self, *, again_at: datetime) -> None:
        self.again_at = again_at
        super().__init__(again_at)


class AlreadyShared(Refused):
    """The private result is in its channel already."""


class NotYours(Refused):
    """Only its author or a moderator may do that."""


class TooLateToCancel(Refused):
    """The job is in `status`, past the point where it can be taken back."""

    def __init__(self, *, job_id: str, status: str) -> None:
        self.job_id, self.status = job_id, status
        super().__init__(f"{job_id} {status}")


class PresetUnknown(Refused):
    """The person may use no preset of that name there."""

    def __init__(self, *, name: str) -> None:
        self.name = name
        super().__init__(name)


class PresetNameInvalid(Refused):
    """A preset can't be called that: it has more than `limit` characters, none, or such as mentions are made of."""

    def __init__(self, *, name: str, limit: int) -> None:
        self.name, self.limit = name, limit
        super().__init__(name)


class PresetNameTaken(Refused):
    """Another preset has the name already."""

    def __init__(self, *, name: str) -> None:
        self.name = name
        super().__init__(name)


class TooManyPresets(Refused):
    """The person or the guild has `limit` presets already."""

    def __init__(self, *, limit: int) -> None:
        self.limit = limit
        super().__init__(limit)


class NotPermitted(Refused):
    """The person lacks a permission for that; `needed` is Discord's name of it."""

    def __init__(self, *, needed: str) -> None:
        self.needed = needed
        super().__init__(needed)


class DraftGone(Refused):
    """What was begun is finished, too old, or somebody else's."""


class MessageEmpty(Refused):
    """A message without text was to be filmed."""


class StoryboardsNotOffered(Refused):
    """No configured model makes storyboards."""
