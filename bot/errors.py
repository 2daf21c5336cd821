"""Declares everything that can go wrong, as one tree. Errors carry data; the words for people are in `bot/locale`.

ShotcallerError
├── SettingsInvalid            the environment does not describe a bot that can run
├── LockTaken                  a lock of this process alone is somebody else's: it has to stop
├── ShardsDiffer               the gateways that live have another number of shards: it has to stop
├── Refused                    a person's request that is answered "no" before any money moves
│   ├── InvalidRequest         no such video can be asked for, whatever the model
│   ├── ImpossibleRequest      this model cannot do it
│   ├── SeveralReasons         more than one thing is in the way; carries a refusal for each
│   ├── ModelUnknown           no configured provider has the model
│   ├── ModelGivenUp           the model's service makes no more videos with it
│   ├── QuotaExceeded          the balance does not cover the price
│   ├── GiftsOff               members of that guild do not give each other credits
│   ├── GiftImpossible         credits can't be given to that one
│   ├── GiftTooLarge           the giver has less to give
│   ├── GuildQuotaExceeded     what the guild's members may use together does not cover the price
│   ├── BudgetExceeded         the guild's or the whole bot's money for this month is used up
│   ├── ConfirmationNeeded     the price is so high that the person has to say yes to it
│   ├── PriceUnseen            the button that was pressed does not say what the video costs
│   ├── AskedJustNow           the same video was asked for from the same place a moment ago
│   ├── Paused                 an admin or the operator has paused the bot
│   ├── Blocked                the person may not ask for videos for some time
│   ├── PlaceClosed            no videos are made in that channel
│   ├── RoleNeeded             the person's roles do not let them ask for videos, or for this kind
│   ├── OverLimit              the guild does not allow such a video; says which limit
│   ├── PromptRefused          the guild's rules refuse the prompt
│   ├── ReviewImpossible       a moderator would have to decide, and there is nowhere to ask one
│   ├── CopyUnreviewed         that guild looks at videos first, and this one was asked for elsewhere
│   ├── PolicyInvalid          a guild can't be run by such rules; says what is wrong with them
│   ├── CaseUnknown            there is nothing of that kind to decide there
│   ├── CaseDecided            somebody else has decided it first, or it has passed
│   ├── OwnReport              the reported video is the person's own
│   ├── RuleInvalid            prompts can't be searched by such a rule
│   ├── ScansNotOffered        no configured video service scans texts and videos
│   ├── TooManyJobs            the person has as many unfinished jobs as one person may have
│   ├── MissingPermissions     the bot may not post the result where it was asked for
│   ├── JobUnknown             there is no such job, or it is somebody else's
│   ├── ResultDeleted          a moderator has taken one's own video away
│   ├── ResultForgotten        the video's records are gone, or it is not for that person to see
│   ├── ResultLost             its file can't be had any more, or not now
│   ├── DirectMessagesClosed   the person takes no direct messages from the bot
│   ├── ChannelClosed          the bot may not post in that channel
│   ├── ChannelUnfit           the bot lacks permissions in a channel that was chosen for it
│   ├── DiscordBusy            Discord can't take it right now
│   ├── CopyUnderWay           the same video is on its way to the person already
│   ├── TooOften               the person has had that done as often as one may for now
│   ├── AlreadyShared          the private result is in its channel already
│   ├── NotYours               only its author or a moderator may do that
│   ├── NotYoursToCancel       only whoever asked for the video or a moderator may cancel it
│   ├── TooLateToCancel        the job is past the point where it can be taken back
│   ├── DeadLetterGone         the job waits for nobody's decision any more
│   ├── GuildJobUnknown        the guild has no such job
│   ├── PresetInvalid          a prompt that was to be kept is no template
│   ├── PresetUnknown          the person may use no preset of that name there
│   ├── PresetNameInvalid      a preset can't be called that
│   ├── PresetNameTaken        another preset has the name already
│   ├── TooManyPresets         the person or the guild has as many presets as there may be
│   ├── StoryboardsNotOffered  no configured model makes storyboards
│   ├── NotPermitted           the person lacks a permission of Discord's for that
│   ├── PageNotOffered         the operator has not set the page up, or not for those who run guilds
│   ├── PageNeedsManageServer  the person may type the command, and runs no server
│   ├── TooMuchFeedback        the person has written enough to the operator for a day
│   ├── DraftGone              what was begun is finished, too old, or somebody else's
│   ├── ControlUnknown         a button, select or form that is none of this version's, or made up
│   └── MessageEmpty           a message without text was to become a video
├── ProviderError              the video service; `fault` says what kind of trouble it is
│   ├── ProviderBusy           transient: it asks us to come back later
│   ├── ProviderUnavailable    transient: it does not answer, or answers that it is broken
│   ├── ProviderRejected       permanent: it will never accept this call
│   ├── ModelDiscontinued      permanent: it makes no more videos with that model
│   ├── ContentRefused         content: its moderation refuses what was asked
│   ├── OperatorFault          operator: key, balance or permission of our account
│   ├── OutcomeUnknown         ambiguous: the call may or may not have been carried out
│   ├── TaskExists             ambiguous: it has carried this call out before, and has a task of ours
│   └── TaskUnknown            it knows no task by that id
├── StoreError
│   ├── StoreUnavailable       the database is locked, full or gone: refuse, never let through
│   │   └── CommitUnknown      it went while it was keeping something: that may have happened, or not
│   ├── StoreLost              its file was deleted or replaced: the bot has to stop
│   └── TransitionLost         a guarded update met no row: somebody else moved the job first
└── DeliveryError
    ├── ResultUnusable         what was downloaded is not the playable video that was promised
    ├── ResultTooLarge         it is larger than the cap or than the destination takes
    ├── ResultUnavailable      transient: the file cannot be had right now
    ├── DestinationLost        for good: the place it should be posted in is closed to us
    └── DestinationBusy        transient: Discord cannot take it right now
"""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar


class FaultClass(StrEnum):
    """What kind of trouble a provider's error is, which decides what happens next."""

    TRANSIENT = "transient"  # the same call may succeed later
    PERMANENT = "permanent"  # the same call never succeeds
    CONTENT = "content"  # the person has to change what they ask for
    OPERATOR = "operator"  # whoever runs the bot has to act
    AMBIGUOUS = "ambiguous"  # nobody knows whether it happened: ask before doing it again


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One reason why a request cannot be: a rule that it breaks.

    `code` picks the words, `field` is the option a person would change, `values` fill the words' gaps.
    """

    code: str
    field: str
    values: Mapping[str, Any] = dataclasses.field(default_factory=dict)


class ShotcallerError(Exception):
    """The root: everything this project raises on purpose."""


class SettingsInvalid(ShotcallerError):
    """The settings do not describe a bot that can run; `problems` are lines (name, what was expected)."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(f"{name}: {expected}" for name, expected in self.problems))


class LockTaken(ShotcallerError):
    """Somebody else has the lock of that name, which is one process's as long as it lives."""

    def __init__(self, *, name: str) -> None:
        self.name = name
        super().__init__(name)


class ShardsDiffer(ShotcallerError):
    """The gateways that live have `found` shards in all, and this process was started as one of `wanted`."""

    def __init__(self, *, found: int, wanted: int) -> None:
        self.found, self.wanted = found, wanted
        super().__init__(f"{found}, not {wanted}")


class Refused(ShotcallerError):
    """A person's request that is answered "no" before any money moves."""

    def values(self) -> Mapping[str, Any]:
        """The data of the refusal, by the names its words use."""
        return dict(vars(self))


class InvalidRequest(Refused):
    """No such video can be asked for; `problems` names every reason."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(", ".join(problem.code for problem in self.problems))


class ImpossibleRequest(InvalidRequest):
    """The chosen model cannot do what a request asks for."""


class PresetInvalid(InvalidRequest):
    """A prompt that was to be kept as a preset is no template."""


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
    """A month's money does not cover a price; `owner` is the account of the guild's budget or the whole bot's.

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


class PriceUnseen(Refused):
    """A button that makes a video at one tap does not say its price (in credits), or another one."""

    def __init__(self, *, price: int) -> None:
        self.price = price
        super().__init__(price)


class AskedJustNow(Refused):
    """The person has just asked for the same video from the same one; another costs `price` credits."""

    def __init__(self, *, price: int) -> None:
        self.price = price
        super().__init__(price)


class Paused(Refused):
    """The bot is paused: everywhere, or in this guild; `reason` is what the one who did it said."""

    def __init__(self, *, everywhere: bool, reason: str) -> None:
        self.everywhere, self.reason = everywhere, reason
        super().__init__("everywhere" if everywhere else "guild")


class Blocked(Refused):
    """The person may not ask for videos in this guild until then (None: for ever)."""

    def __init__(self, *, until: datetime | None, reason: str) -> None:
        self.until, self.reason = until, reason
        super().__init__(until)


class PlaceClosed(Refused):
    """No videos are made in that channel; `open_channels` are some where they are, if only some are open."""

    def __init__(self, *, channel_id: int, open_channels: Sequence[int] = ()) -> None:
        self.channel_id, self.open_channels = channel_id, tuple(open_channels)
        super().__init__(channel_id)


class RoleNeeded(Refused):
    """The person needs one of these roles; none listed means that a role of theirs is shut out."""

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
    """A moderator would have to decide on a request, and there is nowhere to ask one."""


class CopyUnreviewed(Refused):
    """Nobody of that guild has looked at the video: it was asked for elsewhere."""


class PolicyInvalid(Refused):
    """There can be no such policy, or no such file of one; `problems` are (field, code, limit), the last maybe ""."""

    def __init__(self, problems: Sequence[tuple[str, str, str]]) -> None:
        self.problems = tuple(problems)
        super().__init__(", ".join(f"{field}: {code}" for field, code, _ in self.problems))


class CaseUnknown(Refused):
    """There is nothing of that kind to decide there: no such case, or another guild's."""


class CaseDecided(Refused):
    """Somebody else has decided the case first, or what it is about has passed; `state` is how it stands."""

    def __init__(self, *, state: str) -> None:
        self.state = state
        super().__init__(state)


class OwnReport(Refused):
    """Somebody reports a video of their own."""


class RuleInvalid(Refused):
    """Prompts can't be searched by such a rule; `problem` says why (`empty`, `malformed`, `everything`, `slow`)."""

    def __init__(self, *, pattern: str, problem: str) -> None:
        self.pattern, self.problem = pattern, problem
        super().__init__(problem)


class ScansNotOffered(Refused):
    """No configured video service scans texts and videos."""


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


class ResultDeleted(Refused):
    """A moderator has deleted somebody's own video: nobody gets it any more."""


class ResultForgotten(Refused):
    """There is no such video where somebody is: its records are gone, or it is not theirs to see. Which is not told."""


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
    """Discord can't take a message right now."""


class CopyUnderWay(Refused):
    """The same video is on its way to the same person already."""


class TooOften(Refused):
    """The person has had something done as often as one may for now; `again_at` is when they may again."""

    def __init__(self, *, again_at: datetime) -> None:
        self.again_at = again_at
        super().__init__(again_at)


class AlreadyShared(Refused):
    """The private result is in its channel already."""


class NotYours(Refused):
    """Only the video's author or a moderator may do that."""


class NotYoursToCancel(Refused):
    """Only whoever asked for the video or a moderator may cancel it."""


class TooLateToCancel(Refused):
    """The job is in `status`, past the point where it can be taken back."""

    def __init__(self, *, job_id: str, status: str) -> None:
        self.job_id, self.status = job_id, status
        super().__init__(f"{job_id} {status}")


class DeadLetterGone(Refused):
    """The job waits for nobody's decision any more, or never has."""

    def __init__(self, *, job_id: str) -> None:
        self.job_id = job_id
        super().__init__(job_id)


class GuildJobUnknown(Refused):
    """The guild has no such job."""

    def __init__(self, *, job_id: str) -> None:
        self.job_id = job_id
        super().__init__(job_id)


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


class StoryboardsNotOffered(Refused):
    """No configured model makes storyboards."""


class NotPermitted(Refused):
    """The person lacks a permission for that; `needed` is Discord's name of it."""

    def __init__(self, *, needed: str) -> None:
        self.needed = needed
        super().__init__(needed)


class PageNotOffered(Refused):
    """The operator has not set their page up, or not for those who run guilds."""


class PageNeedsManageServer(Refused):
    """The person may type `/admin` since Integrations says so, and lacks what the page asks for at every look."""


class TooMuchFeedback(Refused):
    """The person has written to the operator `limit` times within a day."""

    def __init__(self, *, limit: int) -> None:
        self.limit = limit
        super().__init__(limit)


class DraftGone(Refused):
    """What was begun is finished, too old, or somebody else's."""


class ControlUnknown(Refused):
    """A button, select or form was used that is none of this version's, or made up."""

    def __init__(self, *, custom_id: str) -> None:
        self.custom_id = custom_id
        super().__init__(custom_id)


class MessageEmpty(Refused):
    """A message without text was to become a video."""


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
    """The service asks us to come back later (rate limit, no free resources)."""


class ProviderUnavailable(ProviderError):
    """The service does not answer, or answers that it is broken; certainly nothing was carried out."""


class ProviderRejected(ProviderError):
    """The service will never accept this call."""

    fault = FaultClass.PERMANENT


class ModelDiscontinued(ProviderError):
    """The service makes no more videos with that model."""

    fault = FaultClass.PERMANENT


class ContentRefused(ProviderError):
    """The service's moderation refuses what was asked."""

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
    """The service knows no task by that id."""

    fault = FaultClass.PERMANENT


class StoreError(ShotcallerError):
    """Trouble with the database."""


class StoreUnavailable(StoreError):
    """The database is locked, full or gone."""


class CommitUnknown(StoreUnavailable):
    """The connection broke while a transaction was being kept, and nobody can say whether it was.

    What is harmless when it is repeated, such as accepting a request by its idempotency key, may be repeated.
    """


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
    """The video is larger than the cap or than the destination takes."""


class ResultUnavailable(DeliveryError):
    """The video's file cannot be had right now."""


class DestinationLost(DeliveryError):
    """The place where a message should be posted is closed to us for good."""


class DestinationBusy(DeliveryError):
    """Discord cannot take a message right now."""
