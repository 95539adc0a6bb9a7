"""The frame of config fields, with one row per field of a run config."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_nb.frames import columns

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

__all__ = ["ConfigTypes", "config_fields_frame"]

Node = dict[str, Any]


def config_fields_frame(schema: Node) -> pd.DataFrame:
    """Return the fields of a run config schema as a frame.

    Parameters
    ----------
    schema
        A ``RunConfigSchema``, as requested by the document ``run_config_schema``.

    Returns
    -------
    pandas.DataFrame
        The columns of `RunConfigSchema.fields`.

    Examples
    --------
    >>> config_fields_frame({"rootConfigType": {"key": "Any"}, "allConfigTypes": []}).columns.tolist()
    ['path', 'type', 'required', 'default', 'description']
    """
    types = ConfigTypes(schema["allConfigTypes"])
    rows = list(types.walk(schema["rootConfigType"]["key"]))
    return columns.frame(
        {
            "path": columns.strings(path for path, _, _ in rows),
            "type": columns.strings(types.name(field["configTypeKey"]) for _, field, _ in rows),
            "required": columns.flags(required for _, _, required in rows),
            "default": columns.strings(field.get("defaultValueAsJson") for _, field, _ in rows),
            "description": columns.strings(field.get("description") for _, field, _ in rows),
        }
    )


class ConfigTypes:
    """The types of a run config schema, which refer to each other by key."""

    def __init__(self, types: list[Node]):
        self._types = {one["key"]: one for one in types}

    def walk(self, key: str, path: str = "", above: frozenset[str] = frozenset()) -> Iterator[tuple[str, Node, bool]]:
        """Yield each field of a type with its path, and whether it is required if its parent is present."""
        one = self._types.get(key)
        # The fields of a recursive type are nested without end, so they are listed only where the type first occurs.
        if one is None or key in above:
            return
        above |= {key}
        for field in one.get("fields", ()):
            inside = f"{path}.{field['name']}" if path else field["name"]
            # A selector requires exactly one of its fields, but it can be any of them.
            yield inside, field, field["isRequired"] and (not one["isSelector"] or len(one["fields"]) == 1)
            yield from self.walk(field["configTypeKey"], inside, above)
        match one["__typename"]:
            case "NullableConfigType":
                yield from self.walk(one["typeParamKeys"][0], path, above)
            case "ArrayConfigType":
                yield from self.walk(one["typeParamKeys"][0], f"{path}[]", above)
            case "MapConfigType":
                yield from self.walk(one["typeParamKeys"][1], f"{path}.*", above)

    def name(self, key: str, above: frozenset[str] = frozenset()) -> str:
        """Return a type in Dagster's notation, such as ``Int?``, ``[Int]`` or ``(Int | {env: String})``."""
        one = self._types.get(key)
        if one is None or key in above:
            return key
        inner = [self.name(part, above | {key}) for part in one["typeParamKeys"]]
        match one["__typename"]:
            case "NullableConfigType":
                return f"{inner[0]}?"
            case "ArrayConfigType":
                return f"[{inner[0]}]"
            case "MapConfigType":
                return f"{{[{inner[0]}]: {inner[1]}}}"
            case "EnumConfigType":
                return f"({' | '.join(value['value'] for value in one['values'])})"
            case "ScalarUnionConfigType":
                return f"({inner[0]} | {self._written_out(one['nonScalarTypeKey'], above | {key})})"
            case _:
                return str(one.get("givenName") or key.partition(".")[0])

    def _written_out(self, key: str, above: frozenset[str]) -> str:
        """Return a composite type with its fields in braces.

        Some values can be either plain or a dict: a string can also be ``{env: NAME}``. The fields of such a dict have
        no rows, because they would distract from the important fields.
        """
        fields = self._types[key]["fields"] if key not in above else ()
        return "{" + ", ".join(f"{field['name']}: {self.name(field['configTypeKey'], above)}" for field in fields) + "}"
