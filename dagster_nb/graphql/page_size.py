"""Choose the number of runs per request: few at first, then as many as the server returns in about a second."""

from __future__ import annotations

__all__ = ["PageSize"]

_FIRST = 200
_MIN = 10
# Pages that are larger than this save time only on a slow network.
_MAX_WITHOUT_LATENCY = 2_000
_MAX = 10_000
_TARGET_SECONDS = 1.0
# A page should keep the server busy for this many times the network latency.
_WORK_PER_LATENCY = 5.0
# After this many pages without a failure, the client tries to double the size.
_PAGES_BEFORE_PROBING = 3


class PageSize:
    """The best page size for one server, learned from pages that succeeded or failed.

    If a size that has never worked fails, that size is too large and becomes the limit. If a size that has worked
    before fails, the cause is probably temporary, and there is no new limit. A limit may be temporary too, so a larger
    size is tried again from time to time, but less often after each failure.

    Attributes
    ----------
    ceiling : int
        The largest size that may work.

    Examples
    --------
    >>> size = PageSize()
    >>> size.after_page(200, seconds=0.05, latency=0.002)
    2000
    >>> size.after_failure(2000), size.after_failure(1000)
    (1000, 500)
    >>> size.after_page(500, seconds=0.1, latency=0.002)
    500
    """

    def __init__(self) -> None:
        self.ceiling = _MAX
        self._largest_success = 0
        self._pages_at_ceiling = 0
        self._pages_before_probing = _PAGES_BEFORE_PROBING
        self._probing = False

    @property
    def first(self) -> int:
        """The number of runs in the first request, which is small so that the first rows appear early."""
        return min(_FIRST, self.ceiling)

    def after_page(self, size: int, *, seconds: float, latency: float) -> int:
        """Return the size of the next page, given the size and the duration of a page that succeeded.

        Parameters
        ----------
        size
            The number of runs in the page.
        seconds
            The duration of the request.
        latency
            The part of the duration that the network needs for a page of any size.
        """
        self._largest_success = max(self._largest_success, size)
        if size >= self.ceiling:
            self._raise_ceiling_cautiously()
        # The latency is only an estimate, so at most half of a request's duration is attributed to it.
        runs_per_second = size / max(seconds - latency, seconds / 2, 0.001)
        longest = max(_MAX_WITHOUT_LATENCY, runs_per_second * latency * _WORK_PER_LATENCY)
        return self._bounded(min(runs_per_second * _TARGET_SECONDS, longest))

    def smaller(self, size: int) -> int:
        """Return the next smaller size, or `size` itself if there is none."""
        return min(size, max(size // 2, _MIN))

    def after_failure(self, size: int) -> int:
        """Return the size to try after a page of `size` runs was too large or took too long."""
        smaller = self.smaller(size)
        if size > self._largest_success:
            self.ceiling = min(self.ceiling, smaller)
            if self._probing:
                self._pages_before_probing *= 2
        self._pages_at_ceiling, self._probing = 0, False
        self._largest_success = min(self._largest_success, smaller)
        return smaller

    def _raise_ceiling_cautiously(self) -> None:
        self._pages_at_ceiling += 1
        if self.ceiling < _MAX and self._pages_at_ceiling >= self._pages_before_probing:
            self.ceiling = min(2 * self.ceiling, _MAX)
            self._pages_at_ceiling, self._probing = 0, True

    def _bounded(self, size: float) -> int:
        return int(max(min(size, self.ceiling), _MIN))
