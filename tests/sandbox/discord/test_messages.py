import io
from typing import Any

from PIL import Image

from tests.sandbox.conftest import Harness


async def test_a_message_is_written_read_changed_and_deleted(harness: Harness) -> None:
    status, message = await harness.say("first", nonce="n1")
    path = f"/channels/{harness.channel().id}/messages/{message['id']}"
    harness.advance(1)
    _, edited = await harness.api("PATCH", path, {"content": "second", "embeds": [{"title": "T"}]})
    _, read = await harness.api("GET", path)
    deleted, _ = await harness.api("DELETE", path)
    gone, _ = await harness.api("GET", path)

    assert (status, message["content"], message["nonce"]) == (200, "first", "n1")
    assert edited["edited_timestamp"] > message["timestamp"]
    assert (read["content"], read["embeds"]) == ("second", [{"title": "T", "type": "rich"}])
    assert (deleted, gone) == (204, 404)


async def test_messages_are_paged_in_every_direction(harness: Harness) -> None:
    ids = []
    for number in range(6):
        harness.advance(2)
        ids.append((await harness.say(str(number)))[1]["id"])
    path = f"/channels/{harness.channel().id}/messages"

    async def page(**query: str) -> list[str]:
        _, found = await harness.api("GET", path, params=query)
        return [message["content"] for message in found]

    assert await page() == ["5", "4", "3", "2", "1", "0"]
    assert await page(limit="2") == ["5", "4"]
    harness.advance(2)
    assert await page(before=ids[3], limit="2") == ["2", "1"]
    assert await page(after=ids[3]) == ["5", "4"]
    assert await page(around=ids[3], limit="3") == ["4", "3", "2"]


async def test_a_file_comes_back_from_the_cdn_as_it_was(harness: Harness) -> None:
    content = bytes(range(256)) * 8192
    body = {"content": "clip", "attachments": [{"id": 0, "description": "A fox"}]}
    status, message = await harness.send_files(body, ("a fox/clip 1.mp4", content))
    file = message["attachments"][0]

    assert (status, file["filename"], file["size"]) == (200, "clip_1.mp4", len(content))
    assert (file["content_type"], file["description"]) == ("video/mp4", "A fox")
    async with harness.client.get(file["url"]) as whole:
        assert (await whole.read(), whole.content_type) == (content, "video/mp4")
    async with harness.client.get(file["url"], headers={"Range": "bytes=10-19"}) as part:
        assert (part.status, await part.read()) == (206, content[10:20])
    async with harness.client.get(file["url"] + "x") as other:
        assert other.status == 404


async def test_the_size_of_a_picture_is_told(harness: Harness) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (64, 36)).save(picture, "PNG")

    _, message = await harness.send_files({}, ("a.png", picture.getvalue()), ("b.png", b"broken"))

    assert (message["attachments"][0]["width"], message["attachments"][0]["height"]) == (64, 36)
    assert "width" not in message["attachments"][1]


async def test_files_shown_by_an_embed_are_not_listed(harness: Harness) -> None:
    embed = {
        "image": {"url": "attachment://a.txt"},
        "footer": {"text": "f", "icon_url": "attachment://a.txt"},
        "author": {"name": "n"},
        "fields": [{"name": "a", "value": "b"}],
    }
    _, message = await harness.send_files({"embeds": [embed]}, ("a.txt", b"1"), ("b.txt", b"2"))
    path = f"/channels/{harness.channel().id}/messages/{message['id']}"
    _, edited = await harness.api("PATCH", path, {"content": "more"})
    _, emptied = await harness.api("PATCH", path, {"embeds": []})

    assert [file["filename"] for file in message["attachments"]] == ["b.txt"]
    assert message["embeds"][0]["image"]["url"].endswith("/a.txt")
    assert message["embeds"][0]["fields"][0]["inline"] is False
    assert [file["filename"] for file in edited["attachments"]] == ["b.txt"]
    assert [file["filename"] for file in emptied["attachments"]] == ["b.txt", "a.txt"]


async def test_an_edit_keeps_the_files_it_names_and_adds_new_ones(harness: Harness) -> None:
    _, message = await harness.send_files({}, ("a.txt", b"1"), ("b.txt", b"2"))
    path = f"/channels/{harness.channel().id}/messages/{message['id']}"
    keep = {"attachments": [{"id": message["attachments"][1]["id"]}, {"id": 0, "filename": "c.txt"}]}
    _, edited = await harness.send_files(keep, ("x.txt", b"3"), method="PATCH", path=path)
    status, refused = await harness.api("PATCH", path, {"attachments": None})

    assert [file["filename"] for file in edited["attachments"]] == ["b.txt", "c.txt"]
    assert (status, refused["code"]) == (400, 50006)


async def test_a_message_of_components_keeps_its_files_and_numbers(harness: Harness) -> None:
    components: list[dict[str, Any]] = [
        {
            "type": 17,
            "components": [
                {"type": 10, "content": f"Hello <@{harness.user('ana')}>"},
                {"type": 12, "items": [{"media": {"url": "attachment://a.mp4"}}]},
                {"type": 13, "file": {"url": "attachment://b.txt"}},
                {"type": 14},
                {
                    "type": 9,
                    "components": [{"type": 10, "content": "s"}],
                    "accessory": {"type": 11, "media": {"url": "https://example.org/a.png"}},
                },
                {"type": 1, "id": 2, "components": [{"type": 5, "custom_id": "u"}]},
            ],
        },
    ]
    body = {"flags": 1 << 15, "components": components}
    status, message = await harness.send_files(body, ("a.mp4", b"1"), ("b.txt", b"22"))
    inside = message["components"][0]["components"]

    assert (status, harness.problems()) == (200, [])
    assert inside[1]["items"][0]["media"]["attachment_id"] == message["attachments"][0]["id"]
    assert (inside[2]["name"], inside[2]["size"]) == ("b.txt", 2)
    assert (inside[0]["id"], inside[5]["id"]) == (3, 2)
    assert message["mentions"][0]["username"] == "ana"


async def test_mentions_obey_what_is_allowed(harness: Harness) -> None:
    ana, ben, role = harness.user("ana"), harness.user("ben"), list(harness.guild.roles)[2]
    text = f"<@{ana}> <@!{ben}> <@&{role}> @everyone"

    async def pinged(allowed: Any) -> tuple[list[str], list[str], bool]:
        harness.advance(5)
        _, message = await harness.say(text, allowed_mentions=allowed)
        names = [user["username"] for user in message["mentions"]]
        return names, message["mention_roles"], message["mention_everyone"]

    assert await pinged(None) == (["ana", "ben"], [role], False)
    assert await pinged({"parse": []}) == ([], [], False)
    assert await pinged({"parse": [], "users": [int(ana)], "roles": [role]}) == (["ana"], [role], False)


async def test_everyone_is_pinged_by_who_may(plain: Harness) -> None:
    await plain.post("permissions", channel="general", allow=["mention everyone"])

    assert (await plain.say("@everyone"))[1]["mention_everyone"] is True


async def test_a_reply_shows_what_it_answers(harness: Harness) -> None:
    _, first = await harness.say("first")
    _, reply = await harness.say("second", message_reference={"message_id": int(first["id"])})
    status, refused = await harness.say("third", message_reference={"message_id": "1"})
    _, alone = await harness.say("4th", message_reference={"message_id": "1", "fail_if_not_exists": False})

    assert (reply["type"], reply["referenced_message"]["id"]) == (19, first["id"])
    assert (status, refused["code"]) == (400, 50035)
    assert (alone["type"], "message_reference" in alone) == (0, False)
