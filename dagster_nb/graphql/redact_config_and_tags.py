"""Hide secrets in the run configs and tags of the server's responses, selected by their keys."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["REDACTED", "Redaction", "holds_redacted_value"]

REDACTED = "<redacted>"
"""The text that replaces a hidden value."""

# To re-execute a run or launch a partition, the client reads data and sends it back, so this data is not redacted.
_SENT_BACK = frozenset({"asset_partition_config", "job_partition_config", "run_to_reexecute"})


class Redaction:
    """Hides the values of certain keys in run configs and tags.

    Parameters
    ----------
    pattern
        A regular expression that may match any part of a key. Case is ignored.

    Raises
    ------
    ValueError, TypeError
        If the expression is invalid or empty.

    Examples
    --------
    >>> Redaction("password|token").of_config({"db": {"password": "x", "rows": 3}})
    {'db': {'password': '<redacted>', 'rows': 3}}
    """

    def __init__(self, pattern: str):
        if not isinstance(pattern, str):
            raise TypeError(f"redact must be a regular expression such as 'password|token', not {pattern!r}.")
        if not pattern:
            raise ValueError("redact must not be empty. Leave it out to show all values.")
        try:
            with warnings.catch_warnings():
                # Python warns about patterns such as "[[", because a future version may interpret them differently.
                warnings.simplefilter("ignore", FutureWarning)
                self._pattern = re.compile(pattern, re.IGNORECASE)
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(
                f"redact must be a valid regular expression such as 'password|token', but it has an error: {error}."
            ) from None

    def of_config(self, config: Any) -> Any:  # noqa: ANN401 - of any kind
        """Return a run config, or a part of it, with the values hidden."""
        if isinstance(config, dict):
            return {
                key: REDACTED if self._pattern.search(str(key)) else self.of_config(value)
                for key, value in config.items()
            }
        return [self.of_config(item) for item in config] if isinstance(config, list) else config

    def of_response(self, document: str, data: dict[str, Any]) -> dict[str, Any]:
        """Return the ``data`` of the response to a document of this package, with the values hidden."""
        return {name: self._of_node(node) for name, node in data.items()} if document not in _SENT_BACK else data

    def _of_node(self, node: Any) -> Any:  # noqa: ANN401 - of any kind
        if isinstance(node, list):
            return [self._of_node(item) for item in node]
        if not isinstance(node, dict):
            return node
        redacted = {name: self._of_node(value) for name, value in node.items()}
        if node.get("runConfig") is not None:
            redacted["runConfig"] = self.of_config(node["runConfig"])
        if node.get("tags") is not None:
            redacted["tags"] = [self._of_tag(tag) for tag in node["tags"]]
        return redacted

    def _of_tag(self, tag: Mapping[str, str]) -> dict[str, str]:
        return {**tag, "value": REDACTED} if self._pattern.search(tag["key"]) else dict(tag)


def holds_redacted_value(value: object) -> bool:
    """Return whether a run config or tags contain a hidden value. If so, they must not be sent.

    Examples
    --------
    >>> holds_redacted_value({"db": [{"password": "<redacted>"}]})
    True
    """
    if isinstance(value, dict):
        return any(holds_redacted_value(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(holds_redacted_value(item) for item in value)
    return value == REDACTED
