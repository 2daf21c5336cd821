"""The forms with everything: what stands in them, and what is read from them, in every language."""

from contextlib import suppress
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import CameraControl, Capability, Member, VideoRequest, Who
from bot.domain.camera import MOVES
from bot.domain.policy import GuildLimits
from bot.domain.terms import allowed_models
from bot.errors import InvalidRequest
from bot.locale import locales, words
from cogs.ui import (
    details_form,
    entered,
    options_of,
    read_details,
    read_form,
    request_form,
    request_from_options,
    wants_more,
)
from cogs.ui.edit_form import MORE
from cogs.ui.limits import OPTIONS
from tests.models import CAPABILITIES, SHIPPED

MODELS: Final = tuple(CAPABILITIES.values())


def form(options: dict[str, Any], locale: str = "en-US", *, models: tuple[Capability, ...] = MODELS) -> dict[str, Any]:
    return request_form("x", "z", options=options, models=models, say=words(locale)).to_dict()


def sent(shown: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """What a client sends of a form that somebody has changed."""
    components = []
    for label in shown["components"]:
        inner = label["component"]
        answer = {"custom_id": inner["custom_id"]}
        if "options" in inner:
            answer["values"] = [each["value"] for each in inner["options"] if each["default"]]
        else:
            answer["value"] = inner.get("value") or ""
        components.append({"component": answer})
    interaction: Any = SimpleNamespace(data={"components": components})
    return entered(interaction) | changes


def details(options: dict[str, Any], locale: str = "en-US", *, model: str = "kling-v1") -> dict[str, Any]:
    return details_form("x", options=options, model=CAPABILITIES[model], say=words(locale)).to_dict()


def chosen(options: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The options after the form of these was sent with changes."""
    return read_form(sent(form(options), **changes), options)


requests = st.builds(
    VideoRequest,
    model=st.sampled_from(list(CAPABILITIES)),
    prompt=st.text("abc: =\n@*\N{VIDEO GAME}", min_size=1, max_size=60).filter(str.strip),
    negative_prompt=st.sampled_from(["", "no: people\nat all"]),
    mode=st.sampled_from(["std", "pro"]),
    aspect_ratio=st.sampled_from(["16:9", "9:16", "1:1"]),
    duration=st.integers(3, 15),
    sound=st.booleans(),
    watermark=st.booleans(),
    cfg_scale=st.none() | st.sampled_from([0.0, 0.25, 1.0]),
    camera=st.none()
    | st.builds(CameraControl.named, st.sampled_from(MOVES))
    | st.builds(lambda name, amount: CameraControl.named(name, strength=amount), st.just("tilt_down"), st.just(2.5)),
)


@pytest.mark.parametrize("locale", locales())
@given(request_=requests)
@settings(deadline=None, max_examples=60)
def test_forms_sent_back_untouched_mean_the_same_request(locale: str, request_: VideoRequest) -> None:
    options = options_of(request_)
    read = read_form(sent(form(options, locale)), options)
    read = read_details(sent(details(read, locale, model=request_.model)), read)
    assert request_from_options(read, model="other") == request_


@pytest.mark.parametrize("locale", locales())
def test_a_form_has_the_prompt_and_four_choices_and_nothing_to_spell(locale: str) -> None:
    shown = form({"prompt": "p"}, locale)
    assert [each["component"]["type"] for each in shown["components"]] == [4, 3, 3, 3, 3]
    assert shown["components"][0]["component"]["max_length"] == 2500  # what the models take
    assert sent(shown) == {
        "prompt": "p",
        "quality": ["kirin_v3_t2v std"],
        "aspect": ["16:9"],
        "duration": ["5"],
        "extras": [],
    }


def test_where_no_camera_moves_what_can_be_added_is_ticked() -> None:
    shown = form({"prompt": "p", "sound": True}, models=(CAPABILITIES["kirin_v3_t2v"],))
    ticks = shown["components"][-1]["component"]
    assert ticks["type"] == 22
    assert [each["value"] for each in ticks["options"]] == ["sound", "watermark", MORE]
    assert sent(shown)["extras"] == ["sound"]


def test_what_was_typed_and_is_impossible_becomes_the_nearest_that_there_is() -> None:
    shown = form({"prompt": "p", "duration": 99, "camera": "zoom+pan", "mode": "ultra", "model": "kling-v1"})
    assert sent(shown) == {
        "prompt": "p",
        "quality": ["kling-v1 std"],
        "aspect": ["16:9"],
        "duration": ["15"],
        "extras": [],
    }
    assert sent(form({"prompt": "p", "duration": "five"}))["duration"] == ["5"]


def test_a_prompt_that_is_too_long_stands_there_whole() -> None:
    shown = form({"prompt": "x" * 2600})
    assert sent(shown)["prompt"] == "x" * 2600
    assert shown["components"][0]["component"]["max_length"] == 2600


def qualities(shown: dict[str, Any]) -> list[str]:
    return [each["value"] for each in shown["components"][1]["component"]["options"]]


def test_only_what_some_model_on_offer_has_can_be_chosen() -> None:
    assert "kling-v3 4k" not in qualities(form({"prompt": "p"}))
    assert "kling-v3 4k" in qualities(form({"prompt": "p"}, models=(*MODELS, SHIPPED["kling-v3"])))


def test_of_very_many_models_the_chosen_one_can_be_kept() -> None:
    many = tuple(replace(MODELS[0], model=f"m{number}") for number in range(40))
    shown = form({"prompt": "p", "model": "m39", "mode": "pro"}, models=many)
    assert len(qualities(shown)) == OPTIONS
    assert sent(shown)["quality"] == ["m39 pro"]


def test_the_form_of_a_video_that_is_not_to_be_had_here_begins_with_what_is() -> None:
    here = allowed_models(MODELS, Member(user_id=1), GuildLimits(pro=Who.NOBODY, watermark=True))
    shown = form({"prompt": "p", "mode": "pro", "aspect": "9:16"}, models=here)
    assert not [each for each in qualities(shown) if each.endswith("pro")]
    assert sent(shown)["aspect"] == ["9:16"]
    values = [each["value"] for each in shown["components"][-1]["component"]["options"]]
    assert "watermark" not in values  # it is on every video there, whatever is chosen


def test_choices_are_read_and_the_rest_stays() -> None:
    options = {"prompt": "p", "negative": "rain", "cfg": 0.5, "camera": "zoom_in", "strength": 2.5, "model": "kling-v1"}
    same = chosen(options, quality=["kling-v1 pro"], duration=["10"])
    assert same == {**options, "mode": "pro", "duration": 10, "aspect": "16:9"}
    other = chosen(options, extras=["pan_left", "sound"])
    assert (other["camera"], other.get("strength"), other["sound"]) == ("pan_left", None, True)
    still = chosen(options, extras=[MORE])
    assert "camera" not in still
    assert wants_more({"extras": [MORE]})
    assert not wants_more({"extras": ["sound"]})


def test_two_camera_moves_at_once_are_refused_by_name() -> None:
    with pytest.raises(InvalidRequest) as caught:
        request_from_options(chosen({"prompt": "p"}, extras=["zoom_in", "pan_left"]), model="kling-v1")
    assert [problem.code for problem in caught.value.problems] == ["camera_two_axes"]


def test_the_second_form_has_what_the_model_has() -> None:
    assert [each["label"] for each in details({"prompt": "p"})["components"]] == [
        "Negative prompt",
        "How closely to follow the prompt",
    ]
    moving = details({"prompt": "p", "camera": "zoom_in"})
    assert sent(moving)["strength"] == ["clear"]
    assert len(details({"prompt": "p"}, model="kirin_v3_t2v")["components"]) == 1


def test_the_second_form_is_read_and_a_strength_in_numbers_stays_until_it_is_changed() -> None:
    options = {"prompt": "p", "camera": "zoom_in", "strength": 2.5}
    shown = sent(details(options))
    assert shown["strength"] == ["gentle"]
    assert read_details(shown, options) == options
    changed = read_details({**shown, "strength": ["strong"], "cfg": ["0.25"], "negative": "rain"}, options)
    assert changed == {"prompt": "p", "camera": "zoom_in", "strength": "strong", "cfg": 0.25, "negative": "rain"}
    assert "cfg" not in read_details({"cfg": ["model"]}, {"prompt": "p", "cfg": 1.0})


VALUES: Final = st.text(max_size=20)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "prompt": VALUES,
            **{name: st.lists(VALUES, max_size=3) for name in ("quality", "aspect", "duration", "extras")},
        },
    ),
    st.fixed_dictionaries({}, optional={name: st.lists(VALUES, max_size=2) for name in ("strength", "cfg")}),
)
@settings(deadline=None)
def test_nothing_that_a_client_may_send_breaks_the_forms(values: dict[str, Any], more: dict[str, Any]) -> None:
    with suppress(InvalidRequest):
        request_from_options(read_details(more, read_form(values, {})), model="kirin_v3_t2v")
