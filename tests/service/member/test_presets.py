"""Presets: what may be saved under which name, what comes of it, and who may do what with it."""

from typing import Any

import pytest

from bot import errors
from bot.domain import Mode, Preset, Shot, VideoRequest
from bot.service.member.presets import MAX_OWN, Presets, fill_gaps, gaps, request_of
from tests.service.services import Services

ZOO = VideoRequest(model="kirin_v3_t2v", prompt="A {animal} in the {place}", duration=3)


@pytest.fixture
def presets(services: Services) -> Presets:
    return services.bot.services.presets


async def saved(presets: Presets, name: str = "Zoo", *, user_id: int = 1) -> Preset:
    preset, _ = await presets.save(name, ZOO, user_id=user_id)
    return preset


async def found(presets: Presets, wanted: str, *, user_id: int = 1, guild_id: int | None = 7) -> str:
    return (await presets.find(wanted, user_id=user_id, guild_id=guild_id)).id


async def test_a_preset_gives_back_the_request_with_its_gaps_filled(presets: Presets) -> None:
    request = request_of(await saved(presets, "  My   zoo "))
    assert request == ZOO
    assert gaps(request) == ("animal", "place")
    made = fill_gaps(request, {"animal": "{fox}", "place": "snow"})
    assert made == ZOO.model_copy(update={"prompt": "A {fox} in the snow"})


async def test_gaps_of_a_storyboard_are_asked_for_once(presets: Presets) -> None:
    shots = (Shot(prompt="{who} wakes", seconds=2), Shot(prompt="{who} runs to {where}", seconds=3))
    preset, _ = await presets.save("Board", VideoRequest(model="kirin_v3_t2v", shots=shots), user_id=1)
    request = request_of(preset)
    assert gaps(request) == ("who", "where")
    assert fill_gaps(request, {"who": "A fox", "where": "us"}).text() == "A fox wakes / A fox runs to us"
    with pytest.raises(errors.InvalidRequest) as refused:
        fill_gaps(request, {})
    assert [problem.values["gap"] for problem in refused.value.problems] == ["who", "where"]


async def test_a_filled_prompt_obeys_the_rules(presets: Presets) -> None:
    request = request_of(await saved(presets))
    with pytest.raises(errors.InvalidRequest) as refused:
        fill_gaps(request, {"animal": "x" * 2500, "place": "y"})
    assert [problem.code for problem in refused.value.problems] == ["prompt_too_long"]


@pytest.mark.parametrize("name", ["\u2060", "\u00ad\ufeff", "\u3000", "\u3164", "\u2800\u115f", "\u0301", "\U000e0041"])
async def test_a_name_has_something_to_be_seen_in_it(presets: Presets, name: str) -> None:
    with pytest.raises(errors.PresetNameInvalid):
        await saved(presets, name)


@pytest.mark.parametrize("name", ["", "   ", "x" * 33, "@everyone", "<#1>", "a`b", "a\u202eb", "\ud800", "a\x07b"])
async def test_names_that_mean_something_else_are_refused(presets: Presets, name: str) -> None:
    with pytest.raises(errors.PresetNameInvalid):
        await saved(presets, name)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"prompt": "a {fox"}, errors.PresetInvalid),
        ({"model": "sora"}, errors.ModelUnknown),
        ({"cfg_scale": 0.5}, errors.ImpossibleRequest),
    ],
)
async def test_what_no_model_here_can_do_is_refused(
    presets: Presets, change: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await presets.save("x", ZOO.model_copy(update=change), user_id=1)


async def test_a_person_has_only_so_many(presets: Presets) -> None:
    for number in range(MAX_OWN):
        await saved(presets, f"n{number}")
    await saved(presets, "n0")
    with pytest.raises(errors.TooManyPresets):
        await saved(presets, "one more")


async def test_the_request_of_ones_own_video_is_a_template_that_means_itself(
    presets: Presets, services: Services
) -> None:
    job = await services.queued(prompt="a {curly} fox", mode=Mode.PRO)
    request = await presets.of_video(job.id, user_id=1)
    assert fill_gaps(request, {}) == job.request
    for job_id, user_id in ((job.id, 2), ("nothing", 1)):
        with pytest.raises(errors.ResultForgotten):
            await presets.of_video(job_id, user_id=user_id)


async def test_a_preset_is_found_by_its_id_and_by_its_name_ones_own_first(presets: Presets) -> None:
    theirs = await saved(presets, "Zoo", user_id=2)
    await presets.share(theirs, user_id=2, guild_id=7, manages=True)
    assert await found(presets, "zoo ") == theirs.id
    mine = await saved(presets, "zoo")
    assert await found(presets, "ZOO") == mine.id
    assert await found(presets, theirs.id) == theirs.id
    for place in (8, None):
        with pytest.raises(errors.PresetUnknown):
            await found(presets, theirs.id, guild_id=place)
    with pytest.raises(errors.PresetUnknown):
        await found(presets, mine.id, user_id=2)


async def test_sharing_needs_an_admin_or_their_leave(presets: Presets) -> None:
    mine = await saved(presets)
    with pytest.raises(errors.NotPermitted):
        await presets.share(mine, user_id=1, guild_id=7, manages=False)
    with pytest.raises(errors.PresetUnknown):
        await presets.share(mine, user_id=2, guild_id=7, manages=True)
    with pytest.raises(errors.NotPermitted):
        await presets.let_members_share(7, allowed=True, manages=False)
    await presets.let_members_share(7, allowed=True, manages=True)
    shared = await presets.share(mine, user_id=1, guild_id=7, manages=False)
    assert shared.shared
    await presets.let_members_share(7, allowed=False, manages=True)
    assert not await presets.members_share(7)


async def test_only_its_author_and_the_guilds_admins_take_a_preset_away(presets: Presets) -> None:
    mine = await saved(presets)
    for shared in (mine, await presets.share(mine, user_id=1, guild_id=7, manages=True)):
        with pytest.raises(errors.NotPermitted):
            await presets.delete(shared, user_id=2, guild_id=7, manages=False)
        with pytest.raises(errors.NotPermitted):
            await presets.unshare(shared, user_id=2, guild_id=8, manages=True)
    back = await presets.unshare(shared, user_id=2, guild_id=7, manages=True)
    assert not back.shared
    with pytest.raises(errors.NotPermitted):
        await presets.delete(back, user_id=2, guild_id=7, manages=True)
    await presets.delete(back, user_id=1, guild_id=None, manages=False)
    assert await presets.visible(user_id=1, guild_id=7) == []
    with pytest.raises(errors.PresetUnknown):
        await presets.unshare(back, user_id=1, guild_id=7, manages=False)


async def test_a_use_that_cannot_be_counted_is_no_trouble(presets: Presets, services: Services) -> None:
    mine = await saved(presets)
    services.database.refusals = 1
    await presets.used(mine)
    await presets.used(mine)
    assert [each.uses for each in await presets.visible(user_id=1, guild_id=None)] == [1]
