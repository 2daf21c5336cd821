"""`shotcaller init`: asks, checks against the sandbox's Discord and services, writes `.env`, and looks at it all."""

import asyncio
import io
import os
import signal
import stat
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from bot.errors import SettingsInvalid, ShotcallerError
from bot.init import NAMES, Person, initialize
from bot.init.env_file import values_in
from bot.settings import Settings
from tests.acceptance.system import ON_FILE, System
from tests.patience import PATIENCE

pytestmark = ON_FILE


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to set a bot up in."""
    empty = tmp_path / "new"
    empty.mkdir()
    monkeypatch.chdir(empty)
    return empty


class Typist:
    """Somebody who types these answers, one after the other; an answer too many is a mistake of the test."""

    def __init__(self, *answers: str) -> None:
        self._answers: Iterator[str] = iter(answers)
        self.asked: list[str] = []

    def person(self) -> Person:
        return Person(ask=self._answer, ask_hidden=self._answer)

    def _answer(self, question: str) -> str:
        self.asked.append(question)
        return next(self._answers)


class Place:
    """Where the command runs: a folder, the sandbox's addresses in the environment, and what was shown."""

    def __init__(self, system: System, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        given = system.environment()
        self.values = {name: given.get(name, "") for name in NAMES}
        for name in Settings.model_fields:
            monkeypatch.delenv(name.upper(), raising=False)
        for name, value in given.items():
            if value and name not in NAMES and name.lower() in Settings.model_fields:
                monkeypatch.setenv(name, value)
        self.file, self.shown = folder / ".env", ""

    async def run(
        self, typist: Typist | None = None, *, given: Mapping[str, str] | None = None, may_replace: bool = False
    ) -> int:
        out = io.StringIO()
        try:
            return await asyncio.to_thread(
                initialize,
                file=self.file,
                person=None if typist is None else typist.person(),
                out=out,
                environment={**os.environ, **(given or {})},
                may_replace=may_replace,
            )
        finally:
            self.shown = out.getvalue()

    def written(self) -> dict[str, str]:
        return values_in(self.file.read_text("utf-8"))

    @property
    def token(self) -> str:
        return self.values["DISCORD_TOKEN"]

    @property
    def kirin(self) -> str:
        return self.values["KIRIN_API_KEY"]

    @property
    def kling(self) -> str:
        return self.values["KLING_API_KEY"]


@pytest.fixture
def place(system: System, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return Place(system, folder, monkeypatch)


async def test_what_is_typed_is_checked_written_and_examined(place: Place, system: System) -> None:
    assert await place.run(Typist(place.token, place.kirin, place.kling, "50", "")) == 0
    assert place.written() == {
        "DISCORD_TOKEN": place.token,
        "KIRIN_API_KEY": place.kirin,
        "KLING_API_KEY": place.kling,
        "MONTHLY_BUDGET_USD": "50",
    }
    assert stat.S_IMODE(place.file.stat().st_mode) == 0o600
    for told in ("✓ Discord", "✓ kirin", "✓ kling", "permissions=274878024704", "All is well.", "shotcaller run"):
        assert told in place.shown
    assert "scope=bot+applications.commands" in place.shown
    for secret in (place.token, place.kirin, place.kling):
        assert secret not in place.shown
    asked = [request["path"] for request in await system.people.requests()]
    assert any(path.endswith("/users/@me") for path in asked)
    assert any(path.endswith("/applications/@me") for path in asked)


async def test_a_new_file_explains_every_setting(place: Place) -> None:
    assert await place.run(Typist(place.token, place.kirin, "", "none", "")) == 0
    assert "#DAILY_CREDITS=60" in place.file.read_text("utf-8")
    assert place.written()["KIRIN_API_KEY"] == place.kirin


async def test_what_is_refused_is_asked_for_again_and_can_be_kept(place: Place) -> None:
    typist = Typist("no-such-token", place.token, "no-such-key", "", "", "50", "")
    assert await place.run(typist) == 1  # the doctor finds the key
    assert "✗ Discord: does not take the token" in place.shown
    assert place.shown.count("✗ kirin: does not take the key") == 2
    assert place.written()["KIRIN_API_KEY"] == "no-such-key"
    assert "no-such" not in place.shown


async def test_what_can_be_no_key_no_budget_or_nothing_at_all_is_asked_for_again(place: Place) -> None:
    typist = Typist("", "two words", place.token, "", "", place.kirin, "", "", "plenty", "", "5", "")
    assert await place.run(typist) == 0
    assert "it contains a space" in place.shown
    assert "need at least one video service" in place.shown
    assert "MONTHLY_BUDGET_USD: expected" in place.shown
    assert place.written()["MONTHLY_BUDGET_USD"] == "5"


BEFORE = "# my notes\nDISCORD_TOKEN={token}\nKIRIN_API_KEY=old-key-of-mine\nDAILY_CREDITS=7 # few\n"


@pytest.mark.parametrize("answer", ["n", ""])
async def test_a_file_that_is_there_is_left_unless_somebody_says_so(place: Place, answer: str) -> None:
    place.file.write_text(before := BEFORE.format(token=place.token), "utf-8")
    assert await place.run(Typist("", place.kirin, "", "50", answer)) == 1
    assert place.file.read_text("utf-8") == before


async def test_only_what_is_new_changes_in_a_file_that_is_there(place: Place) -> None:
    place.file.write_text(before := BEFORE.format(token=place.token), "utf-8")
    typist = Typist("", place.kirin, "", "50", "y", "")
    assert await place.run(typist) == 0
    expected = before.replace("old-key-of-mine", place.kirin) + "MONTHLY_BUDGET_USD=50\n"
    assert place.file.read_text("utf-8") == expected
    assert "KIRIN_API_KEY, MONTHLY_BUDGET_USD" in typist.asked[4]
    again = Typist("", "", "", "", "")
    assert await place.run(again) == 0
    assert "already says all of this" in place.shown
    assert place.file.read_text("utf-8") == expected


async def test_with_nobody_there_all_comes_from_the_environment(place: Place) -> None:
    given = {name: value for name, value in place.values.items() if value} | {"MONTHLY_BUDGET_USD": "20"}
    assert await place.run(given=given) == 0
    assert place.written() == given
    with pytest.raises(ShotcallerError, match="--yes to change them"):
        await place.run(given={**given, "MONTHLY_BUDGET_USD": "30"})
    assert place.written() == given
    assert await place.run(given={**given, "MONTHLY_BUDGET_USD": "30"}, may_replace=True) == 0
    assert place.written()["MONTHLY_BUDGET_USD"] == "30"


async def test_the_older_pair_of_keys_is_taken_too(place: Place) -> None:
    given = {
        "DISCORD_TOKEN": place.token,
        "KLING_ACCESS_KEY": "no-such-access",
        "KLING_SECRET_KEY": "no-such-secret-of-anybody-anywhere",
        "MONTHLY_BUDGET_USD": "20",
    }
    with pytest.raises(ShotcallerError, match="KLING_API_KEY did not pass"):
        await place.run(given=given)


async def test_with_nobody_there_what_is_missing_or_refused_is_named_and_nothing_is_written(place: Place) -> None:
    with pytest.raises(ShotcallerError, match="DISCORD_TOKEN, MONTHLY_BUDGET_USD, KIRIN_API_KEY / KLING_API_KEY"):
        await place.run()
    given = {"DISCORD_TOKEN": "no-such-token", "KIRIN_API_KEY": place.kirin, "MONTHLY_BUDGET_USD": "20"}
    with pytest.raises(ShotcallerError, match="DISCORD_TOKEN did not pass"):
        await place.run(given=given)
    with pytest.raises(SettingsInvalid, match="MONTHLY_BUDGET_USD"):
        await place.run(given={**given, "DISCORD_TOKEN": place.token, "MONTHLY_BUDGET_USD": "plenty"})
    assert not place.file.exists()


async def test_a_terminal_in_chinese_is_asked_in_chinese(place: Place) -> None:
    typist = Typist(place.token, place.kirin, "", "50", "")
    assert await place.run(typist, given={"LANG": "zh_CN.UTF-8"}) == 0
    assert "机器人令牌" in typist.asked[0]


async def test_a_terminal_in_the_spanish_of_mexico_is_asked_in_spanish_and_takes_its_yes(place: Place) -> None:
    place.file.write_text("MONTHLY_BUDGET_USD=20\n", encoding="utf-8")
    typist = Typist(place.token, place.kirin, "", "50", "sí", "")
    assert await place.run(typist, given={"LANG": "es_MX.UTF-8"}) == 0
    assert "el token del bot" in typist.asked[0]
    assert place.written()["MONTHLY_BUDGET_USD"] == "50"


async def _at_a_terminal() -> tuple[asyncio.subprocess.Process, int]:
    """The command as it is typed, and the terminal's other end."""
    ours, theirs = os.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "init", stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    return process, ours


@pytest.mark.parametrize("key", [b"\x03", b"\x04"], ids=["Ctrl+C", "Ctrl+D"])
async def test_somebody_who_stops_leaves_nothing_behind(place: Place, key: bytes) -> None:
    process, ours = await _at_a_terminal()
    await _read_until(ours, "bot's token")
    os.write(ours, key) if key == b"\x04" else process.send_signal(signal.SIGINT)  # no terminal of its own sends it
    assert await process.wait() == 130
    os.close(ours)
    assert list(place.file.parent.iterdir()) == []


async def test_nothing_that_is_typed_at_a_terminal_is_shown_there(place: Place) -> None:
    process, ours = await _at_a_terminal()
    shown = ""
    for question, answer in (
        ("bot's token", place.token),
        ("kirin_v3_t2v", place.kirin),
        ("Kling", ""),
        ("all videos cost in a month", "50"),
        ("Press Enter", ""),
    ):
        shown += await _read_until(ours, question)
        os.write(ours, f"{answer}\n".encode())
    shown += await _read_until(ours, "All is well.")
    assert await process.wait() == 0
    os.close(ours)
    assert place.token not in shown
    assert place.kirin not in shown
    assert place.written()["DISCORD_TOKEN"] == place.token


async def _read_until(terminal: int, text: str) -> str:
    """What a terminal shows, up to the question that ends with a colon or a blank after this text."""
    shown = b""
    async with asyncio.timeout(PATIENCE):
        while text.encode() not in shown or not shown.endswith((b": ", b". ", b"\n")):
            shown += await asyncio.to_thread(os.read, terminal, 4096)
    return shown.decode()
