"""The server with known jobs and runs, which a proxy makes look like an older one."""

from tests.server.known.conftest import known

__all__ = ["known"]
