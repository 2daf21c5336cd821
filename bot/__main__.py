"""Runs the command line: init · run · demo · sandbox · doctor · migrate · backup · restore · upgrade."""

import argparse
import asyncio
import gc
import os
import sys
from collections.abc import Sequence
from getpass import getpass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from bot import __version__
from bot.errors import LockTaken, SettingsInvalid, ShardsDiffer, ShotcallerError, StoreLost

MAX_PEOPLE: Final = 500  # in the demo of the budget
MOST_KEPT: Final = 10_000  # backups
_M_ARENA_MAX: Final = -8  # by <malloc.h>

# What is heavy is imported by the command that needs it.


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out one command, and return its exit code; 2 means that the settings or the arguments are wrong."""
    parser = _parser()
    arguments, further = parser.parse_known_args(argv)
    if further and arguments.command is not _sandbox:
        parser.error(f"unrecognized arguments: {' '.join(further)}")
    arguments.further = further
    try:
        code: int = arguments.command(arguments)
        sys.stdout.flush()
    except SettingsInvalid as exc:
        sys.stderr.write("The settings need a look (the environment, or .env in this folder):\n")
        for name, expected in exc.problems:
            sys.stderr.write(f"  {name}: {expected}\n")
        from bot.settings import EXAMPLE

        sys.stderr.write(f"`shotcaller init` asks for those that are needed. Every setting is explained in {EXAMPLE}\n")
        return 2
    except ShotcallerError as exc:
        sys.stderr.write(f"{_last_words(exc)}\n")
        return 1
    except (KeyboardInterrupt, EOFError):  # Ctrl+C, and Ctrl+D where something is asked
        return 130
    except BrokenPipeError:
        if arguments.command is _run:  # which prints nothing
            raise
        with Path(os.devnull).open("wb") as nowhere:  # for what is still to be printed
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        return 141
    return code


def _last_words(exc: ShotcallerError) -> str:
    """Say why the command had to stop, and what to do."""
    match exc:
        case StoreLost():
            return (
                f"The file of the database was deleted or replaced while it was in use: {exc.path}\n"
                "Nothing can be kept any more, so the bot has stopped. Put it, or your latest copy of it, in its place "
                "and start again; without one the next start begins with an empty database."
            )
        case LockTaken():
            return (
                f"Another process of this bot has {exc.name.replace(':', ' ')}; two would answer everything twice.\n"
                "Stop it, or start this one with other --shards. The locks of one that has just died are free after "
                "some seconds."
            )
        case ShardsDiffer():
            return (
                f"The processes that run already split the bot into {exc.found} shards, not {exc.wanted}.\n"
                "Stop all of them, then start all with the same number."
            )
    return str(exc)


def import_app() -> None:
    """Import what a bot is made of, looking for no garbage in it: it stays, now and whenever garbage is looked for."""
    gc.disable()
    try:
        from bot import app, log  # noqa: F401 (they are imported: their importers find them)
    finally:
        gc.freeze()
        gc.enable()


def share_arena() -> None:
    """Have the threads of this process share one arena of memory: else each keeps its own, of a megabyte or two."""
    import ctypes

    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None):  # glibc's
        mallopt(_M_ARENA_MAX, 1)


def drop_garbage() -> None:
    """Look once for what the imports have left behind, before anybody waits: a megabyte, for 50 ms."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def _run(arguments: argparse.Namespace) -> int:
    share_arena()
    if "bot.app" not in sys.modules:  # or nothing is left behind
        import_app()
        drop_garbage()
    from bot import app, log
    from bot.private_files import close_to_others, private_files
    from bot.settings import Settings

    settings = Settings.load(**{} if arguments.shards is None else {"shards": arguments.shards})
    secrets, remember = settings.secrets(), settings.page_port > 0
    with (
        private_files(),
        log.setup(level=settings.log_level, format=settings.log_format, secrets=secrets, remember=remember) as kept,
    ):
        close_to_others(settings)
        asyncio.run(app.run(settings, lines=kept.recent))
    return 0


class SandboxMissing(ShotcallerError):
    """The command needs the sandbox, which is a package of its own."""

    def __init__(self) -> None:
        super().__init__(
            "The sandbox is not installed here: the bot runs without it. In a checkout of the project this gets it: "
            "`pip install ./sandbox`, `pipx inject shotcaller ./sandbox` or `uv tool install --with ./sandbox .`; "
            "elsewhere put `shotcaller-sandbox` in the place of `./sandbox`, or the file of a release."
        )


def _need_sandbox() -> None:
    """Raise SandboxMissing unless the sandbox can be imported."""
    try:
        found = find_spec("sandbox.server")
    except ModuleNotFoundError:
        found = None
    if found is None:
        raise SandboxMissing


def _demo(arguments: argparse.Namespace) -> int:
    _need_sandbox()
    if arguments.crowd is not None:
        if arguments.open:
            raise SettingsInvalid([("--open", "expected without --crowd")])
        from bot.demo.crowd import play_crowd

        return asyncio.run(play_crowd(arguments))
    from bot.demo.play import demo

    return asyncio.run(demo(arguments))


def _sandbox(arguments: argparse.Namespace) -> int:
    _need_sandbox()
    from sandbox.__main__ import read_arguments, start

    about = "--database FILE: the SQLite file of a bot that you start yourself, whose books the page then shows"
    chosen = read_arguments(arguments.further, prog="shotcaller sandbox", epilog=about)
    if not chosen.open and arguments.database is None:
        return start(chosen)
    if chosen.open and arguments.database is not None:
        raise SettingsInvalid(
            [("--database", "expected without --open, which starts a bot with a database of its own")]
        )
    from bot.demo.page import Books, serve_page

    return asyncio.run(serve_page(chosen)) if chosen.open else start(chosen, books=Books(arguments.database).read)


def _init(arguments: argparse.Namespace) -> int:
    from bot.init import Person, initialize
    from bot.private_files import private_files

    environment = {**os.environ, **({} if arguments.budget is None else {"MONTHLY_BUDGET_USD": arguments.budget})}
    person = None if arguments.yes or not sys.stdin.isatty() else Person(ask=input, ask_hidden=getpass)
    with private_files():
        return initialize(
            file=Path(".env"),
            person=person,
            out=sys.stdout,
            environment=environment,
            may_replace=arguments.yes,
        )


def _doctor(_: argparse.Namespace) -> int:
    from bot.doctor import examine
    from bot.locale import terminal_locale, words
    from bot.private_files import private_files
    from bot.settings import Settings

    with private_files():
        return asyncio.run(examine(Settings.load(), words(terminal_locale(os.environ))))


def _migrate(arguments: argparse.Namespace) -> int:
    from bot.clock import utc_now
    from bot.private_files import private_files
    from bot.settings import Settings
    from bot.wiring.database import bring_up_to_date

    if arguments.to is not None:
        return _copy(arguments.to)
    with private_files():
        applied = asyncio.run(bring_up_to_date(Settings.load(), now=utc_now()))
    sys.stdout.write("".join(f"applied {name}\n" for name in applied) or "the database is up to date\n")
    return 0


def _copy(address: str) -> int:
    """Copy the database of a bot that is stopped into a PostgreSQL at an address."""
    from bot.clock import utc_now
    from bot.private_files import private_files
    from bot.settings import Settings
    from bot.wiring.database import copy_to_postgres

    settings = Settings.load()
    try:
        target = Settings.load(database_url=address)
    except SettingsInvalid as exc:
        raise SettingsInvalid([("--to", expected) for _, expected in exc.problems]) from None
    with private_files():
        copied = asyncio.run(copy_to_postgres(settings, target, now=utc_now()))
    rows = f"{sum(copied.rows.values()):,} rows of {len(copied.rows)} tables"
    done = f"{rows} are there already" if copied.before else f"copied {rows}"
    sys.stdout.write(
        f"{done}: counts and sums are the same, and the books add up.\n"
        f"Have DATABASE_URL name {target.database_name} and start the bot; the file was only read.\n"
    )
    return 0


def _backup(arguments: argparse.Namespace) -> int:
    from bot.clock import utc_now
    from bot.operate.backup import describe, take, take_daily
    from bot.private_files import private_files
    from bot.settings import Settings

    settings = Settings.load()
    folder, kept = arguments.to or settings.backups_dir, {"keep": arguments.keep, "weeks": arguments.weeks}
    with private_files():
        if arguments.daily:
            asyncio.run(take_daily(settings, folder, **kept, clock=utc_now))
        else:
            sys.stdout.write(describe(*asyncio.run(take(settings, folder, **kept, now=utc_now()))))
    return 0


def _restore(arguments: argparse.Namespace) -> int:
    from bot.clock import utc_now
    from bot.operate import mark, restore
    from bot.private_files import private_files
    from bot.settings import Settings

    settings, moved = Settings.load(), arguments.moved
    with private_files():
        if arguments.mark:
            said = mark.describe(asyncio.run(mark.mark(settings)), settings)
        else:
            restored = asyncio.run(restore.restore(settings, arguments.backup, moved=moved, now=utc_now()))
            said = restore.describe(restored, settings, moved=moved)
    sys.stdout.write(said)
    return 0


def _upgrade(arguments: argparse.Namespace) -> int:
    from bot.clock import utc_now
    from bot.locale import terminal_locale, words
    from bot.operate.upgrade import check
    from bot.private_files import private_files
    from bot.settings import Settings

    settings = Settings.load()
    folder, say = arguments.backups or settings.backups_dir, words(terminal_locale(os.environ))
    with private_files():
        return asyncio.run(check(settings, folder, say, now=utc_now(), out=sys.stdout))


def _people(text: str) -> int:
    """Read a number of people, as it is typed."""
    number = int(text)
    if not 1 <= number <= MAX_PEOPLE:
        raise ValueError(number)
    return number


def _number(text: str) -> int:
    """Read how many to keep, as it is typed."""
    number = int(text)
    if not 0 <= number <= MOST_KEPT:
        raise ValueError(number)
    return number


def _shards(text: str) -> str:
    """Check shards, as they are typed."""
    from bot.domain.sharing import parse_shards

    try:
        parse_shards(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(f"expected {exc}") from exc
    return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="shotcaller", description="A Discord bot that turns a command into a video.")
    parser.add_argument("--version", action="version", version=f"shotcaller {__version__}")
    commands = parser.add_subparsers(required=True, metavar="command")

    init = commands.add_parser("init", help="ask for token and keys, check them, and write .env")
    init.set_defaults(command=_init)
    init.add_argument(
        "--yes",
        action="store_true",
        help="ask nothing: token and keys come from the environment, and outrank what .env has",
    )
    init.add_argument("--budget", metavar="USD", help="what all videos of a month may cost together, or none")

    run = commands.add_parser("run", help="run the bot with the settings of the environment and .env")
    run.set_defaults(command=_run)
    part = run.add_mutually_exclusive_group()
    part.add_argument(
        "--shards",
        type=_shards,
        metavar="0-3/16",
        help="talk to the people of these shards alone, of so many in all; other processes have the rest",
    )
    part.add_argument(
        "--no-gateway",
        dest="shards",
        action="store_const",
        const="none",  # as SHARDS calls it
        help="talk to nobody, and make the videos that people ask other processes for",
    )

    demo = commands.add_parser("demo", help="see the whole job happen, with no account")
    demo.set_defaults(command=_demo)
    demo.add_argument("--prompt", default="A paper boat sails down a rainy street at night, neon reflections")
    demo.add_argument("--model", help="the model to use (the default one if left out)")
    demo.add_argument("--mode", choices=["std", "pro", "4k"])
    demo.add_argument("--aspect", choices=["16:9", "9:16", "1:1"])
    demo.add_argument("--duration", type=int, metavar="SECONDS")
    demo.add_argument("--negative", metavar="TEXT")
    demo.add_argument("--cfg", type=float)
    demo.add_argument("--camera", metavar="MOVE")
    demo.add_argument("--strength", metavar="WORD")
    demo.add_argument("--sound", action="store_true", default=None)
    demo.add_argument("--watermark", action="store_true", default=None)
    demo.add_argument("--private", action="store_true", default=None)
    demo.add_argument("--storyboard", action="store_true", help="build a storyboard, press by press")
    demo.add_argument("--crowd", type=_people, metavar="N", help="so many people ask at once, against a budget")
    demo.add_argument("--afford", type=_people, metavar="M", help="how many of their videos the budget is for")
    demo.add_argument(
        "--postgres",
        metavar="postgresql://user@host:5432/name",
        help="with --crowd: two gateways and three workers, with their records in this database, which is empty",
    )
    demo.add_argument("--open", action="store_true", help="watch it in the browser; it stays there until Ctrl+C")
    demo.add_argument("--generate-seconds", type=float, default=6.0, help="how long the pretended work takes")
    demo.add_argument("--output", type=Path, default=Path("demo-output"), help="the folder for the video")

    # What follows is read by the sandbox's own command line.
    sandbox = commands.add_parser(
        "sandbox", add_help=False, help="serve a Discord and both video services on this machine"
    )
    sandbox.set_defaults(command=_sandbox)
    sandbox.add_argument("--database", type=Path, metavar="FILE")

    doctor = commands.add_parser("doctor", help="check settings, database, keys and permissions")
    doctor.set_defaults(command=_doctor)

    migrate = commands.add_parser("migrate", help="bring the database up to date (run does this by itself)")
    migrate.set_defaults(command=_migrate)
    migrate.add_argument(
        "--to",
        metavar="postgresql://user@host:5432/name",
        help="copy the SQLite database of the settings, whose bot is stopped, into this one, which is empty",
    )
    _add_operating(commands)
    return parser


def _add_operating(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands of whoever keeps the records."""
    backup = commands.add_parser(
        "backup", help="copy the records into a folder and check the copy; a bot may be running"
    )
    backup.set_defaults(command=_backup)
    backup.add_argument(
        "--to", type=Path, metavar="FOLDER", help="the folder for backups (BACKUP_DIR, or data/backups)"
    )
    backup.add_argument(
        "--keep", type=_number, default=14, metavar="N", help="keep the newest N (default: %(default)s),"
    )
    backup.add_argument(
        "--weeks", type=_number, default=8, metavar="N", help="and the newest of each of N weeks (default: %(default)s)"
    )
    backup.add_argument("--daily", action="store_true", help="stay, and take one whenever the newest is a day old")

    restore = commands.add_parser("restore", help="put a backup in the place of the records; no bot may be running")
    restore.set_defaults(command=_restore)
    what = restore.add_mutually_exclusive_group(required=True)
    what.add_argument("backup", type=Path, nargs="?", help="the folder of the backup")
    what.add_argument(
        "--mark", action="store_true", help="the records were put back by hand (pg_restore): mark them as a copy"
    )
    restore.add_argument(
        "--moved",
        action="store_true",
        help="the bot was stopped when the backup was taken, and has run nowhere since: look for nothing",
    )

    looks = "say what the first start of this version would do to the records, and change nothing"
    upgrade = commands.add_parser("upgrade", help=looks, description=f"{looks.capitalize()}.")
    upgrade.set_defaults(command=_upgrade)
    upgrade.add_argument("--check", action="store_true", help="only look, as without it")
    upgrade.add_argument("--backups", type=Path, metavar="FOLDER", help="where to look for backups (BACKUP_DIR)")


if __name__ == "__main__":
    sys.exit(main())
