"""Chooses on which of two databases an acceptance test runs: half on each, so that all cost what they would on one."""

from typing import Final
from zlib import crc32

import pytest

KINDS: Final = ("sqlite", "postgres")


def is_chosen(case: str, kind: str, databases: str) -> bool:
    """Whether a case runs on this kind of database, with `--databases` as it was given; its name decides."""
    has = KINDS[crc32(case.encode()) % len(KINDS)]
    return databases == "both" or (kind == has) == (databases == "one")


def is_about_one(definition: pytest.Item) -> bool:
    """Whether a test says itself which database it is about."""
    return any("database" in mark.args[0] for mark in definition.iter_markers("parametrize"))


def runs(item: pytest.Item, databases: str) -> bool:
    """Whether a test runs, with `--databases` as it was given; whatever has one database, or none, has no other."""
    parameters = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    if "database" not in parameters or is_about_one(item):
        return databases != "other"
    kind = str(parameters["database"])
    name, _, case = item.nodeid.partition("[")
    return is_chosen(f"{name}[{case.replace(kind, '', 1)}", kind, databases)
