"""The magics ``%dagster`` and ``%%dagster``: GraphQL in cells, with completion and checks from the server's schema.

>>> %load_ext dagster_nb  # doctest: +SKIP
>>> %dagster http://localhost:3000  # doctest: +SKIP
"""

from __future__ import annotations

import argparse
import shlex
from typing import TYPE_CHECKING, Any, NoReturn

from graphql import OperationType
from IPython.core.completer import SimpleCompletion, context_matcher
from IPython.core.error import UsageError

from dagster_nb.client.connect import connect
from dagster_nb.client.sync_client import DagsterClient
from dagster_nb.errors import DagsterNbError, QueryError, ReadOnlyError
from dagster_nb.playground.check import check_document, parse_document, variables_from
from dagster_nb.playground.completion import complete_graphql
from dagster_nb.playground.query_result import QueryResult, result_frame

if TYPE_CHECKING:
    from graphql import GraphQLSchema
    from IPython.core.completer import CompletionContext, SimpleMatcherResult
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["DagsterMagics", "load_ipython_extension"]

_CELL = "%%dagster"
_NAME = "dagster_nb"


class _Options(argparse.ArgumentParser):
    """The options of a magic. An invalid option raises a `UsageError`, which IPython shows in one line."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}\n{self.format_usage().strip()}")


_CONNECT = _Options(prog="%dagster", add_help=False)
_CONNECT.add_argument("server", nargs="?")
_CONNECT.add_argument("--allow-mutations", action="store_true")
_QUERY = _Options(prog=_CELL, add_help=False, allow_abbrev=False)
_QUERY.add_argument("--as", dest="name")
_QUERY.add_argument("--frame", metavar="PATH")
_QUERY_OPTIONS = ("--as", "--frame")


class DagsterMagics:
    """The magics of one notebook, which share a client.

    Parameters
    ----------
    shell
        IPython.
    """

    def __init__(self, shell: InteractiveShell):
        self._shell = shell
        self._client: DagsterClient | None = None
        self._may_mutate = False
        self._schema: GraphQLSchema | None = None

    def connect(self, line: str) -> DagsterClient:
        """Connect the cells that begin with ``%%dagster`` to a server, and return the client.

        ``%dagster [URL or client] [--allow-mutations]``

        Parameters
        ----------
        line
            The URL of a server, or the name of a Python variable that holds a client. If the line is empty, the URL is
            ``$DAGSTER_NB_URL`` or, if that is not set, ``http://localhost:3000``. With ``--allow-mutations``, cells may
            send mutations.
        """
        options = _CONNECT.parse_args(shlex.split(line))
        given = self._shell.user_ns.get(options.server)
        try:
            client = given if isinstance(given, DagsterClient) else connect(options.server)
            self._use(client, may_mutate=options.allow_mutations)
        except (DagsterNbError, ValueError, TypeError) as error:
            raise _without_stack(error) from None
        return client

    def query(self, line: str, cell: str) -> object:
        """Send the GraphQL in the cell, and show the result as a tree or, with ``--frame``, as a DataFrame.

        ``%%dagster [--as name] [--frame path.to.list]``

        A GraphQL variable such as ``$cursor`` takes its value from the Python variable ``cursor``. The document and its
        variables are checked against the server's schema before anything is sent.

        Parameters
        ----------
        line
            ``--as`` and the name of a Python variable for the result; ``--frame`` and the path of a list in the result,
            such as ``runsOrError.results``, which becomes a DataFrame with one row per item.
        cell
            A GraphQL document with one operation.
        """
        options = _QUERY.parse_args(shlex.split(line))
        if options.name is not None and not options.name.isidentifier():
            raise UsageError(f"--as must be a valid Python variable name, such as result, not {options.name!r}")
        try:
            data = self._send(cell)
            result = QueryResult(data) if options.frame is None else result_frame(data, options.frame)
        except (DagsterNbError, ValueError, TypeError) as error:
            raise _without_stack(error) from None
        if options.name is not None:
            self._shell.user_ns[options.name] = result
        return result

    def complete(self, context: CompletionContext) -> SimpleMatcherResult:
        """Return the completions at the cursor in a ``%%dagster`` cell. Return none in other cells.

        Parameters
        ----------
        context
            The text of the cell and the position of the cursor, from IPython.
        """
        first_line, _, document = context.full_text.partition("\n")
        if not first_line.startswith(_CELL):
            return {"completions": []}
        if context.cursor_line == 0:
            token = context.token
            found = [SimpleCompletion(one, type="option") for one in _QUERY_OPTIONS if token and one.startswith(token)]
            return {"completions": found, "suppress": True, "matched_fragment": token}
        if self._schema is None:
            return {"completions": []}
        before = document.split("\n")[: context.cursor_line - 1]
        cursor = sum(len(line) + 1 for line in before) + context.cursor_position
        completion = complete_graphql(document, cursor, self._schema)
        found = [SimpleCompletion(one.text, type=one.kind) for one in completion.candidates]
        return {
            # Without a completion, IPython would offer Python names. Offering the word itself changes nothing.
            "completions": found or [SimpleCompletion(completion.word)],
            "matched_fragment": completion.word,
            "suppress": True,
            "ordered": True,
        }

    def _use(self, client: DagsterClient, *, may_mutate: bool) -> None:
        try:
            self._schema = client.graphql_schema()
        except QueryError:
            # If a server refuses to provide its schema, queries are sent unchecked.
            self._schema = None
        self._client, self._may_mutate = client, may_mutate

    def _send(self, text: str) -> dict[str, Any]:
        if self._client is None:
            self._use(connect(), may_mutate=False)
        assert self._client is not None  # noqa: S101 - `_use` sets it
        document, operation = parse_document(text)
        if self._schema is not None:
            check_document(text, document, self._schema)
        variables = variables_from(text, operation, self._shell.user_ns, self._schema)
        if operation.operation is OperationType.MUTATION and not self._may_mutate:
            raise ReadOnlyError(
                "nothing was sent, because this cell would change something on the server. To allow this, connect with "
                f"%dagster {shlex.quote(self._client.url)} --allow-mutations"
            )
        return self._client.query(text, variables)


def _without_stack(error: Exception) -> Exception:
    """Return an error that IPython shows without a stack trace, so that the position in the document stays visible."""
    shown: Any = error
    shown._render_traceback_ = lambda *_: [f"{type(error).__name__}: {error}"]
    return error


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register the magics and their completion; ``%load_ext dagster_nb`` calls this.

    Parameters
    ----------
    shell
        IPython.
    """
    magics = DagsterMagics(shell)
    register: Any = shell.register_magic_function
    register(magics.connect, "line", "dagster")
    register(magics.query, "cell", "dagster")
    as_matcher: Any = context_matcher(identifier=_NAME, priority=1000)
    completer: Any = shell.Completer
    others = [one for one in completer.custom_matchers if getattr(one, "matcher_identifier", "") != _NAME]
    # IPython sets attributes on the function, and a bound method does not accept attributes.
    completer.custom_matchers = [*others, as_matcher(lambda context: magics.complete(context))]  # noqa: PLW0108
