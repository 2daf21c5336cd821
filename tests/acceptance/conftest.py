"""What the acceptance tests stand on: a sandbox with people in it, in which the real bot is started."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from sandbox.discord.openapi import Document
from sandbox.server import FIRST_ANSWER_VARIABLE, OPENAPI_VARIABLE, Sandbox

pytest.register_assert_rewrite(*(f"tests.acceptance.{name}" for name in ("outcomes", "people", "system")))

from tests.acceptance.choice import KINDS, is_about_one, runs  # noqa: E402 - likewise
from tests.acceptance.database import BotDatabase, FileDatabase, ServerDatabase  # noqa: E402 - likewise
from tests.acceptance.forks import warm_up  # noqa: E402 - their asserts explain themselves only if imported now
from tests.acceptance.people import People  # noqa: E402 - likewise
from tests.acceptance.system import System  # noqa: E402 - likewise
from tests.fresh_databases import FreshDatabases  # noqa: E402 - likewise
from tests.patience import FIRST_ANSWER, PATIENCE  # noqa: E402 - likewise

FPS = 4  # frames a second of the videos: nobody here looks at them


@pytest.fixture(scope="session")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where rendered videos stay: one folder for all test processes of a run."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "videos"


@pytest.fixture(scope="session")
def document() -> Document | None:
    """Discord's own document, where it is at hand; every request of the bot is then held against it."""
    named = os.environ.get(OPENAPI_VARIABLE, "")
    return Document.read(Path(named)) if named and Path(named).is_file() else None


@pytest.fixture(scope="session", autouse=True)
def _forking() -> None:
    """Have the process from which bots are forked that live in one of their own."""
    warm_up()


@pytest.fixture(autouse=True)
def _unhurried_demos(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the sandboxes of demos wait for a first answer as long as the tests' own."""
    monkeypatch.setenv(FIRST_ANSWER_VARIABLE, str(FIRST_ANSWER))


@pytest.fixture
def generate_seconds(request: pytest.FixtureRequest) -> float:
    """How long the providers work on a video; a test says otherwise by parametrizing this indirectly."""
    return float(getattr(request, "param", 0.4))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make every test one for each kind of database, unless it is about one of them."""
    if "database" in metafunc.fixturenames and not is_about_one(metafunc.definition):
        metafunc.parametrize("database", KINDS, indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave of the acceptance tests those that `--databases` asks for."""
    databases, here = config.getoption("databases"), Path(__file__).parent
    left_out = dict.fromkeys(item for item in items if here in item.path.parents and not runs(item, databases))
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[BotDatabase]:
    """The bot's database, of either kind; see `ON_FILE` and `ON_SERVER` for tests that are about one."""
    if request.param == "sqlite":
        yield FileDatabase(tmp_path / "data" / "shotcaller.db")
        return
    databases: FreshDatabases = request.getfixturevalue("fresh_databases")
    yield ServerDatabase(await databases.url(tmp_path))
    databases.let_go(tmp_path)


@pytest.fixture
async def system(
    tmp_path: Path, videos: Path, document: Document | None, generate_seconds: float, database: BotDatabase
) -> AsyncIterator[System]:
    """A sandbox and its people. Afterwards nothing may be wrong, unsettled or left behind."""
    before, children = asyncio.all_tasks(), _children()
    # Sessions begin at once: a bot that is started again would wait for its turn, and nothing here is about that.
    sandbox = Sandbox(
        generate_seconds=generate_seconds,
        cache_dir=videos,
        fps=FPS,
        openapi=document,
        environment={},
        identify_seconds=0,
        first_answer_seconds=FIRST_ANSWER,
    )
    async with sandbox, aiohttp.ClientSession() as client:
        people = People(client, sandbox.control)
        system = System(sandbox=sandbox, people=people, folder=tmp_path, client=client, database=database)
        yield system
        await system.check()
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    _, staying = await asyncio.wait(left, timeout=PATIENCE) if left else ((), ())
    assert [str(task.get_coro()) for task in staying] == []
    assert _children() <= children


def _children() -> set[str]:
    """The processes that this one has started, where the system tells."""
    found: set[str] = set()
    for file in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread may end while we look
            found.update(file.read_text().split())
    return found
