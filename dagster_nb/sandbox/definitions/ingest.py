"""Jobs that load data from other systems."""

from typing import NoReturn

import dagster as dg
from pydantic import Field

from .simulated_work import Table, process, table


class OrdersSource(dg.Config):
    """Which orders to fetch."""

    region: str = Field(default="eu", description="Region of the shop: eu, us or apac.")
    batch_size: int = Field(default=5_000, description="Orders per request.", gt=0)
    since_hours: int = Field(default=4, description="How many hours of orders to fetch.")


@dg.op(description="Fetch new orders from the shop's API.")
def fetch_orders(context: dg.OpExecutionContext, config: OrdersSource) -> Table:
    """Fetch the newest orders."""
    rows = config.batch_size * config.since_hours // 2
    process(context, rows, what=f"orders of {config.region}")
    return table(f"landing.orders_{config.region}", rows)


@dg.op(description="Drop test orders and orders without a customer.")
def validate_orders(context: dg.OpExecutionContext, orders: Table) -> Table:
    """Drop the orders that cannot be loaded."""
    rows = int(orders["rows"] * 0.98)
    context.log.warning("%s orders without a customer were dropped", orders["rows"] - rows)
    process(context, rows, what="validate orders")
    return table("staging.orders", rows)


@dg.op(description="Append the orders to the warehouse.")
def load_orders(context: dg.OpExecutionContext, orders: Table) -> None:
    """Load the orders, and log an observation of the table."""
    process(context, orders["rows"], what="load orders")
    context.log_event(dg.AssetObservation("shop/orders_table", metadata={"rows": orders["rows"]}))


@dg.job(tags={"team": "ingest"}, description="Orders of one region, from the shop's API into the warehouse.")
def ingest_orders() -> None:
    """Fetch, validate and load the orders."""
    load_orders(validate_orders(fetch_orders()))


@dg.op(retry_policy=dg.RetryPolicy(max_retries=2, delay=2), description="Read the contacts that changed in the CRM.")
def pull_contacts(context: dg.OpExecutionContext) -> Table:
    """Pull the contacts that changed."""
    process(context, 1_800, what="contacts")
    return table("landing.contacts", 1_800)


@dg.op(description="Write the changes to the warehouse.")
def merge_contacts(context: dg.OpExecutionContext, contacts: Table) -> None:
    """Merge by contact id."""
    process(context, contacts["rows"], what="merge contacts")


@dg.job(tags={"team": "crm"}, description="Load the contacts that changed in the CRM.")
def sync_crm() -> None:
    """Pull, merge."""
    merge_contacts(pull_contacts())


class ProviderError(Exception):
    """The provider of exchange rates failed."""


class RateLimitError(ProviderError):
    """The provider of exchange rates received too many requests."""


class RatesConfig(dg.Config):
    """Which rates to fetch."""

    base_currency: str = "EUR"
    outage: str = Field(
        default="",
        description=(
            "Simulate an outage of the provider: timeout, rate_limit or bad_payload. A re-execution has no outage."
        ),
    )


OUTAGES = ("timeout", "rate_limit", "bad_payload")


def read_from_provider(outage: str) -> dict[str, float]:
    """Raise the provider's error during an outage."""
    if outage == "timeout":
        raise TimeoutError("read timed out after 30 s: https://rates.example/v2/latest")
    if outage == "rate_limit":
        raise RateLimitError("429 Too Many Requests: retry after 60 s")
    payload: dict[str, dict[str, float]] = {"error": {}}
    return payload["rates"]


def fail_like(outage: str) -> NoReturn:
    """Raise the error that an outage causes in the job."""
    try:
        read_from_provider(outage)
    except TimeoutError as error:
        raise ProviderError("no exchange rates after 3 attempts") from error
    except KeyError as error:
        raise ValueError("the payload of the provider has no field 'rates'") from error
    raise AssertionError(outage)


@dg.op(description="Request today's rates from the provider, which has outages.")
def request_rates(context: dg.OpExecutionContext, config: RatesConfig) -> Table:
    """Request the rates. About one run in four fails because of an outage. Re-executions never fail."""
    process(context, 170, what=f"rates for {config.base_currency}")
    outage = config.outage
    draw = int(context.run_id[:8], 16)
    if not outage and draw % 4 == 0:
        outage = OUTAGES[draw // 4 % len(OUTAGES)]
    if outage and context.run.parent_run_id is None:
        fail_like(outage)
    return table("landing.rates", 170)


@dg.op(description="Store the rates.")
def store_rates(context: dg.OpExecutionContext, rates: Table) -> None:
    """Store the rates by day."""
    process(context, rates["rows"], what="store rates")


@dg.op(description="Convert the day's prices.")
def convert_prices(context: dg.OpExecutionContext, rates: Table) -> None:
    """Convert prices with the day's rates."""
    process(context, 12_000, what=f"convert prices with {rates['rows']} rates")


@dg.job(tags={"team": "finance"}, description="Exchange rates of the day, from a provider that has outages.")
def fetch_exchange_rates() -> None:
    """Request the rates, store them, and convert the prices."""
    rates = request_rates()
    store_rates(rates)
    convert_prices(rates)
