"""Find Chromium for the tests, or install it if it is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import debian

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_HELP = (
    "Chromium was not found and could not be installed. Install it (`apt-get install chromium` or `python -m "
    "playwright install chromium`), or set its path: CHROMIUM=/usr/bin/chromium pytest tests/browser"
)


def chromium(own: str) -> str:
    """Return the path of Chromium. If Chromium cannot be installed, fail the test instead of skipping it.

    Parameters
    ----------
    own
        The path where Playwright would install its own Chromium.
    """
    found = _find(own)
    if found is None:
        _install()
        found = _find(own)
    if found is None:
        pytest.fail(_HELP, pytrace=False)
    return found


def _find(own: str) -> str | None:
    candidates = [os.environ.get("CHROMIUM"), *map(shutil.which, _NAMES), own]
    return next((path for path in candidates if path and Path(path).exists()), None)


def _install() -> None:
    if not debian.install("chromium"):
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
