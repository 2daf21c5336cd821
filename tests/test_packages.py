"""The audit of the lock and the list of its packages, with a lock made up here: no index is asked."""

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, Final

import pytest

from tests import packages
from tests.locks import ROOT

PROJECT: Final = """[project]
name = "ours"
version = "1"
requires-python = ">=3.11"
dependencies = ["weak", "well"]
"""
LOCK: Final = """version = 1
revision = 3
requires-python = ">=3.11"

[[package]]
name = "ours"
version = "1"
source = { virtual = "." }
dependencies = [{ name = "weak" }, { name = "well" }]

[package.metadata]
requires-dist = [{ name = "weak" }, { name = "well" }]
"""
PACKAGE: Final = """
[[package]]
name = "%s"
version = "2.0"
source = { registry = "https://example.org/simple" }
wheels = [{ url = "https://example.org/packages/%s-2.0-py3-none-any.whl", hash = "sha256:%s" }]
"""
WEAKNESS: Final = {
    "id": "PYSEC-2026-1",
    "modified": "2026-01-01T00:00:00Z",
    "published": "2026-01-01T00:00:00Z",
    "summary": "It tells everybody everything",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "weak"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.1"}]}],
        }
    ],
}


class Advisories(BaseHTTPRequestHandler):
    """Answers as OSV does: `weak` has a weakness."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
        known = [{"id": WEAKNESS["id"], "modified": WEAKNESS["modified"]}]
        self._answer({"results": [{"vulns": known} if each["package"]["name"] == "weak" else {} for each in asked]})

    def do_GET(self) -> None:
        self._answer(WEAKNESS)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def advisories(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("UV_OFFLINE", raising=False)
    with HTTPServer(("127.0.0.1", 0), Advisories) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def locked(folder: Path, *names: str) -> Path:
    """A project with these packages locked, whose files are of our lock."""
    digest = packages.HASH.findall((ROOT / packages.LOCK).read_text("utf-8"))[0]
    (folder / "pyproject.toml").write_text(PROJECT, "utf-8")
    (folder / "uv.lock").write_text(LOCK + "".join(PACKAGE % (name, name, digest) for name in names), "utf-8")
    return folder


def test_a_known_weakness_is_named_with_the_version_that_has_it_no_more(tmp_path: Path, advisories: str) -> None:
    with pytest.raises(packages.Weak) as found:
        packages.audit(locked(tmp_path, "weak", "well"), advisories=advisories)
    assert "weak 2.0 has 1 known vulnerability" in str(found.value)
    assert "PYSEC-2026-1: It tells everybody everything" in str(found.value)
    assert "Fixed in: 2.1" in str(found.value)


def test_an_accepted_weakness_is_none(tmp_path: Path, advisories: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "ACCEPTED", {"PYSEC-2026-1": "we tell it nothing (2026-11-28)"})
    said = packages.audit(locked(tmp_path, "weak", "well"), advisories=advisories)
    assert said == "No package of requirements.lock has a known weakness."


def test_where_nobody_answers_one_line_says_so(tmp_path: Path, advisories: str) -> None:
    said = packages.audit(
        locked(tmp_path, "weak", "well"), advisories=f"{advisories}/nowhere".replace("http:", "https:")
    )
    assert said.startswith("The advisories could not be had, and requirements.lock was not audited: ")
    assert "\n" not in said


def test_every_package_is_listed_with_its_files_and_who_requires_it(tmp_path: Path) -> None:
    listed = packages.list_packages(locked(tmp_path, "weak", "well"))
    assert (listed["bomFormat"], listed["specVersion"]) == ("CycloneDX", "1.5")
    assert [each["purl"].partition("?")[0] for each in listed["components"]] == [
        "pkg:pypi/weak@2.0",
        "pkg:pypi/well@2.0",
    ]
    (file,) = listed["components"][0]["externalReferences"]
    assert file["url"].endswith("/weak-2.0-py3-none-any.whl")
    assert len(next(each for each in listed["dependencies"] if each["ref"].startswith("ours"))["dependsOn"]) == 2


def test_a_file_that_our_lock_does_not_know_is_not_listed_as_ours(tmp_path: Path) -> None:
    lock = locked(tmp_path, "weak", "well") / "uv.lock"
    lock.write_text(re.sub("sha256:[0-9a-f]{64}", "sha256:" + "0" * 64, lock.read_text("utf-8")), "utf-8")
    with pytest.raises(packages.Weak, match=r"requirements\.lock does not know"):
        packages.list_packages(tmp_path)


@pytest.mark.parametrize("target", ["check", "sbom"])
def test_make_knows_both(target: str) -> None:
    _, _, steps = (ROOT / "Makefile").read_text("utf-8").partition(f"\n{target}: setup\n")
    assert "python -m tests.packages" in steps.partition("\n\n")[0]
