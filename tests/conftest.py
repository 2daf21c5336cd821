"""What tests of several folders share: the throw-away PostgreSQL of a run, and a way not to count lines."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from bot.locale import name_models
from bot.settings.models import models
from tests.counting import uncounted
from tests.fresh_databases import FreshDatabases
from tests.postgres_server import Server, ServerMissing, shared_server

# What takes longest, since it waits for many processes or walks a long way: begun first, one after the other.
LONGEST: Final = ("tests/torture/", "test_money_machine.py", "test_demo_crowd.py", "test_outage.py", "test_restore.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest tests: at the end all but one of the run's processes would wait for them."""
    items.sort(key=lambda item: not any(part in item.nodeid for part in LONGEST))


def pytest_collection_finish() -> None:
    """Take what was collected out of the garbage collector's rounds: it stays until the end."""
    gc.freeze()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let whoever runs the tests say on which databases the acceptance tests run: `tests/acceptance/choice.py`."""
    parser.addoption(
        "--databases",
        choices=("one", "other", "both"),
        default="one",
        help="run each acceptance test on one of SQLite and PostgreSQL (the default), on the other, or on both",
    )


@pytest.fixture(scope="session", autouse=True)
def named_models() -> None:
    """Models are called as in the shipped table, as they are from a bot's start on, whichever test comes first."""
    name_models({each.model: each.name for each in models(None).model})


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Server:
    """The server of this run, which every process of the run shares.

    Where none can be started, CI fails, and whoever runs the tests by hand reads what was left out.
    """
    workers = "PYTEST_XDIST_WORKER" in os.environ
    folder = tmp_path_factory.getbasetemp()
    meeting_place, user = (folder.parent, os.getppid()) if workers else (folder, os.getpid())
    try:
        return shared_server(Path(meeting_place), user=user)
    except ServerMissing as exc:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"NOTHING IS TESTED ON POSTGRESQL: {exc}")


@pytest.fixture(scope="session")
def fresh_databases(postgres_server: Server) -> FreshDatabases:
    """The databases of this process."""
    return FreshDatabases(server=postgres_server, prefix=os.environ.get("PYTEST_XDIST_WORKER", "main") + "_")


@pytest.fixture
def untraced() -> Iterator[None]:
    """Pause coverage for a test that takes hundreds of thousands of steps. What runs meanwhile, other tests count."""
    with uncounted():
        yield
