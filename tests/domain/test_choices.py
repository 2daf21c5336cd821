from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import AspectRatio, CameraControl, CameraRule, Capability, Mode, VideoRequest
from bot.domain.camera import MOVES
from bot.domain.choices import fits, models_for, nearest_possible, offered
from tests.models import KIRIN_V3, KLING_V1, SHIPPED

MODELS = (KIRIN_V3, KLING_V1)
POOR = Capability(model="poor", provider="poor", durations=(4,), modes=(Mode.STD,), prompt_limit=10)
ODD = replace(POOR, model="odd", durations=(1, 9), camera=CameraRule(modes=(Mode.STD,), durations=(9,)))

moves = st.sampled_from(MOVES)
choices = st.fixed_dictionaries(
    {},
    optional={
        "model": st.sampled_from([*(model.model for model in MODELS), "odd", "gone"]),
        "mode": st.sampled_from(Mode),
        "aspect": st.sampled_from(AspectRatio),
        "duration": st.integers(1, 20),
        "sound": st.booleans(),
        "watermark": st.booleans(),
        "cfg": st.floats(0, 1),
        "camera": moves,
    },
)


def request_of(**fields: Any) -> VideoRequest:
    return VideoRequest(**{"model": "kirin_v3_t2v", "prompt": "a fox", **fields})


@st.composite
def requests(draw: st.DrawFn) -> VideoRequest:
    return request_of(
        model=draw(st.sampled_from([model.model for model in (*MODELS, POOR, ODD)])),
        prompt=draw(st.sampled_from(["a fox", "a fox on the ice"])),
        mode=draw(st.sampled_from(Mode)),
        duration=draw(st.integers(1, 20)),
        sound=draw(st.booleans()),
        camera=draw(st.none() | moves.map(CameraControl.named)),
    )


def of(chosen: dict[str, Any], model: str) -> VideoRequest | None:
    """The request with exactly what is chosen, the rest open: None where only another model has been chosen."""
    fields = {"aspect": "aspect_ratio", "cfg": "cfg_scale"}
    values = {fields.get(option, option): value for option, value in chosen.items()}
    if "camera" in values:
        values["camera"] = CameraControl.named(values["camera"])
    return None if values.get("model", model) != model else request_of(**{**values, "model": model})


@given(st.sampled_from([*MODELS, ODD]), choices)
@settings(deadline=None)
def test_what_fits_can_be_done_when_the_rest_is_chosen_well(model: Capability, chosen: dict[str, Any]) -> None:
    possible = False
    for mode in [chosen.get("mode")] if "mode" in chosen else model.modes:
        for duration in [chosen.get("duration")] if "duration" in chosen else model.durations:
            request = of({**chosen, "mode": mode, "duration": duration}, model.model)
            possible = possible or (request is not None and not model.clashes(request))
    assert fits(model, chosen) is possible


def test_nothing_chosen_leaves_everything() -> None:
    assert offered("model", {}, MODELS) == ["kirin_v3_t2v", "kling-v1"]
    assert offered("mode", {}, MODELS) == [Mode.STD, Mode.PRO]
    assert offered("duration", {}, MODELS) == list(range(3, 16))
    assert offered("camera", {}, MODELS) == list(MOVES)
    assert offered("aspect", {}, MODELS) == list(AspectRatio)


def test_sound_and_mode_are_offered_as_far_as_they_go_together() -> None:
    models = [SHIPPED["kling-v2-6"]]
    assert offered("mode", {"sound": True}, models) == [Mode.PRO]
    assert offered("sound", {"mode": "std"}, models) == [False]
    assert offered("model", {"sound": True, "mode": "std"}, list(SHIPPED.values())) == ["kirin_v3_t2v", "kling-v3"]
    assert offered("mode", {}, [SHIPPED["kling-v3"]]) == list(Mode)
    assert offered("model", {"mode": "4k"}, list(SHIPPED.values())) == ["kling-v3"]


def test_a_camera_move_narrows_all_else() -> None:
    chosen = {"camera": "zoom_in", "duration": None}
    assert offered("model", chosen, MODELS) == ["kling-v1"]
    assert offered("mode", chosen, MODELS) == [Mode.STD]
    assert offered("duration", chosen, MODELS) == [5]
    assert offered("sound", chosen, MODELS) == [False]
    assert offered("watermark", chosen, MODELS) == [False, True]


def test_whatever_has_no_camera_takes_the_moves_away() -> None:
    for chosen in ({"model": "kirin_v3_t2v"}, {"mode": "pro"}, {"duration": 10}, {"sound": True}):
        assert offered("camera", chosen, MODELS) == []
    assert offered("camera", {"model": "kling-v1", "sound": False}, MODELS) == list(MOVES)


def test_the_models_that_can_do_it_are_named_in_their_order() -> None:
    assert models_for({"watermark": True}, MODELS) == [KIRIN_V3, KLING_V1]
    assert models_for({"cfg": 0.5}, MODELS) == [KLING_V1]
    assert models_for({"cfg": 0.0, "sound": True}, MODELS) == []


@given(requests(), st.lists(st.sampled_from([*MODELS, POOR, ODD]), min_size=1, unique=True))
@settings(deadline=None)
def test_the_nearest_request_can_be_done_and_a_possible_one_stays(
    request: VideoRequest, models: list[Capability]
) -> None:
    near, own = nearest_possible(request, models), {model.model: model for model in models}
    assert near.prompt == request.prompt
    if near is not request:
        assert not own[near.model].clashes(near)
    if request.model in own and not own[request.model].clashes(request):
        assert near == request
    if request.camera is not None and any(model.camera and model.prompt_limit > 20 for model in models):
        assert near.camera == request.camera


def test_a_request_with_a_move_goes_to_a_model_that_has_it() -> None:
    near = nearest_possible(
        request_of(camera=CameraControl.named("pan_left"), mode="pro", sound=True, duration=12), MODELS
    )
    assert (near.model, near.mode, near.duration, near.sound) == ("kling-v1", Mode.STD, 5, False)
    assert nearest_possible(request_of(camera=CameraControl.named("pan_left")), [KIRIN_V3]).camera is None
