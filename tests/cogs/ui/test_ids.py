"""Numbers in forged buttons, options and forms: bounded, in plain digits, and refused in words where they are not."""

import re
from types import SimpleNamespace
from typing import Any, Final

import discord
import pytest

from bot.errors import DraftGone, GuildJobUnknown, JobUnknown
from bot.service.admin.jobs import GuildJobs
from bot.service.jobs.videos import Videos
from cogs.results.inbox import InboxButton
from cogs.ui import PersistentItem, TypedRequest, parse_id, parse_number
from cogs.ui.ids import MOST
from cogs.ui.retry import KIND
from cogs.video.retry_buttons import RetryButton
from cogs.video.studio_draft import chosen_options
from tests.cogs.test_presses import kinds

HUGE: Final = "9" * 40
ARABIC: Final = "\u0663\u0664"  # digits of another script, which Python takes for a number


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("12", 12), (str(MOST), MOST), (str(MOST + 1), None), (HUGE, None), ("-1", None), (ARABIC, None)],
)
def test_a_number_is_one_that_a_database_keeps(text: str, number: int | None) -> None:
    assert parse_number(text) == number
    assert parse_id(text) == (number or 0)


@pytest.mark.parametrize("text", ["", " 1", "1\0", "\ud800", "1e5", "x"])
def test_what_is_no_number_is_none(text: str) -> None:
    assert parse_number(text) is None


def test_no_pattern_of_a_button_takes_digits_of_other_scripts_or_numbers_without_end() -> None:
    for name, kind in kinds():
        pattern = kind.__discord_ui_compiled_template__.pattern
        assert "\\d" not in pattern, name
        assert re.search(r"\[0-9\]\+|\[0-9\]\*", pattern) is None, name


def test_a_control_of_the_studio_says_only_what_could_be_offered() -> None:
    assert chosen_options("duration", "5") == {"duration": 5}
    assert chosen_options("strength", "-7") == {"strength": -7.0}
    for value in (HUGE, ARABIC, "--5", "-", "5.5", ""):
        assert chosen_options("duration", value) == chosen_options("strength", value) == {}


async def _deferred(**_: Any) -> None:
    """An acknowledgement."""


async def handle_press(kind: type[PersistentItem[Any]], ident: str, **services: Any) -> None:
    """Somebody uses a button of theirs, or one that they made up."""
    who: Any = SimpleNamespace(response=SimpleNamespace(defer=_deferred), user=SimpleNamespace(id=1), locale="en-US")
    bot: Any = SimpleNamespace(services=SimpleNamespace(**services))
    match = kind.__discord_ui_compiled_template__.fullmatch(ident)
    assert match is not None
    item = await kind.from_custom_id(who, discord.ui.Button(custom_id=ident), match)
    await item.handle_press(bot, who)


async def test_a_button_below_a_refusal_that_was_never_there_is_gone() -> None:
    async def read(_draft_id: str, kind: str, *, user_id: int) -> Any:
        assert (kind, user_id) == (KIND, 1)
        return SimpleNamespace(body=TypedRequest(options={}).body())

    with pytest.raises(DraftGone):
        await handle_press(RetryButton, "fix:0123456789abcdef:7", drafts=SimpleNamespace(read=read))


@pytest.mark.parametrize("page", [HUGE, str(MOST), "-5", "abc"])
async def test_a_page_of_the_inbox_beyond_all_is_the_first(page: str) -> None:
    asked: list[int] = []

    async def inbox(_user_id: int, *, skip: int) -> Any:
        asked.append(skip)
        raise DraftGone

    with pytest.raises(DraftGone):
        await handle_press(InboxButton, f"inbox:page:{page}", results=SimpleNamespace(inbox=inbox))
    assert asked == [0]


@pytest.mark.parametrize("job_id", ["\ud800", "id\0", "x" * 41, "", "a b"])
async def test_an_option_that_can_be_no_id_is_refused_before_the_database_is_asked(job_id: str) -> None:
    nothing: Any = SimpleNamespace()
    with pytest.raises(GuildJobUnknown):
        await GuildJobs.job(nothing, job_id, guild_id=7)
    with pytest.raises(JobUnknown):
        await Videos.cancel(nothing, job_id, user_id=1)
