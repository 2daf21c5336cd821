"""What tests give a machine that others are busy on: time, of which a machine that is not takes none.

Whoever waits goes on as soon as the thing is there; only what never comes is given up later. The sandbox's Discord
waits longer for a first answer, and the bot knows: what either does when that time is over is tested by those who say
so.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pkgutil import resolve_name
from typing import Final

import pytest

PATIENCE: Final = 180.0
"""Seconds until what never comes is given up; nothing is measured with it."""

FIRST_ANSWER: Final = 60.0
"""Seconds for which the sandbox's Discord waits for a first answer, and the bot for what it needs to give it."""

_own: Final = dict.fromkeys(
    (
        "cogs.adapters.names.PATIENCE",
        "cogs.admin.common.QUICK",
        "cogs.admin.jobs.NAMING",
        "cogs.request.build.QUICK",
        "cogs.ui.replies.FIRST_ANSWER",
    ),
    FIRST_ANSWER,
)  # the seconds that the bot itself gives them, once it was made unhurried


@contextmanager
def unhurried() -> Iterator[None]:
    """Have a bot in this process go on with its first answers for as long as the sandbox's Discord waits."""
    with pytest.MonkeyPatch.context() as patch:
        for name in _own:
            _own[name] = resolve_name(name)
            patch.setattr(name, FIRST_ANSWER)
        yield


@contextmanager
def in_haste() -> Iterator[None]:
    """Have an unhurried bot give up as soon as it does among people."""
    with pytest.MonkeyPatch.context() as patch:
        for name, seconds in _own.items():
            patch.setattr(name, seconds)
        yield
