"""The GraphQL documents against the schema of the installed Dagster."""

from __future__ import annotations

import pytest
from graphql import GraphQLUnionType, TypeInfo, TypeInfoVisitor, Visitor, get_named_type, validate, visit

from dagster_nb.graphql import documents
from dagster_nb.graphql.answers import ANSWER_ERRORS
from tests.unit.fake import installed_schema

# What a union answers when all is well, or what is no answer of its own but a part of one.
SUCCESSES = {
    "CapturedLogs", "DagsterRunEvent", "DeletePipelineRunSuccess", "EventConnection", "LaunchRunSuccess",
    "PartitionRunConfig", "PartitionTags", "Pipeline", "PipelineConfigValidationValid",
    "RepositoryConnection", "RepositoryLocation", "Run", "RunConfigSchema", "RunIds", "Runs", "ShutdownRepositoryLocationSuccess",
    "TerminateRunSuccess", "TerminateRunsResult", "Workspace", "WorkspaceLocationEntry",
    "WorkspaceLocationStatusEntries",
}  # fmt: skip
# Unions whose members are all read alike, and one whose refusal means asking in another way.
PLAIN_UNIONS = {"DagsterRunEvent", "EvaluationStackEntry", "PipelineRunLogsSubscriptionPayload"}


@pytest.mark.parametrize("name", documents.names())
def test_a_document_is_valid(name):
    assert validate(installed_schema(), documents.load(name)) == []


@pytest.mark.parametrize("name", documents.names())
def test_a_document_holds_one_operation_and_says_what_for(name):
    assert len(documents.load(name).definitions) == 1
    assert documents.text(name).startswith("# ")


def unions_of(name):
    info = TypeInfo(installed_schema())
    found: dict[str, set[str]] = {}

    class Collect(Visitor):
        def enter_field(self, *_):
            kind = get_named_type(info.get_type())
            if isinstance(kind, GraphQLUnionType) and kind.name not in PLAIN_UNIONS:
                found[kind.name] = {member.name for member in kind.types}

    visit(documents.load(name), TypeInfoVisitor(info, Collect()))
    return found


@pytest.mark.parametrize("name", documents.names())
def test_every_answer_that_a_server_may_give_is_known(name):
    for union, members in unions_of(name).items():
        unknown = members - SUCCESSES - set(ANSWER_ERRORS)
        assert not unknown, f"{union} may answer {unknown}"


def test_no_answer_counts_as_both():
    assert not SUCCESSES & set(ANSWER_ERRORS)
