"""What tests of several folders share: the throw-away PostgreSQL of a run, and a way not to count lines."""

import gc
import os
from collections.abc import Generator, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from bot.locale import name_models
from bot.settings.models import models
from tests.counting import UNCOUNTED, count_imports, uncounted
from tests.fresh_databases import FreshDatabases
from tests.order import dealt
from tests.postgres_server import Server, ServerMissing, shared_server

# How long examples take says something of the machine, on which others may be at work, and nothing of what is tested.
# Each run takes the same examples: what one finds another must find too. `--hypothesis-profile=default` takes new ones.
settings.register_profile("unhurried", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Count no lines while tests are collected, and look for no garbage then, nor ever among them: they stay."""
    gc.disable()
    try:
        count_imports()
        with uncounted():
            return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the tests into an order in which the run's processes, each given as many in a row, end at the same time."""
    items[:] = dealt(items, processes=getattr(config, "workerinput", {}).get("workercount", 1))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Count no lines where whole modules repeat what others do."""
    with uncounted() if item.nodeid.startswith(UNCOUNTED) else nullcontext():
        return (yield)


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
