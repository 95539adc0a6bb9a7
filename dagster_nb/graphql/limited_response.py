"""An HTTP response with a size limit."""

from __future__ import annotations

from typing import NoReturn

import aiohttp

from dagster_nb.graphql.retries import OverLimitError

__all__ = ["MAX_RESPONSE_BYTES", "LimitedResponse"]

# For comparison: a page of 1,000 runs has about 1 MB.
MAX_RESPONSE_BYTES = 128 * 2**20
"""The maximum size of a response, after decompression."""


class LimitedResponse(aiohttp.ClientResponse):
    """A response that stops reading if its body is too large.

    The bytes are counted as they are read, because the ``Content-Length`` header can be missing, and because it does
    not contain the decompressed size of a compressed response.
    """

    async def read(self) -> bytes:
        """Read the body.

        Raises
        ------
        OverLimitError
            If the body is larger than the limit. The connection is then closed.
        """
        if self._body is None:
            if (self.content_length or 0) > MAX_RESPONSE_BYTES:
                self._refuse()
            parts, size = [], 0
            async for part in self.content.iter_any():
                parts.append(part)
                size += len(part)
                if size > MAX_RESPONSE_BYTES:
                    self._refuse()
            self._body = b"".join(parts)
        return await super().read()

    def _refuse(self) -> NoReturn:
        error = OverLimitError(
            f"the response from {self.url.origin()} is too large: dagster_nb reads at most "
            f"{MAX_RESPONSE_BYTES / 2**20:,.0f} MB. Request less data at a time (limit=, page_size=)."
        )
        # gql reads a failed response a second time to show its text, and must then get the same error.
        self.content.set_exception(error)
        self.close()
        raise error
