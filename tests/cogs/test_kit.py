"""Whatever Discord asks of every cog is written once, in `cogs/ui`."""

import ast
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from cogs.ui import limits
from sandbox.server import OPENAPI_VARIABLE

COGS: Final = Path(__file__).parents[2] / "cogs"
FILES: Final = {str(path.relative_to(COGS)): path for path in sorted(COGS.rglob("*.py"))}
ANSWERS: Final = re.compile(r"\.(?:response|followup|(?:edit|delete)_original_response|original_response)\b")
LIMITS: Final = {25, 45, 80, 100, 150, 256, 1024, 2000, 4000, 4096}

# Where Discord's document says each limit: a schema, then the way into it.
SOURCES: Final[dict[str, tuple[str | int, ...]]] = {
    "CONTENT": ("IncomingWebhookUpdateRequestPartial", "properties", "content", "maxLength"),
    "EMBED_TEXT": ("RichEmbed", "properties", "description", "maxLength"),
    "EMBED_FIELD": ("RichEmbedField", "properties", "value", "maxLength"),
    "ALT_TEXT": ("MessageAttachmentRequest", "properties", "description", "maxLength"),
    "CUSTOM_ID": ("ButtonComponentForMessageRequest", "properties", "custom_id", "maxLength"),
    "BUTTON": ("ButtonComponentForMessageRequest", "properties", "label", "maxLength"),
    "OPTION": ("StringSelectOptionForRequest", "properties", "label", "maxLength"),
    "OPTIONS": ("StringSelectComponentForMessageRequest", "properties", "options", "maxItems"),
    "PLACEHOLDER": ("StringSelectComponentForMessageRequest", "properties", "placeholder", "maxLength"),
    "FORM_TITLE": ("ModalInteractionCallbackRequestData", "properties", "title", "maxLength"),
    "FORM_LABEL": ("LabelComponentForModalRequest", "properties", "label", "maxLength"),
    "FORM_TEXT": ("TextInputComponentForModalRequest", "properties", "value", "maxLength"),
    "FORM_HINT": ("TextInputComponentForModalRequest", "properties", "placeholder", "maxLength"),
    "CHOICE": ("ApplicationCommandOptionStringChoice", "properties", "name", "maxLength"),
    "CHOICES": (*("InteractionApplicationCommandAutocompleteCallbackStringData", "properties", "choices", "maxItems"),),
}


def code_of(path: Path) -> str:
    """A module without its docstrings and comments."""
    return ast.unparse(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", [name for name in FILES if name != "ui/replies.py"])
def test_only_the_kit_answers_an_interaction(name: str) -> None:
    assert ANSWERS.findall(code_of(FILES[name])) == []


def test_the_kit_does() -> None:
    assert len(ANSWERS.findall(code_of(FILES["ui/replies.py"]))) > 5


@pytest.mark.parametrize("name", FILES)
def test_every_custom_id_of_a_button_or_select_comes_from_its_template(name: str) -> None:
    for node in ast.walk(ast.parse(FILES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.keyword) and node.arg == "custom_id":
            assert not isinstance(node.value, ast.JoinedStr), f"{name}:{node.value.lineno}"
    assert "DynamicItem" not in code_of(FILES[name])


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("name", [name for name in FILES if name != "ui/limits.py"])
def test_no_limit_of_discords_stands_as_a_bare_number_in_what_a_function_does(name: str) -> None:
    source = FILES[name].read_text(encoding="utf-8")
    tree = ast.parse(source)
    in_options = {each for function in functions(tree) for each in ast.walk(function.args)}
    done = {each for function in functions(tree) for line in function.body for each in ast.walk(line)} - in_options
    numbers = [each for each in done if isinstance(each, ast.Constant) and each.value in LIMITS]
    assert [f"{name}:{each.lineno}: {each.value!r}" for each in numbers] == []
    assert "Discord's limit" not in source


@pytest.mark.parametrize("name", SOURCES)
def test_limits_are_those_of_discords_document_where_it_is_at_hand(name: str) -> None:
    path = Path(os.environ.get(OPENAPI_VARIABLE, ""))
    if not path.is_file():
        pytest.skip(f"{OPENAPI_VARIABLE} names no file")
    part: Any = json.loads(path.read_text(encoding="utf-8"))["components"]["schemas"]
    for step in SOURCES[name]:
        part = part[step]
    assert getattr(limits, name) == part
