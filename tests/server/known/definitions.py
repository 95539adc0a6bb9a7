"""Jobs of every shape that the client must support.

When run as a script, this file runs most of these jobs in ``$DAGSTER_HOME`` and writes their run ids to a file.
"""

import json
import os
import sys
from pathlib import Path

import dagster as dg

LINES = 35_000
LINE = "é漢字😀 of three widths"


class OuterError(Exception):
    pass


class Source(dg.Config):
    table: str
    rows: int = 3


@dg.op(description="Make a number.")
def one() -> int:
    return 1


@dg.op
def double(x: int) -> int:
    return 2 * x


@dg.op(out={"low": dg.Out(int), "high": dg.Out(int)})
def split(x: int):
    yield dg.Output(x // 2, "low")
    yield dg.Output(x - x // 2, "high")


@dg.op
def add(a: int, b: int) -> int:
    return a + b


@dg.op(ins={"start": dg.In(dg.Nothing)})
def finish():
    pass


@dg.op
def gather(xs: list[int]) -> int:
    return sum(xs)


@dg.op
def load(config: Source) -> None:
    pass


@dg.op(
    config_schema={
        "mode": dg.Field(dg.Enum("Mode", [dg.EnumValue("FAST"), dg.EnumValue("SAFE")]), default_value="FAST"),
        "weights": dg.Field({str: float}, is_required=False),
        "parts": dg.Field([{"name": str, "size": dg.Noneable(int)}], is_required=False),
        "target": dg.Field(dg.Selector({"file": str, "table": {"schema": str}})),
    }
)
def write(context):
    pass


@dg.op
def fail():
    try:
        try:
            raise TimeoutError("simulated failure: no answer in 30 s")  # noqa: TRY301
        except TimeoutError as error:
            raise ValueError("middle") from error
    except ValueError as error:
        raise OuterError("simulated failure:\nan error of two lines") from error


@dg.op(retry_policy=dg.RetryPolicy(max_retries=2))
def flaky(context):
    if context.retry_number < 1:
        raise RuntimeError("simulated failure: the first attempt fails")


@dg.op
def shout(context):
    context.log.warning("loud")
    for number in range(LINES):
        print(number, LINE)  # noqa: T201
    print("quiet", file=sys.stderr)  # noqa: T201


@dg.op
def whisper():
    print("psst")  # noqa: T201


@dg.graph
def quadruple(x):
    return double(double.alias("first")(x))


@dg.graph(out={"low": dg.GraphOut(), "high": dg.GraphOut()})
def halves(x):
    low, high = split(quadruple(x))
    return {"low": low, "high": high}


@dg.graph
def deep(x):
    return add(*halves(x))


@dg.job(description="Graphs in graphs.", tags={"team": "data"}, executor_def=dg.in_process_executor)
def nested():
    total = gather([deep(one()), one.alias("other")()])
    finish(start=total)


@dg.job
def configured():
    load()
    write()


@dg.job(executor_def=dg.in_process_executor)
def failing():
    """One step fails, one succeeds after a retry, and one is skipped."""
    flaky()
    finish(start=fail())


@dg.job(executor_def=dg.in_process_executor)
def recovering():
    flaky()


@dg.job(executor_def=dg.in_process_executor)
def shouting():
    shout()


@dg.job(executor_def=dg.multiprocess_executor.configured({"start_method": {"forkserver": {}}}))
def apart():
    """Each step runs in its own process."""
    whisper()
    whisper.alias("again")()


@dg.asset
def raw():
    return 1


@dg.asset
def clean(raw):
    return raw


@dg.graph_asset
def doubled(raw):
    return double(raw)


materialize_all = dg.define_asset_job("materialize_all", selection="*")


@dg.repository
def shop():
    return [
        nested, configured, failing, recovering, shouting, apart, raw, clean, doubled, materialize_all,
    ]  # fmt: skip


@dg.repository
def branch():
    return [nested]


if __name__ == "__main__":
    # The standard output of this script is reserved for progress messages.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with dg.DagsterInstance.get() as instance:
        known = {
            job.name: dg.execute_job(dg.reconstructable(job), instance).run_id
            for job in (nested, failing, recovering, shouting, apart)
        }
    (Path(os.environ["DAGSTER_HOME"]) / "known.json").write_text(json.dumps(known))
