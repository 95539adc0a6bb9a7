"""The client. Its code is in `AsyncDagsterClient`; `DagsterClient` is derived from that class.

- ``methods/``: the methods of the client, one mixin class for each subject
- ``arguments/``: parsing and checking the arguments that users pass
- ``display/``: progress bars, HTML representations and links
"""
