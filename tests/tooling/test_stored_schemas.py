"""Check the GraphQL documents against the schema of each Dagster version since 1.5."""

from __future__ import annotations

from collections import defaultdict

import pytest
from graphql import GraphQLInterfaceType, GraphQLObjectType, build_schema, parse, validate, validate_schema

from dagster_nb.graphql import documents
from dagster_nb.graphql.pruning import prune
from tests.compat import schemas
from tests.compat.schemas import __main__ as command
from tests.compat.schemas import report_changes
from tests.compat.schemas.reduce import reduce_schema
from tests.compat.targets import OLD

VERSIONS = schemas.versions()
*_, NEWEST = VERSIONS

# The parts of the newest schema that our documents use but older versions lack, except event types. The client returns
# NA for missing columns, finds a replacement for missing filters, and does not send a mutation if its inputs are
# missing.
SINCE_1_13 = {"RunStatus.SUSPENDED"}
SINCE_1_12 = SINCE_1_13 | {"AssetCheckEvaluation.partition"}
SINCE_1_11 = SINCE_1_12 | {
    "BulkActionStatus.FAILING",
    "FloatMetadataEntry.floatRepr",
    "LaunchBackfillParams.runConfigData",
}
SINCE_1_10 = SINCE_1_11 | {
    "PoolMetadataEntry.label",
    "PoolMetadataEntry.pool",
    "ReexecutionParams.extraTags",
    "ReexecutionParams.useParentRunTags",
    "ReexecutionStrategy.FROM_ASSET_FAILURE",
}
SINCE_1_9 = SINCE_1_10 | {
    "RunsFeedView.BACKFILLS",
    "RunsFeedView.ROOTS",
    "RunsFeedView.RUNS",
    "ScheduleNotFoundError.message",
}
SINCE_1_8 = SINCE_1_9 | {
    "AssetNode.kinds",
    "BulkActionStatus.COMPLETED_FAILED",
    "BulkActionStatus.COMPLETED_SUCCESS",
    "PartitionBackfill.jobName",
    "PartitionKeys.partitionKeys",
    "PartitionKeysNotFoundError.message",
    "PartitionTagsAndConfig.runConfigOrError",
    "PartitionTagsAndConfig.tagsOrError",
    "PartitionsSelector.ranges",
    "Pipeline.partition",
    "Pipeline.partitionKeysOrError",
    "Query.runsFeedOrError",
    "Run.id",
    "RunsFeedConnection.results",
    "RunsFeedEntry.id",
    "Schedule.assetSelection",
    "Schedule.tags",
    "Sensor.tags",
}
SINCE_1_7 = SINCE_1_8 | {
    "AssetCheck.blocking",
    "CodeReferencesMetadataEntry.codeReferences",
    "CodeReferencesMetadataEntry.label",
    "LaunchBackfillParams.description",
    "LaunchBackfillParams.title",
    "LocalFileCodeReference.filePath",
    "LocalFileCodeReference.lineNumber",
    "Run.creationTime",
    "RunsFilter.createdAfter",
    "RunsFilter.updatedBefore",
    "SensorType.AUTOMATION",
    "UrlCodeReference.url",
}
SINCE_1_6 = SINCE_1_7 | {
    "AssetCheckEvaluation.description",
    "AssetNode.owners",
    "AssetNode.tags",
    "AssetSelection.assetKeys",
    "DefinitionTag.key",
    "DefinitionTag.value",
    "RepositoryNotFoundError.message",
    "Sensor.assetSelection",
    "SensorType.AUTO_MATERIALIZE",
    "TableColumnDep.assetKey",
    "TableColumnDep.columnName",
    "TableColumnLineageEntry.columnDeps",
    "TableColumnLineageEntry.columnName",
    "TableColumnLineageMetadataEntry.label",
    "TableColumnLineageMetadataEntry.lineage",
    "TeamAssetOwner.team",
    "TimestampMetadataEntry.label",
    "TimestampMetadataEntry.timestamp",
    "UserAssetOwner.email",
}
LACKING = {
    "1.5": SINCE_1_6,
    "1.6": SINCE_1_7,
    "1.7": SINCE_1_8,
    "1.8": SINCE_1_9,
    "1.9": SINCE_1_10,
    "1.10": SINCE_1_11,
    "1.11": SINCE_1_12,
    "1.12": SINCE_1_13,
    "1.13": set(),
}
WITH_RUNS = ("launch_run", "reexecute_run", "requested_runs", "run", "runs")
WITH_METADATA = ("asset_checks", "events", "materializations", "run_logs")
# Metadata entry types that older versions lack, and the documents that use them.
SINCE_1_10_ENTRIES = {"... on PoolMetadataEntry"}
SINCE_1_7_ENTRIES = SINCE_1_10_ENTRIES | {"... on CodeReferencesMetadataEntry"}
SINCE_1_6_ENTRIES = SINCE_1_7_ENTRIES | {
    "... on TableColumnLineageMetadataEntry",
    "... on TimestampMetadataEntry",
}


def metadata(entries, **more):
    """Return the parts that each document with metadata omits for servers before 1.11."""
    found = {name: {"FloatMetadataEntry.floatRepr", *entries} for name in WITH_METADATA}
    for name in ("asset_checks", "events", "run_logs"):
        found[name] |= {"AssetCheckEvaluation.partition", *more.get(name, ())}
    return found


BEFORE_1_8 = {
    "backfill_details": {"PartitionBackfill.jobName"},
    "backfills": {"PartitionBackfill.jobName"},
    "schedules": {"Schedule.assetSelection", "Schedule.tags"},
    "sensors": {"Sensor.tags"},
    "assets": {"AssetNode.kinds"},
}
RUNS_BEFORE_1_7 = {name: {"Run.creationTime"} for name in WITH_RUNS}
# The optional parts of each document that a version lacks.
MISSING = {
    "1.5": {
        **RUNS_BEFORE_1_7,
        **BEFORE_1_8,
        **metadata(SINCE_1_6_ENTRIES, asset_checks={"AssetCheck.blocking", "AssetCheckEvaluation.description"}),
        "assets": {"AssetNode.kinds", "AssetNode.owners", "AssetNode.tags"},
        "sensors": {"Sensor.assetSelection", "Sensor.tags"},
    },
    "1.6": {**RUNS_BEFORE_1_7, **BEFORE_1_8, **metadata(SINCE_1_7_ENTRIES, asset_checks={"AssetCheck.blocking"})},
    "1.7": {**BEFORE_1_8, **metadata(SINCE_1_10_ENTRIES)},
    "1.8": metadata(SINCE_1_10_ENTRIES),
    "1.9": metadata(SINCE_1_10_ENTRIES),
    "1.10": metadata(()),
    "1.11": {name: {"AssetCheckEvaluation.partition"} for name in ("asset_checks", "events", "run_logs")},
}

# Documents that old versions reject. With these versions, the client cannot read partitions of assets or find a
# backfill after a lost response.
UNSUPPORTED = {
    **{
        version: {"asset_partition_config", "asset_partitions", "requested_backfills"}
        for version in ("1.5", "1.6", "1.7")
    },
    "1.8": {"requested_backfills"},
}


def minor(version):
    return ".".join(version.split(".")[:2])


def names(version):
    """Return all fields, input keys and enum values in a version's schema, except event types."""
    found = set()
    for kind in schemas.schema_of(version).type_map.values():
        interfaces = {interface.name for interface in getattr(kind, "interfaces", ())}
        if kind.name.startswith("__") or "MessageEvent" in interfaces or kind.name == "DagsterEventType":
            continue
        found |= {f"{kind.name}.{name}" for name in getattr(kind, "fields", getattr(kind, "values", ()))}
    return found


def test_every_version_has_a_schema_file_and_is_tested():
    assert [*map(minor, VERSIONS)] == [*LACKING]
    assert [target.name for target in OLD] == VERSIONS[:-1]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_list_of_missing_features_is_complete_for_each_version(version):
    assert names(NEWEST) - names(version) == LACKING[minor(version)]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_document_is_valid_for_every_version(version):
    missing = defaultdict(set)
    unsupported = UNSUPPORTED.get(minor(version), set())
    for name in documents.names():
        pruned = prune(documents.load_marked(name), schemas.schema_of(version))
        assert (pruned.missing is not None) == (name in unsupported), name
        if name in unsupported:
            continue
        assert validate(schemas.schema_of(version), pruned.document) == []
        if pruned.removed:
            missing[name].update(pruned.removed)
    assert missing == MISSING.get(minor(version), {})


def test_the_newest_version_has_all_fields_of_all_documents():
    assert report_changes.problems(schemas.path_of(NEWEST).read_text(encoding="utf-8")) == {}


class TestFiles:
    @pytest.mark.parametrize("version", VERSIONS)
    def test_each_file_is_a_valid_schema_that_contains_only_the_used_parts(self, version):
        assert validate_schema(schemas.schema_of(version)) == []
        text = schemas.path_of(version).read_text(encoding="utf-8")
        assert schemas.touched(text) == text

    @pytest.mark.skipif(schemas.installed_version() != NEWEST, reason="another version of Dagster is installed")
    def test_the_newest_schema_file_is_up_to_date(self):
        written = schemas.path_of(NEWEST).read_text(encoding="utf-8")
        stale = "the documents touch something else now: python -m tests.compat.schemas make"
        assert schemas.touched(schemas.installed_text()) == written, stale

    def test_a_newer_patch_release_replaces_the_older_file(self, tmp_path, monkeypatch):
        monkeypatch.setattr(schemas, "FOLDER", tmp_path)
        for version in ("1.9.13", "1.10.2", "1.10.11", "1.13.0rc1"):
            schemas.write(version, schemas.installed_text())
        assert schemas.versions() == ["1.9.13", "1.10.11", "1.13.0rc1"]


class TestCutting:
    WHOLE = """
        "The beginning."
        type Query { run(id: ID!, later: Int, must: Int!, may: Int! = 1): Answer, other: Other }
        type Other { id: ID }
        union Answer = Found | Lost | Never
        interface Error { message: String, more: String }
        type Lost implements Error { message: String, more: String }
        type Found { size: Size, filter(by: Filter): Int, owner: Owner }
        type Never { why: String }
        interface Owner { name: String }
        type Person implements Owner { name: String, age: Int }
        enum Size { SMALL LARGE @deprecated(reason: "too large") }
        input Filter { size: Size, deep: Deep }
        input Deep { a: Int }
    """
    DOCUMENT = """
        query Q($filter: Filter) {
          run(id: 1, unknown: 2) {
            __typename
            ... on Error { message }
            ... on Found { size filter(by: $filter) owner { name } gone { id } }
            ... on Missing { id }
          }
        }
    """

    @pytest.fixture
    def schema(self):
        return build_schema(reduce_schema(self.WHOLE, [parse(self.DOCUMENT)]))

    def test_only_requested_fields_are_kept(self, schema):
        assert [*schema.type_map["Found"].fields] == ["filter", "owner", "size"]
        assert [*schema.query_type.fields] == ["run"]
        assert "Other" not in schema.type_map

    def test_passed_and_required_arguments_are_kept(self, schema):
        assert [*schema.query_type.fields["run"].args] == ["id", "must"]

    def test_all_possible_types_of_a_response_are_kept(self, schema):
        assert [kind.name for kind in schema.type_map["Answer"].types] == ["Found", "Lost", "Never"]
        assert isinstance(schema.type_map["Owner"], GraphQLInterfaceType)
        assert isinstance(schema.type_map["Person"], GraphQLObjectType)
        assert [*schema.type_map["Person"].fields] == ["name"]
        # The documents only request the name of this type.
        assert [*schema.type_map["Never"].fields] == ["_"]

    def test_an_object_keeps_the_requested_fields_of_its_interface(self, schema):
        assert [*schema.type_map["Lost"].fields] == ["message"]
        assert [kind.name for kind in schema.type_map["Lost"].interfaces] == ["Error"]

    def test_inputs_and_enums_are_kept_completely(self, schema):
        assert [*schema.type_map["Filter"].fields] == ["deep", "size"]
        assert [*schema.type_map["Deep"].fields] == ["a"]
        assert [*schema.type_map["Size"].values] == ["LARGE", "SMALL"]
        assert schema.type_map["Size"].values["LARGE"].deprecation_reason == "too large"

    def test_comparisons_of_schemas_ignore_order_and_descriptions(self, schema):
        lines = [line for line in self.WHOLE.splitlines() if not line.strip().startswith('"')]
        assert reduce_schema("\n".join(reversed(lines)), [parse(self.DOCUMENT)]) == reduce_schema(
            self.WHOLE, [parse(self.DOCUMENT)]
        )


class TestCheck:
    def test_a_release_that_changes_nothing_passes(self):
        report, broken = report_changes.report("9.9.9", schemas.path_of(NEWEST).read_text(encoding="utf-8"))
        assert not broken
        assert "Nothing that our documents use has changed." in report

    def test_a_release_that_adds_a_field_passes_and_is_reported(self):
        text = (
            schemas.path_of(NEWEST).read_text(encoding="utf-8").replace("enum RunStatus {", "enum RunStatus {\n  NEW")
        )
        report, broken = report_changes.report("9.9.9", text)
        assert not broken
        assert "\n+  NEW\n" in report

    def test_a_release_that_removes_a_field_fails_and_names_the_documents_that_request_it(self):
        text = schemas.path_of(NEWEST).read_text(encoding="utf-8").replace("  creationTime: Float!\n", "")
        report, broken = report_changes.report("9.9.9", text)
        assert broken
        assert "- `runs`: Cannot query field 'creationTime' on type 'Run'." in report
        assert "\n-  creationTime: Float!\n" in report

    def test_a_release_that_requires_a_new_argument_fails(self):
        text = (
            schemas.path_of(NEWEST).read_text(encoding="utf-8").replace("runOrError(", "runOrError(reason: String!, ")
        )
        report, broken = report_changes.report("9.9.9", text)
        assert broken
        assert "- `run`: Field 'runOrError' argument 'reason' of type 'String!' is required" in report

    @pytest.mark.parametrize(("removed", "status"), [("", 0), ("  creationTime: Float!\n", 1)])
    def test_the_exit_code_of_the_command_shows_the_result(self, removed, status, monkeypatch, capsys):
        monkeypatch.setattr(command, "installed_text", lambda: schemas.installed_text().replace(removed, ""))
        with pytest.raises(SystemExit) as ended:
            command.main(["check"])
        assert ended.value.code == status
        assert "```diff" in capsys.readouterr().out or not status
