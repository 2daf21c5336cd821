"""The nearest possible requests, and how a button names what they change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.job import Origin
from bot.domain.request import Shot, VideoRequest
from bot.errors import ModelUnknown
from bot.locale import locales, words
from cogs._mend import mended, permitted, within
from cogs._rescue import Typed
from cogs._text import BUTTON, button_label, changes
from cogs._wish import options_of, wish_of
from tests.models import CAPABILITIES

if TYPE_CHECKING:
    from bot.domain.capability import Capability
    from bot.domain.price import Price
    from bot.service.videos import Videos


@dataclass
class Offering:
    """The part of `Videos` that is asked here."""

    models: dict[str, Capability] = field(default_factory=lambda: dict(CAPABILITIES))

    def capability(self, model: str | None) -> Capability:
        if model is not None and model not in self.models:
            raise ModelUnknown(model=model)
        return next(iter(self.models.values())) if model is None else self.models[model]

    def price(self, wish: VideoRequest) -> Price:
        return self.capability(wish.model).price(wish)


VIDEOS = cast("Videos", Offering())

typed = st.fixed_dictionaries(
    {"prompt": st.sampled_from(["a fox", "", "x" * 2600, "\ud800"])},
    optional={
        "model": st.sampled_from([*CAPABILITIES, "gone"]),
        "mode": st.sampled_from(["std", "pro", "ultra"]),
        "aspect": st.sampled_from(["16:9", "1:1", "3:2"]),
        "duration": st.integers(-3, 30) | st.just("five"),
        "sound": st.booleans(),
        "watermark": st.booleans(),
        "negative": st.sampled_from(["people", ""]),
        "cfg": st.floats(-3, 3) | st.just("much"),
        "camera": st.sampled_from(["zoom", "pan+tilt", "down_back", "Down Back", "crane", "zoom,roll,pan", ""]),
        "strength": st.floats(-30, 30) | st.just(0),
    },
)


@given(typed)
@settings(deadline=None)
def test_whatever_is_typed_what_is_offered_can_be_done_and_keeps_the_text(options: dict[str, Any]) -> None:
    found = mended(options, VIDEOS)
    assert len(set(found)) == len(found)
    for request in found:
        assert not CAPABILITIES[request.model].clashes(request)
        assert request.prompt == options["prompt"]
        assert wish_of(options_of(request), model="other") == request
        for locale in locales():
            say = words(locale)
            cost = VIDEOS.price(request).credits
            label = button_label(changes(options, request, "kirin_v3_t2v", say), say, cost=cost)
            assert len(label) <= BUTTON
            assert str(cost) in label
    assert bool(found) is (options["prompt"] == "a fox")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"mode": "ultra"}, ["Use standard"]),
        ({"duration": -4}, ["Use 3 s", "Use kling-v1, 5 s"]),
        ({"model": "kling-v1", "cfg": 7.0}, ["Use cfg 1"]),
        ({"model": "kling-v1", "camera": "crane"}, ["Drop the camera move"]),
        ({"model": "kling-v1", "camera": "zoom", "strength": 0.0}, ["Use strength 5", "Drop the camera move"]),
        ({"model": "kling-v1", "camera": "down_back", "strength": 3.0}, ["Drop the strength"]),
        ({"model": "kling-v1", "camera": "zoom", "strength": -99.0}, ["Use strength -10"]),
        ({"model": "kling-v1", "camera": "tilt+pan"}, ["Use Tilt", "Use Pan", "Drop the camera move"]),
        ({"model": "kling-v1", "sound": True}, ["Drop the sound", "Use kirin_v3_t2v"]),
        ({"sound": True, "duration": 20}, ["Use 15 s", "Use kling-v1, 10 s · Drop the sound"]),
        ({}, ["Make it like that"]),
    ],
)
def test_a_button_names_what_it_changes(options: dict[str, Any], expected: list[str]) -> None:
    options = {"prompt": "a fox", **options}
    found = [changes(options, each, "kirin_v3_t2v", words()) for each in mended(options, VIDEOS)]
    assert found == expected


@pytest.mark.parametrize(
    ("options", "limit", "allowed", "expected"),
    [
        ({"duration": 9}, "longest", "4", ["Use 4 s"]),
        ({"duration": 9, "model": "kling-v1"}, "longest", "4", ["Use kirin_v3_t2v, 4 s"]),
        ({"duration": 9, "model": "kling-v1"}, "longest", "5", ["Use 5 s"]),
        ({"duration": 9}, "longest", "2", []),
        ({"sound": True}, "sound", "off", ["Drop the sound"]),
        ({"mode": "pro", "sound": True}, "pro", "std", ["Use standard"]),
        ({"duration": 5}, "models", "kling-v1, kling-v9", ["Use kling-v1"]),
        ({"duration": 3}, "models", "kling-v1", ["Use kling-v1, 5 s"]),
    ],
)
def test_a_servers_limit_is_kept_by_all_that_is_offered_instead(
    options: dict[str, Any], limit: str, allowed: str, expected: list[str]
) -> None:
    options = {"prompt": "a fox", **options}
    found = permitted(options, VIDEOS, limit=limit, allowed=allowed)
    assert [changes(options, each, "kirin_v3_t2v", words()) for each in found] == expected


def test_a_budget_is_kept() -> None:
    options = options_of(VideoRequest(model="kirin_v3_t2v", prompt="a", duration=12, sound=True))
    assert [VIDEOS.price(each).credits for each in within(options, VIDEOS, budget=12)] == [12, 12]
    assert within(options, VIDEOS, budget=0) == []


def test_what_somebody_asked_for_is_kept_whole() -> None:
    board = VideoRequest(model="kirin_v3_t2v", duration=4, shots=(Shot(prompt="a", seconds=4),))
    way = Typed(options=options_of(board), private=True, parent_id="ab", origin=Origin.EDIT)
    kept = Typed(options={"prompt": "", "duration": "five"}, ways=(way,))
    back = Typed.of_body(kept.body())
    assert back == kept
    assert wish_of(back.ways[0].options, model="other") == board
