"""Draws the operator's page from its templates, in a visitor's language; whatever stands in a gap is text, not HTML."""

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from importlib import resources
from typing import Any, Final

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bot.domain import USD_MICROS, AuditEntry
from bot.domain.standing import SpendLine
from bot.locale import Words, nearest, words
from bot.service.ports import Named
from bot.values import dataclass

FILES: Final = {"page.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}
CHART: Final = (720, 160)  # width and height of a chart, in its own units
MARKS: Final = re.compile(r"<#(?P<channel>\d+)>|`(?P<code>[^`]+)`|\*\*(?P<bold>[^*]+)\*\*")  # Discord's
LOWEST: Final = 2  # the height of a bar that would hardly be seen


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """One bar of a chart: where it stands, how high it is, and what it is said to be."""

    x: float
    width: float
    y: float
    height: float
    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """A bar for each day on which something was spent, what stands beside and below them, and all in one sentence."""

    bars: Sequence[Bar]
    scale: Sequence[str]
    days: Sequence[str]
    summary: str


class Drawing:
    """Fills the templates; `base` is the path at which the page begins, as a browser sees it."""

    def __init__(self, *, base: str) -> None:
        self._base = base
        self._environment = Environment(
            loader=PackageLoader("bot.web.page", "."),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def page(
        self, template: str, locale: str, values: Mapping[str, Any], *, now: datetime, status: int = 200
    ) -> web.Response:
        """Fill a template."""
        say = words(locale)
        text = self._environment.get_template(template).render(
            **values,
            say=say,
            base=self._base,
            lang=say.locale,
            usd=lambda micros: usd(micros, say),
            number=say.number,
            ago=lambda moment: ago(moment, say, now=now),
            at=at,
            between=lambda usual, most: between(usual, most, say),
        )
        return web.Response(text=text, status=status, content_type="text/html")


def usd(micros: int, say: Words) -> str:
    """Write an amount of money that is given in millionths of a USD."""
    return say.usd(Decimal(micros) / USD_MICROS)


def at(moment: datetime) -> str:
    """Write a moment, to the second."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def ago(moment: datetime, say: Words, *, now: datetime) -> str:
    """Say how long ago a moment was, or in how long it is."""
    return (
        say("page.ago", span=say.span(now - moment)) if moment <= now else say("page.in", span=say.span(moment - now))
    )


def between(usual: timedelta | None, most: timedelta | None, say: Words) -> str:
    """Say how long something takes, and took at the most; a dash where nothing is known."""
    if usual is None or most is None:
        return "—"
    return say("page.between", usual=say.span(usual), most=say.span(most))


def chart_of(lines: Sequence[SpendLine], say: Words) -> Chart | None:
    """Lay out what was spent on each of some days in a row; None where that is nothing."""
    highest = max(lines, key=lambda line: line.spent, default=None)
    if highest is None or not highest.spent:
        return None
    width, height = CHART
    top, step = round_top(highest.spent), width / len(lines)
    found = [
        Bar(
            x=round(number * step + step * 0.1, 1),
            width=round(step * 0.8, 1),
            y=round(height - max(LOWEST, height * line.spent / top), 1),
            height=round(max(LOWEST, height * line.spent / top), 1),
            label=f"{day_of(line, say)}: {usd(line.spent, say)}",
        )
        for number, line in enumerate(lines)
        if line.spent
    ]
    summary = say(
        "page.spend.summary",
        total=usd(sum(line.spent for line in lines), say),
        n=sum(line.jobs for line in lines),
        highest=usd(highest.spent, say),
        day=day_of(highest, say),
    )
    days = [day_of(line, say) for line in (lines[0], lines[len(lines) // 2], lines[-1])]
    return Chart(bars=found, scale=[usd(each, say) for each in (top, top // 2, 0)], days=days, summary=summary)


def round_top(most: int) -> int:
    """Find the end of a scale: the first of 0.02, 0.04, 0.10, 0.20 … USD that is not below the most."""
    top, steps = 2 * USD_MICROS // 100, itertools.cycle((2, 4, 10))
    base = top // 2
    for step in steps:
        top = base * step
        if top >= most:
            break
        base = base * 10 if step == 10 else base  # noqa: PLR2004 - the last of the steps
    return top


def day_of(line: SpendLine, say: Words) -> str:
    """Write the day that a line is of."""
    return say.day(date.fromisoformat(line.name))


def tag(found: str | None, number: int) -> str | Markup:
    """Write what somebody or something is called, apart from the text around it; its number where nobody knows."""
    if not number:
        return "—"
    return str(number) if not found else Markup('<bdi title="{}">{}</bdi>').format(number, found)


def marked(text: str, channel: Callable[[int], str | Markup]) -> Markup:
    """Draw a text that was written for Discord: what is bold or typed, and channels as `channel` calls them."""
    parts, at = list[str | Markup](), 0
    for mark in MARKS.finditer(text):
        parts.append(text[at : mark.start()])
        at = mark.end()
        if mark["channel"]:
            parts.append(channel(int(mark["channel"])))
        elif mark["code"]:
            parts.append(Markup("<code>{}</code>").format(mark["code"]))
        else:
            parts.append(Markup("<strong>{}</strong>").format(mark["bold"]))
    return Markup("").join([*parts, text[at:]])


def apart(name: str) -> str:
    """Keep a name from changing in which direction the text around it is read."""
    return f"\N{FIRST STRONG ISOLATE}{name}\N{POP DIRECTIONAL ISOLATE}"


def entry_text(entry: AuditEntry, say: Words, named: Named) -> str:
    """Put an audit entry in a reader's words, with places by their ids, and people whose names nobody knows.

    A job or a case is called by its id, with which everything else about it is found.
    """
    gaps: dict[str, Any] = dict.fromkeys(("reason", "note", "until"), "")
    gaps |= {"actor": entry.actor_id, "since": say("audit.earlier")}
    gaps |= {name: _plain(name, value, say) for name, value in entry.detail.items()}
    gaps["message"] = "".join(f" {entry.detail[name]}" for name in ("job", "case") if name in entry.detail)
    if "since" in entry.detail:
        gaps["since"] = ago(datetime.fromisoformat(entry.detail["since"]), say, now=entry.at)
    for name, number in people_of(entry).items():
        gaps[name] = apart(named.users[number]) if named.users.get(number) else number
    try:
        return say(f"audit.{entry.action}", **gaps).replace("`", "")
    except KeyError:  # another version wrote it
        return f"{entry.actor_id} {entry.action}"


def people_of(entry: AuditEntry) -> dict[str, int]:
    """Find who an entry is about, by the gaps of its words."""
    people = {"actor": entry.actor_id, "member": entry.detail.get("member")}
    return {name: number for name, number in people.items() if isinstance(number, int) and number}


def _plain(name: str, value: Any, say: Words) -> str:
    if name == "credits" and isinstance(value, int):
        return say("credits", n=value)
    if name == "changes" and isinstance(value, list):
        return ", ".join(str(each.get("path", "")) for each in value if isinstance(each, dict))
    return str(value)


def reader_locale(request: web.Request) -> str:
    """Choose the language of somebody who is not signed in: the first that their browser names."""
    first = request.headers.get("Accept-Language", "").split(",")[0].split(";")[0].strip()
    return nearest(first)


def shipped(name: str) -> bytes:
    """Read a file that every page uses."""
    return (resources.files("bot.web.page") / name).read_bytes()
