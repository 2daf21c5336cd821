from typing import Any

import pytest

from sandbox.discord.errors import Refused, refuse
from sandbox.discord.rules.messages import check_message

V2 = 1 << 15


def kinds(problems: Any) -> set[str]:
    return {problem.kind for problem in problems}


def button(**more: Any) -> dict[str, Any]:
    return {"type": 2, "style": 1, "label": "Go", "custom_id": "go"} | more


def select(**more: Any) -> dict[str, Any]:
    return {"type": 3, "custom_id": "s", "options": [{"label": "A", "value": "a"}]} | more


def chooser(kind: int, *standing: tuple[str, str | int], **more: Any) -> dict[str, Any]:
    """A select of users (5), roles (6), both (7) or channels (8), with what stands chosen in it."""
    values = [{"type": what, "id": which} for what, which in standing]
    return {"type": kind, "custom_id": "c", "default_values": values} | more


def row(*components: Any) -> dict[str, Any]:
    return {"type": 1, "components": list(components)}


def text(content: str = "hi") -> dict[str, Any]:
    return {"type": 10, "content": content}


def section(**more: Any) -> dict[str, Any]:
    return {"type": 9, "components": [text()], "accessory": button()} | more


@pytest.mark.parametrize(
    "component",
    [
        button(),
        button(label=None, emoji={"name": "⭐"}),
        button(style=5, custom_id=None, url="https://example.org"),
        {"type": 2, "style": 6, "sku_id": "1"},
        select(min_values=0, max_values=1),
        {"type": 5, "custom_id": "u"},
        chooser(5, ("user", 7), min_values=0),
        chooser(7, ("user", "1"), ("role", "2"), max_values=2),
        chooser(8, ("channel", "1"), channel_types=[0, 4]),
    ],
)
def test_a_well_made_component_has_no_problem(component: dict[str, Any]) -> None:
    assert check_message({"components": [row(component)]}, [], kind="create") == []


@pytest.mark.parametrize(
    ("component", "kind"),
    [
        (button(custom_id=None), "BUTTON_COMPONENT_CUSTOM_ID_REQUIRED"),
        (button(style=5), "BASE_TYPE_REQUIRED"),
        (button(style=6), "BASE_TYPE_REQUIRED"),
        (button(style=9), "BASE_TYPE_CHOICES"),
        (button(url="https://example.org"), "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE"),
        (button(label=None), "BUTTON_COMPONENT_LABEL_OR_EMOJI"),
        (button(label="x" * 81), "BASE_TYPE_MAX_LENGTH"),
        (button(custom_id="x" * 101), "BASE_TYPE_BAD_LENGTH"),
        (button(colour="red"), "UNDECLARED_KEY"),
        (button(custom_id=5), "STRING_TYPE_CONVERT"),
        (button(type="button"), "UNION_TYPE_CHOICES"),
        (select(custom_id=None), "BASE_TYPE_REQUIRED"),
        (select(options=None), "BASE_TYPE_REQUIRED"),
        (select(options=[{"label": "A", "value": str(n)} for n in range(26)]), "BASE_TYPE_BAD_LENGTH"),
        (select(options=[{"label": "A", "value": "a"}] * 2), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED"),
        (select(options=[{"label": "A"}]), "BASE_TYPE_REQUIRED"),
        (select(options=[{"label": "A" * 101, "value": "a"}]), "BASE_TYPE_MAX_LENGTH"),
        (select(options=["a"]), "MODEL_TYPE_CONVERT"),
        (select(min_values=3, max_values=2), "BASE_TYPE_BAD_RANGE"),
        (select(min_values=True), "NUMBER_TYPE_COERCE"),
        (select(placeholder="x" * 151), "BASE_TYPE_MAX_LENGTH"),
        (chooser(5, ("role", "1")), "BASE_TYPE_CHOICES"),
        (chooser(6, ("role", "1"), ("role", "2")), "SELECT_COMPONENT_TOO_MANY_DEFAULT_VALUES"),
        (chooser(7, ("user", "1"), min_values=2, max_values=3), "BASE_TYPE_BAD_LENGTH"),
        (chooser(8, ("channel", "here")), "NUMBER_TYPE_COERCE"),
        (chooser(8) | {"default_values": ["1"]}, "MODEL_TYPE_CONVERT"),
        (chooser(8) | {"default_values": "1"}, "LIST_TYPE_CONVERT"),
        ("button", "MODEL_TYPE_CONVERT"),
        (text(), "UNION_TYPE_CHOICES"),
    ],
)
def test_a_wrong_component_has_its_problem(component: Any, kind: str) -> None:
    assert kinds(check_message({"components": [row(component)]}, [], kind="create")) >= {kind}


@pytest.mark.parametrize(
    ("components", "kind"),
    [
        ([row(*[button(custom_id=str(n)) for n in range(6)])], "BASE_TYPE_BAD_LENGTH"),
        ([row()], "BASE_TYPE_BAD_LENGTH"),
        ([{"type": 1}], "BASE_TYPE_REQUIRED"),
        ([row(button(custom_id=str(n))) for n in range(6)], "BASE_TYPE_MAX_LENGTH"),
        ([row(button(), button())], "COMPONENT_CUSTOM_ID_DUPLICATED"),
        ([row(button(id=3), button(id=3, custom_id="b"))], "COMPONENT_ID_DUPLICATED"),
        ([row(select(), button())], "COMPONENT_LAYOUT_WIDTH_EXCEEDED"),
        ([button()], "UNION_TYPE_CHOICES"),
        ([text()], "UNION_TYPE_CHOICES"),
        ([1], "MODEL_TYPE_CONVERT"),
        ("row", "LIST_TYPE_CONVERT"),
    ],
)
def test_rows_hold_what_rows_hold(components: Any, kind: str) -> None:
    assert kinds(check_message({"content": "x", "components": components}, [], kind="create")) >= {kind}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"content": "x"}, "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"),
        ({"embeds": [{"title": "x"}]}, "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"),
        ({"components": [text("x" * 2001), text("y" * 2000)]}, "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED"),
        ({"components": [text("")]}, "BASE_TYPE_BAD_LENGTH"),
        ({"components": [text(str(n)) for n in range(41)]}, "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED"),
        ({"components": [{"type": 17, "components": [text()] * 40}]}, "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED"),
        ({"components": [{"type": 17, "components": [{"type": 17, "components": [text()]}]}]}, "UNION_TYPE_CHOICES"),
        ({"components": [section(accessory=None)]}, "BASE_TYPE_REQUIRED"),
        ({"components": [section(accessory=select())]}, "UNION_TYPE_CHOICES"),
        ({"components": [section(components=[button(custom_id="b")])]}, "UNION_TYPE_CHOICES"),
        ({"components": [section(components=[text()] * 4)]}, "BASE_TYPE_BAD_LENGTH"),
        ({"components": [{"type": 12, "items": []}]}, "BASE_TYPE_BAD_LENGTH"),
        (
            {"components": [{"type": 13, "file": {"url": "attachment://no.mp4"}}]},
            "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND",
        ),
        (
            {"components": [{"type": 12, "items": [{"media": {"url": "attachment://no.mp4"}}]}]},
            "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND",
        ),
    ],
)
def test_messages_of_components_keep_their_own_rules(body: dict[str, Any], kind: str) -> None:
    assert kinds(check_message({"flags": V2, **body}, [], kind="create")) >= {kind}


def test_a_full_message_of_components_is_fine() -> None:
    body = {"flags": V2, "components": [{"type": 17, "components": [section(), {"type": 14}, row(select())]}]}

    assert check_message(body, [], kind="create") == []


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"embeds": [{"title": "x" * 257}]}, "BASE_TYPE_MAX_LENGTH"),
        ({"embeds": [{"footer": {"text": "x" * 2049}}]}, "BASE_TYPE_MAX_LENGTH"),
        ({"embeds": [{"fields": [{"name": "", "value": "v"}]}]}, "BASE_TYPE_REQUIRED"),
        ({"embeds": [{"fields": [{"name": "n", "value": "x" * 1025}]}]}, "BASE_TYPE_MAX_LENGTH"),
        ({"embeds": [{"fields": [{"name": "n", "value": "v"}] * 26}]}, "BASE_TYPE_MAX_LENGTH"),
        ({"embeds": [{"fields": ["f"]}]}, "MODEL_TYPE_CONVERT"),
        ({"embeds": [{"colour": 1}]}, "UNDECLARED_KEY"),
        ({"embeds": [{"title": "x"}] * 11}, "BASE_TYPE_MAX_LENGTH"),
        ({"embeds": ["e"]}, "MODEL_TYPE_CONVERT"),
        ({"allowed_mentions": {"parse": ["users"], "users": ["1"]}}, "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE"),
        ({"allowed_mentions": {"parse": ["all"]}}, "BASE_TYPE_CHOICES"),
        ({"allowed_mentions": {"users": ["1"] * 101}}, "BASE_TYPE_MAX_LENGTH"),
        ({"nonce": 1.5}, "NONCE_TYPE_INVALID_TYPE"),
        ({"flags": True}, "NUMBER_TYPE_COERCE"),
        ({"attachments": [{"id": "9"}]}, "ATTACHMENT_NOT_FOUND"),
    ],
)
def test_the_rest_of_a_message_has_rules_too(body: dict[str, Any], kind: str) -> None:
    assert kinds(check_message({"content": "x", **body}, [], kind="create")) >= {kind}


def test_files_are_ten_at_most_and_described_shortly() -> None:
    names = [f"{number}.txt" for number in range(11)]

    assert kinds(check_message({}, names, kind="create")) == {"BASE_TYPE_MAX_LENGTH"}
    described = {"attachments": [{"id": 0, "description": "x" * 1025}]}
    assert kinds(check_message(described, names[:1], kind="create")) == {"BASE_TYPE_MAX_LENGTH"}
    assert check_message({"attachments": [{"id": 0, "filename": "b.txt"}]}, names[:1], kind="create") == []


def test_errors_are_told_part_by_part() -> None:
    wrong = check_message({"content": "x" * 2001, "embeds": [{"title": "x" * 7000}]}, [], kind="create")

    with pytest.raises(Refused) as refused:
        refuse(wrong)
    errors = refused.value.body()["errors"]
    assert errors["content"]["_errors"][0]["code"] == "BASE_TYPE_MAX_LENGTH"
    assert list(errors["embeds"]) == ["0"]
