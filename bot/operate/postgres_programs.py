"""Runs PostgreSQL's own programs: pg_dump, pg_restore and psql, with the password where nobody else reads it."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from bot.operate.backups import NotDone

_WANTED: Final = (
    "It comes with PostgreSQL's client programs (on Debian and Ubuntu: sudo apt install postgresql-client), which have "
    "to be of the server's version ({}) or a newer one."
)


def program(name: str, *, server: int) -> str:
    """Find one of the programs, of a server's major version or a newer one.

    Raises:
        NotDone: there is none.
    """
    found = shutil.which(name)
    if found is None:
        raise NotDone(f"{name} is not installed here. {_WANTED.format(server)}")
    told = subprocess.run([found, "--version"], check=False, capture_output=True, text=True).stdout  # noqa: S603 - PostgreSQL's
    version = re.search(r"\) (\d+)", told)
    if version is None or int(version[1]) < server:
        says = told.strip() or "it does not run"
        raise NotDone(f"{found} is older than the server: {says}. {_WANTED.format(server)}")
    return found


def address(url: str) -> tuple[str, dict[str, str]]:
    """Split the address of a database into one that anybody may see, and the environment with the password."""
    parts = urlsplit(url)
    signed_in, at, host = parts.netloc.rpartition("@")
    person, colon, password = signed_in.partition(":")
    asked = dict(parse_qsl(parts.query))
    secret = asked.pop("password", unquote(password) if colon else "")
    query = urlencode(asked, quote_via=quote, safe="/")
    seen = urlunsplit((parts.scheme, f"{person}{at}{host}", parts.path, query, ""))
    return seen, {**os.environ, **({"PGPASSWORD": secret} if secret else {})}


def dump(url: str, target: Path, *, server: int) -> None:
    """Write the whole database into a file, as it is at one moment, while others may write into it.

    Raises:
        NotDone: it was not written whole.
    """
    seen, environment = address(url)
    command = [program("pg_dump", server=server), "--format=custom", "--no-owner", "--no-privileges"]
    _run([*command, f"--file={target}", f"--dbname={seen}"], environment)


def demand_readable(file: Path, *, server: int) -> None:
    """Read a dump to its end.

    Raises:
        NotDone: it is damaged.
    """
    _run([program("pg_restore", server=server), f"--file={os.devnull}", str(file)], dict(os.environ))


def restore(file: Path, url: str, *, server: int, last: Sequence[str]) -> None:
    """Put all of a dump into an empty database, and carry out some statements `last`: all of it or nothing.

    Raises:
        NotDone: it was not; nothing is in the database.
    """
    seen, environment = address(url)
    psql = [program("psql", server=server), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--dbname={seen}"]
    read = [program("pg_restore", server=server), "--no-owner", "--no-privileges", "--file=-", str(file)]
    with (
        subprocess.Popen(  # noqa: S603 - PostgreSQL's
            psql, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment
        ) as writer,
        subprocess.Popen(read, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as reader,  # noqa: S603 - PostgreSQL's
    ):
        try:
            whole = _hand_over(reader, _stream(reader.stdout), _stream(writer.stdin), last)
        except BrokenPipeError:
            whole = True  # what psql says tells why
        reader.kill()
        said = _stream(writer.stderr).read().decode(errors="replace").strip()
        ended = writer.wait()
    if not whole:
        raise NotDone(f"{file} is damaged: pg_restore could not read it to its end. Nothing was restored.")
    if ended:
        raise NotDone(f"PostgreSQL did not take it: {said.splitlines()[0] if said else ended}. Nothing was restored.")


def _hand_over(reader: "subprocess.Popen[bytes]", source: IO[bytes], target: IO[bytes], last: Sequence[str]) -> bool:
    """Hand the statements of a dump on, in one transaction that is committed only if there were all of them."""
    with target:
        target.write(b"BEGIN;\n")
        shutil.copyfileobj(source, target)
        if reader.wait():
            return False
        statements = "".join(f"{each};\n" for each in ("RESET search_path", *last, "COMMIT"))
        target.write(f"\n{statements}".encode())
    return True


def _stream(found: IO[bytes] | None) -> IO[bytes]:
    if found is None:
        raise RuntimeError("the program has no such stream")
    return found


def _run(command: Sequence[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True, errors="replace", env=environment)  # noqa: S603 - PostgreSQL's
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise NotDone(f"{Path(command[0]).name} failed: {said[0] if said else done.returncode}")
