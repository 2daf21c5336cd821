"""`/quota`: what a person has left, when it renews, and their latest videos; the ledger's lines at a button."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.domain import Account, Job, Kind, StatementEntry
from bot.domain.quota import pool_named
from bot.locale import Words, words
from bot.service.jobs.types import Balances, FundingSource
from cogs import ui
from cogs.ui import CONTENT, Command, acknowledge, answer, member_of, safe, seen_link, since, stateless
from cogs.ui.retry import more_button
from cogs.ui.text import width

MOVES: Final = 5  # videos and gifts shown
ENTRIES: Final = 15  # of the ledger that are read for them, and that it shows itself
BAR: Final = 16  # squares
NOTE: Final = 60  # characters
PROMPT: Final = 16  # characters, so that a phone shows the cost, the prompt and the time on one line
MINUS: Final = "\N{MINUS SIGN}"

LEDGER: Final = ui.CustomId("quota:ledger")


def setup(bot: Shotcaller) -> None:
    """Add the command and the button below its answer."""
    bot.tree.add_command(_command(bot, words()))
    ui.on_press(bot, LEDGER, _show_ledger, first=acknowledge)


def _command(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="quota", description=say("command.quota"))
    async def quota(interaction: discord.Interaction[Any]) -> None:
        await acknowledge(interaction)
        member, services, say = member_of(interaction), bot.services, words(str(interaction.locale))
        balances = await services.videos.balances(member)
        entries = await services.credits.latest(member, most=ENTRIES)
        buttons = [] if member.guild_id is None else [more_button(say)]
        if entries:
            buttons.append(discord.ui.Button(emoji="🧾", label=say("quota.ledger"), custom_id=LEDGER()))
        await answer(interaction, quota_text(balances, entries, say), view=stateless(*buttons) if buttons else None)

    return quota


async def _show_ledger(bot: Shotcaller, interaction: discord.Interaction[Any]) -> None:
    """Answer with every move of a person's credits, the latest first."""
    entries = await bot.services.credits.latest(member_of(interaction), most=ENTRIES)
    await answer(interaction, ledger_text(entries, words(str(interaction.locale))))


def quota_text(balances: Balances, entries: Sequence[StatementEntry], say: Words) -> str:
    """Show balances and what the latest videos cost."""
    above = "\n".join(_accounts(balances, say))
    moves = [_move_line(move, say) for move in _moves(entries)][:MOVES]
    return "\n".join([above, *_fitting(say("quota.lately"), moves, room=CONTENT - len(above))])


def ledger_text(entries: Sequence[StatementEntry], say: Words) -> str:
    """Show the lines of the ledger, as far as they fit a message: the oldest are left out first."""
    lines = [_entry_line(entry, say) for entry in entries]
    return "\n".join(_fitting(f"### {say('quota.ledger')}", lines, room=CONTENT)) or say("quota.ledger.none")


def _fitting(title: str, lines: Sequence[str], *, room: int) -> list[str]:
    """Put a title over the first of some lines, as far as there is room for so many characters."""
    shown: list[str] = []
    for line in lines:
        if len("\n".join(["", title, *shown, line])) > room:
            break
        shown.append(line)
    return [title, *shown] if shown else []


def bar(account: Account) -> str:
    """Draw an allowance as squares: green is left, yellow is held, black is used."""
    if account.allowance <= 0:
        return "⬛" * BAR
    held = min(BAR, -(-account.held * BAR // account.allowance))
    left = min(BAR - held, -(-account.balance * BAR // account.allowance))
    return "🟩" * left + "🟨" * held + "⬛" * (BAR - left - held)


def _accounts(balances: Balances, say: Words) -> Iterator[str]:
    own = balances.own.account
    yield say("quota", bar=bar(own), balance=own.balance, **_limits(balances.own, say))
    for source in balances.sources[1:]:
        yield from _source_lines(source, say)
    for cap in balances.caps:
        yield say("quota.together", balance=cap.account.balance, **_limits(cap, say))
    if balances.balance != own.balance:
        yield say("quota.whole", balance=say("credits", n=balances.balance))
    held = sum(each.account.held for each in balances.sources if pool_named(each.account.owner) is None)
    if held:
        yield say("quota.held", held=say("credits", n=held))


def _source_lines(source: FundingSource, say: Words) -> Iterator[str]:
    """Lines for a role's pool, or for what the person was given or granted, if there is any."""
    account, name = source.account, pool_named(source.account.owner)
    if name is not None:
        yield say("quota.pool", name=safe(name, NOTE), balance=account.balance, **_limits(source, say))
    elif account.allowance > account.settled:
        balance = say("credits", n=account.balance)
        expiring = source.renews_at is not None
        yield say("quota.given" if expiring else "quota.extra", balance=balance, expires=since(source.renews_at))


def _limits(source: FundingSource, say: Words) -> dict[str, object]:
    return {"allowance": say("credits", n=source.account.allowance), "renews": since(source.renews_at)}


def _moves(entries: Sequence[StatementEntry]) -> list[list[StatementEntry]]:
    """Put together the lines of each video, the latest first; what is about none stands alone."""
    found: dict[object, list[StatementEntry]] = {}
    for number, entry in enumerate(entries):
        found.setdefault(number if entry.job is None else entry.job.id, []).append(entry)
    return list(found.values())


def _move_line(move: Sequence[StatementEntry], say: Words) -> str:
    """Say what a video has cost, or that it has not; or who gave credits to whom."""
    last, kinds = move[0], {each.kind for each in move}
    if last.job is None:
        return _entry_line(last, say)
    how = "free" if Kind.RELEASE in kinds else "spent" if Kind.SETTLE in kinds else "held"
    amount = "0" if how == "free" else f"{MINUS}{abs(last.amount)}"
    return say(f"quota.move.{how}", amount=amount, video=_video(last.job, say), since=since(last.at))


def _entry_line(entry: StatementEntry, say: Words) -> str:
    """Say one line of the ledger: the change, what for, when."""
    match entry.kind:
        case Kind.HOLD | Kind.RELEASE | Kind.SETTLE:
            what = say(f"quota.entry.{entry.kind}", video=_video(entry.job, say))
        case Kind.GRANT:
            what = say("quota.entry.grant" if entry.amount > 0 else "quota.entry.taken")
            what = say("quota.entry.noted", what=what, reason=safe(entry.note, NOTE)) if entry.note else what
        case _:
            who = say("quota.somebody") if entry.other_id is None else f"<@{entry.other_id}>"
            what = say("quota.entry.got" if entry.amount > 0 else "quota.entry.gave", who=who)
    sign = "" if entry.kind is Kind.SETTLE else "+" if entry.amount > 0 else MINUS if entry.amount < 0 else ""
    return say("quota.entry", amount=f"{sign}{abs(entry.amount)}", what=what, since=since(entry.at))


def _video(job: Job | None, say: Words) -> str:
    """Name a video by its prompt, if that is known, with a link to its message or card while there is one."""
    if job is None or job.request.forgotten:
        return say("quota.video")
    prompt = job.request.text()
    most = PROMPT if prompt.isascii() else PROMPT * len(prompt) // width(prompt)
    name = say("quota.prompt", prompt=safe(prompt, most))
    url = None if job.removed_at is not None else seen_link(job)
    return name if url is None else f"[{name}]({url})"
