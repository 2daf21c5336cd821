"""Every use case that the cogs may call, in one value."""

from dataclasses import dataclass

from bot.service.admin.credits import Quotas
from bot.service.admin.doctor import Checkup
from bot.service.admin.jobs import GuildJobs
from bot.service.admin.policies import Guilds
from bot.service.admin.usage import Usage
from bot.service.jobs.results import Results
from bot.service.jobs.videos import Videos
from bot.service.member.about import About
from bot.service.member.defaults import Choices
from bot.service.member.feedback import Feedback
from bot.service.member.gallery import Gallery
from bot.service.member.library import Library
from bot.service.member.presets import Presets
from bot.service.member.storyboards import Storyboards
from bot.service.moderation.cases import Cases
from bot.service.upkeep.left_guilds import Departures
from bot.service.upkeep.privacy import Privacy
from bot.store.member.drafts import Drafts
from bot.store.member.preferences import Preferences


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """What the bot can do for people."""

    videos: Videos
    drafts: Drafts
    preferences: Preferences
    library: Library
    gallery: Gallery
    presets: Presets
    choices: Choices
    storyboards: Storyboards
    results: Results
    cases: Cases
    guilds: Guilds
    about: About
    privacy: Privacy
    departures: Departures
    feedback: Feedback
    checkup: Checkup
    guild_jobs: GuildJobs
    usage: Usage
    quotas: Quotas
