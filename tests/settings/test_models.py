"""The table of models: what the documents say of each, and what an operator's own file and setting make of it."""

import re
from pathlib import Path
from typing import Any

import pytest

from bot.domain import Mode
from bot.settings.models import is_relay, models
from bot.settings.prices import table
from bot.settings.tables import TableUnusable
from tests.models import SHIPPED

PAGE = Path(__file__).parents[2] / "docs" / "install.md"
STD, PRO, FOUR_K = Mode
VENDOR, RELAY = {"relay": False}, {"relay": True}


def own(folder: Path, text: str) -> Path:
    path = folder / "models.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("model", "modes", "durations", "sound", "more"),
    [
        ("kirin_v3_t2v", (STD, PRO), range(3, 16), (STD, PRO), {"max_shots": 6}),
        ("kling-v1", (STD, PRO), (5, 10), (), {"cfg_scale": True}),
        ("kling-v1-6", (STD, PRO), (5, 10), (), {"cfg_scale": True}),
        ("kling-v2-master", (STD,), (5, 10), (), {}),
        ("kling-v2-1-master", (PRO,), (5, 10), (), {}),
        ("kling-v2-5-turbo", (STD, PRO), (5, 10), (), {}),
        ("kling-v2-6", (STD, PRO), (5, 10), (PRO,), {}),
        ("kling-v3", (STD, PRO, FOUR_K), range(3, 16), (STD, PRO, FOUR_K), {"max_shots": 6}),
    ],
)
def test_each_model_can_do_what_the_documents_say(
    model: str, modes: tuple[Mode, ...], durations: Any, sound: tuple[Mode, ...], more: dict[str, Any]
) -> None:
    found = SHIPPED[model]
    assert (found.modes, found.durations) == (modes, tuple(durations))
    assert tuple(mode for mode in Mode if mode in modes and found.sounds(mode)) == sound
    assert {"cfg_scale": found.cfg_scale, "max_shots": found.max_shots} == {"cfg_scale": False, "max_shots": 0} | more
    assert (found.camera is not None) is (model == "kling-v1")
    assert found.watermark
    assert found.name


def test_every_row_names_its_source_and_its_date() -> None:
    assert [row.model for row in models(None).model if not row.source] == []
    assert [rate.kind for rate in table(None, SHIPPED).rate if not rate.source or rate.as_of is None] == []


def test_what_the_vendor_has_given_up_is_offered_through_relays_only() -> None:
    known = models(None)
    sure = ["kling-v3", "kling-v2-6", "kling-v2-5-turbo"]
    assert known.on_offer(providers=["kling"], named=(), **VENDOR) == sure
    assert known.on_offer(providers=["kling"], named=(), **RELAY) == [*sure, "kling-v1"]
    assert known.on_offer(providers=["kirin"], named=("kling-v1",), **VENDOR) == ["kirin_v3_t2v"]
    chosen = known.on_offer(providers=["kirin", "kling"], named=("kling-v1", "kling-v1-6"), **VENDOR)
    assert chosen == ["kirin_v3_t2v", "kling-v1-6", "kling-v1"]


@pytest.mark.parametrize(
    ("url", "relay"),
    [
        ("https://api-singapore.klingai.com", False),
        ("https://api-beijing.klingai.com/", False),
        ("https://notklingai.com", True),
        ("http://127.0.0.1:8080", True),
    ],
)
def test_a_relay_is_told_by_its_address(url: str, relay: bool) -> None:  # noqa: FBT001 (a case)
    assert is_relay(url) is relay


def test_an_operators_row_changes_what_it_names_and_a_new_one_comes_last(tmp_path: Path) -> None:
    text = """
[[model]]
provider = "kling"
model = "kling-v3"
modes = ["std"]
sound = []
offered = "named"

[[model]]
provider = "kling"
model = "kling-v9"
name = "Kling 9"
modes = ["std"]
durations = [5]
source = "our relay"
as_of = 2026-11-28
"""
    known = models(own(tmp_path, text))
    found = known.capabilities()
    assert (found["kling-v3"].modes, found["kling-v3"].sound, found["kling-v3"].max_shots) == ((STD,), False, 6)
    assert list(found) == [*SHIPPED, "kling-v9"]
    assert "kling-v3" not in known.on_offer(providers=["kling"], named=(), **RELAY)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("[[model]", ["a TOML file"]),
        ("models = 5", ["models: "]),
        ("model = 5", ["model: "]),
        (
            '[[model]]\nprovider = "sora"\nmodel = "x"',
            ["provider: kirin or kling", "name: ", "modes: ", "durations: ", "source: ", "as_of: "],
        ),
        ('[[model]]\nprovider = "kling"\nmodel = "kling-v2-6"\nsound = ["4k"]', ["sound and camera are for"]),
        ('[[model]]\nprovider = "kling"\nmodel = "kling-v1"\ntakes_mode = false', ["takes no mode has one only"]),
        ('[[model]]\nprovider = "kirin"\nmodel = "kirin_v3_t2v"\ncfg_scale = true', ["no cfg_scale"]),
        ('[[model]]\nprovider = "kling"\nmodel = "kling-v1"\n' * 2, ["one row for kling-v1 only"]),
        (
            '[[model]]\nprovider = "kling"\nmodel = "kling-v1"\nmodes = ["8k", "std"]\ndurations = [0, 5]',
            ["modes 1: ", "durations 1: "],
        ),
    ],
)
def test_a_table_that_cannot_be_used_says_all_that_is_wrong(tmp_path: Path, text: str, problems: list[str]) -> None:
    with pytest.raises(TableUnusable) as caught:
        models(own(tmp_path, text))
    assert len(caught.value.problems) == len(problems), caught.value.problems
    assert all(expected in said for said, expected in zip(caught.value.problems, problems, strict=True)), (
        caught.value.problems
    )


def test_the_install_guide_lists_every_model_of_the_table_with_its_prices_and_with_what_it_can_do() -> None:
    listed = re.findall(r"^\| `(k[a-z0-9_-]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert listed == [*SHIPPED, *SHIPPED]
