"""Imports point one way: the contracts in `pyproject.toml` hold, and each of them finds what breaks it."""

import copy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import grimp
import pytest
from importlinter.api import read_configuration
from importlinter.contracts.acyclic_siblings import AcyclicSiblingsContract
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.layers import LayersContract
from importlinter.contracts.protected import ProtectedContract

ROOT = Path(__file__).parents[1]
PROJECT = ROOT / "pyproject.toml"
CONFIGURATION = read_configuration(str(PROJECT))
CONTRACTS: dict[str, dict[str, Any]] = {each["id"]: each for each in CONFIGURATION["contracts_options"]}
TYPES = {
    each.type_name: each for each in (AcyclicSiblingsContract, ForbiddenContract, LayersContract, ProtectedContract)
}
PACKAGES = CONFIGURATION["session_options"]["root_packages"]

# What of others a package may import beside the standard library: a contract can't name all that is forbidden.
OTHERS = {
    "bot.errors": set(),
    "bot.domain": {"pydantic"},
    "bot.store": {"aiosqlite", "asyncpg"},
    "bot.provider": {"aiohttp", "certifi", "httpx", "jwt", "pydantic", "yarl"},
}


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    first, *others = PACKAGES
    return grimp.build_graph(first, *others, include_external_packages=True, cache_dir=None)


def holds(contract_id: str, graph: grimp.ImportGraph) -> bool:
    options = CONTRACTS[contract_id]
    contract = TYPES[options["type"]](options["name"], CONFIGURATION["session_options"], options)
    return contract.check(copy.deepcopy(graph), verbose=False).kept


@pytest.mark.parametrize("contract_id", CONTRACTS)
def test_a_contract_holds(contract_id: str, graph: grimp.ImportGraph) -> None:
    assert holds(contract_id, graph), "run `lint-imports`: it says which import is in the way"


BREACHES = [
    ("layers", "bot.domain.job", "bot.store.database"),
    ("layers", "bot.domain.job", "bot.service.services"),
    ("layers", "bot.errors", "bot.domain.job"),
    ("layers", "bot.errors", "bot.service.jobs.videos"),
    ("layers", "bot.locale", "bot.domain.job"),
    ("layers", "bot.provider.kirin", "bot.store.jobs.jobs"),
    ("layers", "bot.store.database", "bot.provider.base"),
    ("layers", "bot.store.database", "bot.settings"),
    ("layers", "bot.service.jobs.worker", "bot.client"),
    ("layers", "bot.service.jobs.worker", "bot.web.health"),
    ("layers", "bot.client", "cogs.video.create"),
    ("layers", "bot.app", "bot.demo.play"),
    ("store", "bot.store.money.grants", "bot.store.jobs.jobs"),
    ("store", "bot.store.member.library", "bot.store.privacy.export"),
    ("service", "bot.service.ports", "bot.service.jobs.worker"),
    ("service", "bot.service.member.library", "bot.service.admin.usage"),
    ("cogs", "cogs.ui.text", "cogs.request.build"),
    ("cogs", "cogs.library.gallery", "cogs.presets.use"),
    ("sandbox", "sandbox.faults", "sandbox.server"),
    ("sandbox", "sandbox.providers", "sandbox.discord.world"),
    ("sandbox-discord", "sandbox.discord.world", "sandbox.discord.permissions"),
    ("circles", "bot.domain.request", "bot.domain.capability"),
    ("circles", "bot.service.jobs.cards", "bot.service.jobs.worker"),
    ("sandbox-apart", "sandbox.faults", "bot.errors"),
    ("sandbox-apart", "sandbox.discord.world", "discord"),
    ("sandbox-users", "bot.app", "sandbox.server"),
    ("sandbox-users", "bot.doctor", "sandbox"),
    ("store-users", "cogs.video.create", "bot.store.jobs.jobs"),
    ("store-users", "bot.web.health", "bot.store.database"),
    ("provider-users", "cogs.video.create", "bot.provider.base"),
    ("provider-users", "bot.web.health", "bot.provider.kirin"),
    ("settings-users", "cogs.video.create", "bot.settings"),
    ("settings-users", "bot.provider.kirin", "bot.settings.models"),
    ("locale-users", "bot.service.jobs.worker", "bot.locale"),
    ("locale-users", "bot.operate", "bot.locale"),
    ("cogs-users", "bot.doctor", "cogs.video.create"),
    ("sql", "bot.service.jobs.worker", "sqlite3"),
    ("sql", "bot.doctor.local", "aiosqlite"),
    ("postgres", "bot.store.jobs.jobs", "asyncpg"),
    ("metrics", "bot.service.measures", "prometheus_client"),
    ("traces", "bot.service.traces", "opentelemetry"),
    ("http", "bot.service.jobs.worker", "httpx"),
    ("discord", "bot.service.jobs.worker", "discord"),
    ("discord", "bot.settings", "discord"),
]


@pytest.mark.parametrize(("contract_id", "importer", "imported"), BREACHES)
def test_an_import_that_points_the_wrong_way_is_found(
    contract_id: str, importer: str, imported: str, graph: grimp.ImportGraph
) -> None:
    assert {importer, imported} <= graph.modules
    breached = copy.deepcopy(graph)
    breached.add_import(importer=importer, imported=imported)
    assert not holds(contract_id, breached)


def test_every_contract_is_tried_with_a_breach() -> None:
    assert {contract_id for contract_id, *_ in BREACHES} == set(CONTRACTS)


def test_make_check_fails_on_a_breach_and_names_it(tmp_path: Path) -> None:
    for package in PACKAGES:
        for source in (ROOT / package).rglob("*.py"):
            copied = tmp_path / source.relative_to(ROOT)
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copied)
    shutil.copy(PROJECT, tmp_path)
    with (tmp_path / "bot" / "domain" / "job.py").open("a", encoding="utf-8") as job:
        job.write("\n\ndef breach() -> None:\n    from bot.store import database\n")
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    done = subprocess.run(  # noqa: S603 - the linter of this environment
        command, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "The layers BROKEN" in done.stdout
    assert "bot.domain.job -> bot.store.database" in done.stdout


def test_the_modules_of_a_package_take_from_each_other_not_from_their_front_door(graph: grimp.ImportGraph) -> None:
    inside = [(module, module.rpartition(".")[0]) for module in graph.modules if module.count(".") > 1]
    found = [pair for pair in inside if graph.direct_import_exists(importer=pair[0], imported=pair[1])]
    assert found == []


@pytest.mark.parametrize("package", OTHERS)
def test_a_package_imports_only_the_libraries_it_may(package: str, graph: grimp.ImportGraph) -> None:
    modules = {package} | graph.find_descendants(package)
    imported = {name for module in modules for name in graph.find_modules_directly_imported_by(module)}
    assert {name.split(".")[0] for name in imported} <= {*PACKAGES, *sys.stdlib_module_names, *OTHERS[package]}
