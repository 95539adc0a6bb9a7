"""Complete and explain a run config, using the job's config schema."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dagster_nb.frames.config_fields import ConfigTypes
from dagster_nb.panels.editor import Suggestion, Suggestions
from dagster_nb.panels.launchpad.yaml_place import ITEM, place_at, place_of_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dagster_nb.panels.launchpad.yaml_place import YamlPlace

__all__ = ["ConfigHelp"]

Node = dict[str, Any]

_INDENT = "  "


class ConfigHelp:
    """Completion and documentation for the run config of a job.

    Parameters
    ----------
    schema
        A ``RunConfigSchema``, with the fields in the document ``run_config_schema``.
    """

    def __init__(self, schema: Node):
        self._root = str(schema["rootConfigType"]["key"])
        self._nodes: dict[str, Node] = {one["key"]: one for one in schema["allConfigTypes"]}
        self._types = ConfigTypes(schema["allConfigTypes"])

    def complete(self, text: str, cursor: int) -> Suggestions:
        """Return the fields or values that are valid at the cursor, with required fields first.

        The result does not contain fields that are already in the config. If the config already has one field of a
        selector, the result contains no other field of this selector.

        Parameters
        ----------
        text
            The config as YAML, which may be unfinished.
        cursor
            The position of the cursor, in characters.
        """
        place = place_at(text, cursor)
        if place is None:
            return Suggestions("", ())
        if place.is_value:
            found = self._values(self._key_at(place.path), self._field_at(place.path))
            return _starting_with(place.word, found)
        key = self._key_at(place.path)
        composite = self._composite(key)
        if composite is None:
            is_item = bool(place.path) and place.path[-1] == ITEM
            return _starting_with(place.word, self._values(key, None) if is_item else [])
        fields = [field for field in composite["fields"] if field["name"] not in place.siblings]
        if composite["isSelector"] and len(fields) < len(composite["fields"]):
            fields = []
        has_colon = text[cursor:].startswith(":")
        suggestions = [
            Suggestion(
                text=field["name"] if has_colon else self._written(field, place),
                label=field["name"],
                kind="property",
                detail=self._detail(field, composite),
                info=field.get("description") or "",
            )
            for field in sorted(fields, key=lambda field: not field["isRequired"])
        ]
        return _starting_with(place.word, suggestions)

    def describe(self, text: str, cursor: int) -> str:
        """Return the documentation of the key at the cursor, or "" if there is no such field.

        Parameters
        ----------
        text
            The config as YAML.
        cursor
            The position of the cursor, in characters.
        """
        path = place_of_key(text, cursor)
        field = None if path is None else self._field_at(path)
        if path is None or field is None:
            return ""
        composite = self._composite(self._key_at(path[:-1]))
        lines = [f"{'.'.join(path)}: {self._detail(field, composite)}"]
        inside = self._composite(field["configTypeKey"])
        # A selector that has only one field, such as {env: …}, is an alternative to a plain value.
        if inside is not None and inside["isSelector"] and len(inside["fields"]) > 1:
            lines.append(f"Exactly one of: {', '.join(one['name'] for one in inside['fields'])}")
        if description := field.get("description"):
            lines += ["", description]
        return "\n".join(lines)

    def _detail(self, field: Node, composite: Node | None) -> str:
        name = self._types.name(field["configTypeKey"])
        is_selector = composite is not None and composite["isSelector"] and len(composite["fields"]) > 1
        if field["isRequired"] and not is_selector:
            return f"{name}, required"
        default = field.get("defaultValueAsJson")
        return (
            f"{name}, default {default}"
            if default is not None and self._composite(field["configTypeKey"]) is None
            else name
        )

    def _written(self, field: Node, place: YamlPlace) -> str:
        """Return the text to insert for a field: its name, a colon and, before a mapping or a list, a line break."""
        if place.is_flow:
            return f"{field['name']}: "
        inner = self._without_null(field["configTypeKey"])
        kind = self._nodes.get(inner, {}).get("__typename")
        below = f":\n{' ' * place.column}{_INDENT}"
        if kind == "ArrayConfigType":
            return f"{field['name']}{below}- "
        return f"{field['name']}{below if kind in {'CompositeConfigType', 'MapConfigType'} else ': '}"

    # The types

    def _without_null(self, key: str) -> str:
        node = self._nodes.get(key, {})
        return self._without_null(node["typeParamKeys"][0]) if node.get("__typename") == "NullableConfigType" else key

    def _composite(self, key: str | None) -> Node | None:
        """Return the given type if it has fields.

        If not, return the type with fields that it accepts as an alternative to a scalar.
        """
        node = None if key is None else self._nodes.get(self._without_null(key))
        if node is not None and node["__typename"] == "ScalarUnionConfigType":
            node = self._nodes.get(node["nonScalarTypeKey"])
        return node if node is not None and node["__typename"] == "CompositeConfigType" else None

    def _field_at(self, path: Sequence[str]) -> Node | None:
        composite = self._composite(self._key_at(path[:-1])) if path else None
        return next((one for one in composite["fields"] if one["name"] == path[-1]), None) if composite else None

    def _key_at(self, path: Sequence[str]) -> str | None:
        """Return the key of the type at a path."""
        key = self._root
        for part in path:
            node = self._nodes.get(self._without_null(key), {})
            composite = self._composite(key)
            if node.get("__typename") == "ArrayConfigType" and part == ITEM:
                key = node["typeParamKeys"][0]
            elif node.get("__typename") == "MapConfigType" and part != ITEM:
                key = node["typeParamKeys"][1]
            elif composite is not None and (found := [one for one in composite["fields"] if one["name"] == part]):
                key = found[0]["configTypeKey"]
            else:
                return None
        return key

    def _values(self, key: str | None, field: Node | None) -> list[Suggestion]:
        """Return the default of a field and, if its type has only a few values, all values."""
        node = {} if key is None else self._nodes.get(self._without_null(key), {})
        if node.get("__typename") == "ScalarUnionConfigType":
            node = self._nodes.get(node["scalarTypeKey"], {})
        values: list[str] = []
        if node.get("__typename") == "EnumConfigType":
            values = [str(one["value"]) for one in node["values"]]
        elif node.get("givenName") == "Bool":
            values = ["true", "false"]
        default = _plain_default(field)
        found = [Suggestion(value, kind="enum", detail="default" if value == default else "") for value in values]
        if default is not None and not values:
            found = [Suggestion(default, kind="constant", detail="default")]
        return found


def _plain_default(field: Node | None) -> str | None:
    """Return the default of a field as YAML, or None if it has no default or the default is not a single value."""
    if field is None or field.get("defaultValueAsJson") is None:
        return None
    value = json.loads(field["defaultValueAsJson"])
    if isinstance(value, dict | list) or value is None:
        return None
    is_plain_text = (
        isinstance(value, str) and value.replace("_", "a").replace("-", "a").isalnum() and value[0].isalpha()
    )
    is_keyword = isinstance(value, str) and value.casefold() in {"true", "false", "null", "yes", "no", "on", "off"}
    return value if is_plain_text and not is_keyword else json.dumps(value)


def _starting_with(word: str, found: Iterable[Suggestion]) -> Suggestions:
    start = word.casefold()
    return Suggestions(word, tuple(one for one in found if (one.label or one.text).casefold().startswith(start)))
