"""Imports point one way."""

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Room: what of ours it may import beside itself.
OURS = {
    "bot.errors": ("bot.domain",),
    "bot.domain": ("bot.errors",),
    "bot.provider": ("bot.domain", "bot.errors"),
    "bot.store": ("bot.domain", "bot.errors"),
    "bot.service": ("bot.domain", "bot.errors", "bot.provider", "bot.store"),
    "bot.web": ("bot.service", "bot.domain", "bot.errors", "bot.locale"),
    "bot.locale": (),
    "sandbox": (),
    "cogs": ("bot.service", "bot.domain", "bot.errors", "bot.locale", "bot.client"),
}
# Room: what of others it may import beside the standard library.
OTHERS = {
    "bot.errors": (),
    "bot.domain": ("pydantic",),
    "bot.provider": ("httpx", "jwt", "pydantic"),
}
# What only these may import.
ONLY = {
    "bot.locale": ("bot.locale", "bot.web", "bot.app", "bot.client", "bot.__main__", "cogs"),
    "sandbox": ("sandbox", "bot.__main__", "bot.demo"),
    "cogs": ("cogs", "bot.app"),
    "httpx": ("bot.provider",),
    "sqlite3": ("bot.store",),
    "aiosqlite": ("bot.store",),
    "asyncpg": ("bot.store",),
    "discord": ("cogs", "bot.client", "bot.connection", "bot.app", "bot.doctor"),
}


def within(name: str, roots: Iterable[str]) -> bool:
    """Whether a dotted name is one of the roots or lies below it."""
    return any(name.startswith(root[:-1]) if root[-1] == "*" else f"{name}.".startswith(f"{root}.") for root in roots)


def imported(source: str, *, module: str, package: bool = False) -> Iterator[str]:
    """Every name that a module imports anywhere, whole: `from a import b` is `a.b`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = module.split(".")
            above = parts[: len(parts) - node.level + package] if node.level else []
            yield from (".".join([*above, *filter(None, [node.module]), alias.name]) for alias in node.names)


def offences(source: str, *, module: str, package: bool = False) -> list[str]:
    """The imports of a module that break a rule."""
    room = next((room for room in OURS if within(module, [room])), None)
    found = []
    for name in imported(source, module=module, package=package):
        top = name.split(".")[0]
        ours = top in {"bot", "cogs", "sandbox"}
        allowed = [
            room is None or not ours or within(name, [room, *OURS[room]]),
            room not in OTHERS or ours or top in {*sys.stdlib_module_names, *OTHERS[room]},
            all(within(module, who) for what, who in ONLY.items() if within(name, [what])),
        ]
        if not all(allowed):
            found.append(f"{module} imports {name}")
    return found


def modules() -> Iterator[tuple[str, Path]]:
    for top in ("bot", "cogs", "sandbox"):
        for path in sorted((ROOT / top).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


MODULES = dict(modules())


@pytest.mark.parametrize("module", MODULES)
def test_no_import_points_the_wrong_way(module: str) -> None:
    path = MODULES[module]
    assert not offences(path.read_text(encoding="utf-8"), module=module, package=path.name == "__init__.py")


def test_every_room_of_the_plan_was_looked_at() -> None:
    for room in ("bot.domain", "bot.provider", "bot.store", "bot.service", "sandbox"):
        assert len([module for module in MODULES if within(module, [room])]) > 1
    assert {"bot.errors", "cogs"} <= set(MODULES)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("bot.domain.job", "import bot.store"),
        ("bot.domain.job", "from bot import service"),
        ("bot.domain.job", "from ..store import jobs"),
        ("bot.domain.job", "import bot"),
        ("bot.domain.job", "import httpx"),
        ("bot.domain.job", "import aiohttp.web"),
        ("bot.errors", "from bot.service import videos"),
        ("bot.provider.kirin", "from bot.store.jobs.jobs import JobStore"),
        ("bot.provider.kirin", "from bot.settings import Settings"),
        ("bot.provider.kirin", "import aiohttp"),
        ("bot.store.jobs.jobs", "from bot.provider.base import Task"),
        ("bot.store.jobs.jobs", "def f():\n    import httpx"),
        ("bot.service.jobs.worker", "import sqlite3"),
        ("bot.service.jobs.worker", "import aiosqlite as db"),
        ("bot.service.jobs.worker", "import asyncpg"),
        ("bot.service.jobs.worker", "from httpx import AsyncClient"),
        ("bot.service.jobs.worker", "if TYPE_CHECKING:\n    import discord"),
        ("bot.service.jobs.worker", "from discord.ext import commands"),
        ("bot.service.jobs.worker", "from bot.locale import say"),
        ("bot.service.jobs.worker", "from bot.web import metrics"),
        ("bot.web.health", "from bot.store import database"),
        ("bot.web.health", "from bot.provider import kirin"),
        ("bot.locale", "from bot.domain import job"),
        ("sandbox.kirin", "from bot.domain.request import Mode"),
        ("sandbox.kirin", "from bot.errors import Refused"),
        ("sandbox.kirin", "import discord"),
        ("bot.app", "from sandbox import server"),
        ("bot.doctor", "import sandbox"),
        ("bot.doctor", "from bot.locale import say"),
        ("bot.doctor", "import cogs.video.create"),
        ("bot.client", "from cogs import create"),
        ("bot.settings", "import discord"),
        ("cogs.video.create", "from bot.store import jobs"),
        ("cogs.video.create", "from bot.provider.base import Task"),
        ("cogs.video.create", "from bot.settings import Settings"),
    ],
)
def test_an_import_that_points_the_wrong_way_is_found(module: str, source: str) -> None:
    assert len(offences(source, module=module)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("bot.domain.job", "import json\nfrom collections.abc import Mapping\nfrom pydantic import BaseModel"),
        ("bot.domain.job", "from bot.errors import InvalidRequest\nfrom .request import Mode\nfrom . import price"),
        (
            "bot.provider.kirin",
            "import httpx\nimport jwt\nfrom bot.domain import backoff\nfrom bot.errors import Refused",
        ),
        ("bot.store.sqlite", "import aiosqlite\nimport sqlite3"),
        (
            "bot.service.jobs.worker",
            "import av\nfrom bot.store.jobs.jobs import JobStore\nfrom bot.provider.base import Task",
        ),
        ("bot.web.health", "from aiohttp import web\nfrom bot.locale import say\nfrom bot.service import videos"),
        (
            "bot.app",
            "import cogs.adapters.notifier\nimport discord\nfrom bot.locale import say\nfrom bot.store import jobs",
        ),
        ("bot.__main__", "from sandbox import server\nfrom bot import app"),
        ("bot.demo.screen", "from sandbox import server"),
        ("bot.client", "import discord"),
        ("cogs.video.create", "from discord import app_commands\nfrom ._cards import card\nfrom bot.locale import say"),
        ("sandbox.kirin", "from sandbox.faults import Faults\nimport aiohttp"),
    ],
)
def test_an_import_that_points_the_right_way_passes(module: str, source: str) -> None:
    assert not offences(source, module=module)


def test_a_package_imports_relative_to_itself() -> None:
    assert list(imported("from .x import y\nfrom . import z", module="bot.web", package=True)) == [
        "bot.web.x.y",
        "bot.web.z",
    ]
    assert list(imported("from .x import y\nfrom .. import z", module="bot.web.a")) == ["bot.web.x.y", "bot.z"]
