"""The nearest possible requests, and how a button names what they change."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import Member, Origin, Shot, Terms, VideoRequest
from bot.domain.policy import GuildLimits
from bot.domain.terms import allowed_models, model_for
from bot.locale import locales, words
from cogs.ui import TypedRequest, options_of, request_from_options
from cogs.ui.limits import BUTTON
from cogs.ui.options import OPTIONS
from cogs.ui.retry import nearest_requests
from cogs.ui.text import button_label, changes, chosen
from tests.models import CAPABILITIES

ANA = Member(user_id=1, guild_id=7, role_ids=frozenset(), channel_ids=frozenset())
TERMS = Terms(models=tuple(CAPABILITIES.values()))

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
        "camera": st.sampled_from(
            ["zoom in", "zoom", "pan+tilt", "down_back", "Down Back", "crane", "zoom,roll,pan", ""]
        ),
        "strength": st.floats(-30, 30) | st.just(0) | st.sampled_from(["gentle", "5", "much"]),
    },
)


@given(typed)
@settings(deadline=None)
def test_whatever_is_typed_what_is_offered_can_be_done_and_keeps_the_text(options: dict[str, Any]) -> None:
    found = nearest_requests(options, TERMS)
    assert len(set(found)) == len(found)
    for request in found:
        assert not CAPABILITIES[request.model].clashes(request)
        assert request.prompt == options["prompt"]
        assert request_from_options(options_of(request), model="other") == request
        for locale in locales():
            say = words(locale)
            cost = CAPABILITIES[request.model].price(request).credits
            label = button_label(changes(options, request, model_for(options, TERMS.models).model, say), say, cost=cost)
            assert len(label) <= BUTTON
            assert str(cost) in label
    assert bool(found) is (options["prompt"] == "a fox")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"mode": "ultra"}, ["Use standard"]),
        ({"duration": -4}, ["Use 3 s"]),
        ({"model": "kling-v1", "cfg": 7.0}, ["Use cfg 1"]),
        ({"model": "kling-v1", "camera": "crane"}, ["Drop the camera move"]),
        ({"model": "kling-v1", "camera": "zoom_in", "strength": 0.0}, ["Use a clear move", "Drop the camera move"]),
        ({"model": "kling-v1", "camera": "down_back", "strength": 3.0}, ["Drop the strength"]),
        ({"model": "kling-v1", "camera": "zoom_in", "strength": 99.0}, ["Use a strong move"]),
        ({"model": "kling-v1", "camera": "tilt+pan"}, ["Use Tilt up", "Use Tilt down", "Drop the camera move"]),
        ({"model": "kling-v1", "sound": True}, ["Drop the sound", "Use Kirin 3"]),
        ({"sound": True, "duration": 20}, ["Use 15 s"]),
        ({}, ["Make it like that"]),
    ],
)
def test_a_button_names_what_it_changes(options: dict[str, Any], expected: list[str]) -> None:
    options = {"prompt": "a fox", **options}
    found = [changes(options, each, "kirin_v3_t2v", words()) for each in nearest_requests(options, TERMS)]
    assert found == expected


@given(typed, st.integers(0, 30))
@settings(deadline=None)
def test_every_change_stands_on_the_button_and_costs_what_it_says(options: dict[str, Any], credit: int) -> None:
    say, terms = words(), Terms(models=TERMS.models, credits=credit)
    usual = model_for(options, terms.models).model
    for request in nearest_requests(options, terms):
        label = changes(options, request, usual, say)
        before, after = {"model": usual, "mode": "std", "aspect": "16:9", "duration": 5, **options}, options_of(request)
        for option in OPTIONS:
            if option in after and before.get(option) != after[option] and option != "strength":
                assert chosen(option, after[option], say) in label
            elif option not in after and before.get(option) not in (None, False, "") and option != "strength":
                assert say(f"fix.without.{option}") in label
        assert terms.accepts(request)


@pytest.mark.parametrize(
    ("options", "limits", "expected"),
    [
        ({"duration": 9}, {"longest": 4}, ["Use 4 s"]),
        ({"duration": 9, "model": "kling-v1"}, {"longest": 4}, ["Use Kirin 3, 4 s"]),
        ({"duration": 9, "model": "kling-v1"}, {"longest": 5}, ["Use 5 s"]),
        ({"duration": 9}, {"longest": 2}, []),
        ({"sound": True}, {"sound": False}, ["Drop the sound"]),
        ({"mode": "pro", "sound": True}, {"pro": "nobody"}, ["Use standard"]),
        ({"model": "kirin_v3_t2v", "duration": 5}, {"models": {"kling-v1", "kling-v9"}}, ["Use Kling 1"]),
        ({"model": "kirin_v3_t2v", "duration": 3}, {"models": {"kling-v1"}}, ["Use Kling 1, 5 s"]),
        ({"duration": 9, "sound": True, "mode": "pro"}, {"longest": 4, "sound": False}, ["Use 4 s · Drop the sound"]),
    ],
)
def test_a_servers_limits_are_kept_by_all_that_is_offered_instead(
    options: dict[str, Any], limits: dict[str, Any], expected: list[str]
) -> None:
    options = {"prompt": "a fox", **options}
    terms = Terms(models=allowed_models(TERMS.models, ANA, GuildLimits(**limits)))
    usual = model_for(options, terms.models).model if terms.models else ""
    assert [changes(options, each, usual, words()) for each in nearest_requests(options, terms)][
        : len(expected)
    ] == expected


def test_a_budget_is_kept() -> None:
    options = options_of(VideoRequest(model="kirin_v3_t2v", prompt="a", duration=12, sound=True))
    found = nearest_requests(options, Terms(models=TERMS.models, credits=12))
    assert [(each.model, each.duration, each.sound) for each in found][:2] == [
        ("kirin_v3_t2v", 12, False),
        ("kirin_v3_t2v", 8, True),
    ]
    assert nearest_requests(options, Terms(models=TERMS.models, credits=0)) == []


def test_what_was_typed_besides_what_cannot_be_read_is_not_given_up() -> None:
    options = {"prompt": "a fox", "duration": "five", "model": "kling-v1", "camera": "zoom_in", "cfg": 0.5}
    (found,) = nearest_requests(options, TERMS)
    assert changes(options, found, "kirin_v3_t2v", words()) == "Use 5 s"
    assert (found.model, found.camera and found.camera.name(), found.cfg_scale) == ("kling-v1", "zoom_in", 0.5)


def test_what_somebody_asked_for_is_kept_whole() -> None:
    board = VideoRequest(model="kirin_v3_t2v", duration=4, shots=(Shot(prompt="a", seconds=4),))
    way = TypedRequest(options=options_of(board), private=True, parent_id="ab", origin=Origin.EDIT)
    kept = TypedRequest(options={"prompt": "", "duration": "five"}, ways=(way,))
    back = TypedRequest.of_body(kept.body())
    assert back == kept
    assert request_from_options(back.ways[0].options, model="other") == board
