"""The launchpad shows a config without the values that ``connect(redact=…)`` hides, but sends the original config."""

from __future__ import annotations

import pytest

from dagster_nb.errors import RunConfigInvalidError
from dagster_nb.graphql.redact_config_and_tags import REDACTED
from dagster_nb.panels.launchpad import Launchpad
from tests.unit.fake import make_run

SECRETS = {"mon": "hush-monday", "tue": "hush-tuesday"}
SHOWN = f"db:\n  host: h\n  password: {REDACTED}\n"


def config(key):
    return f"db:\n  host: h\n  password: {SECRETS[key]}\n"


@pytest.fixture
def client(fake):
    repository = {
        "name": "repo", "location": {"name": "etl"},
        "pipelines": [{"name": "nightly", "description": None, "isAssetJob": False, "tags": []}],
    }  # fmt: skip
    keys = {"__typename": "Partitions", "results": [{"name": key} for key in SECRETS]}

    def partition(_info, partitionName):  # noqa: N803 - the schema's name
        return {
            "runConfigOrError": {"__typename": "PartitionRunConfig", "yaml": config(partitionName)},
            "tagsOrError": {"__typename": "PartitionTags", "results": []},
        }

    partition_set = {"name": "set", "partitionsOrError": keys, "partition": partition}
    fake.answers |= {
        "repositoriesOrError": {"__typename": "RepositoryConnection", "nodes": [repository]},
        "partitionSetsOrError": {"__typename": "PartitionSets", "results": [partition_set]},
        "runConfigSchemaOrError": {
            "__typename": "RunConfigSchema", "rootDefaultYaml": "default: true\ntoken: hush-default\n",
            "rootConfigType": {"__typename": "CompositeConfigType", "key": "root"}, "allConfigTypes": [],
        },
        "pipelineOrError": {"__typename": "Pipeline", "solidHandles": []},
        "isPipelineConfigValid": {"__typename": "PipelineConfigValidationValid"},
        "launchRun": {"__typename": "LaunchRunSuccess", "run": make_run(1)},
    }  # fmt: skip
    with fake.connect(redact="password|token") as client:
        yield client


@pytest.fixture
def pad(client):
    pad = Launchpad(client, job="nightly")
    pad.wait(20)
    assert pad.model.error is None, pad.model.error
    yield pad
    pad.close()


def sent(fake, operation):
    return [variables for name, variables in fake.requests if name == operation]


def launched_config(fake):
    [variables] = sent(fake, "LaunchRun")
    return variables["executionParams"]["runConfigData"]


def choose(pad, key):
    pad._form._partition.value = key
    pad.wait(20)


def test_an_unchanged_config_is_sent_with_the_real_values(fake, pad):
    choose(pad, "mon")
    choose(pad, "tue")
    assert pad.config == SHOWN
    assert "hush" not in str(pad._repr_mimebundle_())
    pad.launch()
    pad.wait(20)
    assert launched_config(fake) == {"db": {"host": "h", "password": SECRETS["tue"]}}
    assert all(one["runConfig"] != {} and REDACTED not in str(one) for one in sent(fake, "ValidateRunConfig"))


def test_the_default_config_of_a_job_is_redacted_too(fake, pad):
    assert pad.config == f"default: true\ntoken: {REDACTED}\n"
    pad.launch()
    pad.wait(20)
    assert launched_config(fake) == {"default": True, "token": "hush-default"}


def test_a_changed_config_with_a_hidden_value_is_not_launched(fake, pad):
    choose(pad, "mon")
    pad.model.edit(config=SHOWN.replace("host: h", "host: other"))
    pad.launch()
    pad.wait(20)
    assert sent(fake, "LaunchRun") == []
    [problem] = pad.model.problems
    assert f"contains '{REDACTED}', which stands for a hidden value" in str(problem)


def test_the_hidden_values_of_another_partition_are_not_sent(fake, client, pad):
    choose(pad, "mon")
    source = pad.model.source
    with pytest.raises(RunConfigInvalidError, match="stands for a hidden value"):
        source.launch(pad.model.address, run_config=SHOWN, partition_key="tue")
    assert sent(fake, "LaunchRun") == []
