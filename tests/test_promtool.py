"""What Prometheus' own `promtool` says of the alerts, of the metrics, and of each question of the dashboard.

It looks at files and starts no server. Debian and Ubuntu have it in their package `prometheus`.
"""

import asyncio
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from tests.everything_told import everything
from tests.locks import ROOT

ALERTS: Final = ROOT / "deploy" / "alerts.yml"
MOMENTS: Final = ROOT / "tests" / "alerts.yml"
BOARD: Final = ROOT / "deploy" / "grafana.json"
COUNTED: Final = ("_total", "_count", "_sum", "_bucket")
MISSING: Final = (
    "NOTHING IS CHECKED WITH PROMTOOL: it is not installed. Debian and Ubuntu have it in the package prometheus "
    "(which also starts a server; .ci/run takes the program alone)"
)


def promtool(*arguments: str | Path, told: bytes = b"") -> str:
    """What it says where it is content; where it is missing, whoever runs the tests reads what was left out."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip(MISSING)
    command = [program, *map(str, arguments)]
    done = subprocess.run(command, input=told, capture_output=True, check=False)  # noqa: S603 - found above
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, said
    return said


def questions() -> Iterator[tuple[str, str]]:
    """Each panel's title, and an expression of it as Grafana fills it in where a point stands for a minute."""
    for panel in json.loads(BOARD.read_text("utf-8"))["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"].replace("$__rate_interval", "5m")


def series(sample: Sample) -> dict[str, str]:
    """What a server has collected of the sample within an hour: counters grow."""
    labels = ",".join(f"{name}={json.dumps(value)}" for name, value in {**sample.labels, "instance": "a"}.items())
    step = 1 if sample.name.endswith(COUNTED) else 0
    return {"series": f"{sample.name}{{{labels}}}", "values": f"1+{step}x60"}


def test_it_takes_the_alerts() -> None:
    assert f"SUCCESS: {len(rules())} rules found" in promtool("check", "rules", ALERTS)


def test_every_alert_is_heard_when_it_should_be_and_at_no_other_time() -> None:
    promtool("test", "rules", MOMENTS)


def test_of_every_alert_there_is_a_moment_when_it_is_heard_and_one_when_it_is_not() -> None:
    moments = [each for test in yaml.safe_load(MOMENTS.read_text("utf-8"))["tests"] for each in test["alert_rule_test"]]
    for heard in (True, False):
        told = {each["alertname"] for each in moments if bool(each.get("exp_alerts")) is heard}
        assert {rule["alert"] for rule in rules()} - told == set()


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(ALERTS.read_text("utf-8"))["groups"] for rule in group["rules"]]


def test_it_takes_the_metrics() -> None:
    assert promtool("check", "metrics", told=asyncio.run(everything())) == ""


def test_it_takes_every_question_of_the_dashboard_and_finds_an_answer(tmp_path: Path) -> None:
    """Each is asked of a server that has collected everything that a bot tells: what does not fit gives nothing."""
    families = text_string_to_metric_families(asyncio.run(everything()).decode())
    asked = [
        {"expr": f"count({expression}) > bool 0", "eval_time": "30m", "exp_samples": [{"labels": "{}", "value": 1}]}
        for _, expression in questions()
    ]
    assert len(asked) > 30
    test = {"interval": "1m", "input_series": [series(each) for family in families for each in family.samples]}
    file = tmp_path / "questions.yml"
    file.write_text(json.dumps({"tests": [{**test, "promql_expr_test": asked}]}), "utf-8")
    promtool("test", "rules", file)
