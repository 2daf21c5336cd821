"""What buttons, selects and forms say in their `custom_id`s: always the same, and read with suspicion."""

import inspect
import re
from types import SimpleNamespace
from typing import Any, Final

import discord
import pytest

from bot.domain import JobFilter
from bot.errors import ControlUnknown, DraftGone, GuildJobUnknown, JobUnknown
from bot.service.admin.jobs import GuildJobs
from bot.service.jobs.videos import Videos
from cogs.ui import TypedRequest, parse_id, parse_number
from cogs.ui.custom_ids import MOST
from cogs.ui.limits import CUSTOM_ID
from cogs.ui.retry import KIND
from cogs.video.studio import chosen_options
from tests.cogs.controls import controls, press, use

HUGE: Final = "9" * 40
ARABIC: Final = "\u0663\u0664"  # digits of another script, which Python takes for a number
JOB: Final = "0123456789abcdef" * 2
DRAFT: Final = "0123456789abcdef"
SNOWFLAKE: Final = "1" * 19

# Messages that people have hold these: none of them may ever change.
PRESSES: Final = {
    "ajob:{action}:{job}": [f"ajob:cancel:{JOB}", f"ajob:close:{JOB}"],
    "ajob:open": ["ajob:open"],
    "ajobs:{job_filter}:{user_id}:{skip}": [f"ajobs:{each}:{SNOWFLAKE}:999999" for each in JobFilter],
    "cancel:{job_id}": [f"cancel:{JOB}"],
    "case:{verb}:{case_id}": ["case:approve:more-1234", "case:block:report-" + "x" * 70],
    "fix:{draft_id}:{what}": [f"fix:{DRAFT}:{what}" for what in ("edit", "again", "more", "0")],
    "give:{amount}:{case_id}": ["give:1:more-1234", "give:1000:more-1234"],
    "import:{draft_id}": [f"import:{DRAFT}"],
    "inbox:dismiss:{job_id}": [f"inbox:dismiss:{JOB}"],
    "inbox:dismiss-it:{job_id}": [f"inbox:dismiss-it:{JOB}"],
    "import:back:{draft_id}": [f"import:back:{DRAFT}"],
    "import:sure:{draft_id}": [f"import:sure:{DRAFT}"],
    "inbox:get:{job_id}": [f"inbox:get:{JOB}"],
    "inbox:list": ["inbox:list"],
    "inbox:page:{skip}": ["inbox:page:5"],
    "inbox:share:{job_id}": [f"inbox:share:{JOB}"],
    "jobs:cancel:{job_id}": [f"jobs:cancel:{JOB}"],
    "library:open": ["library:open"],
    "library:send:{job_id}": [f"library:send:{JOB}"],
    "library:{action}:{page}:{stars}:{draft_id}:{model}": ["library:back:0:0::", f"library:model:7:1:{DRAFT}:kling-v1"],
    "preset:again:{draft_id}[:{page}]": [f"preset:again:{DRAFT}", f"preset:again:{DRAFT}:3"],
    "preset:page:{page}:{direction}": ["preset:page:0:<", "preset:page:2:>"],
    "preset:use:{preset_id}[:{price}]": [f"preset:use:{DRAFT}", f"preset:use:{DRAFT}:3"],
    "privacy:delete:{messages}": ["privacy:delete:0", "privacy:delete:1"],
    "quota:ledger": ["quota:ledger"],
    "quota:more": ["quota:more"],
    "result:{action}:{job_id}[:{more}]": [
        *(f"result:again:{JOB}", f"result:reshape:{JOB}:9:16", f"result:erase:{JOB}:{SNOWFLAKE}"),
        *(f"result:again:{JOB}:5", f"result:reshape:{JOB}:9:16:5", f"result:more:{JOB}"),
    ],
    "settings:{whose}:{option}": ["settings:mine:notify", "settings:server:reset"],
    "setup:check": ["setup:check"],
    "setup:open": ["setup:open"],
    "setup:page:{step}": [
        f"setup:page:{each}" for each in ("channels", "credits", "budget", "moderators", "clock", "done")
    ],
    "show:usual": ["show:usual"],
    "setup:{step}": [f"setup:{each}" for each in ("channels", "moderators", "audit", "zone", "credits", "budget")],
    "story-{action}:{draft}:{version}:{shot}[:{price}]": [
        f"story-add:{DRAFT}:12:0",
        f"story-template:{DRAFT}:999999999:5",
        f"story-make:{DRAFT}:12:0:9",
    ],
    "story:{draft}:{version}:{shot}": [f"story:{DRAFT}:1:2"],
    "studio:{draft_id}:generate[:{price}]": [f"studio:{DRAFT}:generate", f"studio:{DRAFT}:generate:5"],
    "studio:{draft_id}:prompt": [f"studio:{DRAFT}:prompt"],
    "studio:{draft_id}:reset": [f"studio:{DRAFT}:reset"],
    "studio:{draft_id}:{option}[={value}]": [f"studio:{DRAFT}:aspect=9:16", f"studio:{DRAFT}:camera"],
}
FORMS: Final = {
    "blockade:{case_id}": ["blockade:report-1"],
    "denial:{case_id}": ["denial:request-1"],
    "feedback:": ["feedback:"],
    "film:{message_id}": [f"film:{SNOWFLAKE}"],
    "grant:{case_id}": ["grant:more-1"],
    "library:{stars}:{model}": ["library:0:", "library:1:kling-v1"],
    "more:": ["more:"],
    "preset:{preset_id}[:{private}]": [f"preset:{DRAFT}", f"preset:{DRAFT}:private"],
    "preset:{draft_id}:{page}": [f"preset:{DRAFT}:2"],
    "remix:{job_id}": [f"remix:{JOB}"],
    "report:{job_id}:{message_id}": [f"report:{JOB}:0", f"report:{JOB}:{SNOWFLAKE}"],
    "retry:{draft_id}": [f"retry:{DRAFT}"],
    "retry:{draft_id}:more": [f"retry:{DRAFT}:more"],
    "setup:{step}": ["setup:zone", "setup:credits", "setup:budget"],
    "storyboard:{which}:{draft}:{version}:{shot}": [f"storyboard:script:{DRAFT}:3:0"],
    "studio:{draft_id}": [f"studio:{DRAFT}"],
}


async def test_what_people_have_on_their_messages_stays_what_it_is() -> None:
    bot = await controls()
    for golden, handlers in ((PRESSES, bot.presses), (FORMS, bot.forms)):
        listeners: list[Any] = list(handlers.values())
        assert {each.custom_id.template for each in listeners} == golden.keys()
        for text in (text for texts in golden.values() for text in texts):
            (mine,) = (each for each in listeners if each.custom_id.pattern.fullmatch(text))
            said = mine.custom_id.read(mine.custom_id.pattern.fullmatch(text))
            assert mine.custom_id(**said) == text
            assert len(text) <= CUSTOM_ID


async def test_every_handler_takes_what_its_custom_id_says() -> None:
    bot = await controls()
    listeners: list[Any] = [*bot.presses.values(), *bot.forms.values()]
    for each in listeners:
        inspect.signature(each.handler).bind("the bot", "the interaction", **dict.fromkeys(each.custom_id.parts))


@pytest.mark.parametrize(
    "custom_id",
    [
        *("", "nonsense", "ajob:cancel", f"ajob:cancel:{'x' * 41}", f"ajob:explode:{JOB}", f"fix:{DRAFT}:12"),
        *(f"inbox:page:{page}" for page in (HUGE, ARABIC, "-5", "abc")),
        *(f"story:{DRAFT}:{ARABIC}:1", f"studio:{DRAFT}:colour=red", f"result:again:{JOB}:\n", "settings:all:mode"),
    ],
)
@pytest.mark.parametrize("kind", [discord.InteractionType.component, discord.InteractionType.modal_submit])
async def test_what_nobody_was_ever_shown_is_refused(custom_id: str, kind: discord.InteractionType) -> None:
    with pytest.raises(ControlUnknown):
        await use(await controls(), press(custom_id, type=kind))


async def test_no_pattern_takes_digits_of_other_scripts_or_numbers_without_end() -> None:
    bot = await controls()
    for pattern in (each.pattern for each in [*bot.presses, *bot.forms]):
        assert "\\d" not in pattern
        assert re.search(r"\[0-9\]\+|\[0-9\]\*", pattern) is None, pattern


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


def test_a_control_of_the_studio_says_only_what_could_be_offered() -> None:
    assert chosen_options("duration", "5") == {"duration": 5}
    assert chosen_options("strength", "gentle") == {"strength": "gentle"}
    for value in (HUGE, ARABIC, "--5", "-", "", "much"):
        assert chosen_options("duration", value) == chosen_options("strength", value) == {}


def test_a_control_of_an_older_studio_means_what_it_meant() -> None:
    assert chosen_options("strength", "-7") == {"strength": -7.0}
    assert chosen_options("camera", "pan") == {"camera": "pan", "strength": 5.0}  # which turns the camera up
    assert chosen_options("camera", "pan_left") == {"camera": "pan_left", "strength": None}


async def test_a_button_below_a_refusal_that_was_never_there_is_gone() -> None:
    async def read(_draft_id: str, kind: str, *, user_id: int) -> Any:
        assert (kind, user_id) == (KIND, 11)
        return SimpleNamespace(body=TypedRequest(options={}).body())

    bot = await controls(SimpleNamespace(drafts=SimpleNamespace(read=read)))
    with pytest.raises(DraftGone):
        await use(bot, press("fix:0123456789abcdef:7"))


@pytest.mark.parametrize("job_id", ["\ud800", "id\0", "x" * 41, "", "a b"])
async def test_an_option_that_can_be_no_id_is_refused_before_the_database_is_asked(job_id: str) -> None:
    nothing: Any = SimpleNamespace()
    with pytest.raises(GuildJobUnknown):
        await GuildJobs.job(nothing, job_id, guild_id=7)
    with pytest.raises(JobUnknown):
        await Videos.cancel(nothing, job_id, user_id=1)
