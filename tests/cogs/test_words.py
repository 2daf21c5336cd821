"""Every error has words that people understand: within Discord's limits, no class names, nobody mentioned."""

import ast
import inspect
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bot import errors
from bot.domain import CameraControl, Mode, Shot, VideoRequest, capability
from bot.errors import ImpossibleRequest, InvalidRequest, Problem, ProviderError, Refused, ShotcallerError, StoreError
from bot.locale import locales, words
from cogs.ui import CONTENT
from cogs.ui.error_texts import describe
from cogs.ui.explain import visible_channels
from tests.models import KIRIN_V3, KLING_V1

HOSTILE = "`x` **y** [z](https://evil.example) @everyone <@123456789012345678> ||s||\n# h" * 40
SAMPLES: dict[Any, Any] = {
    str: HOSTILE,
    int: 5,
    datetime: datetime(2026, 3, 5, tzinfo=UTC),
    Sequence[int]: (),
    Sequence[tuple[str, str, str]]: [("timezone", "zone", ""), (HOSTILE, "unknown", HOSTILE)],
    Sequence[str]: ("attach_files", "send_messages_in_threads"),
    Sequence[Problem]: [Problem(code="prompt_empty", field="prompt")],
    Sequence[Refused]: [
        errors.QuotaExceeded(price=5, balance=1, allowance=3, renews_at=None),
        errors.GuildQuotaExceeded(price=5, balance=1, renews_at=None),
        errors.BudgetExceeded(owner="budget:bot", period="", ceiling=1, used=1, renews_at=None),
        errors.OverLimit(limit="models", wanted=HOSTILE, allowed=HOSTILE),
        errors.RoleNeeded(roles=(), what="pro"),
        errors.ImpossibleRequest([Problem(code="sound_not_offered", field="sound", values={"model": "kirin_v3_t2v"})]),
    ],
}
NAMED: dict[str, Any] = {
    "needed": "manage_messages",
    "state": "approved",
    "status": "running",
    "problem": "slow",
    "what": "video",
}
CODES: dict[type[Exception], dict[str, Any]] = {
    errors.OverLimit: {"limit": "longest"}
}  # names that others use otherwise
ROOT = Path(__file__).parents[2]
REASONLESS = re.compile(r"\b[A-Z][a-z]+[A-Z]\w+\(?|Traceback|None\b|\{|\}")


def kinds(root: type[Exception]) -> Iterator[type[Any]]:
    for kind in root.__subclasses__():
        if kind.__module__.startswith(errors.__name__):
            yield kind
            yield from kinds(kind)


def sample(kind: type[Any]) -> Exception:
    """An error of that kind with the worst that people may have typed in it."""
    if kind.__init__ is Exception.__init__ or "self, /" in str(inspect.signature(kind.__init__)):
        plain: Exception = kind()
        return plain
    wanted = list(inspect.signature(kind).parameters.values())
    given = {
        each.name: NAMED.get(each.name, SAMPLES.get(each.annotation)) for each in wanted if each.default is each.empty
    }
    given |= CODES.get(kind, {})
    positional = [
        given.pop(each.name) for each in wanted if each.kind is each.POSITIONAL_OR_KEYWORD and each.name in given
    ]
    filled: Exception = kind(*positional, **given)
    return filled


@pytest.mark.parametrize("locale", locales())
@pytest.mark.parametrize(
    "kind", [*kinds(Refused), *kinds(ProviderError), *kinds(StoreError)], ids=lambda kind: kind.__name__
)
def test_every_error_has_words(kind: type[Any], locale: str) -> None:
    text = describe(sample(kind), words(locale))
    assert text
    assert len(text) < CONTENT - 100
    assert kind.__name__ not in text
    assert not REASONLESS.search(text)
    assert "@everyone" not in text
    assert "<@" not in text.replace("\\<@", "")


def test_what_should_never_happen_has_no_words_of_its_own() -> None:
    assert describe(ZeroDivisionError("secret"), words()) is None


def test_every_kind_of_error_is_drawn_in_the_tree() -> None:
    assert {kind.__name__ for kind in kinds(ShotcallerError)} <= set(re.findall(r"\w+", errors.__doc__ or ""))


def problem_codes() -> set[str]:
    """The codes of the problems that the code makes, but for those only known when it runs."""
    calls = (
        node
        for file in [*(ROOT / "bot").rglob("*.py"), *(ROOT / "cogs").rglob("*.py")]
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Problem"
    )
    codes = [keyword.value for call in calls for keyword in call.keywords if keyword.arg == "code"]
    return {str(code.value) for code in codes if isinstance(code, ast.Constant)}


def test_every_problem_has_words() -> None:
    assert {f"problem.{code}" for code in problem_codes()} - words().keys() == set()


BROKEN: list[dict[str, Any]] = [
    {"prompt": ""},
    {"prompt": "x" * 9999, "negative_prompt": "x" * 9999},
    {"shots": (Shot(prompt="", seconds=0), *[Shot(prompt="x" * 600, seconds=9)] * 7)},
    {"duration": 0},
    {"cfg_scale": 7.5},
    {"camera": CameraControl.named("zoom", strength=99.0)},
    {"camera": CameraControl.named("zoom+pan")},
    {"camera": CameraControl.named("zoom", strength=0.0)},
    {"camera": CameraControl.model_validate({"type": "down_back", "config": {"pan": 1}})},
]
CLASHING: list[dict[str, Any]] = [
    {"duration": 99},
    {"cfg_scale": 0.5},
    {"camera": CameraControl.named("zoom_in")},
    {"model": "kling-v1", "duration": 7, "sound": True, "watermark": True},
    {"model": "kling-v1", "shots": (Shot(prompt="a", seconds=2), Shot(prompt="b", seconds=3))},
    {"model": "kling-v1", "camera": CameraControl.named("zoom_in"), "mode": Mode.PRO},
    {"model": "kling-v1", "prompt": "x" * 600},
]


@pytest.mark.parametrize("locale", locales())
@pytest.mark.parametrize("fields", BROKEN)
def test_every_broken_rule_is_told_in_words(fields: dict[str, Any], locale: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        VideoRequest(**{"model": "kirin_v3_t2v", "prompt": "a fox", **fields})
    text = describe(caught.value, words(locale)) or ""
    assert text.count("\n- ") + text.startswith("- ") == len(caught.value.problems)
    assert not REASONLESS.search(text)


@pytest.mark.parametrize("locale", locales())
@pytest.mark.parametrize("fields", CLASHING)
def test_what_a_model_cannot_do_is_told_with_its_name_and_what_it_can(fields: dict[str, Any], locale: str) -> None:
    request = VideoRequest(**{"model": "kirin_v3_t2v", "prompt": "a fox", **fields})
    relay = capability.Capability(**{**_fields(KLING_V1), "prompt_limit": 500})
    models = {"kirin_v3_t2v": KIRIN_V3, "kling-v1": relay}
    with pytest.raises(ImpossibleRequest) as caught:
        capability.check(request, models[request.model])
    text = describe(caught.value, words(locale)) or ""
    assert f"**{words(locale).model(request.model)}**" in text
    assert len(text) < CONTENT - 100
    assert not REASONLESS.search(text)


def _fields(value: capability.Capability) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def test_no_channel_is_recommended_that_is_gone_or_hidden() -> None:
    def channel(ident: int, *, hidden: bool = False) -> Any:
        return SimpleNamespace(id=ident, permissions_for=lambda _: SimpleNamespace(view_channel=not hidden))

    there = {
        1: channel(1),
        2: channel(2, hidden=True),
        4: SimpleNamespace(channels=[channel(41), channel(42, hidden=True)]),
    }
    interaction: Any = SimpleNamespace(user=None, guild=SimpleNamespace(get_channel=there.get))
    assert visible_channels(interaction, [1, 2, 3, 4]) == [1, 41]
    assert visible_channels(SimpleNamespace(user=None, guild=None), [1]) == []  # type: ignore[arg-type]
