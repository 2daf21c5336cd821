"""Collects every use case that the cogs may call, in one value."""

from collections.abc import Callable
from datetime import datetime

from bot.service.admin.balances import Balances
from bot.service.admin.credits import Credits
from bot.service.admin.doctor import Doctor
from bot.service.admin.jobs import GuildJobs
from bot.service.admin.overview import Overview
from bot.service.admin.page_access import PageAccess
from bot.service.admin.policies import GuildPolicies
from bot.service.admin.usage import Usage
from bot.service.jobs.copies import Copies
from bot.service.jobs.results import Results
from bot.service.jobs.videos import Videos
from bot.service.member.about import About
from bot.service.member.defaults import RememberedDefaults
from bot.service.member.drafts import Drafts
from bot.service.member.feedback import Feedback
from bot.service.member.gallery import Gallery
from bot.service.member.library import Library
from bot.service.member.presets import Presets
from bot.service.member.storyboards import Storyboards
from bot.service.moderation.cases import Cases
from bot.service.ports import Names
from bot.service.upkeep.gateway import Gateways
from bot.service.upkeep.left_guilds import LeftGuilds
from bot.service.upkeep.privacy import Privacy
from bot.values import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """What the bot can do for people. `now` is the present by the clock that all of it goes by, which may be wrong."""

    videos: Videos
    drafts: Drafts
    defaults: RememberedDefaults
    library: Library
    gallery: Gallery
    presets: Presets
    storyboards: Storyboards
    results: Results
    cases: Cases
    guilds: GuildPolicies
    about: About
    privacy: Privacy
    left_guilds: LeftGuilds
    gateways: Gateways
    feedback: Feedback
    doctor: Doctor
    balances: Balances
    page_access: PageAccess
    overview: Overview
    guild_jobs: GuildJobs
    usage: Usage
    credits: Credits
    copies: Copies
    names: Names
    now: Callable[[], datetime]
