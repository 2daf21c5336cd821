"""`/admin usage`: what the guild has used, as a picture to see at a glance and a table to calculate with."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

import discord
from discord import app_commands

from bot.client import Shotcaller
from bot.domain import PriceDrift
from bot.domain.usage import NOBODY
from bot.locale import Words, words
from bot.service.admin.lettering import writable
from bot.service.admin.usage import Span, UsageReport
from bot.service.admin.usage_chart import Caption, Measure, draw, drawn_days, series, top
from cogs.ui import CONTENT, Command, acknowledge, answer, cut, file_of, money, safe
from cogs.ui.limits import ALT_TEXT
from cogs.ui.member import guild_of

NAME: Final = 40  # characters of the server's name in the picture
SAME: Final = 0.005  # of an estimate, by which a charge may differ and be called the same


def setup(bot: Shotcaller) -> None:
    """Add the command."""
    bot.admin.add_command(_command(bot, words()))


def _command(bot: Shotcaller, say: Words) -> Command:
    @app_commands.command(name="usage", description=say("command.admin.usage"))
    @app_commands.describe(span=say("option.span"), measure=say("option.measure"))
    @app_commands.choices(
        span=[app_commands.Choice(name=say(f"choice.span.{each}"), value=each) for each in Span],
        measure=[app_commands.Choice(name=say(f"choice.measure.{each}"), value=each) for each in Measure],
    )
    async def usage(
        interaction: discord.Interaction[Any], span: str = Span.MONTH, measure: str = Measure.CREDITS
    ) -> None:
        await acknowledge(interaction)
        report, say = await bot.services.usage.report(guild_of(interaction), Span(span)), words(str(interaction.locale))
        text = cut(report_text(report, Span(span), Measure(measure), say), CONTENT)
        if not report.rows:
            await answer(interaction, text)
            return
        members, guild = [each for each, _ in top(report, Measure(measure)) if each != NOBODY], interaction.guild
        # Where Discord does not say what they are called here, their number is enough.
        names = (await bot.services.names.names(users=members, in_guild=guild_of(interaction))).users
        # In a thread: a thousand members in ninety days take a while to add up and to draw.
        files = await asyncio.to_thread(_files, report, Measure(measure), say, names, guild.name if guild else "")
        await answer(interaction, text, files=files)

    return usage


def report_text(report: UsageReport, span: Span, measure: Measure, say: Words) -> str:
    """Put a usage report in words, with the names of the numbers in its picture."""
    first, last = report.days[0].isoformat(), report.days[-1].isoformat()
    title = say("usage.title", span=say(f"choice.span.{span}"), first=first, last=last)
    lines = [f"### {title}", *(_totals(report, say) if report.rows else [say("usage.nothing")]), _budget(report, say)]
    lines += _members(report, measure, say)
    lines += [f"-# {line}" for each in report.drift for line in _drift(each, say)]
    return "\n".join(lines)


def _totals(report: UsageReport, say: Words) -> list[str]:
    total = report.total
    text = say(
        "usage.total",
        n=total.videos,
        credits=say("credits", n=total.credits),
        failed=total.failed,
        estimated=money(total.estimated, say),
        charged=money(total.charged, say),
    )
    return [text]


def _budget(report: UsageReport, say: Words) -> str:
    account = report.budget
    used, held = money(account.held + account.settled, say), money(account.held, say)
    if not report.budgeted:
        return say("usage.budget.none", used=used, held=held)
    return say("usage.budget", used=used, held=held, ceiling=money(account.allowance, say))


def _members(report: UsageReport, measure: Measure, say: Words) -> Iterator[str]:
    named = top(report, measure)
    for number, (user_id, used) in enumerate(named, start=1):
        yield say(
            "usage.member",
            number=number,
            member=say("usage.deleted") if user_id == NOBODY else f"<@{user_id}>",
            credits=say("credits", n=used.credits),
            charged=money(used.charged, say),
            n=used.videos,
        )
    if named and (others := len(report.members(measure.of)) - len(named)):
        yield say("usage.others", n=others)


def _drift(drift: PriceDrift, say: Words) -> Iterator[str]:
    """Say how far a service charged something else than was estimated."""
    model = safe(say.model(drift.model), 60)
    if drift.priced:
        how = "same" if abs(drift.share) < SAME else "more" if drift.share > 0 else "less"
        yield say(
            f"usage.drift.{how}",
            model=model,
            estimated=money(drift.estimated, say),
            reported=money(drift.reported, say),
            share=f"{abs(drift.share):.0%}" if abs(drift.share) >= SAME * 2 else f"{abs(drift.share):.1%}",
            n=drift.priced,
        )
    if drift.metered:
        yield say("usage.units", model=model, provider=drift.provider, units=f"{drift.units:f}", n=drift.metered)


def _files(
    report: UsageReport, measure: Measure, say: Words, names: Mapping[int, str], guild: str
) -> list[discord.File]:
    """The files of a report: a picture and a table."""
    name = f"usage-{report.days[0]:%Y%m%d}-{report.days[-1]:%Y%m%d}"
    alt = cut(alt_text(report, measure, say), ALT_TEXT)
    picture = draw(report, measure, _caption(report, measure, (say, words()), names, guild))
    return [file_of(picture, f"{name}.png", description=alt), file_of(report.table(), f"{name}.csv")]


def _caption(
    report: UsageReport, measure: Measure, languages: tuple[Words, ...], names: Mapping[int, str], guild: str
) -> Caption:
    """What is written in the picture, in the reader's language and in English, which every font can write."""
    total, where = sum(row.total for row in series(report, measure)), writable(cut(guild, NAME))
    return Caption(
        titles=[say(f"usage.chart.{measure}", guild=where) for say in languages],
        totals=[_amount(total, measure, say) for say in languages],
        others=[say("usage.chart.others") for say in languages],
        names=names,
    )


def _amount(amount: int, measure: Measure, say: Words) -> str:
    return say("credits", n=amount) if measure is Measure.CREDITS else money(amount, say)


def alt_text(report: UsageReport, measure: Measure, say: Words) -> str:
    """Describe the picture for those who do not see it."""
    by_day = report.by_day(measure.of)
    days: dict[date, int] = {day: sum(by_day[day].values()) for day in drawn_days(report)}
    peak = max(days, key=lambda day: days[day])
    bars = [f"{row.name} {measure.figure(row.total)}" for row in series(report, measure)]
    return say(
        "usage.alt",
        measure=say(f"choice.measure.{measure}"),
        first=min(days).isoformat(),
        last=max(days).isoformat(),
        peak=peak.isoformat(),
        most=measure.figure(days[peak]),
        bars=say("comma").join(bars) or "—",
    )
