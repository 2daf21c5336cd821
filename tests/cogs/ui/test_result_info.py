"""What Info tells, and to whom: nothing of others' private videos, no way to what was deleted."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import discord
import pytest

from bot.domain import Job, JobStatus, Mode, Origin, Shot, VideoRequest
from bot.locale import locales, words
from bot.service.jobs.results import GENERATIONS, Lineage
from cogs.ui import result_buttons
from cogs.ui.job_views import MenuReader, result_menu
from cogs.ui.result_info import full_text_embeds, info_embed
from tests import jobs
from tests.models import CAPABILITIES

NOW: Final = datetime(2026, 3, 5, 12, tzinfo=UTC)
EMBEDS: Final = 6000  # characters that all embeds of a message may have
FIELD: Final = 1024


def job(**changes: Any) -> Job:
    made = jobs.job(
        status=JobStatus.SUCCEEDED,
        deadline_at=NOW,
        submitted_at=NOW + timedelta(seconds=5),
        finished_at=NOW + timedelta(seconds=65),
        task_id="task-1",
        message_channel_id=5,
        message_id=50,
    )
    return replace(made, **changes)


PRIVATE: Final = replace(job().destination, private=True)


def fields_of(
    about: Job, *ancestors: Job, forgotten: bool = False, children: int = 0, seen: bool = True, to_admin: bool = False
) -> dict[str, str]:
    ids = frozenset(each.id for each in ancestors if seen)
    lineage = Lineage(ancestors=ancestors, seen=ids, children=children, forgotten=forgotten)
    embed = info_embed(about, lineage, words(), to_admin=to_admin)
    assert all(len(field.value or "") <= FIELD for field in embed.fields)
    assert len(embed) <= EMBEDS
    return {str(field.name): str(field.value) for field in embed.fields}


def test_a_video_without_family_says_nothing_of_one() -> None:
    assert list(fields_of(job())) == ["Settings", "Cost", "By", "Time", "Ids"]


@pytest.mark.parametrize(
    ("parent", "words_", "seen"),
    [
        (job(), "[this video](https://discord.com/channels/7/5/50) by <@1>", True),
        (job(), "a video you can't see here", False),
        (job(destination=PRIVATE, message_channel_id=9), "a video by <@1> that isn't in a channel", True),
        (job(destination=PRIVATE, shared_at=NOW, shared_message_id=60), "channels/7/5/60) by <@1>", True),
        (job(removed_at=NOW), "a deleted video by <@1>", True),
        (job(message_id=None), "isn't in a channel", True),
        (job(message_channel_id=9), "(https://discord.com/channels/@me/9/50)", True),
    ],
)
def test_what_it_comes_from_is_linked_where_its_reader_may_go(parent: Job, words_: str, *, seen: bool) -> None:
    line = fields_of(job(parent_id=parent.id, origin=Origin.EDIT), parent, seen=seen)["Where it comes from"]
    assert words_ in line
    assert line.startswith("✏️ Remix of")


def test_the_chain_is_told_upwards_and_ends_in_what_is_not_known() -> None:
    about = job(origin=Origin.PRO)
    lines = fields_of(about, job(origin=Origin.SHAPE), job(origin=Origin.AGAIN), forgotten=True)["Where it comes from"]
    assert [line[:10] for line in lines.splitlines()] == ["✨ In pro: ", "📐 Another ", "🔁 Once mor"]
    assert lines.endswith("an earlier video")


def test_a_chain_as_long_as_is_shown_fits() -> None:
    parent = job(user_id=2**63, message_id=2**63, message_channel_id=2**63, origin=Origin.STORYBOARD)
    for locale in locales():
        lineage = Lineage(ancestors=(parent,) * GENERATIONS, seen=frozenset({parent.id}), children=3, forgotten=True)
        embed = info_embed(parent, lineage, words(locale), to_admin=True)
        assert all(len(field.value or "") <= FIELD for field in embed.fields)


def test_only_admins_read_dollars_and_the_services_own_id() -> None:
    assert "$" not in "".join(fields_of(job()).values())
    told = fields_of(job(), to_admin=True)
    assert "($" in told["Cost"]
    assert told["Ids"] == "`0123456789abcdef` · kirin `task-1`"


def test_everything_that_was_chosen_is_told() -> None:
    request = VideoRequest(model="kirin_v3_t2v", prompt="*" * 2500, negative_prompt="_" * 2500, sound=True)
    fields = fields_of(job(request=request), children=1)
    assert "sound" in fields["Settings"]
    assert fields["Negative prompt"].startswith("\\_")
    assert fields["Made from it"] == "1 video was made from it"
    assert fields["Ids"] == "`0123456789abcdef`"
    assert "after 65 seconds" in fields["Time"]


@pytest.mark.parametrize("character", ["x", "`", "狐"])
def test_the_whole_of_the_longest_texts_fits_into_one_message(character: str) -> None:
    shots = tuple(Shot(prompt=character * 512, seconds=1) for _ in range(6))
    request = VideoRequest(
        model="kirin_v3_t2v", shots=shots, duration=6, prompt=character, negative_prompt=character * 2500
    )
    embeds = full_text_embeds(request, words())
    assert sum(len(embed) for embed in embeds) <= EMBEDS
    assert all(str(embed.description).count("```") == 2 for embed in embeds)
    if character != "`":
        assert request.text() in str(embeds[0].description)
        assert request.negative_prompt in str(embeds[1].description)


def ids(view: discord.ui.View) -> list[str]:
    return [str(getattr(item, "custom_id", "")) for item in view.children]


def actions(about: Job, **where: Any) -> list[str]:
    return [each.split(":")[1] for each in ids(result_buttons(about, words(), models=CAPABILITIES, **where))]


def menu(about: Job, **who: Any) -> list[str]:
    nobody = {"author": False, "moderates": False, "direct": False, "hidden": False, "message_id": 50}
    view = result_menu(about, words(), MenuReader(**{**nobody, **who}), models=CAPABILITIES)
    return [each.split(":")[1] for each in ids(view)]


async def test_four_buttons_stand_below_a_result() -> None:
    assert actions(job()) == ["again", "edit", "star", "more"]
    assert actions(job(destination=PRIVATE), direct=True) == ["again", "edit", "share", "more"]
    assert actions(job(destination=PRIVATE)) == actions(job())
    assert actions(job(destination=replace(PRIVATE, guild_id=None)), direct=True) == actions(job())
    assert actions(job(), direct=True, to_non_author=True) == ["report", "delete"]


async def test_what_makes_a_video_at_one_tap_says_what_it_costs() -> None:
    again = result_buttons(job(), words(), models=CAPABILITIES).children[0]
    assert isinstance(again, discord.ui.Button)
    price = CAPABILITIES["kirin_v3_t2v"].price(job().request).credits
    assert (again.label, again.custom_id) == (f"Again · {price}", f"result:again:{job().id}:{price}")
    gone = result_buttons(job(), words(), models={}).children[0]
    assert isinstance(gone, discord.ui.Button)
    assert (gone.label, gone.custom_id) == ("Again", f"result:again:{job().id}")


async def test_the_menu_has_what_can_be_done_by_its_reader_there() -> None:
    assert menu(job()) == ["pro", "shape", "board", "dm", "info", "report"]
    assert "pro" not in menu(job(request=job().request.model_copy(update={"mode": Mode.PRO})))
    assert "pro" not in menu(job(request=job().request.model_copy(update={"model": "forgotten"})))
    assert "dm" not in menu(job(), direct=True)
    assert {"delete"} == {*menu(job(), author=True)} - {*menu(job())}
    assert {"report"} == {*menu(job())} - {*menu(job(), author=True)}
    assert "delete" in menu(job(), moderates=True)
    assert "delete" not in menu(job(), author=True, hidden=True)
    assert "whole" in menu(job(request=VideoRequest(model="kirin_v3_t2v", prompt="x" * 301)))
    assert "star" in menu(job(destination=PRIVATE), direct=True)
