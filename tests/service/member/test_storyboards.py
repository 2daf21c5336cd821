from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest

from bot.domain import Board, Member, Mode, Shot, Storyboard, VideoRequest, Who
from bot.domain.policy import GuildLimits
from bot.domain.terms import allowed_models
from bot.errors import DraftGone, PresetNameInvalid, PresetUnknown, StoreUnavailable, StoryboardsNotOffered
from bot.service.member.storyboards import Storyboards
from bot.store.database import Database, Transaction
from bot.store.member.drafts import DraftStore
from bot.store.member.presets import PresetStore
from bot.store.migrate import migrate
from bot.store.sqlite import SQLiteDatabase
from tests.models import CAPABILITIES, KLING_V1

T = TypeVar("T")

START: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
ANA, BEN, GUILD = 1, 2, 7
REQUEST: Final = VideoRequest(model="kling-v1", prompt="a fox", duration=5)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


class Failing:
    """A database that has gone away once `broken` is set."""

    def __init__(self, database: Database) -> None:
        self._database, self.broken, self.skip_locked = database, False, database.skip_locked

    async def transact(self, work: Callable[[Transaction], Awaitable[T]], *, snapshot: bool = False) -> T:
        if self.broken:
            raise StoreUnavailable("gone")
        return await self._database.transact(work, snapshot=snapshot)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Failing]:
    async with SQLiteDatabase(str(tmp_path / "shotcaller.db")) as opened:
        await migrate(opened, now=START)
        yield Failing(opened)


@pytest.fixture
def boards(database: Failing) -> Storyboards:
    return over(database)


def over(database: Failing, **changes: Any) -> Storyboards:
    given = {"drafts": DraftStore(database), "presets": PresetStore(database), "models": CAPABILITIES, "clock": Clock()}
    return Storyboards(**{**given, **changes})


def written(prompt: str) -> Callable[[Board], Board]:
    return lambda board: board.changed_to(board.now.edit(0, prompt=prompt, seconds=None))


def prompts(story: Storyboard) -> list[str]:
    return [shot.prompt for shot in story.shots]


async def test_a_storyboard_is_found_again_by_its_owner_alone(boards: Storyboards, database: Failing) -> None:
    first = await boards.open(user_id=ANA, guild_id=GUILD)
    await boards.change(first.draft.id, user_id=ANA, version=first.draft.version, operation=written("a fox"))
    again = await over(database).open(user_id=ANA, guild_id=None)
    assert again.draft.id == first.draft.id
    assert prompts(again.board.now) == ["a fox"]
    with pytest.raises(DraftGone):
        await boards.read(first.draft.id, user_id=BEN)
    with pytest.raises(DraftGone):
        await boards.change(first.draft.id, user_id=BEN, version=again.draft.version, operation=written("stolen"))


async def test_a_change_of_what_is_no_longer_so_is_not_made(boards: Storyboards) -> None:
    seen = (await boards.open(user_id=ANA, guild_id=GUILD)).draft
    await boards.change(seen.id, user_id=ANA, version=seen.version, operation=written("a fox"))
    late = await boards.change(seen.id, user_id=ANA, version=seen.version, operation=written("a wolf"))
    assert late.behind
    assert prompts(late.board.now) == ["a fox"]
    assert prompts((await boards.read(seen.id, user_id=ANA)).board.now) == ["a fox"]


async def test_a_change_that_changes_nothing_leaves_other_devices_up_to_date(boards: Storyboards) -> None:
    seen = (await boards.open(user_id=ANA, guild_id=GUILD)).draft
    same = await boards.change(seen.id, user_id=ANA, version=seen.version, operation=lambda board: board.undo())
    assert same.draft.version == seen.version


async def test_a_video_becomes_a_storyboard_and_what_was_there_can_be_brought_back(boards: Storyboards) -> None:
    before = await boards.open(user_id=ANA, guild_id=GUILD)
    await boards.change(before.draft.id, user_id=ANA, version=before.draft.version, operation=written("mine"))
    draft = await boards.begin_from(REQUEST, user_id=ANA, guild_id=GUILD, parent_id="abc")
    story = boards.open_draft(draft).board.now
    assert draft.id == before.draft.id
    assert (prompts(story), story.total, story.parent_id) == (["a fox"], 5, "abc")
    assert story.model == "kirin_v3_t2v"  # the request's own model makes no storyboards
    assert prompts(boards.open_draft(draft).board.undo().now) == ["mine"]


async def test_the_first_storyboard_of_somebody_may_come_from_a_video_with_shots(boards: Storyboards) -> None:
    shots = (Shot(prompt="a", seconds=2), Shot(prompt="b", seconds=3))
    draft = await boards.begin_from(
        VideoRequest(model="kirin_v3_t2v", shots=shots, duration=5), user_id=BEN, guild_id=None
    )
    assert boards.open_draft(draft).board.now.shots == shots


async def test_what_has_to_be_changed_is_changed_though_another_device_is_faster(boards: Storyboards) -> None:
    stale = await boards.open(user_id=ANA, guild_id=GUILD)
    await boards.change(stale.draft.id, user_id=ANA, version=stale.draft.version, operation=written("a fox"))
    present = await boards.change_anyway(stale, lambda story: story.changed_to(story.now.changed(total=7)))
    assert (prompts(present.board.now), present.board.now.total) == (["a fox"], 7)


async def test_a_storyboard_that_became_a_video_makes_room_for_the_next(boards: Storyboards) -> None:
    first = await boards.open(user_id=ANA, guild_id=GUILD)
    made = await boards.change(first.draft.id, user_id=ANA, version=first.draft.version, operation=written("a fox"))
    await boards.finish(made)
    after = await boards.open(user_id=ANA, guild_id=GUILD)
    assert after.board.now.blank
    assert prompts(after.board.undo().now) == ["a fox"]


async def test_what_was_changed_after_a_video_was_asked_for_stays(boards: Storyboards) -> None:
    made = await boards.open(user_id=ANA, guild_id=GUILD)
    await boards.change(made.draft.id, user_id=ANA, version=made.draft.version, operation=written("the next"))
    await boards.finish(made)
    assert prompts((await boards.open(user_id=ANA, guild_id=GUILD)).board.now) == ["the next"]


async def test_an_accepted_video_is_not_denied_because_the_storyboard_could_not_be_cleared(
    boards: Storyboards, database: Failing
) -> None:
    made = await boards.open(user_id=ANA, guild_id=GUILD)
    database.broken = True
    await boards.finish(made)


async def test_without_a_model_that_makes_them_there_are_no_storyboards(database: Failing) -> None:
    boards = over(database, models={"kling-v1": KLING_V1})
    with pytest.raises(StoryboardsNotOffered):
        await boards.open(user_id=ANA, guild_id=GUILD)
    with pytest.raises(StoryboardsNotOffered):
        await boards.begin_from(REQUEST, user_id=ANA, guild_id=GUILD)


async def test_a_body_that_is_not_understood_is_an_empty_storyboard(boards: Storyboards, database: Failing) -> None:
    await DraftStore(database).begin("0" * 16, user_id=ANA, guild_id=None, kind="storyboard", body={"x": 1}, now=START)
    present = await boards.open(user_id=ANA, guild_id=GUILD)
    assert present.draft.id == "0" * 16
    assert present.board.now.blank


async def test_a_draft_of_another_kind_is_no_storyboard(boards: Storyboards, database: Failing) -> None:
    await DraftStore(database).begin("1" * 16, user_id=ANA, guild_id=None, kind="studio", body={}, now=START)
    with pytest.raises(DraftGone):
        await boards.read("1" * 16, user_id=ANA)


async def test_templates_are_kept_by_name_and_found_by_name_or_id(boards: Storyboards) -> None:
    story = boards.fresh().edit(0, prompt="a fox", seconds=4)
    assert await boards.save_template(story.changed(parent_id="abc"), user_id=ANA, name="  My  fox ")
    assert not await boards.save_template(story.changed(total=7), user_id=ANA, name="My fox")
    (preset,) = await boards.templates(user_id=ANA, guild_id=GUILD)
    for named in (preset.id, "my FOX"):
        found = await boards.template(named, user_id=ANA, guild_id=GUILD)
        assert found == story.changed(total=7)
    with pytest.raises(PresetUnknown):
        await boards.template(preset.id, user_id=BEN, guild_id=GUILD)
    with pytest.raises(PresetNameInvalid):
        await boards.save_template(story, user_id=ANA, name="@everyone")


async def test_only_its_owner_deletes_a_template(boards: Storyboards) -> None:
    await boards.save_template(boards.fresh(), user_id=ANA, name="mine")
    (preset,) = await boards.own_templates(user_id=ANA)
    assert not await boards.delete_template(preset.id, user_id=BEN)
    assert await boards.delete_template(preset.id, user_id=ANA)
    assert not await boards.delete_template(preset.id, user_id=ANA)
    assert await boards.own_templates(user_id=ANA) == []


async def test_what_is_not_on_offer_somewhere_gives_way_there_and_nowhere_else(boards: Storyboards) -> None:
    wanted_request = VideoRequest(model="kirin_v3_t2v", prompt="a fox", duration=10, mode=Mode.PRO, sound=True)
    draft = await boards.begin_from(wanted_request, user_id=ANA, guild_id=GUILD)
    strict = GuildLimits(pro=Who.NOBODY, sound=False, longest=5)
    there = boards.narrowed_to(allowed_models(list(CAPABILITIES.values()), Member(user_id=ANA), strict))
    seen = await there.read(draft.id, user_id=ANA)
    story = seen.board.now
    assert (story.mode, story.sound, story.total, story.seconds) == (Mode.STD, False, 5, 5)
    assert (seen.wanted.mode, seen.wanted.sound, seen.wanted.total) == (Mode.PRO, True, 10)
    elsewhere = (await boards.read(draft.id, user_id=ANA)).board.now
    assert (elsewhere.mode, elsewhere.sound, elsewhere.total) == (Mode.PRO, True, 10)


async def test_what_would_break_a_rule_of_the_server_is_never_shown_after_a_change(boards: Storyboards) -> None:
    there = boards.narrowed_to(allowed_models(list(CAPABILITIES.values()), Member(user_id=ANA), GuildLimits(longest=5)))
    seen = await there.open(user_id=ANA, guild_id=GUILD)
    changed = await there.change(
        seen.draft.id,
        user_id=ANA,
        version=seen.draft.version,
        operation=lambda board: board.changed_to(board.now.changed(total=12)),
    )
    assert changed.board.now.total == 5


async def test_where_no_model_with_shots_may_be_used_there_are_no_storyboards(boards: Storyboards) -> None:
    kept = await boards.open(user_id=ANA, guild_id=GUILD)
    there = boards.narrowed_to([KLING_V1])
    for refused in (there.open(user_id=ANA, guild_id=GUILD), there.read(kept.draft.id, user_id=ANA)):
        with pytest.raises(StoryboardsNotOffered):
            await refused
