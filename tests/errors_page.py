"""`docs/errors.md`: every error in the words that people read, made from the catalogue and the tables of codes.

`make docs` writes it anew; a test says whether the page that is there is that page.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from bot.errors import FaultClass
from bot.locale import words
from bot.provider import kirin, kling_codes
from tests.catalogue_keys import FAULTS, error_key, errors_shown, problems

PAGE: Final = Path(__file__).resolve().parents[1] / "docs" / "errors.md"

_HEAD: Final = """\
# What can go wrong, and what people read then

Made by `make docs` from `bot/locale/en-US`, `bot/errors.py` and the tables of codes in `bot/provider`. The same is said
in Chinese by `bot/locale/zh-CN`. Where a text has a gap, its name stands in braces. Below a refusal stands what was
typed, where that is long and no button opens it in a form; and where the bot itself is at fault, a number to tell the
admins, which is in the log.
"""
_REQUESTS: Final = """\
## A request is refused

Said privately, when something is asked for that can't be. Nothing has been taken then, unless the text says what has.
The class is the one in `bot/errors.py`.
"""
_PROBLEMS: Final = """\
## What is wrong with a request

The reasons that `InvalidRequest` and `ImpossibleRequest` give.
"""
_FAILURES: Final = """\
## An accepted video fails

The job's `failure` says which kind of end it was; its credits have been given back. Where the service's code says more
than the kind, the text of the code is shown instead.
"""


def page() -> str:
    """The whole page."""
    kinds = ((f"`{kind.__name__}`", _text(error_key(kind))) for kind in errors_shown())
    reasons = ((f"`{code}`", _text(f"problem.{code}")) for code in sorted(problems()))
    ends = ((f"`{fault}`", _text(f"failed.{fault}")) for fault in FAULTS)
    parts = [
        _HEAD,
        _REQUESTS,
        _table(("error", "what people read"), kinds),
        _PROBLEMS,
        _table(("problem", "what people read"), reasons),
        _FAILURES,
        _table(("failure", "what people read"), ends),
        "## Codes of the `kirin` API\n",
        _codes(kirin.CODES),
        "## Codes of the Kling API, and of relays in front of it\n",
        _codes({code: meaning.fault for code, meaning in kling_codes.CODES.items()}),
        "## Codes of our own\n",
        _table(("code", "failure", "what people read"), _own(words().keys())),
    ]
    return "\n".join(parts)


def _codes(faults: Mapping[str, FaultClass]) -> str:
    return _table(("code", "failure", "what people read"), (row for code in faults for row in texts_of(code)))


def texts_of(code: str) -> Iterator[tuple[str, str, str]]:
    """The rows of a service's code: one for each kind of failure that it has a text for."""
    for fault in FAULTS:
        key = f"failed.{fault}.{code}"
        if words().has(key):
            yield f"`{code}`", fault, _text(key)


def _own(keys: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """The rows of the codes that are in no service's table."""
    foreign = {*kirin.CODES, *kling_codes.CODES}
    codes = {key.split(".", 2)[2] for key in keys if key.startswith("failed.") and key.count(".") > 1}
    for code in sorted(codes - foreign):
        yield from texts_of(code)


def _text(key: str) -> str:
    """A text on one line, in its plural where it has one."""
    return words().forms(key)[-1].replace("\n", " ").replace("|", "\\|")


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> None:
    """Say whether the page is up to date, or write it."""
    parser = argparse.ArgumentParser(prog="python -m tests.errors_page", description=main.__doc__)
    parser.add_argument("--write", action="store_true", help="write the page instead of comparing it")
    if parser.parse_args().write:
        PAGE.write_text(page(), encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page():
        sys.exit(f"{PAGE.name} is not up to date: run `make docs` and commit it.")


if __name__ == "__main__":
    main()
