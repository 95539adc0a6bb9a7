"""The client. `AsyncDagsterClient` is written once; `DagsterClient` is derived from it.

- ``methods/``: the methods of the client, one mixin class for each subject
- ``arguments/``: parsing and checking what users pass to them
- ``display/``: progress bars, HTML representations and links
"""
