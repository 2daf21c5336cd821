"""A process without the gateway: all that is posted, found, edited and taken away goes by REST alone."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock

import discord
import pytest

from bot.clock import utc_now
from bot.discord_answers import DiscordClock, trace_answers
from bot.domain import (
    EVERYWHERE,
    AuditEntry,
    Case,
    CaseKind,
    CaseState,
    Destination,
    Failure,
    Job,
    JobStatus,
    Note,
    Notify,
)
from bot.domain.sharing import Process, Role
from bot.errors import DestinationBusy, DestinationLost
from bot.locale import words
from bot.service.jobs.copies import Copy, CopyKind
from bot.service.ports import Alert, Card, NotPosted, Phase, Posted, Result, Trouble
from bot.sharded_client import new_client
from cogs.adapters.notifier import DiscordNotifier
from cogs.adapters.places import Audience, Places
from cogs.adapters.reposter import DiscordResultPoster, check_audience
from cogs.adapters.staff_channel import DiscordStaff
from cogs.ui.translator import in_every_language
from tests.jobs import job
from tests.sandbox.library_client import LibraryClient, opened

WORKER = Process(id="f" * 16, role=Role.WORKER)


class Posting:
    """A worker's client that is logged in, and everything that posts with it."""

    def __init__(self, library_client: LibraryClient, file: Path) -> None:
        self.library_client, self.file, self.clock = library_client, file, DiscordClock()
        described = library_client.sandbox.describe()["discord"]
        self.channels = {name: int(each) for name, each in described["channels"].items()}
        self.users = {name: int(each) for name, each in described["users"].items()}
        self.guild = int(described["guild_id"])
        self.client = new_client(
            WORKER,
            guild_ids=(),
            trace=trace_answers(self.clock, api=described["api"]),
            explain=AsyncMock(),
            translate=in_every_language,
        )
        answers: Any = AsyncMock()
        answers.replace.return_value = False  # there is none any more
        self.notifier = DiscordNotifier(
            self.client,
            answers=answers,
            notify_of=AsyncMock(return_value=Notify.DM),
            models={},
            moment=self.clock,
            operator_channel_id=self.channels["rushes"],
        )
        self.poster = DiscordResultPoster(self.client, models={})
        self.language = AsyncMock(return_value=None)
        self.staff = DiscordStaff(self.client, language_of=self.language)

    def job(self, channel: str = "general", **changes: Any) -> Job:
        place = Destination(guild_id=self.guild, channel_id=self.channels[channel], upload_limit=10_000_000)
        now = utc_now()
        made = {"destination": place, "user_id": self.users["ana"], "created_at": now, "posting_at": now, **changes}
        return job(**made)

    def result(self, job: Job) -> Result:
        media: Any = SimpleNamespace(size=self.file.stat().st_size)
        return Result(job=replace(job, status=JobStatus.SUCCEEDED), file=self.file, media=media)

    def messages(self, channel: str) -> dict[int, Any]:
        """What everybody sees in a channel."""
        place = self.library_client.sandbox.discord.world.channels[str(self.channels[channel])]
        return {int(key): message.data for key, message in place.messages.items()}

    def written_to(self, user: str) -> list[str]:
        """What the bot has written to somebody."""
        world = self.library_client.sandbox.discord.world
        channel = world.direct_channel(world.users[str(self.users[user])])
        return [message.data["content"] for message in channel.messages.values()]

    def asked(self, path: str) -> int:
        """How often Discord was asked for this."""
        return sum(each.path == path for each in self.library_client.sandbox.discord.requests)


@pytest.fixture
async def posting(tmp_path: Path) -> AsyncIterator[Posting]:
    file = tmp_path / "video.mp4"
    file.write_bytes(b"a video")
    async with opened(None) as library_client:
        posting = Posting(library_client, file)
        async with posting.client:
            await posting.client.login(library_client.sandbox.discord.world.token)
            yield posting
        assert library_client.sandbox.discord.gateway.sessions == {}


async def test_a_card_is_posted_edited_found_and_taken_away(posting: Posting) -> None:
    waiting = posting.job()
    posted = await posting.notifier.post_card(Card(job=waiting, phase=Phase.WAITING, position=1))
    assert posted is not None
    assert await posting.notifier.find_card(waiting) == posted
    shown = replace(waiting, card_channel_id=posted.channel_id, card_message_id=posted.message_id)
    before = posting.messages("general")[posted.message_id]["embeds"]
    await posting.notifier.edit_card(
        Card(job=replace(shown, status=JobStatus.FAILED, failure=Failure.DEADLINE), phase=Phase.FAILED)
    )
    after = posting.messages("general")[posted.message_id]
    assert after["embeds"] != before
    assert after["components"] != []
    await posting.notifier.take_back(shown, posted)
    assert posted.message_id not in posting.messages("general")


async def test_a_result_is_posted_found_and_deleted(posting: Posting) -> None:
    made = posting.job()
    assert await posting.notifier.find_result(made) == NotPosted()
    posted = await posting.notifier.post_result(posting.result(made))
    message = posting.messages("general")[posted.message_id]
    assert [len(message["attachments"]), len(message["mentions"])] == [1, 1]
    assert message["components"] != []
    assert await posting.notifier.find_result(made) == posted
    known = replace(made, message_channel_id=posted.channel_id, message_id=posted.message_id)
    assert await posting.poster.attachment_url(known) == message["attachments"][0]["url"]
    assert await posting.poster.delete_result(known, channel_id=posted.channel_id, message_id=posted.message_id)
    assert posting.messages("general") == {}


async def test_a_person_is_written_to(posting: Posting) -> None:
    made = posting.job()
    direct = await posting.notifier.send_directly(posting.result(made))
    assert await posting.notifier.find_result(replace(made, posting_directly=True)) == direct
    await posting.notifier.tell_requester(
        Card(job=replace(made, status=JobStatus.FAILED, failure=Failure.DEADLINE), phase=Phase.FAILED)
    )
    case = Case(
        id="m",
        kind=CaseKind.MORE,
        guild_id=posting.guild,
        channel_id=0,
        user_id=made.user_id,
        created_at=utc_now(),
        state=CaseState.APPROVED,
        body={"credits": 5, "locale": "en-US"},
    )
    assert await posting.notifier.find_decision(case, since=case.created_at) == NotPosted()
    await posting.notifier.tell_decision(case)
    assert isinstance(await posting.notifier.find_decision(case, since=case.created_at), Posted)
    assert len(posting.written_to("ana")) == 3
    assert "The Cutting Room" in posting.written_to("ana")[-1]
    assert any(f"<@{made.user_id}>" in each["content"] for each in posting.messages("general").values())


async def test_an_author_is_told_directly_that_a_moderator_has_deleted_their_video(posting: Posting) -> None:
    await posting.poster.tell_removed(posting.job())
    (told,) = posting.written_to("ana")
    assert "A moderator of **The Cutting Room** deleted the video you made <t:" in told
    assert isinstance(await posting.poster.find_removed(posting.job(), since=utc_now()), Posted)


def _ended(posting: Posting) -> Card:
    failed = posting.job(status=JobStatus.FAILED, failure=Failure.DEADLINE, telling_at=utc_now())
    return Card(job=failed, phase=Phase.FAILED)


async def test_who_was_told_directly_is_not_told_again_in_a_channel_that_is_open_by_then(posting: Posting) -> None:
    card = _ended(posting)
    private = replace(card, job=replace(card.job, destination=replace(card.job.destination, private=True)))
    await posting.notifier.tell_requester(private)  # as when their channel is closed
    await posting.notifier.tell_requester(replace(card, repeated=True))
    assert (len(posting.written_to("ana")), posting.messages("general")) == (1, {})


async def test_who_may_have_been_told_and_was_not_is_told_in_the_channel(posting: Posting) -> None:
    await posting.notifier.tell_requester(replace(_ended(posting), repeated=True))
    assert len(posting.messages("general")) == 1


async def test_a_repeat_does_not_need_its_persons_direct_messages(posting: Posting) -> None:
    card = _ended(posting)
    nobody = replace(card, job=replace(card.job, user_id=1), repeated=True)
    await posting.notifier.tell_requester(nobody)
    assert len(posting.messages("general")) == 1


async def test_a_decision_of_a_guild_that_is_gone_is_told_without_its_name(posting: Posting) -> None:
    case = Case(
        id="m",
        kind=CaseKind.MORE,
        guild_id=1,
        channel_id=0,
        user_id=posting.users["ana"],
        created_at=utc_now(),
        state=CaseState.DENIED,
        body={"credits": 5, "locale": "en-US"},
    )
    await posting.notifier.tell_decision(case)
    assert "?" in posting.written_to("ana")[-1]


@pytest.mark.parametrize(("locale", "said"), [("zh-CN", "给了你 **5 点额度**"), (None, "gave you **5 credits**")])
async def test_who_is_given_credits_is_told_in_their_language_and_found_to_be(
    posting: Posting, locale: str | None, said: str
) -> None:
    detail, since = {"member": posting.users["ana"], "credits": 5}, utc_now()
    entry = AuditEntry(id="7", guild_id=posting.guild, actor_id=2, action="granted", at=since, detail=detail)
    assert await posting.notifier.find_grant(entry, locale=locale, since=since) == NotPosted()
    await posting.notifier.tell_grant(entry, locale=locale)
    assert said in posting.written_to("ana")[-1]
    assert isinstance(await posting.notifier.find_grant(entry, locale=locale, since=since), Posted)


async def test_a_server_whose_channel_was_told_is_found_to_be_also_where_direct_messages_cannot_be_read(
    posting: Posting,
) -> None:
    client, since = posting.library_client, utc_now()
    await client.post("roles", name="Shotcaller", permissions=["view_audit_log", "view_channel", "send_messages"])
    await client.post("settings", bot_present=False)
    await client.post("settings", bot_present=True, by="admin")
    await client.post("settings", user="admin", dms_open=False)
    place = {"guild_id": posting.guild, "channel_id": posting.channels["general"]}
    await posting.staff.welcome(**place)
    assert len(posting.messages("general")) == 1
    before = len(client.sandbox.discord.requests)
    assert isinstance(await posting.staff.find_welcome(**place, since=since), Posted)
    asked = len(client.sandbox.discord.requests) - before  # the last two: what was said directly, and in the channel
    await client.post("faults", target="discord", kind="missing_permissions", on=["rest"], after=asked - 2)
    assert isinstance(await posting.staff.find_welcome(**place, since=since), Posted)
    assert client.sandbox.discord.faults.waiting == []


async def test_the_operator_is_alerted(posting: Posting) -> None:
    alert, since = Alert(trouble=Trouble.BUDGET, subject="80 %", key="budget-1"), utc_now()
    assert await posting.notifier.find_alert(alert, since=since) == NotPosted()
    await posting.notifier.alert(alert)
    (message_id,) = posting.messages("rushes")
    found = Posted(channel_id=posting.channels["rushes"], message_id=message_id)
    assert await posting.notifier.find_alert(alert, since=since) == found


async def test_where_the_operator_has_no_channel_the_log_alone_has_an_alert(posting: Posting) -> None:
    answers: Any = AsyncMock()
    notifier = DiscordNotifier(posting.client, answers=answers, notify_of=AsyncMock(), models={}, moment=posting.clock)
    alert, asked = Alert(trouble=Trouble.BUDGET, subject="80 %", key="budget-1"), utc_now()
    await notifier.alert(alert)
    assert await notifier.find_alert(alert, since=asked) == NotPosted()
    assert posting.messages("rushes") == {}


async def test_cases_are_asked_in_the_guilds_language_found_and_decided(posting: Posting) -> None:
    await posting.library_client.post("settings", locale="zh-CN")
    made, since = posting.job(), utc_now()
    case = Case(
        id=f"result-{made.id}",
        kind=CaseKind.RESULT,
        guild_id=posting.guild,
        channel_id=posting.channels["showcase"],
        user_id=made.user_id,
        job_id=made.id,
        created_at=since,
        body={"why": {"approval": []}},
    )
    posted = await posting.staff.post_case(case, job=made, video=posting.result(made))
    message = posting.messages("showcase")[posted.message_id]
    assert "审" in str(message)
    assert message["components"] != []
    assert await posting.staff.find_case(case, since=since) == posted
    decided = replace(case, state=CaseState.APPROVED, decided_by=posting.users["admin"], decided_at=utc_now())
    await posting.staff.edit_case(decided, message_id=posted.message_id, job=made)
    assert posting.messages("showcase")[posted.message_id]["components"] == []
    entry = AuditEntry(id="a", guild_id=posting.guild, actor_id=posting.users["admin"], action="pause", at=since)
    channel_id = posting.channels["showcase"]
    assert await posting.staff.find_entry(entry, channel_id=channel_id, since=since) == NotPosted()
    await posting.staff.tell(entry, channel_id=channel_id)
    found = Posted(channel_id=channel_id, message_id=max(posting.messages("showcase")))
    assert await posting.staff.find_entry(entry, channel_id=channel_id, since=since) == found
    assert posting.asked(f"/guilds/{posting.guild}") == 1


async def test_what_admins_have_decided_outranks_a_guilds_language_at_discord(posting: Posting) -> None:
    entry = AuditEntry(id="a", guild_id=posting.guild, actor_id=2, action="resumed", at=utc_now())
    posting.language.return_value = "es-ES"
    await posting.staff.tell(entry, channel_id=posting.channels["showcase"])
    (said,) = posting.messages("showcase").values()
    assert words("es-ES")("audit.resumed", actor="<@2>") == said["content"]


async def test_a_guild_that_the_bot_is_not_in_is_written_to_in_english(posting: Posting) -> None:
    entry = AuditEntry(id="a", guild_id=1, actor_id=2, action="pause", at=utc_now())
    await posting.staff.tell(entry, channel_id=posting.channels["showcase"])
    assert len(posting.messages("showcase")) == 1


async def test_notes_reach_the_operator(posting: Posting) -> None:
    since, note = utc_now(), Note(key="n", user_id=1, guild_id=None, text="well done")
    (place,) = [each async for each in posting.staff.operator_places()]
    posted = await posting.staff.post_note(note, channel_id=place)
    assert await posting.staff.find_note("n", channel_id=place, since=since) == posted
    await posting.staff.delete_note(channel_id=place, message_id=posted.message_id)
    assert posting.written_to("owner") == []


async def test_a_copy_is_posted_in_the_gallery_found_and_taken_away(posting: Posting) -> None:
    made, since = posting.job(), utc_now()
    copy = Copy(
        kind=CopyKind.GALLERY,
        user_id=made.user_id,
        locale="en-US",
        nonce="copy",
        limit=10_000_000,
        guild_id=posting.guild,
        channel_id=posting.channels["showcase"],
    )
    posted = await posting.poster.post_copy(posting.result(made), copy, stars=3)
    place: dict[str, Any] = {"channel_id": posted.channel_id, "guild_id": posting.guild}
    assert await posting.poster.find_copy(made, **place, since=since) == posted
    await posting.poster.take_away(made, channel_id=posted.channel_id, message_id=posted.message_id)
    assert await posting.poster.find_copy(made, **place, since=since) == NotPosted()
    adult = posting.result(posting.job("nsfw"))
    with pytest.raises(DestinationLost, match="age_restricted"):
        await posting.poster.post_copy(adult, replace(copy, nonce="adult"), stars=3)
    direct = await posting.poster.post_copy(posting.result(made), replace(copy, kind=CopyKind.DIRECT, channel_id=None))
    assert isinstance(direct, Posted)


async def test_only_the_bots_owner_is_it(posting: Posting) -> None:
    assert await posting.client.is_owner(discord.Object(posting.users["owner"]))
    assert not await posting.client.is_owner(discord.Object(posting.users["ana"]))


async def hide(posting: Posting, channel: str) -> None:
    """Hide a channel from everybody but the bot."""
    await posting.library_client.post("permissions", channel=channel, role="@everyone", deny=["VIEW_CHANNEL"])
    await posting.library_client.post("permissions", channel=channel, allow=["VIEW_CHANNEL"])


async def thread(posting: Posting, channel: str, *, kind: int) -> int:
    parent = posting.client.get_partial_messageable(posting.channels[channel])
    made: dict[str, Any] = await posting.client.http.request(
        discord.http.Route("POST", "/channels/{channel_id}/threads", channel_id=parent.id),
        json={"name": "talk", "type": kind},
    )
    return int(made["id"])


@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [
        ("general", "showcase", None),
        ("general", "nsfw", None),
        ("general", "rushes", None),
        ("rushes", "rushes", None),
        ("nsfw", "nsfw", None),
        ("nsfw", "general", "age_restricted"),
        ("rushes", "general", "not_for_everybody"),
        ("public thread", "general", None),
        ("private thread", "general", "not_for_everybody"),
        ("private thread", "rushes", None),
        ("adult thread", "general", "age_restricted"),
        ("hidden thread", "general", "not_for_everybody"),
        ("hidden", "general", "discord_50001"),
        ("gone", "general", "discord_10003"),
        ("dm", "general", "no_channel_of_a_guild"),
    ],
)
async def test_nothing_is_copied_to_more_people_than_saw_it(
    posting: Posting, source: str, target: str, reason: str | None
) -> None:
    await hide(posting, "rushes")
    places = {**posting.channels, "gone": 1}
    made: dict[str, Callable[[], Any]] = {
        "public thread": lambda: thread(posting, "general", kind=11),
        "private thread": lambda: thread(posting, "general", kind=12),
        "adult thread": lambda: thread(posting, "nsfw", kind=11),
        "hidden thread": lambda: thread(posting, "rushes", kind=11),
    }
    if source in made:
        places[source] = await made[source]()
    if source == "dm":
        places[source] = (await posting.client.create_dm(discord.Object(posting.users["ana"]))).id
        posting.client._connection.clear()  # noqa: SLF001 (a process that has not written to them)
    found = None
    try:
        await check_audience(Places(posting.client), source_id=places[source], target_id=places[target])
    except DestinationLost as lost:
        found = lost.reason
    assert found == reason


async def test_administrators_of_everybody_see_everything(posting: Posting) -> None:
    await hide(posting, "rushes")
    await posting.library_client.post("roles", name="@everyone", permissions=["ADMINISTRATOR"])
    assert (await Places(posting.client).audience(posting.channels["rushes"])).everybody


async def test_who_sees_a_channel_is_believed_for_seconds_only(posting: Posting) -> None:
    now = [0.0]
    places, general = Places(posting.client, clock=lambda: now[0]), posting.channels["general"]
    open_to_all = Audience(everybody=True, adults=False)
    assert await places.audience(general) == open_to_all
    await hide(posting, "general")
    assert await places.audience(general) == open_to_all
    assert posting.asked(f"/channels/{general}") == 1
    now[0] = 11
    assert not (await places.audience(general)).everybody
    assert (posting.asked(f"/channels/{general}"), posting.asked(f"/guilds/{posting.guild}")) == (2, 2)


async def test_few_answers_are_remembered(posting: Posting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cogs.adapters.places.MOST", 2)
    places = Places(posting.client)
    for name in ("general", "showcase", "nsfw", "showcase", "general"):
        await places.audience(posting.channels[name])
    assert posting.asked(f"/channels/{posting.channels['general']}") == 2


async def test_a_discord_that_does_not_say_is_asked_later(posting: Posting) -> None:
    await posting.library_client.post("faults", target="discord", kind="reset", on=["rest"], count=5)
    with pytest.raises(DestinationBusy):
        await Places(posting.client).audience(posting.channels["general"])


async def test_an_unknown_kind_of_channel_takes_no_copies(posting: Posting) -> None:
    world = posting.library_client.sandbox.discord.world
    world.channels[str(posting.channels["general"])].type = 99
    with pytest.raises(DestinationLost, match="no_channel"):
        await Places(posting.client).audience(posting.channels["general"])


async def test_who_runs_the_bot_or_a_guild_is_asked_of_discord_each_time(posting: Posting) -> None:
    world, runs = posting.library_client.sandbox.discord.world, posting.staff.runs
    owner, admin, ana = (posting.users[name] for name in ("owner", "admin", "ana"))
    assert [await runs(each, guild_id=EVERYWHERE) for each in (owner, admin, ana)] == [True, False, False]
    assert [await runs(each, guild_id=posting.guild) for each in (owner, admin, ana)] == [True, True, False]
    assert not await runs(owner, guild_id=1)
    assert not await runs(4711, guild_id=posting.guild)
    world.guild(str(posting.guild)).members[str(admin)].roles.clear()
    assert not await runs(admin, guild_id=posting.guild)
