"""Reads `.env` files and changes single values in them: all else stays as it stands, and nobody else may read them."""

import io
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from bot.errors import SettingsInvalid


def read(file: Path) -> str | None:
    """Read a whole file; None where there is none.

    Raises:
        SettingsInvalid: it can't be read.
    """
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            return stream.read()
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise SettingsInvalid([(str(file), f"expected a file that can be read ({exc.strerror})")]) from exc
    except UnicodeDecodeError:
        raise SettingsInvalid([(str(file), "expected text in UTF-8")]) from None


def values_in(text: str) -> dict[str, str]:
    """List the values of a file by their names in capitals; of several of one name the last counts."""
    return {each.key.upper(): each.value for each in _bindings(text) if each.key and each.value}


def with_values(text: str, values: Mapping[str, str]) -> str:
    """Put values in their places: where the name stands, where it stands commented out and empty, or at the end."""
    for name, value in values.items():
        text = _with_value(text, name, value)
    return text


def _with_value(text: str, name: str, value: str) -> str:
    parts = [each.original.string for each in _bindings(text)]
    named = [number for number, each in enumerate(_bindings(text)) if each.key and each.key.upper() == name]
    if named:
        old = parts[named[-1]]
        start = old[: len(old) - len(old.lstrip())]
        end = old[len(old.rstrip()) :]
        export = "export " if old.lstrip().startswith("export ") else ""
        parts[named[-1]] = f"{start}{export}{name}={value}{end}"
        return "".join(parts)
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines):
        if line.strip() == f"#{name}=":
            lines[number] = line.replace(f"#{name}=", f"{name}={value}")
            return "".join(lines)
    gap = "" if not text or text.endswith("\n") else "\n"
    return f"{text}{gap}{name}={value}\n"


def _bindings(text: str) -> list[Binding]:
    return list(parse_stream(io.StringIO(text)))


def write(file: Path, text: str) -> None:
    """Put a text in the place of a file, whole or not at all, for its own user alone.

    Raises:
        SettingsInvalid: the folder can't be written.
    """
    place = file.resolve()  # a link stays one
    try:
        handle, name = tempfile.mkstemp(dir=place.parent, prefix=".env.")  # which its own user alone may open
    except OSError as exc:
        raise SettingsInvalid([(str(file), f"expected a folder that can be written ({exc.strerror})")]) from exc
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(place)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
