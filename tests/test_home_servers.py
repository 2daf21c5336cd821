"""The templates for home servers start what `compose.yaml` does, within the same limits, and set settings of ours."""

import re
import tomllib
from collections.abc import Mapping
from typing import Any, Final
from xml.etree import ElementTree as ET  # our own file

import pytest
import yaml

from bot.settings import Settings
from tests.locks import PROJECT, ROOT

COMPOSE: Final[Mapping[str, Any]] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
CASAOS: Final[Mapping[str, Any]] = yaml.safe_load(
    (ROOT / "deploy" / "casaos" / "docker-compose.yml").read_text("utf-8")
)
UNRAID: Final = ET.parse(ROOT / "deploy" / "unraid" / "shotcaller.xml").getroot()  # noqa: S314 - likewise

IMAGE: Final = re.sub(r"\$\{SHOTCALLER_IMAGE:-(\S+)\}", r"\1", COMPOSE["services"]["shotcaller"]["image"])
OF_A_CHECKOUT: Final = {"build", "env_file", "image", "environment", "container_name"}
FILLED_IN: Final = {"DISCORD_TOKEN", "MONTHLY_BUDGET_USD", "KIRIN_API_KEY", "KLING_API_KEY"}


def entries(kind: str) -> dict[str, ET.Element]:
    return {each.attrib["Target"]: each for each in UNRAID.iter("Config") if each.attrib["Type"] == kind}


def rest(service: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in service.items() if name not in OF_A_CHECKOUT}


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_casaos_starts_the_services_of_the_compose_file(name: str) -> None:
    ours, theirs = COMPOSE["services"][name], CASAOS["services"][name]
    assert rest(theirs) == rest(ours)
    assert theirs["image"] == IMAGE
    assert ours["environment"].items() <= theirs["environment"].items()
    assert theirs["environment"].keys() >= FILLED_IN


def test_casaos_has_the_volumes_and_nothing_besides() -> None:
    assert CASAOS["services"].keys() == COMPOSE["services"].keys()
    assert CASAOS["volumes"] == COMPOSE["volumes"]


def test_casaos_is_told_what_the_program_is() -> None:
    about = CASAOS["x-casaos"]
    assert about["main"] in CASAOS["services"]
    assert isinstance(about["port_map"], str)
    assert re.fullmatch(r"[\w-]+(\.[\w-]+)+", about["id"])
    assert about["version"] == tomllib.loads((ROOT / PROJECT).read_text("utf-8"))["project"]["version"]
    for text in ("title", "tagline", "description"):
        assert about[text].keys() == {"en_US", "zh_CN"}


def test_unraid_runs_the_image_without_rights_and_within_the_limits() -> None:
    service = COMPOSE["services"]["shotcaller"]
    assert (UNRAID.findtext("Repository"), UNRAID.findtext("Privileged")) == (IMAGE, "false")
    options = [
        "user 99:100",  # whose the folders are that Unraid makes
        "read-only",
        f"tmpfs {service['tmpfs']}",
        f"cap-drop {service['cap_drop'][0]}",
        f"security-opt {service['security_opt'][0]}",
        f"memory {service['mem_limit']}",
        f"pids-limit {service['pids_limit']}",
        "init",
        f"stop-timeout {service['stop_grace_period'].rstrip('s')}",
        f"restart {service['restart']}",
    ]
    assert UNRAID.findtext("ExtraParams") == " ".join(f"--{option}" for option in options)


def test_unraid_has_the_folders_and_the_container_s_own_places() -> None:
    service = COMPOSE["services"]["shotcaller"]
    assert set(entries("Path")) == {volume.partition(":")[2] for volume in service["volumes"]}
    assert all((each.text or "").startswith("/mnt/user/appdata/shotcaller/") for each in entries("Path").values())
    told = {name: each.text for name, each in entries("Variable").items()}
    assert service["environment"].items() <= told.items()


def test_unraid_asks_for_what_has_to_be_filled_in_and_hides_secrets() -> None:
    variables = entries("Variable")
    assert variables.keys() >= FILLED_IN
    for name, each in variables.items():
        assert (each.attrib["Mask"] == "true") is bool(re.search("TOKEN|KEY", name)), name
        assert (each.text or "") == each.attrib["Default"], name


@pytest.mark.parametrize(
    "told",
    [
        {name: each.text or "" for name, each in entries("Variable").items()},
        CASAOS["services"]["shotcaller"]["environment"],
    ],
)
def test_filled_in_it_is_what_the_bot_takes(told: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert {name.lower() for name in told} <= set(Settings.model_fields)
    filled = {"DISCORD_TOKEN": "t", "KLING_API_KEY": "k", "MONTHLY_BUDGET_USD": "50"}
    for name, value in {**told, **filled}.items():
        monkeypatch.setenv(name, value)
    settings = Settings.load(env_file=None)
    assert (str(settings.data_dir), str(settings.backups_dir), settings.health_port) == ("/data", "/backups", 8080)
    assert (settings.kirin_api_key, settings.operator_channel_id) == (None, None)
