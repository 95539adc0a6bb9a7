"""Serve Dagster's own pages at dagster/ on Binder's Jupyter server, and add a tile to JupyterLab's launcher."""  # noqa: INP001 - Jupyter reads it

import os
from pathlib import Path

c.ServerProxy.servers = {  # noqa: F821 - Jupyter's own
    "dagster": {
        "command": [],  # the proxy starts nothing, because binder/start starts Dagster
        "port": int(os.environ.get("DAGSTER_NB_PORT", "3000")),
        "absolute_url": True,  # forward the whole path, because Dagster serves its pages under the same path
        "new_browser_tab": True,
        "launcher_entry": {
            "title": "Dagster",
            "category": "Other",
            "icon_path": str(Path(__file__).with_name("dagster.svg")),
            "path_info": "dagster/",
        },
    }
}
