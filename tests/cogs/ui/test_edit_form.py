"""The form with everything: what stands in it, and what is read from it, in every language."""

from contextlib import suppress
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
from cogs.ui import entered, options_of, parse_options, read_form, request_form, request_from_options
from cogs.ui.edit_form import MORE
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


requests = st.builds(
    VideoRequest,
    model=st.sampled_from(["kirin_v3_t2v", "kling-v1"]),
    prompt=st.text("abc: =\n@*\N{VIDEO GAME}", min_size=1, max_size=60).filter(str.strip),
    negative_prompt=st.sampled_from(["", "no: people\nat all"]),
    mode=st.sampled_from(["std", "pro"]),
    aspect_ratio=st.sampled_from(["16:9", "9:16", "1:1"]),
    duration=st.integers(1, 99),
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
def test_a_form_sent_back_untouched_means_the_same_request(locale: str, request_: VideoRequest) -> None:
    options = parse_options(read_form(sent(form(options_of(request_), locale))), words(locale))
    assert request_from_options(options, model="other") == request_


def test_what_was_typed_stands_there_though_it_is_impossible() -> None:
    shown = sent(form({"prompt": "p", "duration": 99, "camera": "zoom+pan", "strength": 50.0, "mode": "ultra"}))
    assert shown["duration"] == "99"
    assert "camera: zoom+pan\nstrength: 50.0" in shown[MORE]
    assert shown["look"] == ["std 16:9"]  # there is nothing else to choose, and it is seen


def looks(shown: dict[str, Any]) -> set[str]:
    """The modes that can be chosen."""
    select = next(each["component"] for each in shown["components"] if "options" in each["component"])
    return {str(each["value"]).partition(" ")[0] for each in select["options"]}


def test_only_modes_that_some_model_on_offer_has_are_offered() -> None:
    assert looks(form({"prompt": "p"})) == {"std", "pro"}
    assert looks(form({"prompt": "p"}, models=(*MODELS, SHIPPED["kling-v3"]))) == {"std", "pro", "4k"}


def test_the_form_of_a_video_that_is_not_to_be_had_here_begins_with_what_is() -> None:
    here = allowed_models(MODELS, Member(user_id=1), GuildLimits(pro=Who.NOBODY, watermark=True))
    shown = form({"prompt": "p", "mode": "pro", "aspect": "9:16"}, models=here)
    assert looks(shown) == {"std"}
    assert sent(shown)["look"] == ["std 9:16"]
    assert "watermark" not in sent(shown)[MORE]  # it is on every video there, whatever is chosen


@pytest.mark.parametrize(
    ("line", "option", "value"),
    [
        ("Model = kling-v1", "model", "kling-v1"),
        ("声音：是", "sound", True),
        ("sound: NO", "sound", False),
        ("水印: off", "watermark", False),
        ("运镜：推近", "camera", "zoom_in"),
        ("camera: Sink and pull back", "camera", "Sink and pull back"),
        ("幅度: 2,5", "strength", 2.5),
        ("幅度：强烈", "strength", "strong"),
        ("strength: gentle", "strength", "gentle"),
        ("cfg=1", "cfg", 1.0),
    ],
)
def test_lines_are_read_as_people_write_them(line: str, option: str, value: object) -> None:
    entries = read_form({"prompt": "p", MORE: f"\n{line}\n"})
    assert parse_options(entries, words("zh-CN"))[option] == value


def test_everything_that_cannot_be_read_is_named_at_once() -> None:
    entries = read_form({"prompt": "p", "duration": "five", MORE: "sound: maybe\nstrength: much\nfps: 3\nwhat"})
    with pytest.raises(InvalidRequest) as caught:
        parse_options(entries, words())
    assert [problem.code for problem in caught.value.problems] == [
        *("line_unknown", "line_unknown", "not_a_number", "not_yes_or_no", "not_a_number"),
    ]


def test_lines_that_cannot_be_read_come_back_as_they_were() -> None:
    entries = read_form({"prompt": "p", "duration": "five", MORE: "fps: 3\nwhat"})
    shown = sent(form(entries))
    assert (shown["duration"], shown[MORE]) == ("five", "fps: 3\nwhat")


@given(st.text(max_size=200), st.text(max_size=20))
@settings(deadline=None)
def test_nothing_typed_into_the_form_breaks_it(more: str, seconds: str) -> None:
    with suppress(InvalidRequest):
        options = parse_options(read_form({"prompt": "p", "duration": seconds, MORE: more}), words())
        request_from_options(options, model="kirin_v3_t2v")
