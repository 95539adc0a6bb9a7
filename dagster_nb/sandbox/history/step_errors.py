"""The errors that steps of the shop's jobs raise."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FAILURES", "Failure"]


@dataclass(frozen=True, slots=True)
class Failure:
    """One kind of error.

    Parameters
    ----------
    cls_name, message
        The class and the message of the exception. The placeholder ``{n}`` is replaced with a random number.
    frames
        The frames of the stack trace, with file, line, function and code.
    cause
        The error that caused this error.
    """

    cls_name: str
    message: str
    frames: tuple[tuple[str, int, str, str], ...]
    cause: Failure | None = None

    @property
    def innermost(self) -> Failure:
        """The last error in the chain of causes."""
        return self.cause.innermost if self.cause else self


def _in(file: str, line: int, function: str, code: str) -> tuple[tuple[str, int, str, str], ...]:
    return ((f"/opt/shop/{file}", line, function, code),)


FAILURES: dict[str, Failure] = {
    "rates_timeout": Failure(
        "ProviderError",
        "no exchange rates after 3 attempts",
        _in("ingest.py", 104, "fail_like", "read_from_provider(outage)"),
        Failure(
            "TimeoutError",
            "read timed out after {n} s: https://rates.example/v2/latest",
            _in("ingest.py", 94, "read_from_provider", "response = session.get(url, timeout=30)"),
        ),
    ),
    "rates_limit": Failure(
        "RateLimitError",
        "429 Too Many Requests: retry after {n} s",
        _in("ingest.py", 96, "read_from_provider", "response.raise_for_status()"),
    ),
    "rates_payload": Failure(
        "ValueError",
        "the payload of the provider has no field 'rates'",
        _in("ingest.py", 106, "fail_like", "return payload['rates']"),
        Failure("KeyError", "'rates'", _in("ingest.py", 98, "read_from_provider", "return payload['rates']")),
    ),
    "column_renamed": Failure(
        "KeyError",
        "\"column 'amount' not found in marts.overview; there is 'amount_eur'\"",
        _in("publish.py", 71, "query_marts", "frame = marts[['day', 'region', 'amount']]"),
    ),
    "orders_schema": Failure(
        "ValueError",
        "{n} orders have no currency",
        _in("ingest.py", 37, "validate_orders", "check_currency(orders)"),
    ),
    "crm_unavailable": Failure(
        "ConnectionError",
        "503 Service Unavailable: https://crm.example/api/contacts?page={n}",
        _in("ingest.py", 58, "pull_contacts", "page = client.contacts(page=number)"),
        Failure("OSError", "[Errno 104] Connection reset by peer", _in("http.py", 21, "send", "sock.recv(65536)")),
    ),
    "warehouse_deadlock": Failure(
        "OperationalError",
        "deadlock detected: process {n} waits for ShareLock on marts.repeat_customers",
        _in("warehouse.py", 88, "publish_marts", "connection.execute(swap)"),
    ),
    "loss_is_nan": Failure(
        "FloatingPointError",
        "loss is nan in epoch {n}",
        _in("forecast.py", 55, "train_model", "check_finite(loss)"),
    ),
    "report_template": Failure(
        "FileNotFoundError",
        "[Errno 2] No such file or directory: '/srv/templates/report-{n}.html'",
        _in("publish.py", 104, "write_report", "template = open(path)"),
    ),
    "archive_full": Failure(
        "OSError",
        "[Errno 28] No space left on device: '/archive/invoices-{n}.pdf'",
        _in("publish.py", 38, "archive_invoices", "target.write_bytes(pdf)"),
    ),
    "late_data": Failure(
        "RuntimeError",
        "the shop's API has no orders for this day yet (asked {n} times)",
        _in("assets.py", 71, "raw_orders", "wait_for_orders(day)"),
        Failure("LookupError", "404 Not Found", _in("http.py", 34, "get", "response.raise_for_status()")),
    ),
    "connection_reset": Failure(
        "ConnectionResetError",
        "[Errno 104] Connection reset by peer",
        _in("ingest.py", 58, "pull_contacts", "page = client.contacts(page=number)"),
    ),
}
