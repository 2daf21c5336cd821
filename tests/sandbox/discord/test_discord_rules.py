from __future__ import annotations

from typing import Any

import pytest

from bot.sandbox.discord.errors import Refused, refuse
from bot.sandbox.discord.rules.commands import check_command, check_commands
from bot.sandbox.discord.rules.messages import check_deferral, check_message
from bot.sandbox.discord.rules.modals import check_choices, check_modal

V2 = 1 << 15


def kinds(problems: Any) -> set[str]:
    return {problem.kind for problem in problems}


def button(**more: Any) -> dict[str, Any]:
    return {"type": 2, "style": 1, "label": "Go", "custom_id": "go"} | more


def select(**more: Any) -> dict[str, Any]:
    return {"type": 3, "custom_id": "s", "options": [{"label": "A", "value": "a"}]} | more


def row(*components: Any) -> dict[str, Any]:
    return {"type": 1, "components": list(components)}


def text(content: str = "hi") -> dict[str, Any]:
    return {"type": 10, "content": content}


def option(**more: Any) -> dict[str, Any]:
    return {"type": 3, "name": "prompt", "description": "What"} | more


def command(**more: Any) -> dict[str, Any]:
    return {"name": "video", "description": "Videos"} | more


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
    ],
)
def test_a_well_made_component_has_no_problem(component: dict[str, Any]) -> None:
    assert check_message({"components": [row(component)]}, [], kind="create") == []


@pytest.mark.parametrize(
    ("component", "kind"),
    [
        (button(custom_id=None), "BASE_TYPE_REQUIRED"),
        (button(style=5), "BASE_TYPE_REQUIRED"),
        (button(style=6), "BASE_TYPE_REQUIRED"),
        (button(style=9), "BASE_TYPE_CHOICES"),
        (button(url="https://example.org"), "COMPONENT_CUSTOM_ID_AND_URL"),
        (button(label=None), "BUTTON_COMPONENT_LABEL_OR_EMOJI"),
        (button(label="x" * 81), "BASE_TYPE_MAX_LENGTH"),
        (button(custom_id="x" * 101), "BASE_TYPE_BAD_LENGTH"),
        (button(colour="red"), "UNDECLARED_KEY"),
        (button(custom_id=5), "BASE_TYPE_STRING"),
        (button(type="button"), "BASE_TYPE_CHOICES"),
        (select(custom_id=None), "BASE_TYPE_REQUIRED"),
        (select(options=None), "BASE_TYPE_REQUIRED"),
        (select(options=[{"label": "A", "value": str(n)} for n in range(26)]), "BASE_TYPE_BAD_LENGTH"),
        (select(options=[{"label": "A", "value": "a"}] * 2), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED"),
        (select(options=[{"label": "A"}]), "BASE_TYPE_REQUIRED"),
        (select(options=[{"label": "A" * 101, "value": "a"}]), "BASE_TYPE_MAX_LENGTH"),
        (select(options=["a"]), "DICT_TYPE_CONVERT"),
        (select(min_values=3, max_values=2), "BASE_TYPE_BAD_RANGE"),
        (select(min_values=True), "NUMBER_TYPE_COERCE"),
        (select(placeholder="x" * 151), "BASE_TYPE_MAX_LENGTH"),
        ("button", "DICT_TYPE_CONVERT"),
        (text(), "BASE_TYPE_CHOICES"),
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
        ([button()], "BASE_TYPE_CHOICES"),
        ([text()], "BASE_TYPE_CHOICES"),
        ([1], "DICT_TYPE_CONVERT"),
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
        ({"components": [{"type": 17, "components": [{"type": 17, "components": [text()]}]}]}, "BASE_TYPE_CHOICES"),
        ({"components": [section(accessory=None)]}, "BASE_TYPE_REQUIRED"),
        ({"components": [section(accessory=select())]}, "BASE_TYPE_CHOICES"),
        ({"components": [section(components=[button(custom_id="b")])]}, "BASE_TYPE_CHOICES"),
        ({"components": [section(components=[text()] * 4)]}, "BASE_TYPE_BAD_LENGTH"),
        ({"components": [{"type": 12, "items": []}]}, "BASE_TYPE_BAD_LENGTH"),
        ({"components": [{"type": 13, "file": {"url": "attachment://no.mp4"}}]}, "UNRESOLVABLE_ATTACHMENT"),
        (
            {"components": [{"type": 12, "items": [{"media": {"url": "attachment://no.mp4"}}]}]},
            "UNRESOLVABLE_ATTACHMENT",
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
        ({"embeds": [{"fields": ["f"]}]}, "DICT_TYPE_CONVERT"),
        ({"embeds": [{"colour": 1}]}, "UNDECLARED_KEY"),
        ({"embeds": [{"title": "x"}] * 11}, "BASE_TYPE_MAX_LENGTH"),
        ({"embeds": ["e"]}, "DICT_TYPE_CONVERT"),
        ({"allowed_mentions": {"parse": ["users"], "users": ["1"]}}, "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE"),
        ({"allowed_mentions": {"parse": ["all"]}}, "BASE_TYPE_CHOICES"),
        ({"allowed_mentions": {"users": ["1"] * 101}}, "BASE_TYPE_MAX_LENGTH"),
        ({"nonce": 1.5}, "NONCE_TYPE_BAD"),
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


@pytest.mark.parametrize(
    "given",
    [
        command(options=[option(required=True), option(name="mode", choices=[{"name": "Std", "value": "std"}])]),
        command(
            options=[
                {
                    "type": 2,
                    "name": "a",
                    "description": "A",
                    "options": [{"type": 1, "name": "b", "description": "B", "options": [option()]}],
                }
            ]
        ),
        command(name="视频", name_localizations={"zh-CN": "视频"}, description_localizations={"fr": "Vidéos"}),
        {"name": "Make a video of this", "type": 3},
    ],
)
def test_a_well_made_command_has_no_problem(given: dict[str, Any]) -> None:
    assert check_command(given) == []


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (command(name="Video"), "APPLICATION_COMMAND_INVALID_NAME"),
        (command(name="a video"), "APPLICATION_COMMAND_INVALID_NAME"),
        (command(name="x" * 33), "APPLICATION_COMMAND_INVALID_NAME"),
        (command(name_localizations={"fr": "Vidéo"}), "APPLICATION_COMMAND_INVALID_NAME"),
        (command(name_localizations={"xx": "video"}), "BASE_TYPE_CHOICES"),
        (command(description=""), "BASE_TYPE_REQUIRED"),
        (command(description="x" * 101), "BASE_TYPE_MAX_LENGTH"),
        (command(description_localizations={"fr": "x" * 101}), "BASE_TYPE_BAD_LENGTH"),
        (command(colour="red"), "UNDECLARED_KEY"),
        (command(options="none"), "LIST_TYPE_CONVERT"),
        (command(options=["o"]), "DICT_TYPE_CONVERT"),
        (command(options=[option(name=f"o{n}") for n in range(26)]), "BASE_TYPE_MAX_LENGTH"),
        (command(options=[option(), option()]), "APPLICATION_COMMAND_OPTIONS_NAME_INVALID"),
        (
            command(options=[option(), option(name="b", required=True)]),
            "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
        ),
        (
            command(options=[option(), {"type": 1, "name": "b", "description": "B"}]),
            "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
        ),
        (
            command(
                options=[
                    {
                        "type": 1,
                        "name": "b",
                        "description": "B",
                        "options": [{"type": 1, "name": "c", "description": "C"}],
                    }
                ]
            ),
            "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
        ),
        (command(options=[option(type=12)]), "BASE_TYPE_CHOICES"),
        (command(options=[option(description="")]), "BASE_TYPE_REQUIRED"),
        (
            command(options=[option(autocomplete=True, choices=[{"name": "a", "value": "a"}])]),
            "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_INVALID",
        ),
        (
            command(options=[option(choices=[{"name": str(n), "value": "a"} for n in range(26)])]),
            "BASE_TYPE_MAX_LENGTH",
        ),
        (
            command(options=[option(choices=[{"name": "a", "value": "a"}] * 2)]),
            "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_DUPLICATE",
        ),
        (command(options=[option(choices=[{"name": "a"}])]), "BASE_TYPE_REQUIRED"),
        (
            command(options=[option(choices=[{"name": "a", "value": "a", "name_localizations": {"fr": ""}}])]),
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            command(
                options=[
                    option(name=f"o{n}", choices=[{"name": str(m) * 90, "value": "v" * 100} for m in range(9)])
                    for n in range(5)
                ]
            ),
            "APPLICATION_COMMAND_TOO_LARGE",
        ),
        ({"name": "Menu", "type": 3, "description": "D"}, "APPLICATION_COMMAND_NO_DESCRIPTION"),
        ({"name": "Menu", "type": 3, "options": [option()]}, "APPLICATION_COMMAND_NO_OPTIONS"),
        ({"name": "", "type": 3}, "BASE_TYPE_BAD_LENGTH"),
        ("video", "DICT_TYPE_CONVERT"),
    ],
)
def test_a_wrong_command_has_its_problem(given: Any, kind: str) -> None:
    assert kinds(check_command(given)) >= {kind}


def test_commands_beside_one_another_have_their_own_names() -> None:
    assert check_commands(None) == []
    assert kinds(check_commands("x")) == {"LIST_TYPE_CONVERT"}
    assert kinds(check_commands([command(), 1])) == {"DICT_TYPE_CONVERT"}
    assert kinds(check_commands([command(), command()])) == {"APPLICATION_COMMANDS_DUPLICATE_NAME"}
    many = [{"name": f"Menu {number}", "type": 3} for number in range(16)]
    with pytest.raises(Refused) as refused:
        refuse(check_commands(many))
    assert refused.value.code == 30032


def modal(*components: Any, **more: Any) -> dict[str, Any]:
    return {"custom_id": "m", "title": "M", "components": list(components)} | more


def field(**more: Any) -> dict[str, Any]:
    return {"type": 4, "custom_id": "f", "style": 1, "label": "F"} | more


def label(component: Any, **more: Any) -> dict[str, Any]:
    return {"type": 18, "label": "L", "component": component} | more


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (None, "BASE_TYPE_REQUIRED"),
        (modal(), "BASE_TYPE_REQUIRED"),
        (modal(row(field()), title="x" * 46), "BASE_TYPE_MAX_LENGTH"),
        (modal(row(field()), custom_id="x" * 101), "BASE_TYPE_MAX_LENGTH"),
        (modal(row(field()), colour=1), "UNDECLARED_KEY"),
        (modal(*[row(field(custom_id=str(n))) for n in range(6)]), "BASE_TYPE_MAX_LENGTH"),
        (modal(row(field()), row(field())), "COMPONENT_CUSTOM_ID_DUPLICATED"),
        (modal(row(field(label=None))), "BASE_TYPE_REQUIRED"),
        (modal(row(field(style=3))), "BASE_TYPE_CHOICES"),
        (modal(row(field(min_length=5000))), "NUMBER_TYPE_RANGE"),
        (modal(row(field(max_length=2, value="long"))), "BASE_TYPE_MAX_LENGTH"),
        (modal(row(field(custom_id=None))), "BASE_TYPE_REQUIRED"),
        (modal(label(None)), "BASE_TYPE_REQUIRED"),
        (modal(label(button())), "BASE_TYPE_CHOICES"),
        (modal(label(field(label=None), label="")), "BASE_TYPE_REQUIRED"),
        (modal(label(field(label=None), label="x" * 46)), "BASE_TYPE_MAX_LENGTH"),
        (modal(label({"type": 21, "custom_id": "r", "options": [{"label": "A"}]})), "BASE_TYPE_REQUIRED"),
        (modal(button()), "BASE_TYPE_CHOICES"),
        (modal("row"), "DICT_TYPE_CONVERT"),
        (modal(components="rows"), "LIST_TYPE_CONVERT"),
    ],
)
def test_a_wrong_modal_has_its_problem(given: Any, kind: str) -> None:
    assert kinds(check_modal(given)) >= {kind}


def test_a_well_made_modal_has_no_problem() -> None:
    assert check_modal(modal(row(field()), text(), label(field(custom_id="g", label=None)))) == []


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (None, "BASE_TYPE_REQUIRED"),
        ({"choices": [{"name": str(n), "value": n} for n in range(26)]}, "BASE_TYPE_MAX_LENGTH"),
        ({"choices": [{"name": "", "value": 1}]}, "BASE_TYPE_BAD_LENGTH"),
        ({"choices": [{"name": "a"}]}, "BASE_TYPE_REQUIRED"),
        ({"choices": ["a"]}, "DICT_TYPE_CONVERT"),
    ],
)
def test_wrong_completions_have_their_problem(given: Any, kind: str) -> None:
    assert kinds(check_choices(given)) == {kind}


@pytest.mark.parametrize(
    ("given", "kinds_"),
    [
        ({"flags": 64}, set()),
        ({"flags": 64 | V2}, {"FLAGS_OF_DEFERRAL"}),
        ({"content": "x"}, {"UNDECLARED_KEY"}),
        ({"flags": "64"}, {"NUMBER_TYPE_COERCE"}),
        ([], {"DICT_TYPE_CONVERT"}),
    ],
)
def test_a_deferral_is_private_or_not_and_no_more(given: Any, kinds_: set[str]) -> None:
    assert kinds(check_deferral(given)) == kinds_
