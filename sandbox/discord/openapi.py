"""Holds requests and answers against Discord's published OpenAPI document (JSON Schema, Draft 2020-12)."""

import copy
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator

from sandbox.discord.errors import Problem
from sandbox.discord.world import Json

ID = "urn:discord"
FAILING = 500  # the document has no answers of a failing server
_ID = re.compile(r'"[1-9][0-9]{18}"(?!:)')  # as JSON, where it is a value
_BY_TYPE = "x-branch-by-type"
# Discord's names and words for what the keywords of JSON Schema find.
_LENGTHS = {"maxLength": "minLength", "maxItems": "minItems", "minLength": "maxLength", "minItems": "maxItems"}
_WORDS: dict[str, tuple[str, str]] = {
    "required": ("BASE_TYPE_REQUIRED", "This field is required"),
    "maxLength": ("BASE_TYPE_MAX_LENGTH", "Must be {0} or fewer in length."),
    "minLength": ("BASE_TYPE_MIN_LENGTH", "Must be {0} or more in length."),
    "maxItems": ("BASE_TYPE_MAX_LENGTH", "Must be {0} or fewer in length."),
    "minItems": ("BASE_TYPE_MIN_LENGTH", "Must be {0} or more in length."),
    "enum": ("BASE_TYPE_CHOICES", "Value must be one of {0}."),
    "const": ("BASE_TYPE_CHOICES", "Value must be one of {0}."),
    "maximum": ("NUMBER_TYPE_MAX", "int value should be less than or equal to {0}."),
    "minimum": ("NUMBER_TYPE_MIN", "int value should be greater than or equal to {0}."),
    "pattern": ("STRING_TYPE_REGEX", "String value did not match validation regex."),
    "uniqueItems": ("SET_TYPE_ALREADY_CONTAINS_VALUE", "The set already contains this value"),
    "oneOf": ("UNION_TYPE_CHOICES", 'Value of field "type" must be one of {0}.'),
    "anyOf": ("UNION_TYPE_CHOICES", 'Value of field "type" must be one of {0}.'),
}
_TYPES: dict[str, tuple[str, str]] = {
    "string": ("STRING_TYPE_CONVERT", 'Could not interpret "{0}" as string.'),
    "integer": ("NUMBER_TYPE_COERCE", 'Value "{0}" is not int.'),
    "number": ("NUMBER_TYPE_COERCE", 'Value "{0}" is not float.'),
    "boolean": ("BOOLEAN_TYPE_CONVERT", "Must be either true or false."),
    "array": ("LIST_TYPE_CONVERT", "Only iterables may be used in a ListType"),
    "object": ("MODEL_TYPE_CONVERT", "Expected an object/dictionary."),
}
_SNOWFLAKE_WORDS = ("NUMBER_TYPE_COERCE", 'Value "{0}" is not snowflake.')
LONGEST_QUOTE = 100
# What Discord takes beside what the document states: snowflakes as numbers, permissions as text.
_DIGITS = "^(0|[1-9][0-9]*)$"
_SNOWFLAKE = {"anyOf": [{"type": "string", "pattern": _DIGITS}, {"type": "integer", "minimum": 0}]}
_PERMISSIONS = {"type": ["integer", "string", "null"], "minimum": 0, "pattern": "^[0-9]+$"}


class Document:
    """Holds the document, with a validator for each operation made when it is first needed."""

    def __init__(self, document: Json) -> None:
        self._document = document
        self._answers = _Validators(_corrected(document))
        self._requests = _Validators(_lenient(document))
        self._found: dict[tuple[str, ...], Validator | None] = {}
        self._good: set[tuple[int, bytes]] = set()  # validators, with outlines of what they found nothing wrong with

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the document from a file.

        Raises:
            OSError: the file cannot be read.
            ValueError: it is no JSON.
        """
        return cls(json.loads(path.read_bytes()))

    def request_problems(self, method: str, route: str, *, body: Any, query: Mapping[str, str]) -> list[Problem]:
        """Find what is wrong with the query and the JSON body of a request (with files: its `payload_json`)."""
        operation = self._operation(method, route)
        if operation is None:
            return []
        wrong = list(self._query(method, route, operation, query))
        validator = self._validator(method, route, "requestBody", "content", "application/json", "schema")
        if validator is None:
            return wrong
        if body is not None or operation["requestBody"].get("required"):
            wrong += [_problem(error) for error in self._errors(validator, {} if body is None else body)]
        return wrong

    def answer_problems(self, method: str, route: str, status: int, body: Any) -> list[str]:
        """Find where an answer of the sandbox is not as the document says."""
        operation = self._operation(method, route)
        if operation is None or status >= FAILING:
            return []
        where = f"{method} {route} → {status}"
        key = next((k for k in (str(status), f"{status // 100}XX") if k in operation["responses"]), None)
        if key is None:
            return [f"{where}: the document has no such answer"]
        reference = operation["responses"][key].get("$ref")
        pointer = tuple(reference.removeprefix("#/").split("/")) if reference else None
        inside = ("content", "application/json", "schema")
        if pointer is not None:
            validator = self._at(self._answers, (*pointer, *inside))
        else:
            validator = self._validator(method, route, "responses", key, *inside)
        if validator is None:
            return [] if body is None else [f"{where}: the document has no body here"]
        return [f"{where}: {_problem(error)}" for error in self._errors(validator, body)]

    def object_problems(self, name: str, value: Any) -> list[str]:
        """Find where an object is not as the document's schema of this name says, in answers."""
        validator = self._at(self._answers, ("components", "schemas", name))
        return [] if validator is None else [str(_problem(error)) for error in self._errors(validator, value)]

    def methods(self, route: str) -> set[str]:
        """Name the methods that a path takes."""
        return {name.upper() for name, found in self._document["paths"].get(route, {}).items() if "responses" in found}

    def body_types(self, method: str, route: str) -> set[str]:
        """Name the content types of the bodies that an operation takes."""
        return set((self._operation(method, route) or {}).get("requestBody", {}).get("content", ()))

    def _errors(self, validator: Validator, body: Any) -> list[ValidationError]:
        """Find what is wrong with a body. Every start of a bot sends the same commands; only their ids are new."""
        seen = (id(validator), _outline(body))
        if seen in self._good:
            return []
        errors = list(_flat(validator.iter_errors(body)))
        if not errors:
            self._good.add(seen)
        return errors

    def _operation(self, method: str, route: str) -> Json | None:
        found: Json | None = self._document["paths"].get(route, {}).get(method.lower())
        return found

    def _query(self, method: str, route: str, operation: Json, query: Mapping[str, str]) -> Iterator[Problem]:
        declared = {p["name"]: i for i, p in enumerate(operation.get("parameters", [])) if p["in"] == "query"}
        for name, value in query.items():
            at = ("query", name)
            if name not in declared:
                yield Problem(at=at, kind="UNDECLARED_KEY", text="Discord knows no such parameter", refusal=None)
                continue
            index = declared[name]
            schema = self._plain(operation["parameters"][index]["schema"])
            validator = self._validator(method, route, "parameters", str(index), "schema")
            if validator is not None:
                for error in _flat(validator.iter_errors(_cast(value, schema))):
                    kind, text = _described(error)
                    yield Problem(at=at, kind=kind, text=text)

    def _plain(self, schema: Json) -> Json:
        """Follow the reference that a schema may be."""
        named = schema.get("$ref", "").rpartition("/")[2]
        found: Json = self._document["components"]["schemas"].get(named, schema)
        return found

    def _validator(self, method: str, route: str, *inside: str) -> Validator | None:
        set_ = self._answers if inside[0] == "responses" else self._requests
        return self._at(set_, ("paths", route, method.lower(), *inside))

    def _at(self, validators: "_Validators", pointer: tuple[str, ...]) -> Validator | None:
        key = (str(id(validators)), *pointer)
        if key not in self._found:
            self._found[key] = validators.at(pointer)
        return self._found[key]


class _Validators:
    """Makes validators for parts of one version of the document, which is one resource."""

    def __init__(self, document: Json) -> None:
        from jsonschema import Draft202012Validator, validators  # noqa: PLC0415 - only where there is a document
        from referencing import Registry, Resource  # noqa: PLC0415 - likewise
        from referencing.jsonschema import DRAFT202012  # noqa: PLC0415 - likewise

        self._document = document
        _mark(document, document)
        resource: Any = Resource.from_contents(document, default_specification=DRAFT202012)
        self._registry: Any = Registry().with_resource(ID, resource)
        plain = Draft202012Validator.VALIDATORS
        picking = {name: _picking(plain[name]) for name in ("oneOf", "anyOf")}
        extend: Any = validators.extend
        self._class = extend(Draft202012Validator, picking)

    def at(self, pointer: tuple[str, ...]) -> Validator | None:
        """Make the validator of the schema at this place; None when there is no schema."""
        part: Any = self._document
        for step in pointer:
            part = part[int(step)] if isinstance(part, list) else part.get(step)
            if part is None:
                return None
        escaped = "/".join(step.replace("~", "~0").replace("/", "~1").replace("{", "%7B") for step in pointer)
        validator: Validator = self._class({"$ref": f"{ID}#/{escaped}"}, registry=self._registry)
        return validator


def _picking(plain: Any) -> Any:
    """Make a `oneOf` that looks at the value's `type` first, where that alone decides between the branches.

    Otherwise each branch is tried, and for nested components the branches of their branches, which takes long and
    explains little.
    """

    def keyword(validator: Any, branches: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        by_type = schema.get(_BY_TYPE)
        kind = instance.get("type") if isinstance(instance, dict) else None
        if by_type is None or not isinstance(instance, dict):
            yield from plain(validator, branches, instance, schema)
            return
        if not isinstance(kind, int) or kind not in by_type:
            if any(plain(validator, branches, instance, schema)):
                yield ValidationError("no branch has this type", validator_value=sorted(by_type))
            return
        index = by_type[kind]
        yield from validator.descend(instance, branches[index], schema_path=index)

    return keyword


def _mark(part: Any, document: Json) -> None:
    """Note at each union, in place, which branch has which `type`."""
    if isinstance(part, list):
        for item in part:
            _mark(item, document)
    elif isinstance(part, dict):
        for name in ("oneOf", "anyOf"):
            if isinstance(part.get(name), list) and _BY_TYPE not in part:
                branches = {k: i for i, branch in enumerate(part[name]) for k in _types(branch, document)}
                counted = sum(len(_types(branch, document)) for branch in part[name])
                if branches and len(branches) == counted:
                    part[_BY_TYPE] = branches
        for value in list(part.values()):
            _mark(value, document)


def _types(branch: Any, document: Json) -> list[int]:
    """List the values of `type` that a branch of a union takes, when it names them."""
    name = branch.get("$ref", "").rpartition("/")[2] if isinstance(branch, dict) else ""
    schema = document["components"]["schemas"].get(name, {})
    values = schema.get("properties", {}).get("type", {}).get("enum", [])
    return [value for value in values if isinstance(value, int)]


def _corrected(document: Json) -> Json:
    """Mend the document for answers: it calls the codes inside `errors` integers, and they are words."""
    changed: Json = copy.deepcopy(document)
    code = {"type": ["string", "integer"]}
    inner = {"type": "object", "properties": {"code": code, "message": {"type": "string"}}}
    errors = {"type": "array", "items": {**inner, "required": ["code", "message"]}}
    changed["components"]["schemas"]["InnerErrors"] = {
        "type": "object",
        "properties": {"_errors": errors},
        "required": ["_errors"],
        "additionalProperties": False,
    }
    return changed


def _lenient(document: Json) -> Json:
    """Prepare the document for requests."""
    changed: Json = copy.deepcopy(document)
    schemas = changed["components"]["schemas"]
    schemas["SnowflakeType"] = _SNOWFLAKE
    for schema in schemas.values():
        properties = schema.get("properties", {})
        if "default_member_permissions" in properties:
            properties["default_member_permissions"] = _PERMISSIONS
    return changed


def _cast(value: str, schema: Json) -> Any:
    """Read a query parameter as the type that its schema wants."""
    wanted = schema.get("type")
    if wanted == "boolean":
        return {"1": True, "true": True, "0": False, "false": False}.get(value.lower(), value)
    if wanted == "integer" and value.lstrip("-").isdecimal():
        return int(value)
    return value


def _outline(body: Any) -> bytes:
    """Reduce a body to what it shares with bodies that differ only in their ids, of equal length and equally placed."""
    ids: dict[str, int] = {}
    text = _ID.sub(lambda found: f"<{ids.setdefault(found[0], len(ids))}>", json.dumps(body))
    return hashlib.sha256(text.encode()).digest()


def _flat(errors: Iterator[ValidationError]) -> Iterator[ValidationError]:
    """Flatten the errors, a failed union explained by the branch that came closest."""
    from jsonschema.exceptions import best_match  # noqa: PLC0415 - only where there is a document

    for error in errors:
        closest = best_match([error])
        yield error if closest is None else closest


def _problem(error: ValidationError) -> Problem:
    at = tuple(error.absolute_path)
    kind, text = _described(error)
    if error.validator == "required":
        needed: Any = error.validator_value
        present: Any = error.instance
        at = (*at, next((name for name in needed if name not in present), ""))
    elif error.validator == "uniqueItems":
        items: Any = error.instance
        at = (*at, next(index for index, item in enumerate(items) if item in items[:index]))
    return Problem(at=at, kind=kind, text=text)


def _described(error: ValidationError) -> tuple[str, str]:
    """Say in Discord's name and words what a keyword found."""
    limit: Any = error.validator_value
    keyword, schema = str(error.validator), error.schema
    quoted = str(error.instance)[:LONGEST_QUOTE]
    if keyword == "type":
        wanted = [name for name in ([limit] if isinstance(limit, str) else list(limit)) if name != "null"]
        kind, text = _TYPES.get(wanted[0], _WORDS["pattern"])
        return kind, text.format(quoted)
    if keyword in _LENGTHS and isinstance(schema, Mapping) and schema.get(_LENGTHS[keyword]):
        few, many = sorted((int(schema[keyword]), int(schema[_LENGTHS[keyword]])))
        return "BASE_TYPE_BAD_LENGTH", f"Must be between {few} and {many} in length."
    if keyword in ("enum", "const") or (keyword in ("oneOf", "anyOf") and not isinstance(limit[0], int)):
        limit, keyword = _allowed(error), "enum"
    if isinstance(schema, Mapping) and schema.get("pattern") == _DIGITS:
        return _SNOWFLAKE_WORDS[0], _SNOWFLAKE_WORDS[1].format(quoted)
    kind, text = _WORDS.get(keyword, (keyword.upper(), error.message))
    return kind, text.format(tuple(limit) if isinstance(limit, list) else limit)


def _allowed(error: ValidationError) -> list[Any]:
    """List the values that would have done: of an enumeration, or of a union of constants."""
    found: Any = error.validator_value
    if error.validator == "enum":
        return list(found)
    union: Any = error.parent.validator_value if error.parent is not None and error.validator == "const" else found
    branches = union if isinstance(union, list) else [{"const": union}]
    return [branch["const"] for branch in branches if isinstance(branch, Mapping) and "const" in branch]
