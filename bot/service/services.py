"""Every use case that the cogs may call, in one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.service.about import About
    from bot.service.cases import Cases
    from bot.service.checkup import Checkup
    from bot.service.choices import Choices
    from bot.service.departures import Departures
    from bot.service.feedback import Feedback
    from bot.service.gallery import Gallery
    from bot.service.guild_jobs import GuildJobs
    from bot.service.guilds import Guilds
    from bot.service.library import Library
    from bot.service.presets import Presets
    from bot.service.privacy import Privacy
    from bot.service.quotas import Quotas
    from bot.service.results import Results
    from bot.service.storyboards import Storyboards
    from bot.service.usage import Usage
    from bot.service.videos import Videos
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
