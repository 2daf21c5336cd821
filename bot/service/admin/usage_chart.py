"""Draws a report: a column a day, stacked by who used the most, and below it a bar for each of those.

It is read on phones and in both of Discord's themes, and stands alone when somebody passes it on: a title, the dates,
the unit, and who is who where a font has their letters. The bars are numbered as in the message with the picture.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from bot.domain import USD_MICROS, UsageTotals
from bot.service.admin.lettering import can_write, fit, font_for, writable
from bot.service.admin.usage import UsageReport
from bot.values import dataclass

if TYPE_CHECKING:
    from PIL import ImageDraw

    Box = tuple[float, float, float, float]

TOP: Final = 5  # members with a colour of their own; all others share one
TICKS: Final = 4  # lines across the columns, at the most
LABELS: Final = 8  # days that are named, at the most
FEWEST_DAYS: Final = 7  # that are drawn, where the report has so many

_WIDTH, _HEIGHT, _BAR, _EDGE = 1000, 560, 62, 34  # pixels: the picture, its columns, one bar, the margins
_TITLE: Final = 110  # pixels that the title and the dates take
_AXIS: Final = 120  # pixels that the figures of the columns take
_NAME, _NUMBER = 300, 54  # pixels that a bar's number and name take, and the number alone
_TEXT, _LARGE = 30, 36
_GROUND, _INK, _SOFT, _FAINT = "#1e1f22", "#f2f3f5", "#b5bac1", "#4a4d55"
_COLOURS: Final = (
    "#56b4e9",
    "#e69f00",
    "#2bc48a",
    "#f0e442",
    "#d98cc0",
    "#8a8f98",
)  # told apart by the colour-blind too


class Measure(StrEnum):
    """Says what is drawn."""

    CREDITS = "credits"
    USD = "usd"

    def of(self, used: UsageTotals) -> int:
        """Read the amount, in credits or millionths of a USD."""
        return used.credits if self is Measure.CREDITS else used.charged

    def figure(self, amount: float) -> str:
        """Write an amount as it stands in the picture."""
        if self is Measure.CREDITS:
            return f"{amount:,.0f}"
        usd = amount / USD_MICROS
        return f"${usd:,.0f}" if usd >= 100 and usd == round(usd) else f"${usd:,.2f}"  # noqa: PLR2004 (dollars)


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """One colour: what it is called, and its amounts by day."""

    name: str
    amounts: tuple[int, ...]

    @property
    def total(self) -> int:
        """Add up all of its days."""
        return sum(self.amounts)


@dataclass(frozen=True, kw_only=True, slots=True)
class Caption:
    """What is written above the columns, and who the members are.

    Of several texts that say the same, the first is written that a font here has all letters of; of a name what it has.
    """

    titles: Sequence[str]
    totals: Sequence[str]
    others: Sequence[str]
    names: Mapping[int, str]  # by the member's id


def top(report: UsageReport, measure: Measure) -> list[tuple[int, UsageTotals]]:
    """List the members that have a colour of their own, with what they used, in the order of their numbers."""
    return [each for each in report.members(measure.of) if measure.of(each[1]) > 0][:TOP]


def series(report: UsageReport, measure: Measure) -> list[Series]:
    """List what is drawn: the members with a number, and all others together."""
    days, named = report.by_day(measure.of), [user_id for user_id, _ in top(report, measure)]
    found = [
        Series(name=f"#{number}", amounts=tuple(day.get(user_id, 0) for day in days.values()))
        for number, user_id in enumerate(named, start=1)
    ]
    rest = tuple(sum(amount for user_id, amount in day.items() if user_id not in named) for day in days.values())
    return [*found, Series(name="…", amounts=rest)] if any(rest) else found


def drawn_days(report: UsageReport) -> Sequence[date]:
    """List the days that are drawn: from the first on which something was used, so that no month stands empty."""
    first = min((row.day for row in report.rows), default=report.days[-1])
    begin = min(report.days.index(first), max(0, len(report.days) - FEWEST_DAYS))
    return report.days[begin:]


def draw(report: UsageReport, measure: Measure, caption: Caption) -> bytes:
    """Draw the picture as PNG. Takes tens of milliseconds: not for the event loop."""
    from PIL import Image, ImageDraw  # noqa: PLC0415 (loaded by the bots that draw)

    rows, days = series(report, measure), drawn_days(report)
    image = Image.new("RGB", (_WIDTH, _TITLE + _HEIGHT + _BAR * len(rows) + _EDGE), _GROUND)
    pen = ImageDraw.Draw(image)
    _heading(pen, days, caption)
    pen.font = font_for("", _TEXT)
    upper = _TITLE + _EDGE
    _columns(pen, rows, days, measure, (_EDGE + _AXIS, upper, _WIDTH - _EDGE, _TITLE + _HEIGHT - 3 * _TEXT))
    _bars(pen, rows, measure, top=_TITLE + _HEIGHT)
    _names(pen, _named(report, measure, caption), len(rows))
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


def _heading(pen: ImageDraw.ImageDraw, days: Sequence[date], caption: Caption) -> None:
    title, font = _pick(caption.titles), font_for(_pick(caption.titles), _LARGE)
    pen.text((_EDGE, _EDGE), fit(title, font, _WIDTH - 2 * _EDGE), fill=_INK, font=font, anchor="lt")
    dates = f"{days[0].isoformat()} \N{EN DASH} {days[-1].isoformat()} · {_pick(caption.totals)}"
    pen.text((_EDGE, _EDGE + 52), dates, fill=_SOFT, font=font_for(dates, _TEXT), anchor="lt")


def _pick(texts: Sequence[str]) -> str:
    return next((each for each in texts if can_write(each)), texts[-1])


def _columns(
    pen: ImageDraw.ImageDraw, rows: Sequence[Series], days: Sequence[date], measure: Measure, box: Box
) -> None:
    left, upper, right, lower = box
    step = nice_step(max(map(sum, zip(*(row.amounts for row in rows), strict=True)), default=0), measure)
    highest = step * TICKS
    for tick in range(TICKS + 1):
        y = lower - (lower - upper) * tick / TICKS
        pen.line((left, y, right, y), fill=_FAINT, width=2)
        _write(pen, (left - 16, y), measure.figure(step * tick), anchor="rm")
    width = (right - left) / len(days)
    every = -(-len(days) // LABELS)
    for number, day in enumerate(days):
        x, y = left + width * number, float(lower)
        for row, colour in _coloured(rows):
            amount = row.amounts[len(row.amounts) - len(days) + number]
            above = y - (lower - upper) * amount / highest
            if amount:
                pen.rectangle((x + width * 0.1, min(above, y - 1), x + width * 0.9, y - 1), fill=colour)
            y = above
        if (len(days) - 1 - number) % every == 0:
            _write(pen, (min(x + width / 2, right - 10), lower + 14), f"{day:%m-%d}", anchor="mt")


def _bars(pen: ImageDraw.ImageDraw, rows: Sequence[Series], measure: Measure, *, top: int) -> None:
    longest = max((row.total for row in rows), default=0) or 1
    left, right = _EDGE + _NAME, _WIDTH - _EDGE - 190
    for number, (row, colour) in enumerate(_coloured(rows)):
        y, end = top + _BAR * number, left + max(4, (right - left) * row.total / longest)
        _write(pen, (_EDGE, y + _BAR / 2), row.name, anchor="lm")
        pen.rounded_rectangle((left, y + 10, end, y + _BAR - 10), radius=6, fill=colour)
        _write(pen, (end + 16, y + _BAR / 2), measure.figure(row.total), anchor="lm")


def _named(report: UsageReport, measure: Measure, caption: Caption) -> list[str]:
    """List what the bars are called, as far as there are letters for it."""
    members = [writable(caption.names.get(user_id, "")) for user_id, _ in top(report, measure)]
    return [*members, _pick(caption.others)]


def _names(pen: ImageDraw.ImageDraw, names: Sequence[str], count: int) -> None:
    """Write the names of so many bars behind their numbers."""
    for number, name in enumerate(names[:count]):
        font, place = font_for(name, _TEXT), (_EDGE + _NUMBER, _TITLE + _HEIGHT + _BAR * number + _BAR / 2)
        pen.text(place, fit(name, font, _NAME - _NUMBER - 20), fill=_INK, font=font, anchor="lm")


def nice_step(highest: int, measure: Measure) -> int:
    """Compute the distance of lines of which `TICKS` reach the highest column: 1, 2 or 5 times a power of ten."""
    least = 1 if measure is Measure.CREDITS else USD_MICROS // 100
    wanted = max(least, -(-highest // TICKS))
    power = int("1" + "0" * (len(str(wanted)) - 1))
    return next(times * power for times in (1, 2, 5, 10) if times * power >= wanted)


def _coloured(rows: Sequence[Series]) -> Iterator[tuple[Series, str]]:
    for number, row in enumerate(rows):
        yield row, _COLOURS[number if row.name.startswith("#") else TOP]


def _write(pen: ImageDraw.ImageDraw, place: tuple[float, float], text: str, *, anchor: str) -> None:
    pen.text(place, text, fill=_INK, anchor=anchor)
