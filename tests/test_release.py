"""The release workflow: actions that nobody can exchange, and no more rights than each job needs."""

import re
import tomllib
from typing import Any, Final

import yaml

from tests.locks import PROJECT, ROOT

WORKFLOW: Final = ROOT / ".github" / "workflows" / "release.yml"
TEXT: Final = WORKFLOW.read_text("utf-8")
DESCRIBED: Final[dict[Any, Any]] = yaml.safe_load(TEXT)
RENEWED: Final[dict[str, Any]] = {
    each["package-ecosystem"]: each
    for each in yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text("utf-8"))["updates"]
}


def test_every_action_is_named_by_a_commit_with_its_version_beside_it() -> None:
    used = re.findall(r"uses: (.+)", TEXT)
    assert used
    assert [each for each in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each)] == []


def test_no_job_may_do_more_than_it_needs() -> None:
    assert DESCRIBED["permissions"] == {}
    rights = {name: job["permissions"] for name, job in DESCRIBED["jobs"].items()}
    assert all(each["contents"] == "read" for each in rights.values())
    assert [name for name, each in rights.items() if "packages" in each] == ["image"]
    assert "secrets." not in TEXT
    for job in DESCRIBED["jobs"].values():
        checkouts = [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
        assert [step["with"]["persist-credentials"] for step in checkouts] == [False]


def test_nothing_that_others_write_is_put_into_a_script() -> None:
    for job in DESCRIBED["jobs"].values():
        assert [step["run"] for step in job["steps"] if "${{" in step.get("run", "")] == []


def test_the_image_is_for_two_architectures_and_says_what_is_in_it_and_how_it_was_built() -> None:
    (build,) = [step["with"] for step in DESCRIBED["jobs"]["image"]["steps"] if step.get("id") == "build"]
    assert (build["platforms"], build["sbom"], build["provenance"]) == ("linux/amd64,linux/arm64", True, "mode=max")


def test_the_base_image_is_named_once_by_its_digest_and_something_renews_it() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    base, *rest = re.findall(r"^FROM (.+)$", dockerfile, re.MULTILINE)
    assert re.fullmatch(r"python:3\.13-slim@sha256:[0-9a-f]{64} AS base", base)
    assert {each.split()[0] for each in rest} == {"base", "bot"}
    assert "s/^FROM \\(.*\\) AS base$/\\1/p" in TEXT
    assert "docker" in RENEWED


def test_what_is_pinned_is_renewed_when_others_have_looked_at_it() -> None:
    assert RENEWED.keys() == {"docker", "docker-compose", "github-actions", "pip"}
    for each in RENEWED.values():
        assert (ROOT / each["directory"].lstrip("/")).is_dir()
        assert each["cooldown"]["default-days"] >= 7


def test_a_version_is_a_tag_that_starts_the_workflow() -> None:
    version = tomllib.loads((ROOT / PROJECT).read_text("utf-8"))["project"]["version"]
    (pattern,) = DESCRIBED[True]["push"]["tags"]  # YAML reads `on` as yes
    assert re.fullmatch(pattern, f"v{version}")
