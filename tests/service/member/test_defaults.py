"""Remembered defaults: who comes before whom, and what gives way."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import CameraControl, Mode, VideoRequest
from bot.service.member.defaults import DEFAULTS, DefaultsLevel, DefaultsScope, RememberedDefaults, fill_defaults
from bot.store.member.preferences import PreferenceStore
from bot.store.migrate import migrate
from bot.store.sqlite import SQLiteDatabase
from tests.models import CAPABILITIES

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
PLACE = DefaultsScope(user_id=1, channel_ids=(30, 3), guild_id=7)
DIRECT = DefaultsScope(user_id=1, channel_ids=(9,))


def make_request(**fields: Any) -> VideoRequest:
    return VideoRequest(**{"model": "kirin_v3_t2v", "prompt": "a fox", **fields})


def fill(request: VideoRequest, *layers: dict[str, Any], typed: tuple[str, ...] = ()) -> tuple[VideoRequest, list[str]]:
    found = fill_defaults(request, typed=typed, layers=layers, models=CAPABILITIES)
    return found.request, list(found.used)


@pytest.fixture
async def choices(tmp_path: Path) -> AsyncIterator[RememberedDefaults]:
    async with SQLiteDatabase(str(tmp_path / "shotcaller.db")) as database:
        await migrate(database, now=NOW)
        yield RememberedDefaults(preferences=PreferenceStore(database), models=CAPABILITIES)


def test_the_layer_that_comes_first_wins_and_each_option_is_filled_once() -> None:
    request, used = fill(
        make_request(), {"mode": "pro"}, {"mode": "std", "duration": 8}, {"duration": 12, "sound": True}
    )
    assert (request.mode, request.duration, request.sound) == (Mode.PRO, 8, True)
    assert used == ["mode", "duration", "sound"]


def test_what_was_typed_stays_whatever_the_defaults_say() -> None:
    request, used = fill(make_request(duration=7), {"duration": 12, "model": "kling-v1"}, typed=("prompt", "duration"))
    assert (request.duration, request.model, used) == (7, "kirin_v3_t2v", [])


def test_a_default_model_helps_a_typed_move() -> None:
    request, used = fill(
        make_request(camera=CameraControl.named("zoom_in")), {"model": "kling-v1", "mode": "pro", "duration": 10}
    )
    assert (request.model, request.mode, request.duration, used) == ("kling-v1", Mode.STD, 5, ["model"])


def test_ones_own_length_comes_before_the_guilds_model() -> None:
    request, used = fill(make_request(), {"duration": 8}, {"model": "kling-v1"})
    assert (request.model, request.duration, used) == ("kirin_v3_t2v", 8, ["duration"])


@pytest.mark.parametrize(
    "layer",
    [
        {"model": "gone"},
        {"mode": "ultra"},
        {"duration": 0},
        {"duration": "long"},
        {"duration": None},
        {"aspect": "21:9"},
        {"notify": "dm", "gallery_channel": 5},
    ],
)
def test_a_default_that_means_nothing_any_more_is_left_out(layer: dict[str, Any]) -> None:
    assert fill(make_request(), layer) == (make_request(), [])


def test_a_model_that_is_gone_gives_way_to_a_default_that_is_there() -> None:
    request, used = fill(make_request(model="gone"), {"model": "kling-v1"})
    assert (request.model, used) == ("kling-v1", ["model"])


layers = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "model": st.sampled_from([*CAPABILITIES, "gone"]),
            "mode": st.sampled_from(["std", "pro", "ultra"]),
            "aspect": st.sampled_from(["16:9", "1:1", "3:2"]),
            "duration": st.integers(0, 20),
            "sound": st.booleans(),
            "watermark": st.booleans(),
        },
    ),
    max_size=3,
)


@given(layers, st.sets(st.sampled_from(list(DEFAULTS))), st.sampled_from(list(CAPABILITIES)))
@settings(deadline=None)
def test_defaults_never_make_a_possible_request_impossible(
    chosen: list[dict[str, Any]], typed: set[str], model: str
) -> None:
    found = fill_defaults(make_request(model=model), typed=typed, layers=chosen, models=CAPABILITIES)
    assert not CAPABILITIES[found.request.model].clashes(found.request)
    assert not set(found.used) & typed
    for option, field in DEFAULTS.items():
        if option not in found.used:
            assert getattr(found.request, field) == getattr(make_request(model=model), field)


def test_the_scopes_that_count_are_the_persons_the_channels_and_the_guilds() -> None:
    assert PLACE.scopes() == ["user:1", "channel:30", "channel:3", "guild:7"]
    assert DIRECT.scopes() == ["user:1"]


def test_in_a_thread_its_channel_is_chosen_for_and_outside_of_guilds_only_oneself() -> None:
    assert [PLACE.scope(whose) for whose in DefaultsLevel] == ["user:1", "channel:3", "guild:7"]
    assert [DIRECT.scope(whose) for whose in DefaultsLevel] == ["user:1"] * 3


async def test_choices_are_remembered_forgotten_and_used(choices: RememberedDefaults) -> None:
    await choices.choose(DefaultsLevel.SERVER, PLACE, {"model": "kling-v1", "mode": "pro"}, now=NOW)
    await choices.choose(DefaultsLevel.MINE, PLACE, {"mode": "std", "sound": True, "watermark": False}, now=NOW)
    assert await choices.choose(DefaultsLevel.MINE, PLACE, {"sound": None}, now=NOW) == {
        "mode": "std",
        "watermark": False,
    }
    assert await choices.of(DefaultsLevel.MINE, DIRECT) == {"mode": "std", "watermark": False}
    found = await choices.fill(make_request(), typed=(), place=PLACE)
    assert (found.request.model, found.request.mode) == ("kling-v1", Mode.STD)
    assert found.used == ("mode", "watermark", "model")
    assert (await choices.fill(make_request(), typed=(), place=DIRECT)).request == make_request()
