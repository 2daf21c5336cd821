"""`/quota`: what a person has left, what is reserved, when it renews, what happened lately, and what things cost."""

from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any, Final

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.domain import Account, Capability, Job, Kind, Mode, StatementEntry, VideoRequest
from bot.domain.quota import pool_named
from bot.locale import Words, words
from bot.service.jobs.types import Balances, FundingSource
from cogs.ui import CONTENT, Command, acknowledge, answer, cut, job_link, member_of, result_link, safe, since, stateless
from cogs.ui.retry import more_button

ENTRIES: Final = 6  # of what happened lately
BAR: Final = 16  # squares
SAMPLE: Final = 5  # seconds of the videos whose prices are shown
NOTE: Final = 60  # characters
MINUS: Final = "\N{MINUS SIGN}"


def setup(bot: Shotcaller) -> None:
    """Add the command and the button below its answer."""
    bot.tree.add_command(_command(bot, words()))


def _command(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="quota", description=say("command.quota"))
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    async def quota(interaction: discord.Interaction[Any]) -> None:
        await acknowledge(interaction)
        member, services = member_of(interaction), bot.services
        balances = await services.videos.balances(member)
        entries = await services.credits.latest(member, most=ENTRIES)
        say = words(str(interaction.locale))
        text = quota_text(balances, entries, list(services.videos.models.values()), say)
        view = None if member.guild_id is None else stateless(more_button(say))
        await answer(interaction, text, view=view)

    return quota


def quota_text(balances: Balances, entries: Sequence[StatementEntry], models: Sequence[Capability], say: Words) -> str:
    """Show balances, latest entries and prices, as far as they fit a message: the oldest entries are left out first."""
    above, below = "\n".join(_accounts(balances, say)), "\n".join(_prices(models, say))
    lines = [_entry_line(entry, say) for entry in entries]
    while lines and len(above) + len(below) + len(_recent_text(lines, say)) > CONTENT:
        lines.pop()
    return "\n".join(filter(None, [above, _recent_text(lines, say), below]))


def bar(account: Account) -> str:
    """Draw an allowance as squares: green is left, yellow is held, black is used."""
    if account.allowance <= 0:
        return "⬛" * BAR
    held = min(BAR, -(-account.held * BAR // account.allowance))
    left = min(BAR - held, -(-account.balance * BAR // account.allowance))
    return "🟩" * left + "🟨" * held + "⬛" * (BAR - left - held)


def _accounts(balances: Balances, say: Words) -> Iterator[str]:
    own = balances.own.account
    yield say(
        "quota",
        bar=bar(own),
        balance=say("credits", n=own.balance),
        allowance=own.allowance,
        held=own.held,
        settled=own.settled,
        renews=since(balances.own.renews_at),
    )
    for source in balances.sources[1:]:
        yield from _source_lines(source, say)
    for cap in balances.caps:
        yield say("quota.together", balance=say("credits", n=cap.account.balance), **_limits(cap))
    if balances.balance != own.balance:
        yield say("quota.whole", balance=say("credits", n=balances.balance))


def _source_lines(source: FundingSource, say: Words) -> Iterator[str]:
    """Lines for a role's pool, or for what the person was given or granted, if there is or was any."""
    account, name = source.account, pool_named(source.account.owner)
    balance = say("credits", n=account.balance)
    if name is not None:
        yield say("quota.pool", name=safe(name, NOTE), balance=balance, **_limits(source))
    elif account.allowance > account.settled and source.renews_at is None:
        yield say("quota.extra", balance=balance, held=account.held)
    elif account.allowance > account.settled:
        yield say("quota.given", balance=balance, held=account.held, expires=since(source.renews_at))


def _limits(source: FundingSource) -> dict[str, object]:
    return {"allowance": source.account.allowance, "renews": since(source.renews_at)}


def _recent_text(lines: Sequence[str], say: Words) -> str:
    return "\n".join([say("quota.lately"), *lines]) if lines else ""


def _entry_line(entry: StatementEntry, say: Words) -> str:
    """Say one line of the ledger: the change, what for, when."""
    match entry.kind:
        case Kind.HOLD | Kind.RELEASE | Kind.SETTLE:
            what = say(f"quota.entry.{entry.kind}", video=_video(entry.job, say))
        case Kind.GRANT:
            reason = say("error.reason", reason=safe(entry.note, NOTE)) if entry.note else ""
            what = say("quota.entry.grant" if entry.amount > 0 else "quota.entry.taken") + reason
        case _:
            who = say("quota.somebody") if entry.other_id is None else f"<@{entry.other_id}>"
            what = say("quota.entry.got" if entry.amount > 0 else "quota.entry.gave", who=who)
    sign = "" if entry.kind is Kind.SETTLE else "+" if entry.amount > 0 else MINUS if entry.amount < 0 else ""
    return say("quota.entry", amount=f"{sign}{abs(entry.amount)}", what=what, since=since(entry.at))


def _video(job: Job | None, say: Words) -> str:
    """Name a video with a link to its message, or else to its card, where there is one."""
    if job is None or job.removed_at is not None:
        return say("quota.video")
    url = result_link(job) or job_link(job, job.card_channel_id, job.card_message_id)
    return say("quota.video") if url is None else say("quota.video.link", url=url)


def _prices(models: Sequence[Capability], say: Words) -> Iterator[str]:
    yield say("quota.prices", seconds=say("seconds.short", n=SAMPLE))
    for model in models:
        kinds = sorted(model.kinds(), key=itemgetter(1))  # the silent ones first
        yield say(
            "quota.price",
            model=cut(say.model(model.model), NOTE),
            prices=say("comma").join(_price(model, *k, say) for k in kinds),
        )


def _price(model: Capability, mode: Mode, sound: bool, say: Words) -> str:  # noqa: FBT001 (a kind's parts)
    seconds = min(model.durations, key=lambda each: abs(each - SAMPLE))
    request = VideoRequest(model=model.model, prompt="-", duration=seconds, mode=mode, sound=sound)
    name = say(f"mode.{mode}") + (f" + {say('settings.sound')}" if sound else "")
    return f"{name} {say.number(model.price(request).credits)}"
