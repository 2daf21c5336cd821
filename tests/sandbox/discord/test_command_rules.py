from typing import Any

import pytest

from sandbox.discord.errors import Refused, refuse
from sandbox.discord.rules.commands import check_command, check_commands
from sandbox.discord.rules.messages import check_deferral
from sandbox.discord.rules.modals import check_choices, check_modal

V2 = 1 << 15


def kinds(problems: Any) -> set[str]:
    return {problem.kind for problem in problems}


def option(**more: Any) -> dict[str, Any]:
    return {"type": 3, "name": "prompt", "description": "What"} | more


def command(**more: Any) -> dict[str, Any]:
    return {"name": "video", "description": "Videos"} | more


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
        (command(name="a video"), "STRING_TYPE_REGEX"),
        (command(name="x" * 33), "BASE_TYPE_BAD_LENGTH"),
        (command(name=None), "BASE_TYPE_REQUIRED"),
        (command(name_localizations={"fr": "Vidéo"}), "APPLICATION_COMMAND_INVALID_NAME"),
        (command(name_localizations={"xx": "video"}), "ENUM_TYPE_COERCE"),
        (command(description=""), "BASE_TYPE_REQUIRED"),
        (command(description="x" * 101), "BASE_TYPE_MAX_LENGTH"),
        (command(description_localizations={"fr": "x" * 101}), "BASE_TYPE_BAD_LENGTH"),
        (command(colour="red"), "UNDECLARED_KEY"),
        (command(options="none"), "LIST_TYPE_CONVERT"),
        (command(options=["o"]), "MODEL_TYPE_CONVERT"),
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
            "UNION_TYPE_CHOICES",
        ),
        (command(options=[option(type=12)]), "UNION_TYPE_CHOICES"),
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
        ("video", "MODEL_TYPE_CONVERT"),
    ],
)
def test_a_wrong_command_has_its_problem(given: Any, kind: str) -> None:
    assert kinds(check_command(given)) >= {kind}


def test_commands_beside_one_another_have_their_own_names() -> None:
    assert check_commands(None) == []
    assert kinds(check_commands("x")) == {"LIST_TYPE_CONVERT"}
    assert kinds(check_commands([command(), 1])) == {"MODEL_TYPE_CONVERT"}
    assert kinds(check_commands([command(), command()])) == {"APPLICATION_COMMANDS_DUPLICATE_NAME"}
    many = [{"name": f"Menu {number}", "type": 3} for number in range(16)]
    with pytest.raises(Refused) as refused:
        refuse(check_commands(many))
    assert refused.value.code == 30032


def row(*components: Any) -> dict[str, Any]:
    return {"type": 1, "components": list(components)}


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
        (modal(row(field(min_length=5000))), "NUMBER_TYPE_MAX"),
        (modal(row(field(max_length=2, value="long"))), "BASE_TYPE_MAX_LENGTH"),
        (modal(row(field(custom_id=None))), "BASE_TYPE_REQUIRED"),
        (modal(label(None)), "BASE_TYPE_REQUIRED"),
        (modal(label({"type": 2})), "UNION_TYPE_CHOICES"),
        (modal(label(field(label=None), label="")), "BASE_TYPE_REQUIRED"),
        (modal(label(field(label=None), label="x" * 46)), "BASE_TYPE_MAX_LENGTH"),
        (modal(label({"type": 21, "custom_id": "r", "options": [{"label": "A"}]})), "BASE_TYPE_REQUIRED"),
        (modal({"type": 2}), "UNION_TYPE_CHOICES"),
        (modal("row"), "MODEL_TYPE_CONVERT"),
        (modal(components="rows"), "LIST_TYPE_CONVERT"),
    ],
)
def test_a_wrong_modal_has_its_problem(given: Any, kind: str) -> None:
    assert kinds(check_modal(given)) >= {kind}


def test_a_well_made_modal_has_no_problem() -> None:
    assert (
        check_modal(modal(row(field()), {"type": 10, "content": "hi"}, label(field(custom_id="g", label=None)))) == []
    )


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (None, "BASE_TYPE_REQUIRED"),
        ({"choices": [{"name": str(n), "value": n} for n in range(26)]}, "BASE_TYPE_MAX_LENGTH"),
        ({"choices": [{"name": "", "value": 1}]}, "BASE_TYPE_BAD_LENGTH"),
        ({"choices": [{"name": "a"}]}, "BASE_TYPE_REQUIRED"),
        ({"choices": ["a"]}, "MODEL_TYPE_CONVERT"),
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
        ([], {"MODEL_TYPE_CONVERT"}),
    ],
)
def test_a_deferral_is_private_or_not_and_no_more(given: Any, kinds_: set[str]) -> None:
    assert kinds(check_deferral(given)) == kinds_
