"""The files for containers: what they start is what our command line takes, and what they set is a setting of ours."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from bot.__main__ import _parser
from bot.domain.sharing import parse_shards
from bot.settings import WITHOUT_GATEWAY, Settings
from tests.locks import ROOT

ALONE: Final = ROOT / "compose.yaml"
MANY: Final = ROOT / "deploy" / "compose.scale.yaml"
PASSWORD: Final = "/run/secrets/database_password"
BOTS: Final = ("gateway-0", "gateway-1", "worker")


def read(file: Path) -> Mapping[str, Any]:
    described: Mapping[str, Any] = yaml.safe_load(file.read_text("utf-8"))
    return described


@pytest.fixture(scope="module")
def many() -> Mapping[str, Any]:
    return read(MANY)


def ours(file: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The services that run our image."""
    return ((name, each) for name, each in read(file)["services"].items() if "build" in each)


@pytest.mark.parametrize("file", [ALONE, MANY])
def test_every_command_is_one_of_ours(file: Path) -> None:
    for _, service in ours(file):
        assert _parser().parse_args(service.get("command", ["run"])).command


@pytest.mark.parametrize("file", [ALONE, MANY])
def test_every_variable_is_a_setting(file: Path) -> None:
    for _, service in ours(file):
        assert {name.lower() for name in service["environment"]} <= set(Settings.model_fields)


def test_the_image_is_built_here_unless_one_is_named() -> None:
    for _, service in ours(ALONE):
        assert re.fullmatch(r"\$\{SHOTCALLER_IMAGE:-localhost/\w+\}", service["image"])
        assert service["build"] == "."


@pytest.mark.parametrize("file", [ALONE, MANY])
def test_every_service_has_limits_and_says_whether_it_is_well(file: Path) -> None:
    for name, service in ours(file):
        assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
        assert 0 < service["pids_limit"] <= 256
        assert service["healthcheck"].get("test") or name == "migrate"  # which ends
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert service["security_opt"] == ["no-new-privileges:true"]


def test_one_of_many_processes_has_the_limits_and_the_health_check_of_one_alone(many: Mapping[str, Any]) -> None:
    alone = read(ALONE)["services"]
    bounds = ("mem_limit", "pids_limit", "healthcheck", "init", "read_only", "tmpfs", "cap_drop", "security_opt")
    for name in (*BOTS, "backup"):
        like = alone["backup" if name == "backup" else "shotcaller"]
        assert {each: many["services"][name][each] for each in bounds} == {each: like[each] for each in bounds}
    assert many["services"]["worker"]["environment"]["HEALTH_PORT"] == alone["shotcaller"]["environment"]["HEALTH_PORT"]


def test_the_server_has_limits_above_what_it_was_told_to_take(many: Mapping[str, Any]) -> None:
    server = many["services"]["postgres"]
    told = dict(each.split("=", 1) for each in server["command"][2::2])
    assert megabytes(server["mem_limit"]) >= 4 * megabytes(told["shared_buffers"].removesuffix("B").lower())
    assert server["pids_limit"] > 2 * int(told["max_connections"])  # each is a process


def megabytes(size: str) -> int:
    return int(size[:-1]) * {"m": 1, "g": 1024}[size[-1]]


def test_the_port_that_is_asked_is_the_one_that_answers() -> None:
    service = read(ALONE)["services"]["shotcaller"]
    assert f":{service['environment']['HEALTH_PORT']}/healthz" in service["healthcheck"]["test"][-1]


@pytest.mark.parametrize("file", [ALONE, MANY])
def test_what_it_names_is_there(file: Path) -> None:
    """Volumes and secrets by name, and files beside it; `.env` and the password are the operator's."""
    described = read(file)
    for service in described["services"].values():
        for place in (volume.partition(":")[0] for volume in service.get("volumes", [])):
            assert (file.parent / place).exists() if place.startswith(".") else place in described["volumes"]
        assert set(service.get("secrets", [])) <= set(described.get("secrets", {}))
        assert set(service.get("networks", [])) <= set(described.get("networks", {}))
        assert set(service.get("depends_on", {})) <= set(described["services"])
        if "build" in service:
            place = service["build"] if isinstance(service["build"], str) else service["build"]["context"]
            assert (file.parent / place / "Dockerfile").exists()
            assert (file.parent / service["env_file"]).resolve() == ROOT / ".env"


def test_images_of_others_are_pinned_to_a_major_version(many: Mapping[str, Any]) -> None:
    images = {each["image"] for each in many["services"].values() if "build" not in each}
    assert images
    assert all(re.fullmatch(r"[a-z]+:\d+(\.\d+)*-[a-z]+", image) for image in images)


def test_every_service_ends_writes_and_restarts_within_bounds(many: Mapping[str, Any]) -> None:
    for name, service in many["services"].items():
        assert service["logging"]["options"].keys() == {"max-size", "max-file"}
        assert service["restart"] == ("no" if name == "migrate" else "unless-stopped")
        assert "no-new-privileges:true" in service["security_opt"]
        assert name == "migrate" or service["healthcheck"]["test"]


def test_every_shard_has_one_gateway_and_workers_have_none(many: Mapping[str, Any]) -> None:
    shards = [_parser().parse_args(many["services"][name]["command"]).shards for name in BOTS]
    gateways = [parse_shards(each) for each in shards if each != WITHOUT_GATEWAY]
    (count,) = {each.count for each in gateways}
    assert sorted(number for each in gateways for number in each.numbers) == list(range(count))
    assert shards.count(WITHOUT_GATEWAY) == 1
    assert many["services"]["worker"]["deploy"] == {"replicas": 3}


def test_bots_start_when_the_schema_is_there(many: Mapping[str, Any]) -> None:
    for name in BOTS:
        needed = many["services"][name]["depends_on"]
        assert needed["migrate"] == {"condition": "service_completed_successfully"}
        assert needed["postgres"] == {"condition": "service_healthy"}


def test_the_server_has_room_for_every_connection_and_keeps_what_it_was_told(many: Mapping[str, Any]) -> None:
    services = many["services"]
    command = services["postgres"]["command"]
    told = dict(each.split("=", 1) for each in command[2::2])
    assert set(command[1::2]) == {"-c"}
    assert {told[name] for name in ("fsync", "synchronous_commit", "full_page_writes")} == {"on"}
    assert told["log_parameter_max_length"] == "0"  # prompts are parameters
    processes = sum(services[name].get("deploy", {}).get("replicas", 1) for name in BOTS)
    each = int(services["worker"]["environment"]["DATABASE_POOL"]) + 1
    assert 2 * processes * each < int(told["max_connections"])  # twice as many workers need no other server


def test_the_password_is_in_a_file_alone(many: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, service in many["services"].items():
        assert service["secrets"] == ["database_password"], name
        assert not any(re.search("PASSWORD$", variable) for variable in service["environment"])
    for variable, value in many["services"]["worker"]["environment"].items():
        monkeypatch.setenv(variable, value)
    settings = Settings.load(env_file=None, discord_token="t", kirin_api_key="k", monthly_budget_usd="none")
    assert settings.database_name == "shotcaller on postgres:5432"


def test_the_entrypoint_hands_over_the_password_and_the_command(many: Mapping[str, Any], tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("p w'$\n", "utf-8")
    python = program(tmp_path, "python", 'echo "$PGPASSWORD|$*"')
    entrypoint = [
        each.replace("$$", "$").replace(PASSWORD, str(secret)) for each in many["services"]["worker"]["entrypoint"]
    ]
    said = subprocess.run(  # noqa: S603 - ours
        [*entrypoint, "run", "--no-gateway"],
        env={"PATH": f"{python.parent}:{os.defpath}"},
        capture_output=True,
        check=True,
    )
    assert said.stdout == b"p w'$|-m bot run --no-gateway\n"


def program(folder: Path, name: str, text: str) -> Path:
    file = folder / "bin" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/sh\n{text}\n", "utf-8")
    file.chmod(0o700)
    return file


@pytest.mark.parametrize("file", [ALONE, MANY])
def test_a_backup_is_taken_every_day_into_a_volume_of_its_own(file: Path) -> None:
    service = read(file)["services"]["backup"]
    arguments = _parser().parse_args(service["command"])
    assert (arguments.daily, arguments.to) == (True, None)
    assert service["environment"]["BACKUP_DIR"] == "/backups"
    assert "backups:/backups" in service["volumes"]
    assert "find /backups -maxdepth 1 -name 'shotcaller-*' -mmin -1560" in service["healthcheck"]["test"][1]


def test_the_image_can_write_backups_and_has_a_stage_with_the_programs_of_the_server(many: Mapping[str, Any]) -> None:
    described = (ROOT / "Dockerfile").read_text("utf-8")
    assert "install -d -m 700 -o shotcaller /data /backups" in described
    stage = many["services"]["backup"]["build"]["target"]
    (programs,) = re.findall(rf"FROM bot AS {stage}\n.*?postgresql-client-(\d+)", described, re.DOTALL)
    (server,) = re.findall(r"^postgres:(\d+)", many["services"]["postgres"]["image"])
    assert int(programs) >= int(server)
    assert described.rstrip().endswith("FROM bot")  # what is built where no stage is named


@pytest.mark.parametrize("unit", ["shotcaller", "shotcaller-backup"])
def test_a_unit_begins_a_command_of_ours_where_little_is_in_reach(unit: str) -> None:
    text = (ROOT / "deploy" / f"{unit}.service").read_text("utf-8")
    (command,) = re.findall(r"^ExecStart=\S+/shotcaller (.+)$", text, re.MULTILINE)
    assert _parser().parse_args(command.split()).command
    for closed in ("NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=\n", "UMask=0077"):
        assert closed in text


def test_a_process_that_makes_videos_smaller_may_still_limit_itself() -> None:
    """What `bot.service.media.child` asks of the system is in the set of resources."""
    assert "~@resources" not in (ROOT / "deploy" / "shotcaller.service").read_text("utf-8")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed here")
@pytest.mark.parametrize("unit", ["shotcaller.service", "shotcaller-backup.service", "shotcaller-backup.timer"])
def test_systemd_takes_every_unit(unit: str, tmp_path: Path) -> None:
    """Its program and user are not on this machine, so others stand in for them."""
    for file in (ROOT / "deploy").glob("shotcaller*"):
        text = file.read_text("utf-8").replace("/opt/shotcaller/bin/shotcaller", sys.executable)
        (tmp_path / file.name).write_text(re.sub(r"(?m)^(User|Group)=.*$", r"\1=root", text), "utf-8")
    command = ["systemd-analyze", "verify", "--man=no", str(tmp_path / unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert [line for line in done.stderr.splitlines() if str(tmp_path) in line] == []
    assert done.returncode == 0


def test_the_timer_catches_up() -> None:
    assert "Persistent=yes" in (ROOT / "deploy" / "shotcaller-backup.timer").read_text("utf-8")
