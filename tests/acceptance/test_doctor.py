"""`shotcaller doctor`: what is wrong, where, and what to do about it; against the sandbox, as an operator would."""

import asyncio
import io
import re
import sqlite3

import pytest

from bot.clock import utc_now
from bot.doctor import examine
from bot.locale import words
from bot.lockfile import sole_user
from bot.settings import Settings
from bot.store.migrate import migrate
from bot.store.sqlite import SQLiteDatabase
from tests.acceptance.system import ON_FILE, SMALL, System

NOWHERE = "http://127.0.0.1:9"  # the port of the discard service, on which nothing listens


async def look(system: System, **changes: object) -> tuple[int, str]:
    """The doctor's exit code and report."""
    values = {
        name.lower(): value
        for name, value in system.environment(**{"monthly_budget_usd": 20, **changes}).items()
        if value
    }
    report = io.StringIO()
    code = await examine(Settings.load(env_file=None, **values), words(), out=report)
    return code, report.getvalue()


def lines(report: str, mark: str) -> list[str]:
    """The subjects of the findings with that mark."""
    return [line[2:].partition(": ")[0] for line in report.splitlines() if line.startswith(mark)]


async def test_a_healthy_bot_is_well(system: System) -> None:
    code, report = await look(system, operator_channel_id=system.id_of("channels", "general"))
    assert (code, lines(report, "✗")) == (0, [])
    assert lines(report, "✓")[:7] == ["settings", "spending", "data folder", "database", "kirin", "kling", "Discord"]
    assert re.search(r"All is well\. The \d lines marked ! are worth a look\.", report)
    settings = system.environment()
    for secret in ("DISCORD_TOKEN", "KIRIN_API_KEY", "KLING_API_KEY"):
        assert settings[secret] not in report


@ON_FILE
async def test_the_doctor_changes_nothing(system: System) -> None:
    await look(system)
    assert not (system.data / "shotcaller.db").exists()
    assert {request["method"] for request in await system.people.requests()} == {"GET"}


async def test_a_key_that_is_wrong_is_named_for_both_services(system: System) -> None:
    code, report = await look(system, kirin_api_key="no-such-key", kling_api_key="no-such-key")
    assert (code, lines(report, "✗")) == (1, ["kirin", "kling"])
    assert "Set KIRIN_API_KEY" in report
    assert "Set KLING_API_KEY" in report
    assert "no-such-key" not in report


async def test_a_service_without_a_key_is_no_trouble(system: System) -> None:
    code, report = await look(system, kling_api_key="")
    assert (code, "kling: has no key" in report) == (0, True)


async def test_a_service_that_does_not_answer_is_told_from_one_that_refuses(system: System) -> None:
    code, report = await look(system, kirin_base_url=NOWHERE, kling_base_url=NOWHERE)
    assert (code, lines(report, "✗")) == (1, ["kirin", "kling"])
    assert "KIRIN_BASE_URL and the network" in report
    assert "KLING_BASE_URL" in report


@pytest.mark.parametrize(
    ("kind", "words"),
    [("http_429", "too much to do"), ("http_500", "does not answer")],
)
async def test_trouble_of_a_service_is_in_words(system: System, kind: str, words: str) -> None:
    await system.people.fault("kirin", kind, count=9)
    _, report = await look(system)
    assert words in report


async def test_a_token_that_is_wrong_is_named(system: System) -> None:
    code, report = await look(system, discord_token="no-such-token")
    assert (code, lines(report, "✗")) == (1, ["Discord"])
    assert "Set DISCORD_TOKEN" in report


async def test_a_discord_that_cannot_be_reached_is_named(system: System) -> None:
    code, report = await look(system, discord_api_url=f"{NOWHERE}/api")
    assert (code, lines(report, "✗")) == (1, ["Discord"])
    assert "DISCORD_API_URL and the network" in report


async def test_what_a_channel_takes_away_is_named_with_the_channel(system: System) -> None:
    await system.people.permissions("general", deny=["attach_files"])
    code, report = await look(system)
    (line,) = [each for each in report.splitlines() if "#general" in each and each.startswith("!")]
    assert line.endswith("takes Attach Files away from the bot")
    assert code == 0


async def test_an_operators_channel_that_the_bot_may_not_write_in_is_trouble(system: System) -> None:
    await system.people.permissions("showcase", deny=["send_messages"])
    code, report = await look(system, operator_channel_id=system.id_of("channels", "showcase"))
    assert (code, lines(report, "✗")) == (1, ["operator"])
    assert "can't write in #showcase: it lacks Send Messages" in report


async def test_a_guild_in_which_no_channel_is_left_is_trouble(system: System) -> None:
    everything = ["view_channel", "send_messages", "embed_links", "attach_files", "read_message_history"]
    for channel in system.sandbox.discord.world.channels.values():
        if channel.guild_id is not None and not channel.is_thread:
            await system.people.permissions(channel.name or channel.id, deny=everything)
    code, report = await look(system)
    assert (code, lines(report, "✗")) == (1, ["server The Cutting Room"])
    assert "no channel in which" in report


async def test_what_the_role_lacks_is_named_with_a_way_to_invite_the_bot_again(system: System) -> None:
    for guild in system.sandbox.discord.world.guilds.values():
        for role in guild.roles.values():
            role.permissions &= ~(1 << 15)
    code, report = await look(system)
    assert code == 1
    assert "server The Cutting Room: the bot lacks Attach Files" in report
    assert "scope=bot+applications.commands" in report


async def test_a_bot_in_no_guild_is_told_how_to_get_into_one(system: System) -> None:
    for guild in system.sandbox.discord.world.guilds.values():
        guild.members.pop(system.sandbox.discord.world.bot.id)
    code, report = await look(system)
    assert (code, lines(report, "✗")) == (1, ["guilds"])
    assert "client_id=" in report
    assert "permissions=274878024704" in report


async def test_ids_in_the_settings_that_lead_nowhere_are_named(system: System) -> None:
    code, report = await look(system, discord_guild_ids="99", operator_channel_id="98")
    assert (code, lines(report, "✗")) == (1, ["server 99", "operator"])


@ON_FILE
async def test_a_locked_database_is_named(system: System) -> None:
    await _migrated(system)
    blocker = sqlite3.connect(system.data / "shotcaller.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    code, report = await look(system)
    blocker.close()
    assert (code, lines(report, "✗")) == (1, ["database"])
    assert "another program" in report


@ON_FILE
async def test_what_is_no_database_of_ours_is_named(system: System) -> None:
    await _migrated(system)
    file = sqlite3.connect(system.data / "shotcaller.db", isolation_level=None)
    file.execute("INSERT INTO schema_migrations VALUES (9999, 'later', '', 0)")
    file.close()
    code, report = await look(system)
    assert (code, "update the program" in report) == (1, True)
    await asyncio.to_thread((system.data / "shotcaller.db").unlink)


@ON_FILE
async def test_a_database_from_before_is_brought_up_to_date_by_the_next_start(system: System) -> None:
    system.data.mkdir()
    async with SQLiteDatabase(str(system.data / "shotcaller.db")):
        pass
    code, report = await look(system)
    assert (code, "migrations are missing" in report) == (0, True)
    await _migrated(system)


@ON_FILE
async def test_a_folder_that_cannot_be_written_is_named(system: System) -> None:
    (system.folder / "file").write_text("x")
    inside = system.folder / "file" / "data"
    code, report = await look(system, data_dir=inside, database_url=f"sqlite:///{inside}/x.db")
    assert (code, lines(report, "✗")) == (1, ["data folder", "database"])


@ON_FILE
async def test_a_bot_that_runs_is_no_trouble(system: System) -> None:
    await _migrated(system)
    with sole_user(str(system.data / "shotcaller.db")):
        code, report = await look(system, max_result_megabytes=10_000)
    assert (code, "a bot is running on it" in report) == (0, True)


async def test_dead_letters_are_listed_with_what_to_do(system: System) -> None:
    async with system.bot():
        await system.people.types("video create", **SMALL)
        await system.people.result()
        await system.rest()
    (job,) = system.database.jobs()
    letters = (("outcome_unknown", "console"), ("undeliverable", f"results/{job['id']}.mp4"))
    for letter, said in letters:
        system.database.change(f"UPDATE jobs SET dead_letter = '{letter}'")  # noqa: S608 (two names)
        code, report = await look(system)
        assert (code, lines(report, "!")[:1]) == (0, [f"job {job['id']}"])
        assert said in report
    system.database.change("UPDATE jobs SET dead_letter = NULL")


async def test_what_could_not_be_posted_is_counted_with_its_reason(system: System) -> None:
    async with system.bot():
        pass
    change = system.database.change
    add = "INSERT INTO outbox (kind, subject_id, created_at, due_at, given_up) VALUES"
    change(f"{add} ('audit', 'a', 1, NULL, 'discord_50001'), ('audit', 'b', 1, NULL, 'discord_50001')")
    change(f"{add} ('feedback', 'n', 1, 4102444800000, NULL), ('case', 'r', 1, 4102444800000, NULL)")
    change(
        "INSERT INTO cases (id, kind, guild_id, channel_id, user_id, body, created_at) "
        "VALUES ('r', 'report', 7, 0, 1, '{}', 86400000)"
    )
    code, report = await look(system)
    assert (code, lines(report, "!")[:3]) == (0, ["reports", "feedback", "outbox"])
    assert "nobody could be shown 1, the oldest from 1970-01-02" in report
    assert "2 of kind “audit” given up within a month: discord_50001" in report


async def _migrated(system: System) -> None:
    async with SQLiteDatabase(str(system.data / "shotcaller.db")) as database:
        await migrate(database, now=utc_now())
