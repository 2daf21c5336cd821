"""Show admins a guild's jobs: the list, one job, and the outcome of a decision."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import discord

from bot.domain import Job, JobFilter, Kind, LedgerEntry, Unit
from bot.locale import Words
from bot.service.admin.jobs import PAGE, JobsPage, is_prompt_private, possible_decisions
from bot.service.jobs.eta import JobView
from bot.service.ports import Phase, phase_of
from cogs import ui
from cogs.ui import cut, link, money, safe, settings
from cogs.ui.job_names import first_words, job_choice, job_name
from cogs.ui.job_views import PROMPT_ON_CARD, TASK_ID, state_name, state_sign, state_text
from cogs.ui.limits import EMBED_FIELD, EMBED_TEXT
from cogs.ui.text import failure_to_admin

_ACTIONS: Final = ("cancel", "recheck", "retry", "free", "billed", "deliver", "close")
JOB_ACTION: Final = ui.CustomId("ajob:{action}:{job}", action=ui.one_of(*_ACTIONS), job=ui.JOB_ID)
OPEN_JOB: Final = ui.CustomId("ajob:open")
JOBS_PAGE: Final = ui.CustomId(
    "ajobs:{job_filter}:{user_id}:{skip}",
    job_filter=ui.Part("|".join(JobFilter), JobFilter),
    user_id=ui.SNOWFLAKE,
    skip=ui.digits(6),
)

_EMOJI: Final = dict(zip(_ACTIONS, ("↩️", "🔎", "🔁", "🧾", "💸", "📦", "🧾"), strict=True))  # of their buttons


def prompt_of(job: Job, most: int, say: Words) -> str:
    """Show a job's prompt, unless it is private or from somebody's direct messages."""
    return say("admin.jobs.hidden") if is_prompt_private(job) else safe(job.request.text(), most)


def actions_for(job: Job) -> tuple[tuple[str, str], ...]:
    """The actions that an admin may take about a job, with their emoji."""
    return tuple((decision, _EMOJI[decision]) for decision in possible_decisions(job))


def page_embed(page: JobsPage, job_filter: JobFilter, say: Words) -> discord.Embed:
    """Show a page of jobs, a few lines each."""
    entries = [_entry(view, say) for view in page.views] or [say("admin.jobs.none")]
    return discord.Embed(title=say(f"choice.which.{job_filter}"), description=cut("\n".join(entries), EMBED_TEXT))


def _entry(view: JobView, say: Words) -> str:
    job = view.job
    facts = [settings(job.request, say), say("credits", n=job.taken_credits)]
    return f"**{state_text(view, say)}**\n{job_name(job, say)}\n-# {' · '.join(facts)}"


def page_view(page: JobsPage, job_filter: JobFilter, user_id: int | None, say: Words) -> discord.ui.View:
    """A select to open a job with, and buttons for the other pages."""
    items: list[discord.ui.Item[Any]] = []
    if page.views:
        options = [_option(number, each.job, say) for number, each in enumerate(page.views, start=1)]
        items.append(discord.ui.Select(custom_id=OPEN_JOB(), placeholder=say("admin.jobs.open"), options=options))
    for skip, label, offered in (
        (max(0, page.skip - PAGE), f"◀ {say('inbox.back')}", page.skip > 0),
        (page.skip + PAGE, f"{say('inbox.more')} ▶", page.more),
    ):
        if offered:
            custom_id = JOBS_PAGE(job_filter=job_filter, user_id=user_id or 0, skip=skip)
            items.append(discord.ui.Button(label=label, custom_id=custom_id, row=1))
    return ui.stateless(*items)


def _option(number: int, job: Job, say: Words) -> discord.SelectOption:
    """Offer a job of a page to open: which of them it is, by its first words and its settings."""
    about = f"{first_words(job, say)} · {settings(job.request, say)}"
    return ui.select_option(job.id, f"{number}. {state_name(job, say)}", description=about)


def job_embed(view: JobView, ledger_entries: Sequence[LedgerEntry], say: Words) -> discord.Embed:
    """Show everything about a job that those who run its guild may know."""
    job = view.job
    embed = discord.Embed(title=state_text(view, say), description=f"> {prompt_of(job, PROMPT_ON_CARD, say)}")
    if phase_of(job) is Phase.FAILED:
        embed.add_field(name=say("admin.jobs.why"), value=cut(failure_to_admin(job, say), EMBED_FIELD), inline=False)
    if job.dead_letter is not None:
        embed.add_field(name=say("admin.jobs.why"), value=say(f"admin.jobs.dead.{job.dead_letter}"), inline=False)
    embed.add_field(name=say("info.settings"), value=settings(job.request, say), inline=False)
    embed.add_field(name=say("info.author"), value=f"<@{job.user_id}>")
    embed.add_field(name=say("admin.jobs.where"), value=_where(job, say))
    embed.add_field(name=say("info.cost"), value=_cost(job, say), inline=False)
    embed.add_field(name=say("info.times"), value=cut("\n".join(_times(job, say)), EMBED_FIELD), inline=False)
    embed.add_field(name=say("admin.jobs.ledger"), value=_ledger(ledger_entries, say), inline=False)
    ids = [f"`{job.id}`", f"{job.provider} `{safe(job.task_id or job.external_id, TASK_ID)}`"]
    attempts = say("admin.jobs.attempts", attempt=job.attempt, tries=job.tries)
    embed.add_field(name=say("info.ids"), value=" · ".join([*ids, attempts]), inline=False)
    return embed


def job_actions_view(job: Job, say: Words) -> discord.ui.View | None:
    """A button for each decision that may be taken about a job; None where there is none."""
    if not (actions := actions_for(job)):
        return None
    buttons = [
        discord.ui.Button[Any](
            emoji=emoji, label=say(f"admin.jobs.button.{action}"), custom_id=JOB_ACTION(action=action, job=job.id)
        )
        for action, emoji in actions
    ]
    return ui.stateless(*buttons)


def outcome_text(action: str, job: Job, say: Words) -> str:
    """Say what a decision has come to; `job` is as it is after it."""
    spent = job.usd_micros if job.cost_micros is None else job.cost_micros
    return say(
        f"admin.jobs.done.{action}",
        video=job_name(job, say),
        credits=say("credits", n=job.credits),
        usd=money(spent, say),
        attempt=job.attempt,
        provider=job.provider,
    )


def fitting(jobs: Iterable[Job], typed: str, names: Mapping[int, str]) -> Iterator[Job]:
    """Find jobs by what is being typed: a part of a prompt that may be seen, of a member's name, or of the id."""
    wanted = typed.strip().casefold()
    for job in jobs:
        prompt = "" if is_prompt_private(job) else " ".join(job.request.text().split())
        if any(wanted in text for text in (prompt.casefold(), names.get(job.user_id, "").casefold(), job.id)):
            yield job


def choice(job: Job, say: Words, *, member: str, now: datetime) -> tuple[str, str]:
    """Offer a job to choose: the sign of its state and its name; the value is the id."""
    name = job_choice(job, say, now=now, member=member, private=is_prompt_private(job))
    return f"{state_sign(job)} {name}", job.id


def _where(job: Job, say: Words) -> str:
    place = job.destination
    if place.guild_id is None:
        return say("admin.jobs.direct")
    where = say("admin.jobs.private", channel=f"<#{place.channel_id}>") if place.private else f"<#{place.channel_id}>"
    if job.message_id is None or job.message_channel_id != place.channel_id:
        return where
    return f"{where} {link(place.guild_id, place.channel_id, job.message_id)}"


def _cost(job: Job, say: Words) -> str:
    """Say what members paid for a job, what the task was expected to cost, and what the provider said."""
    parts = [say("credits", n=job.taken_credits), say("admin.jobs.estimated", usd=money(job.usd_micros, say))]
    if job.cost_micros is not None:
        parts.append(say("admin.jobs.charged", usd=money(job.cost_micros, say)))
    if job.cost_units is not None:
        parts.append(say("admin.jobs.units", units=safe(job.cost_units, 20)))
    return " · ".join(parts)


def _times(job: Job, say: Words) -> list[str]:
    times = {
        "created": job.created_at,
        "submitted": job.submitted_at,
        "finished": job.finished_at,
        "delivered": job.delivered_at,
        "deadline": None if job.finished or job.finished_at else job.deadline_at,
    }
    return [
        say(f"admin.jobs.at.{name}", at=discord.utils.format_dt(moment, "f"))
        for name, moment in times.items()
        if moment is not None
    ]


def _ledger(ledger_entries: Sequence[LedgerEntry], say: Words) -> str:
    """List what was held, settled and released for a job, and for whom."""
    lines = [
        say(
            "admin.jobs.line",
            at=discord.utils.format_dt(line.at, "t"),
            kind=say(f"admin.jobs.kind.{line.kind}"),
            amount=_amount(line, say),
            owner=safe(line.owner, 60),
        )
        for line in ledger_entries
    ]
    return cut("\n".join(lines), EMBED_FIELD) or "—"


def _amount(line: LedgerEntry, say: Words) -> str:
    amount: Any = line.settled if line.kind is Kind.SETTLE else abs(line.held)
    if line.unit is Unit.CREDITS:
        return say("credits", n=amount)
    if line.kind is Kind.RELEASE and line.settled:
        return f"{money(-line.held, say)} ({say('admin.jobs.charged', usd=money(line.settled, say))})"
    return money(amount, say)
