"""Checks application commands."""

import re
from collections.abc import Iterator
from typing import Any

from sandbox.discord.errors import Problem
from sandbox.discord.rules import validate
from sandbox.discord.rules.validate import At
from sandbox.discord.world import Json

CHAT_INPUT, USER_MENU, MESSAGE_MENU = 1, 2, 3
SUBCOMMAND, GROUP = 1, 2
MOST_OPTIONS = MOST_CHOICES = 25
# What a command, a group in it and a subcommand consist of.
OPTION_TYPES = (range(1, 12), (SUBCOMMAND,), range(3, 12))
MOST_TEXT = 8000
MOST_OF_TYPE = {CHAT_INPUT: 100, USER_MENU: 15, MESSAGE_MENU: 15}
LOCALES = frozenset(
    (
        *("ar", "bg", "cs", "da", "de", "el", "en-GB", "en-US", "es-419", "es-ES", "fi", "fr", "he", "hi", "hr"),
        *("hu", "id", "it", "ja", "ko", "lt", "nl", "no", "pl", "pt-BR", "ro", "ru", "sv-SE", "th", "tr", "uk"),
        *("vi", "zh-CN", "zh-TW"),
    ),
)
# Letters and numbers of any script, as Discord's pattern has them with its Devanagari and Thai additions.
_NAME = re.compile(r"[-_'\w\u0900-\u097f\u0e00-\u0e7f]*")
LONGEST_NAME = 32
_LOCALIZED = {"name_localizations", "description_localizations"}
_KEYS = _LOCALIZED | {
    *("name", "description", "options", "default_member_permissions", "dm_permission", "contexts"),
    *("integration_types", "handler", "type", "id", "nsfw"),
}
# What a client sends back of a command it was given.
_GIVEN = {"application_id", "version", "guild_id", "default_permission"}
_OPTION_KEYS = _LOCALIZED | {
    *("type", "name", "description", "required", "choices", "options", "channel_types", "autocomplete"),
    *("min_value", "max_value", "min_length", "max_length"),
}
_TYPES: dict[str, type] = {
    "name": str,
    "description": str,
    "options": list,
    "name_localizations": dict,
    "description_localizations": dict,
    "contexts": list,
    "integration_types": list,
}
_OPTION_TYPES = {**_TYPES, "type": int, "required": bool, "choices": list, "autocomplete": bool}


def check_commands(commands: Any) -> list[Problem]:
    """Check all commands of a bulk overwrite."""
    if not isinstance(commands, list):
        return [] if commands is None else [validate.convert((), list, commands)]
    wrong = list(validate.objects(commands, ()))
    seen: dict[Any, list[str]] = {}
    for index, command in enumerate(commands):
        if not isinstance(command, dict):
            continue
        wrong += check_command(command, (index,))
        names = seen.setdefault(command.get("type") or CHAT_INPUT, [])
        if command.get("name") in names:
            text = "Application command names must be unique"
            wrong.append(validate.problem((index, "name"), "APPLICATION_COMMANDS_DUPLICATE_NAME", text))
        names.append(str(command.get("name")))
    for kind, names in seen.items():
        if kind in MOST_OF_TYPE and len(names) > MOST_OF_TYPE[kind]:
            wrong.append(
                validate.problem((), "MAX_COMMANDS", "Maximum number of application commands reached", refusal=30032)
            )
    return wrong


def check_command(command: Any, at: At = ()) -> list[Problem]:
    """Check one command."""
    if not isinstance(command, dict):
        return [validate.convert(at, dict, command)]
    wrong = [*validate.undeclared(command, _KEYS | _GIVEN, at), *validate.types(command, _TYPES, at)]
    if any(problem.refusal for problem in wrong):
        return wrong
    kind = command.get("type") or CHAT_INPUT
    if kind == CHAT_INPUT:
        wrong += _named(command, at)
        wrong += _options(command.get("options"), (*at, "options"), depth=0)
    else:
        wrong += validate.length(command.get("name") or "", (*at, "name"), least=1, most=32)
        wrong += _locales(command, at)
        if command.get("description"):
            text = "Context menu commands cannot have description"
            wrong.append(validate.problem((*at, "description"), "APPLICATION_COMMAND_NO_DESCRIPTION", text))
        if command.get("options"):
            text = "Context menu commands cannot have options"
            wrong.append(validate.problem((*at, "options"), "APPLICATION_COMMAND_NO_OPTIONS", text))
    if size(command) > MOST_TEXT:
        text = f"Command exceeds maximum size ({MOST_TEXT})"
        wrong.append(validate.problem(at, "APPLICATION_COMMAND_TOO_LARGE", text))
    return wrong


def size(what: Json) -> int:
    """Count the characters of names, descriptions and choices that count against the limit.

    Of each text the longest of its localizations counts, and the text itself.
    """
    total = 0
    for key in ("name", "description"):
        texts = [str(what.get(key) or ""), *(what.get(f"{key}_localizations") or {}).values()]
        total += max(len(str(text)) for text in texts)
    total += len(str(what["value"])) if "value" in what else 0
    children = [*(what.get("options") or []), *(what.get("choices") or [])]
    return total + sum(size(child) for child in children if isinstance(child, dict))


def _named(what: Json, at: At) -> Iterator[Problem]:
    """Check the name and description of a chat command or of one of its options."""
    yield from _name(what.get("name"), (*at, "name"))
    for locale, name in _localized(what, "name_localizations"):
        yield from _name(name, (*at, "name_localizations", locale))
    if not what.get("description"):
        yield validate.missing((*at, "description"))
    yield from validate.length(what.get("description"), (*at, "description"), most=100)
    for key, text in _localized(what, "description_localizations"):
        yield from validate.length(text, (*at, "description_localizations", key), least=1, most=100)
    yield from _locales(what, at)


def _name(name: Any, at: At) -> Iterator[Problem]:
    """Check a name as it is typed: so long, of letters and digits, in small letters."""
    if name is None:
        yield validate.missing(at)
    elif isinstance(name, str):
        yield from validate.length(name, at, least=1, most=LONGEST_NAME)
        if not _NAME.fullmatch(name):
            yield validate.problem(at, "STRING_TYPE_REGEX", "String value did not match validation regex.")
        if not _NAME.fullmatch(name) or name != name.lower():
            yield validate.problem(at, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def _localized(what: Json, key: str) -> list[tuple[str, Any]]:
    found = what.get(key)
    return list(found.items()) if isinstance(found, dict) else []


def _locales(what: Json, at: At) -> Iterator[Problem]:
    for key in sorted(_LOCALIZED):
        for locale, _ in _localized(what, key):
            if locale not in LOCALES:
                text = f'Value "{locale}" is not a valid enum value.'
                yield validate.problem((*at, key, locale), "ENUM_TYPE_COERCE", text)


def _options(options: Any, at: At, *, depth: int) -> Iterator[Problem]:
    """Check options beside one another: their number, order, names."""
    if not isinstance(options, list):
        return
    yield from validate.objects(options, at)
    yield from validate.length(options, at, most=MOST_OPTIONS)
    seen: set[Any] = set()
    optional = False
    for index, option in enumerate(o for o in options if isinstance(o, dict)):
        here = (*at, index)
        yield from _option(option, here, depth=depth)
        if str(option.get("name")) in seen:
            text = "Option names must be unique"
            yield validate.problem((*here, "name"), "APPLICATION_COMMAND_OPTIONS_NAME_INVALID", text)
        seen.add(str(option.get("name")))
        if option.get("type") not in (SUBCOMMAND, GROUP):
            if option.get("required") and optional:
                text = "Required options must be placed before non-required options"
                yield validate.problem(here, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", text)
            optional = optional or not option.get("required")
    kinds = {option.get("type") in (SUBCOMMAND, GROUP) for option in options if isinstance(option, dict)}
    if len(kinds) > 1:
        text = "Sub-command and sub-command group option types are mutually exclusive to all other types"
        yield validate.problem(at, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", text)


def _option(option: Json, at: At, *, depth: int) -> Iterator[Problem]:
    """Check one option by itself."""
    yield from validate.undeclared(option, _OPTION_KEYS, at)
    yield from validate.types(option, _OPTION_TYPES, at)
    yield from _named(option, at)
    kind = option.get("type")
    if kind not in OPTION_TYPES[depth]:
        yield validate.union(at, OPTION_TYPES[depth])
    elif kind in (SUBCOMMAND, GROUP):
        yield from _options(option.get("options"), (*at, "options"), depth=1 if kind == GROUP else 2)
    yield from _choices(option, at)


def _choices(option: Json, at: At) -> Iterator[Problem]:
    choices = option.get("choices")
    if not isinstance(choices, list):
        return
    if choices and option.get("autocomplete"):
        text = "Autocomplete and choices are mutually exclusive"
        yield validate.problem((*at, "autocomplete"), "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_INVALID", text)
    yield from validate.length(choices, (*at, "choices"), most=MOST_CHOICES)
    yield from validate.objects(choices, (*at, "choices"))
    seen: set[str] = set()
    for index, choice in enumerate(c for c in choices if isinstance(c, dict)):
        here = (*at, "choices", index)
        yield from validate.undeclared(choice, {"name", "name_localizations", "value"}, here)
        yield from validate.length(choice.get("name") or "", (*here, "name"), least=1, most=100)
        yield from validate.length(choice.get("value"), (*here, "value"), most=100)
        yield from _locales(choice, here)
        for locale, text in _localized(choice, "name_localizations"):
            yield from validate.length(text, (*here, "name_localizations", locale), least=1, most=100)
        if choice.get("value") is None:
            yield validate.missing((*here, "value"))
        if str(choice.get("name")) in seen:
            text = "Choice names must be unique"
            yield validate.problem(here, "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_DUPLICATE", text)
        seen.add(str(choice.get("name")))
