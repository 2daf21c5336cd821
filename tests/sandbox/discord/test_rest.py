import io
from typing import Any

import aiohttp
import pytest

from sandbox.discord.permissions import EVERYONE, Permission
from tests.sandbox.conftest import Harness


@pytest.mark.parametrize("path", ["/users/@me", "/oauth2/applications/@me", "/applications/@me", "/users/@me/guilds"])
async def test_a_bot_finds_out_who_it_is(harness: Harness, path: str) -> None:
    status, answer = await harness.api("GET", path)

    assert status == 200
    assert harness.world.bot.id in str(answer) or harness.guild.id in str(answer)


async def test_answers_are_plain_json_without_a_charset(harness: Harness) -> None:
    async with harness.raw("GET", "/users/@me") as answer:
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["X-RateLimit-Remaining"] == "29"


async def test_a_wrong_token_is_unauthorized(harness: Harness) -> None:
    status, answer = await harness.api("GET", "/users/@me", token="nobody")

    assert (status, answer) == (401, {"message": "401: Unauthorized", "code": 0})


async def test_an_unknown_route_is_not_found_and_held_against_the_sandbox(plain: Harness) -> None:
    status, answer = await plain.api("GET", "/voice/regions")

    assert (status, answer) == (404, {"message": "404: Not Found", "code": 0})
    assert plain.sandbox.discord.own_problems.pop() == "no route for GET /voice/regions"


async def test_the_gateway_is_named_with_its_limits(harness: Harness) -> None:
    _, plain = await harness.api("GET", "/gateway")
    _, full = await harness.api("GET", "/gateway/bot")

    assert plain["url"] == full["url"] == harness.sandbox.discord.gateway.url
    assert full["session_start_limit"]["remaining"] == 1000


async def test_a_guild_shows_its_channels_roles_and_members(harness: Harness) -> None:
    guild, ana = harness.guild, harness.user("ana")
    _, shown = await harness.api("GET", f"/guilds/{guild.id}", params={"with_counts": "true"})
    _, channels = await harness.api("GET", f"/guilds/{guild.id}/channels")
    _, roles = await harness.api("GET", f"/guilds/{guild.id}/roles")
    _, member = await harness.api("GET", f"/guilds/{guild.id}/members/{ana}")
    _, threads = await harness.api("GET", f"/guilds/{guild.id}/threads/active")
    _, user = await harness.api("GET", f"/users/{ana}")
    _, own = await harness.api("PATCH", f"/guilds/{guild.id}/members/@me", {"nick": "Director"})

    assert shown["approximate_member_count"] == 5
    assert {"general", "quiet", "no-files"} <= {channel["name"] for channel in channels}
    assert guild.id in {role["id"] for role in roles}
    assert member["user"] == user
    assert [thread["name"] for thread in threads["threads"]] == ["thread"]
    assert own["nick"] == "Director"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/guilds/1", 404, 10004),
        ("/users/1", 404, 10013),
        ("/channels/1", 404, 10003),
        ("/guilds/{guild}/members/1", 404, 10013),
        ("/guilds/{guild}/members", 403, 50001),
        ("/channels/{hidden}", 403, 50001),
        ("/channels/{general}/messages/1", 404, 10008),
        ("/applications/1/commands", 403, 20012),
        ("/applications/mine/commands", 400, 50035),
        ("/channels/{general}/messages?limit=101", 400, 50035),
        ("/channels/{general}/messages?limit=many", 400, 50035),
        ("/channels/{general}/messages?before=then", 400, 50035),
        ("/applications/{app}/commands/1", 404, 10063),
    ],
)
async def test_what_is_not_there_has_its_own_code(plain: Harness, path: str, status: int, code: int) -> None:
    names = {"guild": plain.guild.id, "app": plain.world.application_id}
    names |= {name: plain.channel(name).id for name in ("hidden", "general")}

    found, answer = await plain.api("GET", path.format(**names))

    assert (found, answer["code"]) == (status, code)


async def test_the_bot_renames_itself(harness: Harness) -> None:
    _, answer = await harness.api("PATCH", "/users/@me", {"username": "Reel"})

    assert answer["username"] == "Reel"


async def test_a_direct_message_is_opened_and_written_to(harness: Harness) -> None:
    ana = harness.user("ana")
    _, channel = await harness.api("POST", "/users/@me/channels", {"recipient_id": ana})
    _, again = await harness.api("POST", "/users/@me/channels", {"recipient_id": ana})
    path = f"/channels/{channel['id']}"
    _, message = await harness.api("POST", f"{path}/messages", {"content": "psst"})
    await harness.post("settings", user="ana", dms_open=False)
    status, refused = await harness.api("POST", f"{path}/messages", {"content": "psst"})
    _, read = await harness.api("GET", path)

    assert (again["id"], channel["type"]) == (channel["id"], 1)
    assert message["content"] == "psst"
    assert (status, refused["code"]) == (403, 50007)
    assert read["last_message_id"] == message["id"]
    assert [m["content"] for m in await harness.look("messages", channel="dm", user="ana")] == ["psst"]


async def test_nobody_writes_to_themselves(plain: Harness) -> None:
    status, refused = await plain.api("POST", "/users/@me/channels", {"recipient_id": plain.world.bot.id})

    assert (status, refused["code"]) == (403, 50007)


@pytest.mark.parametrize(
    ("channel", "code"), [("quiet", 50013), ("hidden", 50001), ("general", None), ("no-files", None), ("thread", None)]
)
async def test_permissions_decide_who_may_write(harness: Harness, channel: str, code: int | None) -> None:
    _, answer = await harness.say(where=channel)

    assert answer.get("code") == code


async def test_files_need_their_own_permission(plain: Harness) -> None:
    path = f"/channels/{plain.channel('no-files').id}/messages"
    status, refused = await plain.send_files({}, ("a.txt", b"1"), path=path)
    _, message = await plain.say("text", where="no-files")
    edit, _ = await plain.send_files({}, ("a.txt", b"1"), path=f"{path}/{message['id']}", method="PATCH")

    assert (status, refused["code"], edit) == (403, 50013, 403)
    assert list(plain.sandbox.discord.cdn.folder.iterdir()) == []


async def test_only_ones_own_messages_are_edited_or_deleted(plain: Harness) -> None:
    message = await plain.post("messages", user="ana", channel="general", content="mine")
    path = f"/channels/{plain.channel().id}/messages/{message['id']}"
    edit, _ = await plain.api("PATCH", path, {"content": "yours"})
    refused, _ = await plain.api("DELETE", path)
    await plain.post("permissions", channel="general", allow=["manage_messages"])
    deleted, _ = await plain.api("DELETE", path)
    direct = await plain.post("messages", user="ana", channel="dm", content="mine")
    private, _ = await plain.api("DELETE", f"/channels/{direct['channel_id']}/messages/{direct['id']}")

    assert (edit, refused, deleted, private) == (403, 403, 204, 403)


async def test_threads_are_opened_joined_written_archived_and_locked(harness: Harness) -> None:
    general = harness.channel().id
    _, message = await harness.say()
    path = f"/channels/{general}/messages/{message['id']}/threads"
    status, thread = await harness.api("POST", path, {"name": "Takes", "auto_archive_duration": 60})
    twice, refused = await harness.api("POST", path, {"name": "Takes"})
    base = f"/channels/{thread['id']}"
    joined, _ = await harness.api("PUT", f"{base}/thread-members/@me")
    _, inside = await harness.api("POST", f"{base}/messages", {"content": "take 1"})
    _, archived = await harness.api("PATCH", base, {"archived": True})
    edit, _ = await harness.api("PATCH", f"{base}/messages/{inside['id']}", {"content": "x"})
    member, _ = await harness.api("PUT", f"{base}/thread-members/{harness.user('ana')}")
    react, _ = await harness.api("PUT", f"{base}/messages/{inside['id']}/reactions/%F0%9F%8E%AC/@me")
    woken, _ = await harness.api("POST", f"{base}/messages", {"content": "take 2"})
    await harness.api("PATCH", base, {"locked": True})
    locked, answer = await harness.api("POST", f"{base}/messages", {"content": "take 3"})

    assert (status, thread["id"], thread["parent_id"]) == (201, message["id"], general)
    assert (twice, refused["code"]) == (400, 160004)
    assert (joined, archived["thread_metadata"]["archived"]) == (204, True)
    assert (edit, member, react) == (400, 400, 400)
    assert (woken, locked, answer["code"]) == (200, 403, 160005)


async def test_a_locked_and_archived_thread_takes_nothing(plain: Harness) -> None:
    await plain.post("settings", channel="thread", archived=True, locked=True)

    status, answer = await plain.say(where="thread")

    assert (status, answer["code"]) == (400, 50083)


async def test_threads_without_a_message_are_private_unless_they_say_so(harness: Harness) -> None:
    path = f"/channels/{harness.channel().id}/threads"
    _, private = await harness.api("POST", path, {"name": "a"})
    _, public = await harness.api("POST", path, {"name": "b", "type": 11})
    status, _ = await harness.api("POST", f"/channels/{public['id']}/threads", {"name": "c"})
    other, _ = await harness.api("PUT", f"/channels/{harness.channel().id}/thread-members/@me")

    assert (private["type"], public["type"], status, other) == (12, 11, 400, 400)


async def test_channels_are_changed_by_who_may(plain: Harness) -> None:
    path = f"/channels/{plain.channel().id}"
    refused, _ = await plain.api("PATCH", path, {"topic": "videos"})
    await plain.post("permissions", channel="general", allow=["manage_channels"])
    _, changed = await plain.api("PATCH", path, {"topic": "videos"})
    direct = plain.world.direct_channel(plain.world.users[plain.user("ana")])
    other, _ = await plain.api("PATCH", f"/channels/{direct.id}", {"name": "x"})

    assert (refused, changed["topic"], other) == (403, "videos", 403)


async def test_reactions_come_and_go(harness: Harness) -> None:
    _, message = await harness.say()
    base = f"/channels/{harness.channel().id}/messages/{message['id']}"
    for _ in range(2):
        assert (await harness.api("PUT", f"{base}/reactions/⭐/@me"))[0] == 204
    _, read = await harness.api("GET", base)
    await harness.api("DELETE", f"{base}/reactions/⭐/@me")
    again, _ = await harness.api("DELETE", f"{base}/reactions/⭐/@me")

    assert read["reactions"][0]["emoji"] == {"id": None, "name": "⭐"}
    assert (read["reactions"][0]["count"], again) == (1, 400)


async def test_typing_is_shown(harness: Harness) -> None:
    assert await harness.api("POST", f"/channels/{harness.channel().id}/typing") == (204, None)


async def test_commands_are_registered_listed_changed_and_removed(harness: Harness) -> None:
    base = f"/applications/{harness.world.application_id}/commands"
    ping = {"name": "ping", "description": "Ping", "name_localizations": {"zh-CN": "乒"}}
    created, command = await harness.api("POST", base, ping)
    again, same = await harness.api("POST", base, {**ping, "description": "Pong", "default_member_permissions": "32"})
    one = f"{base}/{command['id']}"
    _, changed = await harness.api("PATCH", one, {"description": "Pang", "contexts": [0]})
    _, listed = await harness.api("GET", base)
    _, full = await harness.api("GET", base, params={"with_localizations": "true"})
    _, read = await harness.api("GET", one)
    deleted, _ = await harness.api("DELETE", one)
    missing, _ = await harness.api("DELETE", one)

    assert (created, again, same["id"]) == (201, 200, command["id"])
    assert (changed["description"], changed["default_member_permissions"]) == ("Pang", "32")
    assert "name_localizations" not in listed[0]
    assert full == [read]
    assert read["name_localizations"] == {"zh-CN": "乒"}
    assert (deleted, missing) == (204, 404)


async def test_a_bulk_overwrite_keeps_ids_and_drops_what_is_left_out(harness: Harness) -> None:
    await harness.register()
    before = (await harness.look("commands"))["guilds"][harness.guild.id]
    extra = {"name": "Make a video of this", "type": 3}
    await harness.register({"name": "video", "description": "Films"}, extra)
    after = (await harness.look("commands"))["guilds"][harness.guild.id]
    permissions = f"/applications/{harness.world.application_id}/guilds/{harness.guild.id}/commands/permissions"

    assert [command["name"] for command in after] == ["video", "Make a video of this"]
    assert after[0]["id"] == before[0]["id"]
    assert await harness.api("GET", permissions) == (200, [])


async def test_a_hundred_commands_are_enough(plain: Harness) -> None:
    path = f"/applications/{plain.world.application_id}/commands"
    names = [{"name": f"c{number}", "description": "d"} for number in range(100)]
    await plain.api("PUT", path, names)

    status, answer = await plain.api("POST", path, {"name": "more", "description": "d"})

    assert (status, answer["code"]) == (400, 30032)


async def test_a_body_that_is_no_json_is_refused(plain: Harness) -> None:
    path = f"/channels/{plain.channel().id}/messages"
    async with plain.raw("POST", path, data=b"{", content_type="application/json") as answer:
        assert (answer.status, (await answer.json())["code"]) == (400, 50109)


async def test_a_body_beyond_all_measure_is_refused(plain: Harness) -> None:
    path = f"/channels/{plain.channel().id}/messages"
    body = io.BytesIO(b"[" + b" " * (9 << 20) + b"]")
    async with plain.raw("POST", path, data=body, content_type="application/json") as answer:
        assert (answer.status, (await answer.json())["code"]) == (413, 40005)


async def test_a_form_of_plain_fields_is_a_message_too(plain: Harness) -> None:
    form = aiohttp.FormData({"content": "hi"}, default_to_multipart=True)
    form.add_field("file", io.BytesIO(b"1"), filename="a.txt")
    form.add_field("thumbnail", io.BytesIO(b"2"), filename="b.txt")
    status, message = await plain.api("POST", f"/channels/{plain.channel().id}/messages", data=form)

    assert (status, message["content"]) == (200, "hi")
    assert [file["filename"] for file in message["attachments"]] == ["a.txt"]


@pytest.mark.parametrize(
    "body", [{}, {"name": ""}, {"name": "x" * 101}, {"name": 5}, {"name": "a", "auto_archive_duration": 5}]
)
async def test_a_thread_needs_a_proper_name(harness: Harness, body: dict[str, Any]) -> None:
    status, answer = await harness.api("POST", f"/channels/{harness.channel().id}/threads", body)

    assert (status, answer["code"]) == (400, 50035)


@pytest.mark.parametrize("body", [{"name": ""}, {"name": 5}, {"archived": "yes"}])
async def test_a_channel_is_changed_to_something_proper(harness: Harness, body: dict[str, Any]) -> None:
    status, answer = await harness.api("PATCH", f"/channels/{harness.channel('thread').id}", body)

    assert (status, answer["code"]) == (400, 50035)


async def test_the_audit_log_says_who_added_the_bot_to_whom_may_view_it(harness: Harness) -> None:
    place = f"/guilds/{harness.guild.id}/audit-logs"
    await harness.post("settings", bot_present=False)
    _, shut = await harness.api("GET", place)
    await harness.post("settings", bot_present=True, by="admin")
    await harness.post("settings", bot_present=True)
    _, refused = await harness.api("GET", place)
    usual = [str(each.name) for each in Permission if each & EVERYONE]
    await harness.post("roles", name="Shotcaller", permissions=[*usual, "view_audit_log"])
    _, log = await harness.api("GET", place, params={"action_type": "28"})
    by_owner, by_admin = log["audit_log_entries"]
    _, older = await harness.api("GET", place, params={"before": by_owner["id"], "limit": "5"})
    _, newer = await harness.api("GET", place, params={"after": by_admin["id"], "user_id": by_owner["user_id"]})
    _, others = await harness.api("GET", place, params={"action_type": "1"})
    status, wrong = await harness.api("GET", place, params={"limit": "101"})

    assert (shut["code"], refused["code"], status, wrong["code"]) == (50001, 50013, 400, 50035)
    assert (by_admin["user_id"], by_admin["target_id"]) == (harness.user("admin"), harness.world.bot.id)
    assert {each["username"] for each in log["users"]} == {"admin", "owner", "Shotcaller"}
    assert (older["audit_log_entries"], newer["audit_log_entries"]) == ([by_admin], [by_owner])
    assert others["audit_log_entries"] == []
