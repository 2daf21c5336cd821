"""Draws the operator's page from its templates, in a visitor's language; whatever stands in a gap is text, not HTML."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from importlib import resources
from typing import Any, Final

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from bot.domain import USD_MICROS, AuditEntry
from bot.domain.standing import SpendLine
from bot.locale import Words, nearest, words
from bot.values import dataclass

FILES: Final = {"page.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}
CHART: Final = (720, 160)  # width and height of a chart, in its own units


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """One bar of a chart: where it stands, how high it is, and what it is said to be."""

    x: float
    width: float
    y: float
    height: float
    label: str


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


def bars(lines: Sequence[SpendLine], say: Words) -> Sequence[Bar]:
    """Lay out a bar for what was spent on each day."""
    width, height = CHART
    most = max((line.spent for line in lines), default=0) or 1
    step = width / max(1, len(lines))
    return [
        Bar(
            x=round(number * step + step * 0.1, 1),
            width=round(step * 0.8, 1),
            y=round(height - height * line.spent / most, 1),
            height=round(height * line.spent / most, 1),
            label=f"{line.name}: {usd(line.spent, say)}",
        )
        for number, line in enumerate(lines)
    ]


def entry_text(entry: AuditEntry, say: Words) -> str:
    """Put an audit entry in a reader's words, with people and places by their ids."""
    gaps: dict[str, Any] = {"reason": "", "note": "", "until": "", "actor": entry.actor_id}
    gaps |= {name: _plain(name, value, say) for name, value in entry.detail.items()}
    try:
        return say(f"audit.{entry.action}", **gaps).replace("`", "")
    except KeyError:  # another version wrote it
        return f"{entry.actor_id} {entry.action}"


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
