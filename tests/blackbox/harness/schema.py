"""Holds an answer to what the server's own OpenAPI document says of it.

The few words of JSON Schema that the document uses; an unknown one is a failure, not ignored.
"""

import re
import uuid

TYPES = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict,
         "null": type(None)}
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
ABOUT = {"description", "examples", "format", "type", "required", "properties", "items"}


def conforms(value, schema: dict, document: dict, where="answer") -> None:
    """Asserts that `value` is what `schema` describes."""
    if "$ref" in schema:
        schema = resolve(schema["$ref"], document)
    allowed = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    assert any(_is_a(value, name) for name in allowed), f"{where} is {value!r}, not {allowed}"
    for word, bound in schema.items():
        if word not in ABOUT and value is not None:
            _CHECKS[word](value, bound, where)
    if isinstance(value, str):
        _check_format(value, schema.get("format"), where)
    if isinstance(value, list):
        for number, item in enumerate(value):
            conforms(item, schema["items"], document, f"{where}[{number}]")
    if isinstance(value, dict):
        _check_members(value, schema, document, where)


def resolve(reference: str, document: dict) -> dict:
    node = document
    for part in reference.removeprefix("#/").split("/"):
        node = node[part]
    return node


def _is_a(value, name: str) -> bool:
    # In Python a bool is an int.
    return isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def _check_format(value: str, name, where: str) -> None:
    if name == "uuid":
        assert uuid.UUID(value).version == 4, where
    elif name == "date-time":
        assert RFC3339.fullmatch(value), f"{where} is {value}"
    else:
        assert name is None, f"what is {name}?"


def _check_members(value: dict, schema: dict, document: dict, where: str) -> None:
    described = schema.get("properties", {})
    missing = set(schema.get("required", [])) - set(value)
    assert not missing, f"{where} lacks {missing}"
    for name, member in value.items():
        if name in described:
            conforms(member, described[name], document, f"{where}.{name}")
        elif isinstance(schema.get("additionalProperties"), dict):
            conforms(member, schema["additionalProperties"], document, f"{where}.{name}")
        else:
            assert schema.get("additionalProperties", True), f"{where}.{name} is not described"


def _at_least(value, bound, where):
    assert (len(value) if isinstance(value, str) else value) >= bound, f"{where}: {value!r}"


def _at_most(value, bound, where):
    assert (len(value) if isinstance(value, str) else value) <= bound, f"{where}: {value!r}"


_CHECKS = {
    "minLength": _at_least, "maxLength": _at_most, "minimum": _at_least, "maximum": _at_most,
    "maxProperties": lambda value, bound, where: _at_most(len(value), bound, where),
    "additionalProperties": lambda *_: None,
}
