from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.domain import AspectRatio, CameraControl, CameraType, Mode, Shot, VideoRequest
from bot.domain.camera import AXES, MOVES, CameraConfig, in_a_word, moves_meant
from bot.errors import InvalidRequest

WHOLE_MOVES = ["down_back", "forward_up", "right_turn_forward", "left_turn_forward"]
strengths = st.floats(-10, 10).filter(bool)


def request_of(**fields: Any) -> VideoRequest:
    return VideoRequest(**{"model": "kirin_v3_t2v", "prompt": "a fox", **fields})


def problems(**fields: Any) -> list[tuple[str, str, dict[str, Any]]]:
    with pytest.raises(InvalidRequest) as caught:
        request_of(**fields)
    return [(problem.code, problem.field, dict(problem.values)) for problem in caught.value.problems]


def shot(seconds: int, prompt: str = "a fox") -> Shot:
    return Shot(prompt=prompt, seconds=seconds)


def simple(**axes: float) -> CameraControl:
    return CameraControl(type=CameraType.SIMPLE, config=CameraConfig(**axes))


def test_only_model_and_prompt_have_to_be_given() -> None:
    request = request_of()
    assert (request.mode, request.aspect_ratio, request.duration) == (Mode.STD, AspectRatio.WIDE, 5)
    assert (request.sound, request.watermark, request.cfg_scale, request.camera) == (False, False, None, None)
    assert (request.negative_prompt, request.shots) == ("", ())


def test_a_request_cannot_be_changed_or_extended() -> None:
    request = request_of()
    with pytest.raises(ValidationError):
        request.prompt = "another"  # type: ignore[misc]
    with pytest.raises(ValidationError):
        request_of(colour="red")


@pytest.mark.parametrize("prompt", ["", "  ", "\n\t"])
def test_a_prompt_must_say_something_unless_there_are_shots(prompt: str) -> None:
    assert problems(prompt=prompt) == [("prompt_empty", "prompt", {})]
    assert request_of(prompt=prompt, shots=[shot(5)]).shots


def test_prompts_have_a_length_that_is_counted_in_characters() -> None:
    fits, long = "狐" * 2500, "狐" * 2501
    assert request_of(prompt=fits, negative_prompt=fits).prompt == fits
    values = {"length": 2501, "limit": 2500}
    assert problems(prompt=long) == [("prompt_too_long", "prompt", values)]
    assert problems(negative_prompt=long) == [("negative_too_long", "negative", values)]


STORABLE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)


@given(st.lists(st.integers(1, 15), min_size=1, max_size=6))
@settings(deadline=None)
def test_shots_that_add_up_are_a_storyboard(seconds: list[int]) -> None:
    request = request_of(prompt="", duration=sum(seconds), shots=[shot(each) for each in seconds])
    assert [each.seconds for each in request.shots] == seconds


@given(st.lists(st.integers(1, 15), min_size=1, max_size=6), st.integers(1, 100))
@settings(deadline=None)
def test_shots_that_do_not_add_up_are_refused(seconds: list[int], duration: int) -> None:
    if sum(seconds) == duration:
        duration += 1
    assert problems(duration=duration, shots=[shot(each) for each in seconds]) == [
        ("shots_do_not_add_up", "shots", {"total": sum(seconds), "duration": duration})
    ]


def test_every_broken_rule_of_a_shot_is_named() -> None:
    assert problems(duration=4, shots=[shot(5, ""), shot(-1, "x" * 513)]) == [
        ("shot_prompt_empty", "shots", {"shot": 1}),
        ("shot_prompt_too_long", "shots", {"shot": 2, "length": 513, "limit": 512}),
        ("shot_too_short", "shots", {"shot": 2}),
    ]
    assert problems(duration=7, shots=[shot(1)] * 7) == [("too_many_shots", "shots", {"count": 7, "limit": 6})]
    assert request_of(duration=6, shots=[shot(1, "x" * 512)] * 6)


@pytest.mark.parametrize("duration", [0, -5])
def test_a_video_lasts_at_least_a_second(duration: int) -> None:
    assert problems(duration=duration) == [("duration_too_short", "duration", {"duration": duration})]
    assert request_of(duration=1)


@pytest.mark.parametrize("cfg", [-0.01, 1.01, float("inf")])
def test_cfg_lies_between_zero_and_one(cfg: float) -> None:
    assert problems(cfg_scale=cfg) == [("cfg_out_of_range", "cfg", {"cfg": cfg})]
    assert [request_of(cfg_scale=fine).cfg_scale for fine in (0, 0.5, 1)] == [0, 0.5, 1]


def test_a_number_that_is_none_is_out_of_every_range() -> None:
    assert [code for code, *_ in problems(cfg_scale=float("nan"), camera=simple(pan=float("nan")))] == [
        "cfg_out_of_range",
        "strength_out_of_range",
    ]


def test_a_simple_move_has_exactly_one_axis_within_its_range() -> None:
    assert problems(camera=simple()) == [("camera_no_axis", "camera", {"axes": ""})]
    assert problems(camera=CameraControl(type=CameraType.SIMPLE)) == [("camera_no_axis", "camera", {"axes": ""})]
    assert problems(camera=simple(pan=1, zoom=-1)) == [("camera_two_axes", "camera", {"axes": "pan, zoom"})]
    assert problems(camera=simple(roll=-10.5)) == [
        ("strength_out_of_range", "strength", {"axis": "roll", "strength": 10.5, "limit": 10.0})
    ]
    assert [request_of(camera=simple(tilt=edge)).camera for edge in (-10, 10)] == [simple(tilt=-10), simple(tilt=10)]


def test_a_whole_move_takes_no_config() -> None:
    move = CameraControl(type=CameraType.DOWN_BACK, config=CameraConfig(pan=1))
    assert problems(camera=move) == [("camera_config_unused", "camera", {"camera": "down_back"})]
    assert request_of(camera=CameraControl(type=CameraType.DOWN_BACK)).camera


def test_all_broken_rules_are_told_at_once() -> None:
    codes = [
        code for code, *_ in problems(prompt="", negative_prompt="x" * 2501, duration=0, cfg_scale=2, camera=simple())
    ]
    assert codes == ["prompt_empty", "negative_too_long", "duration_too_short", "cfg_out_of_range", "camera_no_axis"]


@given(st.sampled_from(AXES), strengths)
@settings(deadline=None)
def test_every_move_has_a_name_and_a_strength_that_lead_back_to_it(axis: str, amount: float) -> None:
    move = simple(**{axis: amount})
    assert move.name() in MOVES
    assert move.amount() == abs(amount)
    assert CameraControl.named(move.name(), strength=move.strength()) == move
    assert request_of(camera=move).camera == move


@given(st.sampled_from(AXES), strengths)
@settings(deadline=None)
def test_an_axis_and_its_number_as_older_versions_kept_them_are_still_that_move(axis: str, amount: float) -> None:
    assert CameraControl.named(axis, strength=amount) == simple(**{axis: amount})


@pytest.mark.parametrize(
    ("name", "axes"),
    [
        ("zoom_in", {"zoom": -5}),
        ("zoom_out", {"zoom": 5}),
        ("pan_left", {"tilt": -5}),
        ("pan_right", {"tilt": 5}),
        ("tilt_up", {"pan": 5}),
        ("tilt_down", {"pan": -5}),
        ("move_left", {"horizontal": -5}),
        ("move_right", {"horizontal": 5}),
        ("move_up", {"vertical": 5}),
        ("move_down", {"vertical": -5}),
        ("roll_left", {"roll": -5}),
        ("roll_right", {"roll": 5}),
    ],
)
def test_what_one_sees_is_sent_as_the_vendor_numbers_it(name: str, axes: dict[str, float]) -> None:
    assert CameraControl.named(name) == simple(**axes)


@pytest.mark.parametrize(
    ("strength", "amount", "said"),
    [
        (None, 5, "clear"),
        ("gentle", 2, "gentle"),
        ("Strong ", 10, "strong"),
        ("3,3", 3.3, 3.3),
        (10.0, 10, "strong"),
    ],
)
def test_a_strength_is_a_word_or_a_number(strength: str | float | None, amount: float, said: str | float) -> None:
    move = CameraControl.named("zoom_out", strength=strength)
    assert (move, move.strength()) == (simple(zoom=amount), said)
    assert CameraControl.named("zoom_in", strength=-amount) == move


@pytest.mark.parametrize(
    ("amount", "word"), [(0.1, "gentle"), (3.4, "gentle"), (-3.6, "clear"), (7.4, "clear"), (8, "strong")]
)
def test_a_number_is_said_in_the_nearest_word(amount: float, word: str) -> None:
    assert in_a_word(amount) == word


@pytest.mark.parametrize(
    ("name", "amount", "moves"),
    [
        ("zoom", None, ["zoom_in", "zoom_out"]),
        ("Pan, tilt", None, ["pan_left", "pan_right", "tilt_up", "tilt_down"]),
        ("pan", -3.0, ["tilt_down"]),
        ("zoom in", -3.0, ["zoom_out"]),
        ("Down back", 3.0, ["down_back"]),
        ("crane", None, []),
    ],
)
def test_a_name_that_leaves_the_way_open_means_both(name: str, amount: float | None, moves: list[str]) -> None:
    assert moves_meant(name, amount) == moves


@pytest.mark.parametrize("name", WHOLE_MOVES)
def test_the_name_of_a_whole_move_leads_back_to_the_same_move(name: str) -> None:
    move = CameraControl.named(name)
    assert move == CameraControl(type=CameraType(name))
    assert (move.name(), move.strength()) == (name, None)
    assert CameraControl.named(move.name(), strength=move.strength()) == move


@pytest.mark.parametrize(
    ("name", "move"), [(" Zoom in", "zoom_in"), ("Down back", "down_back"), ("PAN_LEFT", "pan_left")]
)
def test_moves_are_named_as_people_write(name: str, move: str) -> None:
    assert CameraControl.named(name).name() == move


def test_a_move_along_two_axes_can_be_named_and_is_refused_in_a_request() -> None:
    for name in ("pan+zoom", "Pan, Zoom"):
        move = CameraControl.named(name, strength=3)
        assert move.name() == "pan+zoom"
        assert [code for code, *_ in problems(camera=move)] == ["camera_two_axes"]


@pytest.mark.parametrize(
    ("name", "strength", "code"),
    [("simple", None, "camera_unknown"), ("", None, "camera_unknown"), ("pan+down_back", None, "camera_unknown")]
    + [("zoom", None, "camera_unknown"), ("zoom", "gentle", "camera_unknown"), ("zoom_in", "much", "not_a_choice")]
    + [(name, 5.0, "strength_unused") for name in WHOLE_MOVES],
)
def test_what_is_no_move_is_refused(name: str, strength: str | float | None, code: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        CameraControl.named(name, strength=strength)
    assert [problem.code for problem in caught.value.problems] == [code]


requests = st.builds(
    request_of,
    prompt=STORABLE.filter(str.strip),
    negative_prompt=STORABLE,
    mode=st.sampled_from(Mode),
    aspect_ratio=st.sampled_from(AspectRatio),
    duration=st.integers(1, 15),
    sound=st.booleans(),
    watermark=st.booleans(),
    cfg_scale=st.none() | st.floats(0, 1),
    camera=st.none()
    | st.builds(lambda axis, strength: CameraControl.named(axis, strength=strength), st.sampled_from(AXES), strengths)
    | st.builds(CameraControl.named, st.sampled_from(WHOLE_MOVES)),
)


@given(requests)
@settings(deadline=None)
def test_a_request_survives_the_way_through_the_database(request: VideoRequest) -> None:
    assert VideoRequest.model_validate_json(request.model_dump_json()) == request


@pytest.mark.parametrize("text", ["half an emoji \ud83e", "nothing \0 here"])
def test_text_that_no_database_takes_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        VideoRequest(model="m", prompt=text, negative_prompt=text, shots=(Shot(prompt=text, seconds=5),))
    assert [each.field for each in refused.value.problems] == ["prompt", "negative", "shots"]
    assert {each.code for each in refused.value.problems} == {"text_unreadable"}


def test_a_stored_request_outlives_the_rules_that_came_later() -> None:
    stored = VideoRequest.stored('{"model": "m", "prompt": "", "duration": 0}')
    assert (stored.prompt, stored.duration) == ("", 0)
