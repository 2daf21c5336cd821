"""The page of measured figures is in step with what the benchmarks measure: every figure with its bound, no other."""

from importlib import import_module

import pytest

from benchmarks import _page
from benchmarks.__main__ import names
from benchmarks._figures import Figure

RATIO = Figure(name="a", floor="nothing", at_most=1.25)


@pytest.fixture(scope="module")
def sections() -> dict[str, str]:
    return _page.sections(_page.PAGE.read_text(encoding="utf-8"))


def test_every_benchmark_has_its_section(sections: dict[str, str]) -> None:
    assert list(sections) == names(), 'run `make bench ARGS="--write NAME"`'


@pytest.mark.parametrize("name", names())
def test_a_section_has_the_figures_of_its_benchmark(sections: dict[str, str], name: str) -> None:
    figures = import_module(f"benchmarks.{name}").FIGURES
    promised = [(figure.name, figure.bound) for figure in figures]
    assert _page.shown(sections[name]) == promised, f'run `make bench ARGS="--write {name}"`'


@pytest.mark.parametrize(("value", "met"), [(1.2, "yes"), (1.254, "yes"), (1.26, "no")])
def test_a_figure_is_met_as_it_is_written(value: float, met: str) -> None:
    assert RATIO.found(value).met == met


def test_a_written_section_is_read_back() -> None:
    text = _page.page({"b": _page.section("What.", [RATIO.found(1.0, floor="1 ms")]), "a": "Else."})
    assert _page.sections(text)["a"] == "Else."
    assert _page.shown(_page.sections(text)["b"]) == [("a", "≤ 1.25 ×")]
