"""Start JupyterLab, and control a notebook in the browser."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from tests.suite_token import authenticate_kernels, contains_token, files_with_token, leaks, leaks_of_kernels

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Error, Locator, Page

SCREENSHOTS = Path(__file__).parent / "screenshots"

_EXECUTE = """
async (code) => {
  const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const logged = [];
  const errors = [];
  const future = kernel.requestExecute({ code, store_history: false, stop_on_error: false });
  future.onIOPub = (message) => {
    const content = message.content;
    if (message.header.msg_type === "stream") logged.push(content.text);
    if (message.header.msg_type === "error") errors.push(content.traceback.join("\\n"));
  };
  await future.done;
  return [logged.join(""), errors.join("")];
}
"""
IDLE = "window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"


# anywidget logs this error if a widget takes more than two seconds to start, as it can on a slow machine. Ignoring it
# is safe, because the tests fail anyway if the widget does not start at all.
_SLOW_START = "[anywidget] Failed to initialize model"
# JupyterLab logs this error if a kernel is restarted while it prints something.
_INTERRUPTED_OUTPUT = "Kernel message validation error: Unexpected token 's', \"stream.std"


def record_errors(page: Page, errors: list[str]) -> None:
    """Append the page's uncaught errors to a list, with their stack traces."""

    def record(error: Error) -> None:
        text = f"{error}\n{error.stack}"
        if not text.startswith((_SLOW_START, _INTERRUPTED_OUTPUT)):
            errors.append(text)

    page.on("pageerror", record)


def run_code(page: Page, code: str) -> str:
    """Run code in the kernel of the page's notebook, and return its output."""
    output, error = page.evaluate(_EXECUTE, code)
    assert not error, error
    return str(output).strip()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Lab:
    """A JupyterLab with its own home folder, port, token and settings. Stopping it also stops its child processes."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._kernels = folder / "kernels"
        self.root = folder / "notebooks"
        self.token = secrets.token_hex(16)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        for name in ("home", "notebooks", "config", "data", "runtime"):
            (folder / name).mkdir(parents=True)
        settings = folder / "config" / "lab" / "user-settings" / "@jupyterlab"
        (settings / "apputils-extension").mkdir(parents=True)
        (settings / "apputils-extension" / "notification.jupyterlab-settings").write_text(
            json.dumps({"fetchNews": "false", "checkForUpdates": False})
        )
        environment = {
            **os.environ,
            "HOME": str(folder / "home"),
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTER_DATA_DIR": str(folder / "data"),
            "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
            "JUPYTERLAB_SETTINGS_DIR": str(folder / "config" / "lab" / "user-settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(folder / "config" / "lab" / "workspaces"),
            # Every connection that a kernel opens sends the test suite's token.
            **authenticate_kernels(self._kernels),
        }
        self._log = (folder / "lab.log").open("wb")
        command = [
            sys.executable, "-m", "jupyterlab", "--no-browser", f"--ServerApp.port={self.port}",
            "--ServerApp.ip=127.0.0.1",
            "--ServerApp.port_retries=0", f"--IdentityProvider.token={self.token}", f"--ServerApp.root_dir={self.root}",
            "--LabApp.expose_app_in_browser=True", "--LabApp.extension_manager=readonly", "--LabApp.news_url=None",
            "--ServerApp.allow_root=True",
        ]  # fmt: skip
        self._process = subprocess.Popen(
            command, env=environment, cwd=folder, stdout=self._log, stderr=subprocess.STDOUT, start_new_session=True
        )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.url}/api?token={self.token}", timeout=2):  # noqa: S310 - this machine
                    return
            except OSError:
                time.sleep(0.2)
        self.close()
        raise RuntimeError(
            f"JupyterLab did not start. Fix the cause in its output:\n{(self.folder / 'lab.log').read_text()[-3000:]}"
        )

    def close(self) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait(5)
        self._log.close()
        leaks.extend(leaks_of_kernels(self._kernels))
        leaks.extend(f"the file {path.name} of JupyterLab" for path in files_with_token([self.folder]))
        shutil.rmtree(self.folder, ignore_errors=True)


class Place(Protocol):
    """The URL (including the base path), the token and the root folder of a JupyterLab."""

    url: str
    token: str
    root: Path


class Notebook:
    """A new or existing notebook, open in a browser."""

    opened: ClassVar[list[Notebook]] = []

    def __init__(self, lab: Place, context: BrowserContext, cells: list[str] | None, *, name: str):
        self.lab = lab
        self.context = context
        self.name = name
        self.page_errors: list[str] = []
        self.strangers: list[str] = []
        if cells is not None:
            self._write(cells)
        self.page: Page = context.new_page()
        record_errors(self.page, self.page_errors)
        self.page.route("**/*", self._only_this_machine)
        self.opened.append(self)

    def _write(self, cells: list[str]) -> None:
        cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
        (self.lab.root / f"{self.name}.ipynb").write_text(
            json.dumps(
                {
                    "nbformat": 4,
                    "nbformat_minor": 5,
                    "metadata": {
                        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
                        "language_info": {"name": "python"},
                    },
                    "cells": [{**cell, "id": f"c{place}", "source": source} for place, source in enumerate(cells)],
                }
            )
        )

    def _only_this_machine(self, route: Any) -> None:
        url = route.request.url
        if url.startswith(("http://127.0.0.1:", "data:", "blob:")):
            route.continue_()
        else:
            self.strangers.append(url)
            route.abort()

    def __enter__(self) -> Self:
        return self.open()

    def open(self, *, timeout: float = 60_000) -> Self:
        """Open the notebook, clear its saved outputs, and run all cells."""
        page = self.page
        page.goto(f"{self.lab.url}/lab/tree/{self.name}.ipynb?token={self.lab.token}&reset")
        page.wait_for_function(IDLE, timeout=60_000)
        self.command("application:toggle-left-area") if self._left_is_open() else None
        self.command("notebook:clear-all-cell-outputs")
        self.command("notebook:run-all-cells")
        page.wait_for_function(
            "jupyterapp.shell.currentWidget.content.widgets"
            ".every((cell) => cell.model.type !== 'code' || cell.model.executionCount !== null)",
            timeout=timeout,
        )
        page.wait_for_function(IDLE, timeout=60_000)
        return self

    def _left_is_open(self) -> bool:
        return bool(self.page.evaluate("!jupyterapp.shell.leftCollapsed"))

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Shut down the kernel and close the page, unless the page is already closed."""
        if not self.page.is_closed():
            if contains_token(self.page.content()):
                leaks.append(f"the page of {self.name}")
            self.page.evaluate("window.jupyterapp.shell.currentWidget?.sessionContext.shutdown()")
            self.page.close()

    def command(self, name: str, arguments: dict[str, Any] | None = None) -> None:
        self.page.evaluate(
            "([name, args]) => jupyterapp.commands.execute(name, args).then(() => null)", [name, arguments or {}]
        )

    def run(self, code: str) -> str:
        """Run code in the notebook's kernel and return its output."""
        return run_code(self.page, code)

    @property
    def output(self) -> Locator:
        return self.page.locator(".jp-OutputArea-output")

    def outputs_text(self) -> str:
        return "\n".join(self.output.all_inner_texts())

    def check(self) -> None:
        """Check that no cell failed and that the browser logged no error."""
        assert not self.page_errors, self.page_errors
        assert not self.strangers, self.strangers
        assert "Traceback" not in self.outputs_text()

    def theme(self, *, dark: bool) -> None:
        self.command("apputils:change-theme", {"theme": "JupyterLab Dark" if dark else "JupyterLab Light"})
        self.page.wait_for_function(f"document.body.dataset.jpThemeLight === '{'false' if dark else 'true'}'")
        self.page.wait_for_timeout(1500)

    def set_time_zone(self, name: str) -> None:
        """Change the page's time zone. Panels notice the change when their width changes."""
        self.context.new_cdp_session(self.page).send("Emulation.setTimezoneOverride", {"timezoneId": name})
        width = self.page.viewport_size["width"]
        self.page.set_viewport_size({"width": width - 40, "height": 1000})

    def to_the_top(self) -> None:
        self.page.evaluate("document.querySelectorAll('.jp-WindowedPanel-outer').forEach((box) => box.scrollTo(0, 0))")
        self.page.wait_for_timeout(300)

    def shot(self, name: str, locator: Locator | None = None) -> Path:
        SCREENSHOTS.mkdir(exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        (locator or self.page).screenshot(path=path)
        return path
