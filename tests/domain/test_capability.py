from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import AspectRatio, CameraControl, CameraRule, Capability, Mode, Shot, VideoRequest
from bot.domain.capability import check
from bot.errors import ImpossibleRequest
from tests.models import CAPABILITIES, KIRIN_V3, KLING_V1, SHIPPED

# A model that can do next to nothing, so that everything asked for clashes.
POOR = Capability(
    model="poor",
    provider="poor",
    durations=(4, 5),
    modes=(Mode.STD,),
    aspect_ratios=(AspectRatio.SQUARE,),
    prompt_limit=10,
)
# One whose camera moves only where nothing else is usual.
ODD = Capability(
    model="odd",
    provider="odd",
    durations=(1, 2, 9),
    camera=CameraRule(modes=(Mode.PRO,), durations=(9,)),
    cfg_scale=True,
    sound=True,
    max_shots=2,
)
MODELS = (KIRIN_V3, KLING_V1, POOR, ODD)
ZOOM = CameraControl.named("zoom_in")


def request_of(**fields: Any) -> VideoRequest:
    return VideoRequest(**{"model": "kirin_v3_t2v", "prompt": "a fox", **fields})


def clashes(capability: Capability, **fields: Any) -> dict[str, dict[str, Any]]:
    return {each.code: dict(each.values) for each in capability.clashes(request_of(**fields))}


shots = st.lists(st.builds(Shot, prompt=st.just("a shot"), seconds=st.integers(1, 5)), max_size=6)
moves = st.sampled_from(["zoom_in", "pan_left", "down_back", "left_turn_forward"]).map(CameraControl.named)


@st.composite
def requests(draw: st.DrawFn) -> VideoRequest:
    board = draw(shots)
    return request_of(
        model=draw(st.sampled_from([model.model for model in MODELS])),
        prompt=draw(st.sampled_from(["a fox", "a fox on the ice"])),
        mode=draw(st.sampled_from(Mode)),
        aspect_ratio=draw(st.sampled_from(AspectRatio)),
        duration=sum(shot.seconds for shot in board) or draw(st.integers(1, 20)),
        sound=draw(st.booleans()),
        watermark=draw(st.booleans()),
        shots=board,
        cfg_scale=draw(st.none() | st.floats(0, 1)),
        camera=draw(st.none() | moves),
    )


def test_the_table_is_what_the_documents_say() -> None:
    kirin, kling = CAPABILITIES["kirin_v3_t2v"], CAPABILITIES["kling-v1"]
    assert (kirin.provider, kirin.durations, kirin.max_shots) == ("kirin", tuple(range(3, 16)), 6)
    assert (kirin.sound, kirin.watermark, kirin.cfg_scale, kirin.camera) == (True, True, False, None)
    assert (kling.provider, kling.durations, kling.max_shots) == ("kling", (5, 10), 0)
    assert (kling.sound, kling.watermark, kling.cfg_scale) == (False, True, True)
    assert kling.camera == CameraRule(modes=(Mode.STD,), durations=(5,))


def test_sound_that_a_mode_does_not_have_is_told_with_the_modes_that_have_it() -> None:
    with pytest.raises(ImpossibleRequest) as caught:
        check(request_of(model="kling-v2-6", sound=True), SHIPPED["kling-v2-6"])
    assert [(each.code, each.values) for each in caught.value.problems] == [
        ("sound_needs", {"model": "kling-v2-6", "modes": "pro"})
    ]


def test_a_plain_request_clashes_with_neither_model() -> None:
    assert not clashes(KIRIN_V3)
    assert not clashes(KLING_V1)


def test_kirin_takes_all_it_documents() -> None:
    board = [Shot(prompt="a", seconds=1)] * 6
    assert not clashes(KIRIN_V3, mode="pro", aspect_ratio="1:1", duration=6, sound=True, watermark=True, shots=board)
    assert not clashes(KIRIN_V3, duration=3)
    assert not clashes(KIRIN_V3, duration=15)


def test_kling_moves_its_camera_only_in_std_and_five_seconds() -> None:
    needs = {"model": "kling-v1", "modes": "std", "durations": "5"}
    assert not clashes(KLING_V1, camera=ZOOM, cfg_scale=0.3)
    assert clashes(KLING_V1, camera=ZOOM, duration=10) == {"camera_needs": needs}
    assert clashes(KLING_V1, camera=ZOOM, mode="pro") == {"camera_needs": needs}
    assert not clashes(KLING_V1, mode="pro", duration=10)


def test_everything_that_is_not_granted_is_named() -> None:
    model = {"model": "poor"}
    found = clashes(
        POOR,
        prompt="a fox on the ice",
        mode="pro",
        duration=6,
        sound=True,
        watermark=True,
        shots=[Shot(prompt="a", seconds=6)],
        cfg_scale=0,
        camera=ZOOM,
    )
    assert found == {
        "mode_not_offered": {"wanted": "pro", "offered": "std", **model},
        "aspect_not_offered": {"wanted": "16:9", "offered": "1:1", **model},
        "duration_not_offered": {"wanted": 6, "offered": "4, 5", **model},
        "prompt_too_long": {"length": 16, "limit": 10, **model},
        **{f"{feature}_not_offered": model for feature in ("sound", "watermark", "cfg", "shots", "camera")},
    }


@pytest.mark.parametrize(
    ("durations", "words"),
    [((5,), "5"), ((5, 10), "5, 10"), ((4, 5), "4, 5"), ((3, 4, 5), "3-5"), (tuple(range(3, 16)), "3-15")],
)
def test_durations_are_listed_or_shortened_to_a_span(durations: tuple[int, ...], words: str) -> None:
    found = clashes(replace(POOR, durations=durations), duration=99)
    assert found["duration_not_offered"]["offered"] == words


@given(st.sampled_from(MODELS), requests())
@settings(deadline=None)
def test_the_nearest_request_never_clashes(capability: Capability, request: VideoRequest) -> None:
    nearest = capability.nearest(request)
    if nearest is not None:
        assert not capability.clashes(nearest)
        assert nearest.model == capability.model
        assert (nearest.prompt, nearest.negative_prompt, nearest.shots) == (
            request.prompt,
            request.negative_prompt,
            request.shots,
        )


@given(st.sampled_from(MODELS), requests())
@settings(deadline=None)
def test_the_nearest_request_of_a_possible_one_is_itself(capability: Capability, request: VideoRequest) -> None:
    if not capability.clashes(request):
        assert capability.nearest(request) == request.model_copy(update={"model": capability.model})


@given(st.sampled_from(MODELS), requests())
@settings(deadline=None)
def test_what_is_granted_is_kept(capability: Capability, request: VideoRequest) -> None:
    nearest = capability.nearest(request)
    if nearest is None or request.camera is not None:
        return
    for field, granted in (
        ("mode", request.mode in capability.modes),
        ("aspect_ratio", request.aspect_ratio in capability.aspect_ratios),
        ("duration", request.duration in capability.durations),
        ("sound", capability.sound),
        ("watermark", capability.watermark),
        ("cfg_scale", capability.cfg_scale),
    ):
        assert not granted or getattr(nearest, field) == getattr(request, field)


@given(st.sampled_from(MODELS), requests())
@settings(deadline=None)
def test_only_a_storyboard_or_a_long_prompt_leaves_nothing_near(capability: Capability, request: VideoRequest) -> None:
    if capability.nearest(request) is None:
        assert request.shots or len(request.prompt) > capability.prompt_limit


@pytest.mark.parametrize(("asked", "given_"), [(1, 5), (7, 5), (8, 10), (20, 10)])
def test_the_nearest_duration_is_the_closest_one(asked: int, given_: int) -> None:
    nearest = KLING_V1.nearest(request_of(duration=asked))
    assert nearest is not None
    assert nearest.duration == given_


def test_of_two_durations_as_near_the_shorter_is_taken() -> None:
    nearest = replace(POOR, durations=(8, 4)).nearest(request_of(duration=6))
    assert nearest is not None
    assert nearest.duration == 4


def test_mode_and_duration_bend_to_a_camera_move() -> None:
    nearest = ODD.nearest(request_of(duration=1, camera=ZOOM))
    assert nearest is not None
    assert (nearest.mode, nearest.duration, nearest.camera) == (Mode.PRO, 9, ZOOM)
    without = KIRIN_V3.nearest(request_of(duration=9, camera=ZOOM))
    assert without is not None
    assert (without.duration, without.camera) == (9, None)


def test_a_possible_request_passes() -> None:
    check(request_of(duration=9), KIRIN_V3)


def test_an_impossible_one_is_refused_with_every_clash() -> None:
    with pytest.raises(ImpossibleRequest) as caught:
        check(request_of(model="kling-v1", duration=8, sound=True), KLING_V1)
    assert [problem.code for problem in caught.value.problems] == ["duration_not_offered", "sound_not_offered"]
