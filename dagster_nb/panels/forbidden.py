"""Which actions a panel cannot offer, because its client would refuse them."""

from __future__ import annotations

__all__ = ["reason_forbidden"]


def reason_forbidden(source: object, action: str) -> str | None:
    """Return why a client refuses one of its methods; None if it does not, or if the source does not say.

    Parameters
    ----------
    source
        A client, or a source that has some of its attributes.
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
