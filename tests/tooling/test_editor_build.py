"""The built editor script is up to date with its sources."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from dagster_nb.panels.viewport import STATIC

FOLDER = Path(__file__).parents[2] / "dagster_nb" / "panels" / "editor_source"


REBUILD = "rebuild the script: npm ci && npm run build in dagster_nb/panels/editor_source"


def test_the_editor_script_contains_the_hash_of_its_sources():
    names = ["build.mjs", "package-lock.json", "package.json"]
    digest = hashlib.sha256()
    for path in [*(FOLDER / name for name in names), *sorted((FOLDER / "src").iterdir())]:
        digest.update(path.read_bytes())
    assert f"// SHA-256 of the sources: {digest.hexdigest()}\n" in (STATIC / "editor.js").read_text("utf-8"), REBUILD


def test_the_editor_script_is_up_to_date(tmp_path):
    npm = shutil.which("npm")
    if npm is None:
        # The README does not require npm. The test above works without it.
        pytest.skip("npm is not installed, so only the hash of the sources was compared")
    copy = tmp_path / "editor"
    shutil.copytree(FOLDER, copy, ignore=shutil.ignore_patterns("node_modules"))
    installed = subprocess.run(
        [npm, "ci", "--no-audit", "--no-fund"], cwd=copy, capture_output=True, check=False, text=True
    )
    assert installed.returncode == 0, (
        f"npm could not install the packages of the editor. Fix the cause, such as a missing network connection, and "
        f"run the test again:\n{installed.stderr[-2000:]}"
    )
    built = tmp_path / "built"
    built.mkdir()
    subprocess.run([npm, "run", "build", "--", str(built)], cwd=copy, check=True, capture_output=True)
    for name in ("editor.js", "editor_licenses.txt"):
        assert (built / name).read_bytes() == (STATIC / name).read_bytes(), REBUILD
