"""Reports of what was used: their days, their table for spreadsheets, their picture."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from PIL import Image

from bot.domain import UNLIMITED, Account, AuditEntry, MemberDay, PriceDrift, Unit, UsageTotals
from bot.service.admin.lettering import can_write, fit, font_for, writable
from bot.service.admin.usage import COLUMNS, Span, Usage, UsageReport
from bot.service.admin.usage_chart import TICKS, Caption, Measure, draw, drawn_days, nice_step, series, top
from bot.store.community.guilds import GuildStore
from tests.service.services import Services

TODAY = date(2026, 3, 5)
ACCOUNT = Account(owner="budget:guild:7", period="2026-03", allowance=UNLIMITED, unit=Unit.USD)


def used(**amounts: int) -> UsageTotals:
    return UsageTotals(videos=1, **amounts)


def report(rows: Sequence[tuple[int, int, int]], *, days: int = 7) -> UsageReport:
    """Rows are days back, member, credits."""
    return UsageReport(
        days=tuple(TODAY - timedelta(days=back) for back in reversed(range(days))),
        rows=tuple(
            MemberDay(day=TODAY - timedelta(days=back), user_id=user_id, used=used(credits=n, charged=n * 84_000))
            for back, user_id, n in rows
        ),
        drift=(),
        budget=ACCOUNT,
        budgeted=False,
    )


@pytest.fixture
def usage(services: Services) -> Usage:
    return services.bot.services.usage


async def deliver(services: Services, **fields: Any) -> None:
    job = await services.succeeded(**fields)
    await services.jobs.delivered(job, channel_id=5, message_id=1, now=services.clock())


async def test_a_report_has_every_day_up_to_today_and_what_was_used_on_each(services: Services, usage: Usage) -> None:
    await deliver(services, user_id=2)
    services.clock.tick(86_400)
    await deliver(services, user_id=2)
    await deliver(services, user_id=3)
    made = await usage.report(7, Span.WEEK)
    assert (made.days[0], made.days[-1], len(made.days)) == (date(2026, 2, 28), date(2026, 3, 6), 7)
    assert [(row.day.day, row.user_id, row.used.credits) for row in made.rows] == [(5, 2, 5), (6, 2, 5), (6, 3, 5)]
    assert made.total == UsageTotals(videos=3, credits=15, estimated=1_260_000, charged=1_260_000)


async def test_who_has_used_nothing_yet_is_in_no_report(services: Services, usage: Usage) -> None:
    await services.succeeded(user_id=3)
    await services.queued(user_id=2)
    assert (await usage.report(7, Span.WEEK)).rows == ()


@pytest.mark.parametrize(
    ("span", "first", "count"),
    [
        (Span.WEEK, date(2026, 2, 27), 7),
        (Span.MONTH, date(2026, 2, 4), 30),
        (Span.QUARTER, date(2025, 12, 6), 90),
        (Span.THIS_MONTH, date(2026, 3, 1), 5),
    ],
)
async def test_a_span_ends_today(usage: Usage, span: Span, first: date, count: int) -> None:
    made = await usage.report(7, span)
    assert (made.days[0], made.days[-1], len(made.days)) == (first, TODAY, count)


async def test_days_and_months_begin_where_the_guild_is(services: Services, usage: Usage) -> None:
    entry = AuditEntry(id="i", guild_id=7, actor_id=1, action="changed", at=services.clock())
    await GuildStore(services.database).change(entry, lambda policy: policy.changed(timezone="Asia/Shanghai"))
    services.clock.now = datetime(2026, 3, 31, 17, tzinfo=UTC)
    await deliver(services)
    made = await usage.report(7, Span.THIS_MONTH)
    assert made.days == (date(2026, 4, 1),)
    assert [row.day for row in made.rows] == [date(2026, 4, 1)]
    assert made.budget.period == "2026-04"


async def test_the_budget_of_a_report_is_the_guilds_own(services: Services, usage: Usage) -> None:
    assert not (await usage.report(7, Span.WEEK)).budgeted
    entry = AuditEntry(id="i", guild_id=7, actor_id=1, action="changed", at=services.clock())
    await GuildStore(services.database).change(entry, lambda policy: policy.changed(budget_usd_micros=9_000_000))
    made = await usage.report(7, Span.WEEK)
    assert (made.budgeted, made.budget.allowance, made.budget.owner) == (True, 9_000_000, "budget:guild:7")


def test_members_are_ranked_by_what_is_measured() -> None:
    made = report([(0, 1, 3), (1, 2, 5), (2, 1, 4), (3, 3, 0)])
    assert [(user_id, each.credits) for user_id, each in made.members(Measure.CREDITS.of)] == [(1, 7), (2, 5), (3, 0)]
    assert [user_id for user_id, _ in top(made, Measure.CREDITS)] == [1, 2]


def test_the_table_is_one_that_spreadsheets_and_programmes_read() -> None:
    data = report([(1, 2**62, 5), (0, 2, 7)]).table()
    assert data.startswith(b"\xef\xbb\xbfday,")
    assert data.endswith(b"\r\n")
    lines = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert tuple(lines[0]) == COLUMNS
    assert lines[1:] == [
        ["2026-03-04", str(2**62), "1", "5", "0.000000", "0.420000", "0"],
        ["2026-03-05", "2", "1", "7", "0.000000", "0.588000", "0"],
    ]
    assert all(cell[0] not in "=+-@\t\r" for line in lines for cell in line)


def test_a_column_is_stacked_from_the_members_with_a_number_and_all_others_together() -> None:
    made = report([(0, user_id, 10 - user_id) for user_id in range(1, 8)] + [(1, 7, 1)], days=2)
    rows = series(made, Measure.CREDITS)
    assert [(row.name, row.amounts) for row in rows] == [
        ("#1", (0, 9)),
        ("#2", (0, 8)),
        ("#3", (0, 7)),
        ("#4", (0, 6)),
        ("#5", (0, 5)),
        ("…", (1, 7)),
    ]
    assert sum(row.total for row in rows) == made.total.credits


def test_nobody_else_is_no_bar() -> None:
    assert [row.name for row in series(report([(0, 1, 3)]), Measure.CREDITS)] == ["#1"]


CAPTION = Caption(
    titles=["Film Club: credits used per day"], totals=["60 credits"], others=["everyone else"], names={1: "Ana"}
)


def drawn(made: UsageReport, measure: Measure, caption: Caption = CAPTION) -> Image.Image:
    return Image.open(io.BytesIO(draw(made, measure, caption))).convert("RGB")


@pytest.mark.parametrize("measure", Measure)
@pytest.mark.parametrize("days", [1, 7, 31, 90])
def test_the_picture_shows_a_column_on_each_day_that_something_was_used(measure: Measure, days: int) -> None:
    image = drawn(report([(0, 1, 40), (0, 2, 20)], days=days), measure)
    colours = {colour for _, colour in image.getcolors(1 << 24) or ()}
    assert {(0x56, 0xB4, 0xE9), (0xE6, 0x9F, 0x00)} <= colours
    assert (0x2B, 0xC4, 0x8A) not in colours
    assert _columns(image) == 1


def _columns(image: Image.Image) -> int:
    """How many separate stretches of the first member's colour a line just above the ground meets."""
    hits = [image.getpixel((x, 575)) == (0x56, 0xB4, 0xE9) for x in range(image.width)]
    return sum(1 for before, here in zip([False, *hits], hits, strict=False) if here and not before)


def test_a_day_with_twice_as_much_is_twice_as_high() -> None:
    image = drawn(report([(0, 1, 40), (1, 1, 20)], days=2), Measure.CREDITS)
    heights = [sum(image.getpixel((x, y)) == (0x56, 0xB4, 0xE9) for y in range(585)) for x in (300, 750)]
    assert abs(heights[1] - 2 * heights[0]) <= 3
    assert heights[0] > 100


def test_a_report_of_nothing_can_be_drawn_too() -> None:
    assert drawn(report([]), Measure.USD).width == 1000


@pytest.mark.parametrize(
    ("back", "days", "first"), [(0, 30, 6), (20, 30, 20), (29, 30, 29), (2, 5, 4), (0, 1, 0), (89, 90, 89)]
)
def test_what_is_drawn_begins_with_the_first_use_but_is_a_week_where_there_is_one(
    back: int, days: int, first: int
) -> None:
    shown = drawn_days(report([(back, 1, 3)], days=days))
    assert (shown[0], shown[-1]) == (TODAY - timedelta(days=first), TODAY)


def test_a_column_stands_on_its_day_also_where_empty_days_before_it_are_left_out() -> None:
    wide, narrow = (drawn(report([(0, 1, 40)], days=days), Measure.CREDITS) for days in (7, 90))
    assert wide.tobytes() == narrow.tobytes()


def test_the_picture_tells_whose_bar_it_is() -> None:
    made = report([(0, 1, 40), (0, 2, 20)])
    unnamed = Caption(titles=CAPTION.titles, totals=CAPTION.totals, others=CAPTION.others, names={})
    first_bar, second_bar = (88, 672, 300, 730), (88, 734, 300, 790)
    with_name, without = drawn(made, Measure.CREDITS), drawn(made, Measure.CREDITS, unnamed)
    assert with_name.crop(first_bar).tobytes() != without.crop(first_bar).tobytes()
    assert with_name.crop(second_bar).tobytes() == without.crop(second_bar).tobytes()


def test_a_title_that_no_font_has_letters_for_is_written_in_the_next_language() -> None:
    made, nobody_writes = report([(0, 1, 40)]), "\ue000\ue001"
    other = Caption(titles=[nobody_writes, *CAPTION.titles], totals=CAPTION.totals, others=["x"], names=CAPTION.names)
    assert not can_write(nobody_writes)
    assert draw(made, Measure.CREDITS, other) == draw(made, Measure.CREDITS, CAPTION)


def test_of_a_name_the_letters_are_written_that_a_font_has() -> None:
    assert writable("Ana \ue000 Bell\ue001a") == "Ana Bella"
    assert writable("\ue000") == ""


def test_a_text_is_cut_to_its_room() -> None:
    font = font_for("w", 30)
    assert fit("short", font, 900) == "short"
    cut_text = fit("w" * 200, font, 300)
    assert cut_text.endswith("…")
    assert 200 < font.getlength(cut_text) <= 300


@pytest.mark.parametrize("measure", Measure)
@pytest.mark.parametrize("highest", [0, 1, 3, 4, 5, 17, 80, 81, 999_999, 123_456_789])
def test_the_lines_reach_above_the_highest_column_but_not_far(measure: Measure, highest: int) -> None:
    step = nice_step(highest, measure)
    assert highest <= step * TICKS
    assert str(step).rstrip("0") in {"1", "2", "5"}
    least = 1 if measure is Measure.CREDITS else 10_000
    assert step == least or step * TICKS < 2.5 * (highest + TICKS)


@pytest.mark.parametrize(
    ("measure", "amount", "figure"),
    [
        (Measure.CREDITS, 12_345, "12,345"),
        (Measure.USD, 252_000, "$0.25"),
        (Measure.USD, 1_234_560_000, "$1,234.56"),
        (Measure.USD, 200_000_000, "$200"),
    ],
)
def test_figures_are_short(measure: Measure, amount: int, figure: str) -> None:
    assert measure.figure(amount) == figure


def test_drift_without_anything_reported_is_none() -> None:
    assert PriceDrift(provider="p", model="m").share == 0
