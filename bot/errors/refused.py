"""Refusals: no to what somebody asked for, by the request itself or by what admins and the operator decided."""

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


class GiftsOff(Refused):
    """Members of that guild do not give each other credits."""


class GiftImpossible(Refused):
    """Credits can't be given to that one: oneself, or a bot."""


class GiftTooLarge(Refused):
    """Somebody wants to give more (`price`, credits) than they have to give (`balance`, credits)."""

    def __init__(self, *, price: int, balance: int) -> None:
        self.price, self.balance = price, balance
        super().__init__(f"{price} of {balance}")


class GuildQuotaExceeded(Refused):
    """What the guild's members may use together (credits) does not cover the price (credits)."""

    def __init__(self, *, price: int, balance: int, renews_at: datetime | None) -> None:
        self.price, self.balance, self.renews_at = price, balance, renews_at
        super().__init__(f"{price} of {balance}")


class BudgetExceeded(Refused):
    """The money of this month does not cover it; `owner` is the account of the guild's budget or of the whole bot's.

    `used` of the `ceiling` are used, in millionths of a USD; `period` is the account's.
    """

    def __init__(self, *, owner: str, period: str, ceiling: int, used: int, renews_at: datetime | None) -> None:
        self.owner, self.period, self.ceiling, self.used = owner, period, ceiling, used
        self.renews_at = renews_at
        super().__init__(owner)


class ConfirmationNeeded(Refused):
    """The price (credits, and millionths of a USD) is above what is made without a yes."""

    def __init__(self, *, price: int, usd_micros: int) -> None:
        self.price, self.usd_micros = price, usd_micros
        super().__init__(price)


class Paused(Refused):
    """The bot is paused: everywhere, or in this guild; `reason` is what the one who did it said."""

    def __init__(self, *, everywhere: bool, reason: str) -> None:
        self.everywhere, self.reason = everywhere, reason
        super().__init__("everywhere" if everywhere else "guild")


class Blocked(Refused):
    """The person may not ask for videos in this guild until then (None: for good)."""

    def __init__(self, *, until: datetime | None, reason: str) -> None:
        self.until, self.reason = until, reason
        super().__init__(until)


class PlaceClosed(Refused):
    """No videos are made in that channel; `open_channels` are some where they are, if only some are open."""

    def __init__(self, *, channel_id: int, open_channels: Sequence[int] = ()) -> None:
        self.channel_id, self.open_channels = channel_id, tuple(open_channels)
        super().__init__(channel_id)


class RoleNeeded(Refused):
    """The person needs one of these roles for that; none listed means that a role of theirs is shut out."""

    def __init__(self, *, roles: Sequence[int], what: str = "video") -> None:
        self.roles, self.what = tuple(roles), what
        super().__init__(what)


class OverLimit(Refused):
    """The guild does not allow such a video: `limit` names which (`longest`, `pro`, `sound`, `models`)."""

    def __init__(self, *, limit: str, wanted: str, allowed: str) -> None:
        self.limit, self.wanted, self.allowed = limit, wanted, allowed
        super().__init__(f"{limit}: {wanted}")


class PromptRefused(Refused):
    """The guild's rules refuse the prompt. `strikes` of `most` are counted now; `blocked_until` is what followed."""

    def __init__(self, *, strikes: int = 0, most: int = 0, blocked_until: datetime | None = None) -> None:
        self.strikes, self.most, self.blocked_until = strikes, most, blocked_until
        super().__init__(strikes)


class ReviewImpossible(Refused):
    """A moderator would have to decide on it, and there is nowhere to ask one."""


class CopyUnreviewed(Refused):
    """Nobody of that guild has looked at the video: it was asked for elsewhere."""


class PolicyInvalid(Refused):
    """There can be no such policy, or no such file of one; `problems` are (field, code, limit), the last maybe ""."""

    def __init__(self, problems: Sequence[tuple[str, str, str]]) -> None:
        self.problems = tuple(problems)
        super().__init__(", ".join(f"{field}: {code}" for field, code, _ in self.problems))


class CaseUnknown(Refused):
    """There is nothing of that kind to decide there: no such case, or another guild's."""


class OwnReport(Refused):
    """Somebody reports a video of their own."""


class CaseDecided(Refused):
    """Somebody else has decided it first, or what it is about has passed; `state` is how it stands."""

    def __init__(self, *, state: str) -> None:
        self.state = state
        super().__init__(state)


class RuleInvalid(Refused):
    """Prompts can't be searched by such a rule; `problem` says why (`empty`, `malformed`, `everything`, `slow`)."""

    def __init__(self, *, pattern: str, problem: str) -> None:
        self.pattern, self.problem = pattern, problem
        super().__init__(problem)


class ScansNotOffered(Refused):
    """No configured video service scans texts and videos."""


class GuildJobUnknown(Refused):
    """The guild has no such job."""

    def __init__(self, *, job_id: str) -> None:
        self.job_id = job_id
        super().__init__(job_id)


class DeadLetterGone(Refused):
    """The job waits for nobody's decision any more, or never has."""

    def __init__(self, *, job_id: str) -> None:
        self.job_id = job_id
        super().__init__(job_id)


class TooMuchFeedback(Refused):
    """The person has written to the operator `limit` times within a day."""

    def __init__(self, *, limit: int) -> None:
        self.limit = limit
        super().__init__(limit)
