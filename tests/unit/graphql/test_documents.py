"""The GraphQL documents are valid for the schema of the installed Dagster."""

from __future__ import annotations

import pytest
from graphql import (
    FieldNode,
    GraphQLUnionType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_list_type,
    validate,
    visit,
)

from dagster_nb.graphql import documents
from dagster_nb.graphql.responses import ERROR_TYPES, to_error
from tests.unit.fake import installed_schema

# Union members that mean success or are only parts of a response
SUCCESSES = {
    "Asset", "AssetChecks", "AssetConnection", "AssetNode", "CancelBackfillSuccess", "CapturedLogs",
    "DagsterRunEvent", "DefaultPartitionStatuses", "DeletePipelineRunSuccess", "EventConnection",
    "InstigationState", "LaunchBackfillSuccess", "LaunchRunSuccess", "LocalFileCodeReference",
    "MultiPartitionStatuses", "PartitionBackfill", "PartitionBackfills", "PartitionRunConfig",
    "PartitionSets", "PartitionStatuses", "PartitionTags", "Partitions", "Pipeline",
    "PipelineConfigValidationValid", "RepositoryConnection", "RepositoryLocation", "Run", "RunConfigSchema",
    "RunIds", "Runs", "RunsFeedConnection", "ScheduleStateResult", "Sensor", "ShutdownRepositoryLocationSuccess",
    "StopSensorMutationResult", "TeamAssetOwner", "TerminateRunSuccess", "TerminateRunsResult",
    "TimePartitionStatuses", "UrlCodeReference", "UserAssetOwner", "Workspace", "WorkspaceLocationEntry",
    "WorkspaceLocationStatusEntries",
}  # fmt: skip
# Unions without errors to handle, because all their members are read in the same way or trigger another request
PLAIN_UNIONS = {"DagsterRunEvent", "EvaluationStackEntry", "PipelineRunLogsSubscriptionPayload"}


@pytest.mark.parametrize("name", documents.names())
def test_documents_are_valid_for_the_installed_dagster(name):
    assert validate(installed_schema(), documents.load(name)) == []


@pytest.mark.parametrize("name", documents.names())
def test_each_document_has_one_operation_and_a_comment(name):
    assert len(documents.load(name).definitions) == 1
    assert documents.text(name).startswith("# ")


def asked_unions(name):
    """Return the unions in a document, with the fields that the document requests from each member."""
    info = TypeInfo(installed_schema())
    found = []

    class Collect(Visitor):
        def enter_field(self, node, *_):
            kind = get_named_type(info.get_type())
            if isinstance(kind, GraphQLUnionType) and kind.name not in PLAIN_UNIONS:
                found.append((kind, node.selection_set))

    visit(documents.load(name), TypeInfoVisitor(info, Collect()))
    return found


def answer(kind, selection):
    """Return a value of this type with exactly the fields that a document requests."""
    kind = get_nullable_type(kind)
    if is_list_type(kind):
        return [answer(kind.of_type, selection)]
    if selection is None:
        return "x"
    if is_abstract_type(kind):
        kind = installed_schema().get_possible_types(kind)[0]
    fields = {}
    for node in selection.selections:
        if isinstance(node, FieldNode):
            name = node.name.value
            value = kind.name if name == "__typename" else answer(kind.fields[name].type, node.selection_set)
            fields[name] = value
        else:
            condition = installed_schema().type_map[node.type_condition.name.value]
            if condition is kind or (is_abstract_type(condition) and installed_schema().is_sub_type(condition, kind)):
                fields.update(answer(kind, node.selection_set))
    return fields


@pytest.mark.parametrize("name", documents.names())
def test_every_possible_response_is_handled_and_has_a_message(name):
    for union, selection in asked_unions(name):
        for member in union.types:
            assert member.name in SUCCESSES or member.name in ERROR_TYPES, (
                f"the response type {member} of {union} is not handled"
            )
            if member.name in ERROR_TYPES:
                assert str(to_error(answer(member, selection)))


def test_no_type_is_both_a_success_and_an_error():
    assert not SUCCESSES & set(ERROR_TYPES)
