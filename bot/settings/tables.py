"""Reads the operator's own tables, in TOML: what can't be used is said in words, all of it at once."""

import tomllib
from collections.abc import Collection, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bot.settings.mistakes import expected, is_missing, shown

LARGEST: Final = 1_000_000  # bytes of a table


class TableUnusable(ValueError):
    """The operator's file is no such table; `problems` says everything that is wrong with it."""

    def __init__(self, problems: Collection[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


def shipped(name: str) -> dict[str, Any]:
    """Read one of the tables that come with the bot."""
    return _parsed(Path(__file__).with_name(name).read_text(encoding="utf-8"))


def own(path: Path) -> dict[str, Any]:
    """Read the operator's table.

    Raises:
        TableUnusable: there is no such file, or it is no TOML.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise TableUnusable([f"a file of at most {LARGEST} bytes"])
        return _parsed(content.decode())
    except OSError as exc:
        raise TableUnusable([f"a file that can be read ({exc.strerror})"]) from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise TableUnusable([f"a TOML file ({exc})"]) from exc


def mistakes(error: ValidationError, table: type[BaseModel]) -> TableUnusable:
    """Say what is wrong with the operator's table, which should have been such a one."""
    schema = table.model_json_schema()
    return TableUnusable([_mistake(each, schema) for each in error.errors()])


def _parsed(text: str) -> dict[str, Any]:
    return tomllib.loads(text, parse_float=Decimal)


def _mistake(error: ErrorDetails, schema: Mapping[str, Any]) -> str:
    """Say where in the file, what was expected there, and what is there."""
    where = " ".join(str(part + 1) if isinstance(part, int) else part for part in error["loc"]) or "the table"
    if is_missing(error):
        return f"{where}: a value"
    there = "" if isinstance(error["input"], dict | list) else f", not {shown(error['input'], ())}"
    return f"{where}: {expected(error, schema)}{there}"
