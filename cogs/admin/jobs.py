"""`/admin jobs`: looking through a guild's jobs, taking one back, deciding about dead letters."""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.domain import EVERYWHERE, Job, JobFilter
from bot.errors import DeadLetterGone, GuildJobUnknown, NotPermitted
from bot.locale import Words, words
from bot.service.admin.jobs import decision_entry, possible_decisions
from cogs import ui
from cogs.admin import jobs_views
from cogs.admin.common import check_admin_access
from cogs.ui.completions import Offers
from cogs.ui.job_names import is_address, job_at, job_id_meant
from cogs.ui.limits import CHOICES

NAMING: Final = 0.5  # seconds for the names of members while somebody types
_ACTIONS: Final = {
    "cancel": JobFilter.WAITING,
    "recheck": JobFilter.DEAD,
    "retry": JobFilter.DEAD,
}  # about which


def setup(bot: Shotcaller) -> None:
    """Add the commands, and find their buttons again after any restart."""
    say = words()
    group = app_commands.Group(name="jobs", description=say("command.admin.jobs"))
    for make in (_list, _show, _writeoff):
        group.add_command(make(bot, say))
    for action, job_filter in _ACTIONS.items():
        group.add_command(_action_command(bot, say, action, job_filter))
    bot.admin.add_command(group)
    ui.on_press(bot, jobs_views.JOB_ACTION, _decide, first=ui.acknowledge, access=check_admin_access)
    ui.on_press(bot, jobs_views.OPEN_JOB, _open, first=ui.acknowledge, access=check_admin_access)
    ui.on_press(bot, jobs_views.JOBS_PAGE, _turn_page, first=ui.acknowledge_in_place, access=check_admin_access)


def _list(bot: Shotcaller, say: Words) -> ui.Command:
    @app_commands.command(name="list", description=say("command.admin.jobs.list"))
    @app_commands.describe(which=say("option.which"), member=say("option.jobs.member"))
    @app_commands.choices(
        which=[app_commands.Choice(name=say(f"choice.which.{each}"), value=each) for each in JobFilter]
    )
    async def list_(
        interaction: discord.Interaction[Any], which: str = JobFilter.LATEST, member: discord.User | None = None
    ) -> None:
        await ui.acknowledge(interaction)
        await show_page(bot, interaction, JobFilter(which), user_id=member.id if member else None, skip=0)

    return list_


def _show(bot: Shotcaller, say: Words) -> ui.Command:
    @app_commands.command(name="show", description=say("command.admin.jobs.show"))
    @app_commands.describe(job=say("option.job"))
    @ui.autocomplete(job=_offered_jobs(bot, JobFilter.LATEST))
    async def show(interaction: discord.Interaction[Any], job: str) -> None:
        await ui.acknowledge(interaction)
        await show_one(bot, interaction, await _job_id(bot, interaction, job, JobFilter.LATEST))

    return show


def _action_command(bot: Shotcaller, say: Words, action: str, job_filter: JobFilter) -> ui.Command:
    """Build the command of a decision that needs nothing but the job."""

    @app_commands.command(name=action, description=say(f"command.admin.jobs.{action}"))
    @app_commands.describe(job=say("option.job"))
    @ui.autocomplete(job=_offered_jobs(bot, job_filter))
    async def decide(interaction: discord.Interaction[Any], job: str) -> None:
        await ui.acknowledge(interaction)
        await decide_job(bot, interaction, await _job_id(bot, interaction, job, job_filter), action)

    return decide


def _writeoff(bot: Shotcaller, say: Words) -> ui.Command:
    @app_commands.command(name="writeoff", description=say("command.admin.jobs.writeoff"))
    @app_commands.describe(job=say("option.job"), billed=say("option.billed"))
    @ui.autocomplete(job=_offered_jobs(bot, JobFilter.DEAD))
    async def writeoff(
        interaction: discord.Interaction[Any],
        job: str,
        billed: bool = False,  # noqa: FBT001, FBT002 (Discord's options)
    ) -> None:
        await ui.acknowledge(interaction)
        job_id = await _job_id(bot, interaction, job, JobFilter.DEAD)
        await decide_job(bot, interaction, job_id, "billed" if billed else "free")

    return writeoff


def _offered_jobs(bot: Shotcaller, job_filter: JobFilter) -> Offers:
    async def offers(interaction: discord.Interaction[Any], typed: str) -> Iterable[tuple[str, str]]:
        say, now = words(str(interaction.locale)), bot.services.now()
        jobs = await _jobs_fitting(bot, interaction, typed, job_filter)
        names = await _names(bot, jobs[:CHOICES])
        return [jobs_views.choice(job, say, member=names.get(job.user_id, ""), now=now) for job in jobs[:CHOICES]]

    return offers


async def _jobs_fitting(
    bot: Shotcaller, interaction: discord.Interaction[Any], typed: str, job_filter: JobFilter
) -> list[Job]:
    """Find the jobs here that what is being typed may mean: words of theirs, or the link to a message."""
    if interaction.guild_id is None:
        return []
    jobs = bot.services.guild_jobs
    if is_address(typed):
        with contextlib.suppress(GuildJobUnknown):
            job_id = await job_at(interaction.client, typed)
            return [(await jobs.job(job_id or "", guild_id=interaction.guild_id)).job]
        return []
    found = await jobs.candidates(job_filter, guild_id=interaction.guild_id)
    return list(jobs_views.fitting(found, typed, await _names(bot, found[:CHOICES])))


async def _names(bot: Shotcaller, jobs: Sequence[Job]) -> Mapping[int, str]:
    """Tell whose these jobs are, as far as it is known at once; what is asked meanwhile is known the next time."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(NAMING):
            return (await bot.services.names.names(users={job.user_id for job in jobs})).users
    return {}


async def _job_id(bot: Shotcaller, interaction: discord.Interaction[Any], typed: str, job_filter: JobFilter) -> str:
    """Find the id of the job that an option means."""

    async def search(wanted: str) -> list[str]:
        return [job.id for job in await _jobs_fitting(bot, interaction, wanted, job_filter)]

    return await job_id_meant(interaction, typed, search)


OWNER: Final = "owner"  # who runs the bot, among the names of permissions


async def _scope(bot: Shotcaller, interaction: discord.Interaction[Any]) -> int:
    """The guild whose jobs this person may decide about; everywhere for the bot's owner."""
    if await bot.is_owner(interaction.user):
        return EVERYWHERE
    if interaction.guild_id is None:
        raise NotPermitted(needed=OWNER)
    return interaction.guild_id


async def show_page(
    bot: Shotcaller, interaction: discord.Interaction[Any], job_filter: JobFilter, *, user_id: int | None, skip: int
) -> None:
    """Fill in the private answer with a page of jobs."""
    if job_filter is JobFilter.EVERYWHERE and await _scope(bot, interaction) != EVERYWHERE:
        raise NotPermitted(needed=OWNER)
    say, guild_id = words(str(interaction.locale)), interaction.guild_id or EVERYWHERE
    page = await bot.services.guild_jobs.page(job_filter, guild_id=guild_id, user_id=user_id, skip=skip)
    await ui.answer(
        interaction,
        embed=jobs_views.page_embed(page, job_filter, say),
        view=jobs_views.page_view(page, job_filter, user_id, say),
    )


async def show_one(bot: Shotcaller, interaction: discord.Interaction[Any], job_id: str) -> None:
    """Fill in the private answer with everything about one job."""
    jobs, say = bot.services.guild_jobs, words(str(interaction.locale))
    view = await jobs.job(job_id, guild_id=await _scope(bot, interaction))
    await ui.answer(
        interaction,
        embed=jobs_views.job_embed(view, await jobs.ledger_entries(view.job), say),
        view=jobs_views.job_actions_view(view.job, say),
    )


async def decide_job(bot: Shotcaller, interaction: discord.Interaction[Any], job_id: str, action: str) -> None:
    """Carry out a decision about a job, and answer with its outcome; the interaction has been acknowledged."""
    jobs = bot.services.guild_jobs
    job = (await jobs.job(job_id, guild_id=await _scope(bot, interaction))).job
    action = _action_for(action, job)
    entry = decision_entry(action, job, entry_id=str(interaction.id), by=interaction.user.id, at=bot.services.now())
    job = await jobs.decide(action, entry, job)
    await ui.answer(interaction, jobs_views.outcome_text(action, job, words(str(interaction.locale))))


def _action_for(action: str, job: Job) -> str:
    """Choose the action that a decision means for this kind of dead letter.

    Raises:
        DeadLetterGone: it is about a dead letter, and that is none, or of the other kind.
    """
    offered = possible_decisions(job)
    if action == "cancel" or action in offered:
        return action
    for wanted, name in (("retry", "deliver"), ("free", "close"), ("billed", "close")):
        if action == wanted and name in offered:
            return name
    raise DeadLetterGone(job_id=job.id)


async def _decide(bot: Shotcaller, interaction: discord.Interaction[Any], action: str, job: str) -> None:
    await decide_job(bot, interaction, job, action)


async def _open(bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
    await show_one(bot, interaction, ui.chosen_value(interaction))


async def _turn_page(
    bot: Shotcaller, interaction: discord.Interaction[Any], job_filter: JobFilter, user_id: int, skip: int
) -> None:
    await show_page(bot, interaction, job_filter, user_id=user_id or None, skip=skip)
