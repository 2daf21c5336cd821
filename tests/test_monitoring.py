"""The dashboard and the alerts ask for metrics that there are, and each alert is explained."""

import asyncio
import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.everything_told import everything
from tests.locks import ROOT

ALERTS: Final = ROOT / "deploy" / "alerts.yml"
BOARD: Final = ROOT / "deploy" / "grafana.json"
PAGE: Final = ROOT / "docs" / "operate.md"
OF_THE_SERVER: Final = frozenset({"instance", "job", "le"})  # labels that Prometheus adds


@cache
def labels_of_samples() -> dict[str, frozenset[str]]:
    """The labels of each sample, by its name, of all that a bot can tell."""
    families = text_string_to_metric_families(asyncio.run(everything()).decode())
    return {sample.name: frozenset(sample.labels) for family in families for sample in family.samples}


def alerts() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(ALERTS.read_text("utf-8"))["groups"] for rule in group["rules"]]


def expressions() -> Iterator[str]:
    yield from (alert["expr"] for alert in alerts())
    for panel in json.loads(BOARD.read_text("utf-8"))["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))


@pytest.mark.parametrize("expression", sorted(set(expressions())))
def test_what_is_asked_for_is_there_with_its_labels(expression: str) -> None:
    known = labels_of_samples()
    asked = re.findall(r"\b(shotcaller_\w+)(?:\{([^}]*)\})?", expression)
    assert asked
    for name, selector in asked:
        assert name in known, f"no metric {name}"
        assert set(re.findall(r"(\w+)\s*[=!]", selector)) <= known[name]
    of_all = frozenset().union(*(known[name] for name, _ in asked)) | OF_THE_SERVER
    for group in re.findall(r"\b(?:by|ignoring|on|without) \(([^)]*)\)", expression):
        assert set(filter(None, group.replace(" ", "").split(","))) <= of_all
    assert expression.count("(") == expression.count(")")


def test_every_alert_has_its_paragraph_and_every_paragraph_its_alert() -> None:
    _, _, section = PAGE.read_text("utf-8").partition("\n## Alerts\n")
    explained = dict(re.findall(r"^### (\w+)\n\n(.+)$", section, re.MULTILINE))
    assert list(explained) == [alert["alert"] for alert in alerts()]
    assert all(explained.values())


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: str(alert["alert"]))
def test_an_alert_says_how_bad_it_is_and_what_it_is(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in {"critical", "warning"}
    assert alert["annotations"]["summary"].endswith(".")


def test_every_metric_is_explained_and_on_the_dashboard_or_in_an_alert() -> None:
    page, asked = PAGE.read_text("utf-8"), " ".join(expressions())
    names = {re.sub(r"_(bucket|sum|count)$", "", name) for name in labels_of_samples()}
    names = {name for name in names if name.startswith("shotcaller_") and not name.endswith("_created")}
    assert {name for name in names if f"`{name}`" not in page} == set()
    assert {name for name in names if name not in asked} <= {"shotcaller_oldest_dead_letter_seconds"}


def test_a_figure_that_all_processes_share_is_never_added_up() -> None:
    shared = re.compile(
        r"sum[^(]*\(\s*shotcaller_(jobs|oldest_\w+|provider_jobs\w+|provider_rest\w+|dead_letters|outbox_items|budget_usd)\b"
    )
    assert [each for each in expressions() if shared.search(each)] == []
