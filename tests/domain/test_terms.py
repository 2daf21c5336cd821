"""What somebody may have here and now, and what they may have instead of what they can't."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import CameraControl, CameraRule, Capability, Member, Mode, Shot, Terms, VideoRequest, Who
from bot.domain.camera import MOVES
from bot.domain.policy import GuildLimits
from bot.domain.terms import allowed_models, alternatives, model_for
from tests.models import KIRIN_V3, KLING_V1, SHIPPED

MODELS = (KIRIN_V3, KLING_V1)
POOR = replace(
    KLING_V1, model="poor", durations=(4, 9), modes=(Mode.STD,), prompt_limit=10, camera=None, cfg_scale=False
)
ODD = replace(POOR, model="odd", durations=(1, 9), camera=CameraRule(modes=(Mode.STD,), durations=(9,)))
ANA = Member(user_id=1, guild_id=7, role_ids=frozenset({5}), channel_ids=frozenset({3}))


def request_of(**fields: Any) -> VideoRequest:
    return VideoRequest(**{"model": "kirin_v3_t2v", "prompt": "a fox", **fields})


@st.composite
def requests(draw: st.DrawFn) -> VideoRequest:
    return request_of(
        model=draw(st.sampled_from(["kirin_v3_t2v", "kling-v1", "poor", "odd", "gone"])),
        prompt=draw(st.sampled_from(["a fox", "a fox on the ice"])),
        mode=draw(st.sampled_from(Mode)),
        duration=draw(st.integers(1, 20)),
        sound=draw(st.booleans()),
        watermark=draw(st.booleans()),
        cfg_scale=draw(st.none() | st.sampled_from([0.0, 0.5])),
        camera=draw(st.none() | st.sampled_from(MOVES).map(CameraControl.named)),
    )


limits = st.builds(
    GuildLimits,
    longest=st.none() | st.integers(1, 12),
    pro=st.sampled_from(Who),
    pro_roles=st.sampled_from([frozenset(), frozenset({5}), frozenset({6})]),
    sound=st.booleans(),
    models=st.sampled_from([frozenset(), frozenset({"kling-v1", "odd"}), frozenset({"kirin_v3_t2v"})]),
)


@given(requests(), limits, st.integers(0, 60), st.integers(0, 3_000_000))
@settings(deadline=None)
def test_what_is_suggested_may_be_had_and_changes_nothing_that_was_fine(
    request: VideoRequest, limit: GuildLimits, credit: int, usd: int
) -> None:
    terms = Terms(models=allowed_models([*MODELS, POOR, ODD], ANA, limit), credits=credit, usd_micros=usd)
    found = alternatives(request, terms)
    assert len(set(found)) == len(found)
    for each in found:
        assert terms.accepts(each)
        assert (each.prompt, each.negative_prompt, each.shots) == (
            request.prompt,
            request.negative_prompt,
            request.shots,
        )
        for field in VideoRequest.model_fields:
            if getattr(each, field) != getattr(request, field):
                assert not terms.accepts(each.model_copy(update={field: getattr(request, field)})), field
    if terms.accepts(request):
        assert found == [request]


def test_an_impossible_request_is_met_by_the_fewest_changes_first() -> None:
    found = alternatives(request_of(model="kling-v1", duration=8, sound=True), Terms(models=MODELS))
    assert [(each.model, each.duration, each.sound) for each in found] == [
        ("kirin_v3_t2v", 8, True),
        ("kling-v1", 10, False),
    ]


def test_of_what_is_as_near_the_requested_model_comes_first() -> None:
    other = replace(KIRIN_V3, model="kling-v0", durations=(5, 10))
    found = alternatives(request_of(model="kling-v1", sound=True), Terms(models=(other, KLING_V1)))
    assert [each.model for each in found] == ["kling-v1", "kling-v0"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"model": "kling-v1", "mode": "pro", "duration": 10}, [("kling-v1", "zoom_in", 5), ("kling-v1", None, 10)]),
        ({"model": "kirin_v3_t2v", "duration": 5}, [("kling-v1", "zoom_in", 5), ("kirin_v3_t2v", None, 5)]),
    ],
)
def test_the_move_is_kept_or_given_up(fields: dict[str, Any], expected: list[tuple[str, str | None, int]]) -> None:
    found = alternatives(request_of(**fields, camera=CameraControl.named("zoom_in")), Terms(models=MODELS))
    assert [(each.model, each.camera and each.camera.name(), each.duration) for each in found] == expected


def test_where_nothing_is_near_nothing_is_suggested() -> None:
    board = [Shot(prompt="a", seconds=5)]
    assert alternatives(request_of(model="kling-v1", shots=board), Terms(models=(KLING_V1,))) == []
    assert alternatives(request_of(duration=3), Terms(models=(KIRIN_V3,), credits=2)) == []


def test_what_is_too_dear_is_made_plainer_or_shorter() -> None:
    request = request_of(mode="pro", sound=True, duration=10)
    plain, short = alternatives(request, Terms(models=(KIRIN_V3,), credits=15))
    assert (plain.mode, plain.sound, plain.duration) == (Mode.PRO, False, 10)
    assert (short.mode, short.sound, short.duration) == (Mode.PRO, True, 7)


def test_what_is_too_dear_in_4k_is_suggested_in_pro_first() -> None:
    terms = Terms(models=(SHIPPED["kling-v3"],), credits=20)
    plain, short = alternatives(request_of(model="kling-v3", mode="4k", duration=10), terms)
    assert (plain.mode, plain.duration) == (Mode.PRO, 10)
    assert (short.mode, short.duration) == (Mode.FOUR_K, 4)


def test_sound_that_a_mode_does_not_have_leads_to_the_mode_that_has_it_or_to_silence() -> None:
    found = alternatives(request_of(model="kling-v2-6", sound=True), Terms(models=(SHIPPED["kling-v2-6"],)))
    assert [(each.mode, each.sound) for each in found] == [(Mode.PRO, True), (Mode.STD, False)]


def test_a_storyboard_is_made_plainer_but_not_shorter() -> None:
    board = [Shot(prompt="a", seconds=5), Shot(prompt="b", seconds=5)]
    (found,) = alternatives(request_of(duration=10, shots=board, mode="pro"), Terms(models=(KIRIN_V3,), credits=10))
    assert (found.mode, found.duration, len(found.shots)) == (Mode.STD, 10, 2)


def test_a_model_of_which_a_server_leaves_nothing_is_not_offered() -> None:
    assert [each.model for each in allowed_models(MODELS, ANA, GuildLimits(longest=4))] == ["kirin_v3_t2v"]
    (only,) = allowed_models(MODELS, ANA, GuildLimits(longest=4, sound=False, pro=Who.NOBODY))
    assert (only.durations, only.modes, only.sound) == ((3, 4), (Mode.STD,), False)
    assert allowed_models(MODELS, ANA, GuildLimits(pro=Who.ROLES, pro_roles={5}))[0] == KIRIN_V3


@pytest.mark.parametrize(
    ("options", "models", "expected"),
    [
        ({}, MODELS, "kirin_v3_t2v"),
        ({"camera": "zoom_in"}, MODELS, "kling-v1"),
        ({"camera": "zoom_in", "duration": 10}, MODELS, "kling-v1"),  # to be mended there, not given up
        ({"camera": "zoom_in"}, (replace(KLING_V1, model="dear", tariff=KIRIN_V3.tariff), KLING_V1), "dear"),
        ({"camera": "zoom_in"}, (KIRIN_V3,), "kirin_v3_t2v"),
        ({"sound": True}, (KLING_V1, KIRIN_V3), "kirin_v3_t2v"),
        ({"model": "kling-v1", "sound": True}, (KLING_V1, KIRIN_V3), "kirin_v3_t2v"),
    ],
)
def test_options_without_a_model_mean_one_that_can_do_them(
    options: dict[str, Any], models: tuple[Capability, ...], expected: str
) -> None:
    assert model_for(options, models).model == expected
