"""Find out which actions a client would refuse, so that panels can disable the buttons."""

from __future__ import annotations

__all__ = ["reason_forbidden"]


def reason_forbidden(source: object, action: str) -> str | None:
    """Return the reason why a client refuses an action, or None if no reason is known.

    Parameters
    ----------
    source
        A client, or a source with some of a client's attributes.
    action
        The name of the method.

    Examples
    --------
    >>> reason_forbidden([], "launch") is None
    True
    """
    if getattr(source, "read_only", False):
        return "this client is read-only"
    reason = getattr(source, "forbidden_actions", {}).get(action)
    return None if reason is None else f"the server does not permit it: {reason}"
