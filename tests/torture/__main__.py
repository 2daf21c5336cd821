"""Tortures the bot: every trouble at every step, then all of them at once. `make torture ARGS="--seed 7 --asks 200"`.

With `--postgres`: everything at once, to several processes of one bot on one PostgreSQL.

One line is printed for each trouble tried by itself, then what was counted. Exit code 1 when anything is not true.
"""

import argparse
import asyncio
import logging
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.acceptance.forks import warm_up
from tests.torture.bot_company import GONE
from tests.torture.reliability_page import PAGE, page, write_company
from tests.torture.runner import Runner
from tests.torture.troubles import troubles


def main(argv: Sequence[str] | None = None) -> int:
    """Carry it out; the exit code."""
    arguments = _parser().parse_args(argv)
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)  # the sandbox's own account of every cut connection
    warm_up()
    return asyncio.run(_torture(arguments))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="decides every moment and what comes when (default: 1)")
    parser.add_argument("--asks", type=int, default=100, help="videos asked for while everything goes wrong at once")
    parser.add_argument("--lanes", type=int, default=4, help="troubles tried at the same time")
    parser.add_argument("--only", default="", help="only the troubles in whose line this stands")
    parser.add_argument("--postgres", action="store_true", help="instead, several processes of a bot on a PostgreSQL")
    parser.add_argument("--gone", type=float, default=GONE, help="seconds that the server is gone at most, with that")
    parser.add_argument("--write", action="store_true", help=f"write what was found into docs/{PAGE.name}")
    return parser


async def _torture(arguments: argparse.Namespace) -> int:
    chosen = [each for each in troubles() if arguments.only in f"{each.target} {each.step} {each.kind}"]
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        runner = Runner(folder=Path(folder), seed=arguments.seed)
        if arguments.postgres:
            await runner.company_at_once(asks=arguments.asks, gone=arguments.gone)
        else:
            async with asyncio.TaskGroup() as group:
                group.create_task(runner.try_all(chosen, lanes=arguments.lanes))
                if arguments.asks:
                    group.create_task(runner.all_at_once(asks=arguments.asks))
    figures, wrong = runner.figures(), runner.wrong
    for line in (*figures.lines(), *wrong):
        sys.stdout.write(f"{line}\n")
    if wrong:
        again = f"{'--postgres ' * arguments.postgres}--seed {arguments.seed} --asks {arguments.asks}"
        sys.stdout.write(f"Not everything is true. The same once more: make torture ARGS='{again}'\n")
        return 1
    if arguments.write and arguments.postgres:
        write_company(figures)
    elif arguments.write:
        PAGE.write_text(page(runner.came, figures), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
