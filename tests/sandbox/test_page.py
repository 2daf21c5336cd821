"""The page is served whole, reaches nothing but the sandbox, and no other page can do what it does."""

import re
import webbrowser
from pathlib import Path

import pytest

from sandbox.page import FILES, open_in_browser
from tests.sandbox.conftest import Harness


async def test_the_page_and_all_that_it_names_are_served_under_a_strict_policy(plain: Harness) -> None:
    async with plain.client.get(plain.sandbox.url) as answer:
        text = await answer.text()
        policy = answer.headers["Content-Security-Policy"]
    assert answer.content_type == "text/html"
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    named = set(re.findall(r'(?:src|href)="/page/([\w.]+)"', text))
    assert {"app.js", "style.css", "icon.svg"} == named
    for path in FILES.iterdir():
        async with plain.client.get(f"{plain.sandbox.url}/page/{path.name}") as answer:
            assert answer.status == 200
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert await answer.text() == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted(FILES.glob("*.js")), ids=lambda path: path.name)
def test_nothing_is_ever_drawn_as_markup_and_nothing_comes_from_elsewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text) == []
    assert re.findall(r'(?:import|from) "(?!\./)', text) == []


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_the_page_of_another_site_is_turned_away(plain: Harness, site: str) -> None:
    headers = {"Sec-Fetch-Site": site}
    async with plain.client.get(f"{plain.sandbox.control}/state", headers=headers) as answer:
        assert answer.status == 403
    async with plain.client.post(f"{plain.sandbox.control}/clock", json={}, headers=headers) as answer:
        assert answer.status == 403


@pytest.mark.parametrize("site", ["same-origin", "none"])
async def test_the_page_itself_acts(plain: Harness, site: str) -> None:
    headers = {"Sec-Fetch-Site": site}
    async with plain.client.post(f"{plain.sandbox.control}/clock", json={}, headers=headers) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("path", ["/", "/page/app.js"])
async def test_the_page_answers_no_other_name(plain: Harness, path: str) -> None:
    async with plain.client.get(plain.sandbox.url + path, headers={"Host": "evil.example"}) as answer:
        assert answer.status == 403


async def test_an_uploaded_file_cannot_act_for_the_page(plain: Harness) -> None:
    _, message = await plain.send_files({}, ("evil.html", b"<script>alert(1)</script>"))
    async with plain.client.get(message["attachments"][0]["url"]) as answer:
        assert answer.headers["Content-Security-Policy"] == "sandbox"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_browser_is_opened_where_there_is_a_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def show(url: str) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr(webbrowser, "open", show)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not await open_in_browser("http://127.0.0.1:1/")
    monkeypatch.setenv("DISPLAY", ":0")
    assert await open_in_browser("http://127.0.0.1:1/")
    assert opened == ["http://127.0.0.1:1/"]
