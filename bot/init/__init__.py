"""Sets a bot up, for `shotcaller init`: asks for token and keys, checks them, writes `.env`, and invites the bot."""

import asyncio
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final, TextIO

from bot.doctor import Finding, Mark, examine
from bot.doctor.guilds import check_token
from bot.doctor.providers import check_provider
from bot.errors import SettingsInvalid, ShotcallerError
from bot.init.env_file import read, values_in, with_values, write
from bot.locale import Words, terminal_locale, words
from bot.redaction import Redactor
from bot.settings import EXAMPLE, Settings
from bot.values import dataclass

__all__ = ["Person", "initialize"]

TOKEN: Final = "DISCORD_TOKEN"  # noqa: S105 - a setting's name
BUDGET: Final = "MONTHLY_BUDGET_USD"
KEYS: Final = {"KIRIN_API_KEY": "kirin", "KLING_API_KEY": "kling"}  # by setting, the service
PAIR: Final = ("KLING_ACCESS_KEY", "KLING_SECRET_KEY")  # as older accounts have them; they are taken, but not asked for
QUESTIONS: Final = {
    TOKEN: "init.ask.token",
    "KIRIN_API_KEY": "init.ask.kirin",
    "KLING_API_KEY": "init.ask.kling",
    BUDGET: "init.ask.budget",
}
NAMES: Final = (*QUESTIONS, *PAIR)
UNKNOWN: Final = {
    TOKEN: "-",
    BUDGET: "none",
}  # what stands for them, so that one value is checked before others are known

_USABLE: Final = re.compile(r"[!%&(-\[\]^_a-~]+")  # what every reader of such files takes as it stands


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Whoever sits at the terminal: answers questions, one kind of them without showing what is typed."""

    ask: Callable[[str], str]
    ask_hidden: Callable[[str], str]


class SetupStopped(ShotcallerError):
    """There is nobody to ask, and what is needed was not given or is refused; nothing was written."""


def initialize(
    *, file: Path, person: Person | None, out: TextIO, environment: Mapping[str, str], may_replace: bool = False
) -> int:
    """Ask, check, write the file, show the invitation and examine all; the exit code is the doctor's.

    Without a `person` everything comes from the `environment` and the file. `may_replace` says that a file that is
    there may be changed without asking.

    Raises:
        SetupStopped: something is missing or refused, and nobody can be asked.
        SettingsInvalid: what is in the file, or in the environment, no setting can be.
    """
    setup = _Setup(file, person, out, environment)
    with _silent_log():
        invitation = setup.collect()
    if not setup.keep(may_replace=may_replace):
        return 1
    setup.invite(invitation)
    say = words(terminal_locale(environment))
    code = asyncio.run(examine(Settings.load(env_file=file), say, out=out))
    if code == 0:
        out.write(f"{say('init.start')}\n")
    return code


class _Setup:
    """One run of the command: what is known, and the words for it."""

    def __init__(self, file: Path, person: Person | None, out: TextIO, environment: Mapping[str, str]) -> None:
        self._file, self._person, self._out = file, person, out
        self._say: Words = words(terminal_locale(environment))
        self._before = read(file)
        here, there = values_in(self._before or ""), {name.upper(): value for name, value in environment.items()}
        self._values = {name: value for name in NAMES if (value := there.get(name, "").strip() or here.get(name, ""))}
        self._settings()  # mistakes in the other settings are told before anything is asked

    def collect(self) -> str:
        """Get every value there has to be, and the address that invites the bot."""
        say = self._say
        if self._person is not None:
            self._tell(say("init.welcome", file=self._file))
        elif missing := self._missing():
            raise SetupStopped(say("init.nobody", names=", ".join(missing)))
        invitation = self._token()
        self._keys()
        self._budget()
        return invitation

    def keep(self, *, may_replace: bool) -> bool:
        """Write the file, unless it is there and nobody allows a change; say whether it now holds what is known."""
        say, here = self._say, values_in(self._before or "")
        changes = {name: value for name, value in self._values.items() if here.get(name) != value}
        if not changes:
            self._tell(say("init.unchanged", file=self._file))
            return True
        names = ", ".join(changes)
        if self._before is not None and not may_replace:
            if self._person is None:
                raise SetupStopped(say("init.exists", file=self._file, names=names))
            answer = self._person.ask(say("init.replace", file=self._file, names=names))
            if answer.strip().casefold() not in {"y", "yes", "是", "s", "sí", "si"}:
                self._tell(say("init.left", file=self._file))
                return False
        text = EXAMPLE.read_text("utf-8") if self._before is None else self._before
        write(self._file, with_values(text, changes))
        self._tell(say("init.written", file=self._file, names=names))
        return True

    def invite(self, invitation: str) -> None:
        """Show how to get the bot into a server, and wait until whoever is there has done so."""
        self._tell(self._say("init.invite", address=invitation))
        if self._person is not None:
            self._person.ask(self._say("init.go_on"))

    def _token(self) -> str:
        invitation = ""

        def check() -> Finding:
            nonlocal invitation
            account = asyncio.run(check_token(self._settings(), self._say))
            invitation = account.invitation or self._say("init.no_invitation")
            return account.finding

        self._secret(TOKEN, check, optional=False)
        return invitation

    def _keys(self) -> None:
        while True:
            for name, service in KEYS.items():
                self._secret(name, partial(self._check_key, service))
            if self._has_service():
                return
            self._tell(self._say("init.one_service"))

    def _check_key(self, service: str) -> Finding:
        return asyncio.run(check_provider(self._settings(), service, self._say))

    def _secret(self, name: str, check: Callable[[], Finding], *, optional: bool = True) -> None:
        """Ask for a secret until its check is passed, or the person wants it kept nevertheless."""
        is_refused = False
        while True:
            typed = self._ask_secret(name, optional=optional)
            if typed:
                self._values[name] = typed
            elif is_refused or (optional and name not in self._values and not self._is_paired(name)):
                return
            elif not optional and name not in self._values:
                continue
            finding = check()
            self._tell(Redactor(self._settings().secrets())(str(finding)))
            if finding.mark is not Mark.BAD:
                return
            if self._person is None:
                raise SetupStopped(self._say("init.refused", name=name))
            is_refused = True
            self._tell(self._say("init.again"))

    def _ask_secret(self, name: str, *, optional: bool) -> str:
        """Read what is typed, if it can be a token or key; nothing where nobody can be asked."""
        if self._person is None:
            return ""
        say = self._say
        kept = say("init.enter_keeps") if name in self._values else say("init.enter_skips") if optional else ""
        while True:
            typed = self._person.ask_hidden(f"{say(QUESTIONS[name])}{kept}: ").strip()
            if not typed or _USABLE.fullmatch(typed):
                return typed
            self._tell(say("init.strange"))

    def _budget(self) -> None:
        say = self._say
        while self._person is not None:
            kept = say("init.enter_keeps_value", value=self._values[BUDGET]) if BUDGET in self._values else ""
            typed = self._person.ask(f"{say(QUESTIONS[BUDGET])}{kept}: ").strip()
            if not typed and BUDGET not in self._values:
                continue
            self._values[BUDGET] = typed or self._values[BUDGET]
            try:
                self._settings()
            except SettingsInvalid as exc:
                self._values.pop(BUDGET)
                self._tell("\n".join(f"{name}: {expected}" for name, expected in exc.problems))
            else:
                return

    def _missing(self) -> list[str]:
        missing = [name for name in (TOKEN, BUDGET) if name not in self._values]
        return missing if self._has_service() else [*missing, " / ".join(KEYS)]

    def _has_service(self) -> bool:
        return any(name in self._values for name in (*KEYS, *PAIR))

    def _is_paired(self, name: str) -> bool:
        return KEYS.get(name) == "kling" and PAIR[0] in self._values

    def _settings(self) -> Settings:
        """Build the settings as they would be with what is known, and something in the place of what is not."""
        service = {} if self._has_service() else {"KIRIN_API_KEY": "-"}
        filled = UNKNOWN | service | self._values
        return Settings.load(env_file=self._file, **{name.lower(): value for name, value in filled.items()})

    def _tell(self, text: str) -> None:
        self._out.write(f"{text}\n")
        self._out.flush()


@contextmanager
def _silent_log() -> Iterator[None]:
    """Leave out what libraries warn of: the findings say it."""
    silent = logging.NullHandler()
    logging.getLogger().addHandler(silent)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(silent)
