"""Everything that can go wrong, as one tree. Errors carry data; the words for people are in `bot/locale`.

ShotcallerError
├── SettingsInvalid            the environment does not describe a bot that can run
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
│   ├── TooLateToCancel        the job is past the point where it can be taken back
│   ├── DeadLetterGone         the job waits for nobody's decision any more
│   ├── GuildJobUnknown        the guild has no such job
│   ├── PresetUnknown          the person may use no preset of that name there
│   ├── PresetNameInvalid      a preset can't be called that
│   ├── PresetNameTaken        another preset has the name already
│   ├── TooManyPresets         the person or the guild has as many presets as there may be
│   ├── StoryboardsNotOffered  no configured model makes storyboards
│   ├── NotPermitted           the person lacks a permission of Discord's for that
│   ├── TooMuchFeedback        the person has written enough to the operator for a day
│   ├── DraftGone              what was begun is finished, too old, or somebody else's
│   └── MessageEmpty           a message without text was to be filmed
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
│   ├── StoreLost              its file was deleted or replaced: the bot has to stop
│   └── TransitionLost         a guarded update met no row: somebody else moved the job first
└── DeliveryError
    ├── ResultUnusable         what was downloaded is not the playable video that was promised
    ├── ResultTooLarge         it is larger than the cap or than the destination takes
    ├── ResultUnavailable      transient: the file cannot be had right now
    ├── DestinationLost        for good: the place it should be posted in is closed to us
    └── DestinationBusy        transient: Discord cannot take it right now
"""

from bot.errors.base import (
    FaultClass,
    Problem,
    Refused,
    SettingsInvalid,
    ShotcallerError,
)
from bot.errors.refused import (
    AlreadyShared,
    Blocked,
    BudgetExceeded,
    CaseDecided,
    CaseUnknown,
    ChannelClosed,
    ChannelUnfit,
    ConfirmationNeeded,
    CopyUnderWay,
    CopyUnreviewed,
    DeadLetterGone,
    DirectMessagesClosed,
    DiscordBusy,
    DraftGone,
    GiftImpossible,
    GiftsOff,
    GiftTooLarge,
    GuildJobUnknown,
    GuildQuotaExceeded,
    ImpossibleRequest,
    InvalidRequest,
    JobUnknown,
    MessageEmpty,
    MissingPermissions,
    ModelGivenUp,
    ModelUnknown,
    NotPermitted,
    NotYours,
    OverLimit,
    OwnReport,
    Paused,
    PlaceClosed,
    PolicyInvalid,
    PresetNameInvalid,
    PresetNameTaken,
    PresetUnknown,
    PromptRefused,
    QuotaExceeded,
    ResultDeleted,
    ResultForgotten,
    ResultLost,
    ReviewImpossible,
    RoleNeeded,
    RuleInvalid,
    ScansNotOffered,
    SeveralReasons,
    StoryboardsNotOffered,
    TooLateToCancel,
    TooManyJobs,
    TooManyPresets,
    TooMuchFeedback,
    TooOften,
)
from bot.errors.trouble import (
    ContentRefused,
    DeliveryError,
    DestinationBusy,
    DestinationLost,
    ModelDiscontinued,
    OperatorFault,
    OutcomeUnknown,
    ProviderBusy,
    ProviderError,
    ProviderRejected,
    ProviderUnavailable,
    ResultTooLarge,
    ResultUnavailable,
    ResultUnusable,
    StoreError,
    StoreLost,
    StoreUnavailable,
    TaskExists,
    TaskUnknown,
    TransitionLost,
)

__all__ = [
    "AlreadyShared",
    "Blocked",
    "BudgetExceeded",
    "CaseDecided",
    "CaseUnknown",
    "ChannelClosed",
    "ChannelUnfit",
    "ConfirmationNeeded",
    "ContentRefused",
    "CopyUnderWay",
    "CopyUnreviewed",
    "DeadLetterGone",
    "DeliveryError",
    "DestinationBusy",
    "DestinationLost",
    "DirectMessagesClosed",
    "DiscordBusy",
    "DraftGone",
    "FaultClass",
    "GiftImpossible",
    "GiftTooLarge",
    "GiftsOff",
    "GuildJobUnknown",
    "GuildQuotaExceeded",
    "ImpossibleRequest",
    "InvalidRequest",
    "JobUnknown",
    "MessageEmpty",
    "MissingPermissions",
    "ModelDiscontinued",
    "ModelGivenUp",
    "ModelUnknown",
    "NotPermitted",
    "NotYours",
    "OperatorFault",
    "OutcomeUnknown",
    "OverLimit",
    "OwnReport",
    "Paused",
    "PlaceClosed",
    "PolicyInvalid",
    "PresetNameInvalid",
    "PresetNameTaken",
    "PresetUnknown",
    "Problem",
    "PromptRefused",
    "ProviderBusy",
    "ProviderError",
    "ProviderRejected",
    "ProviderUnavailable",
    "QuotaExceeded",
    "Refused",
    "ResultDeleted",
    "ResultForgotten",
    "ResultLost",
    "ResultTooLarge",
    "ResultUnavailable",
    "ResultUnusable",
    "ReviewImpossible",
    "RoleNeeded",
    "RuleInvalid",
    "ScansNotOffered",
    "SettingsInvalid",
    "SeveralReasons",
    "ShotcallerError",
    "StoreError",
    "StoreLost",
    "StoreUnavailable",
    "StoryboardsNotOffered",
    "TaskExists",
    "TaskUnknown",
    "TooLateToCancel",
    "TooManyJobs",
    "TooManyPresets",
    "TooMuchFeedback",
    "TooOften",
    "TransitionLost",
]
