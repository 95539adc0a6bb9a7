"""How Binder's Jupyter server shows Dagster's own pages: at dagster/, and as a tile of JupyterLab's launcher."""  # noqa: INP001 - Jupyter reads it

import os
from pathlib import Path

c.ServerProxy.servers = {  # noqa: F821 - Jupyter's own
    "dagster": {
        "command": [],  # binder/start has started it
        "port": int(os.environ.get("DAGSTER_NB_PORT", "3000")),
        "absolute_url": True,  # it serves under the same path, which is escaped once more on the way
        "new_browser_tab": True,
        "launcher_entry": {
            "title": "Dagster",
            "category": "Other",
            "icon_path": str(Path(__file__).with_name("dagster.svg")),
            "path_info": "dagster/",
        },
    }
}
