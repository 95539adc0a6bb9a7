"""The clients. `AsyncDagsterClient` contains the code, and `DagsterClient` is derived from it.

- ``methods/``: the methods of the client, one mixin class for each subject
- ``arguments/``: parsing and checking the arguments that users pass
- ``display/``: progress bars, HTML representations and links
"""
