"""If an action is not permitted in any code location, it is rejected before a request is sent."""

from __future__ import annotations

import pytest

import dagster_nb as dnb
from dagster_nb.client.permissions import ACTIONS
from tests.unit.fake import FakeDagster

ACTS = {
    "launch": lambda client: client.launch("nightly"),
    "launch_many": lambda client: client.launch_many([{"job": "nightly"}]),
    "materialize": lambda client: client.materialize("orders"),
    "backfill": lambda client: client.backfill("orders", ["2026-01-01"]),
    "cancel_backfill": lambda client: client.cancel_backfill("abcdefgh"),
    "reexecute": lambda client: client.reexecute("a" * 36),
    "reexecute_many": lambda client: client.reexecute_many(["a" * 36]),
    "terminate": lambda client: client.terminate("a" * 36),
    "delete": lambda client: client.delete("a" * 36),
    "start": lambda client: client.start("nightly_schedule"),
    "stop": lambda client: client.stop("nightly_schedule"),
    "reload_location": lambda client: client.reload_location("etl"),
    "shutdown_location": lambda client: client.shutdown_location("etl"),
}


def permissions(**values: bool) -> list[dict[str, object]]:
    return [
        {"permission": name, "value": value, "disabledReason": None if value else "You are a viewer"}
        for name, value in values.items()
    ]


NOTHING = permissions(**dict.fromkeys({one for needed in ACTIONS.values() for one in needed}, False))


def workspace(*locations: list[dict[str, object]]) -> dict[str, object]:
    entries = [{"permissions": one} for one in locations]
    return {"__typename": "Workspace", "locationEntries": entries}


@pytest.fixture
def fake():
    with FakeDagster(1) as fake:
        yield fake


def test_every_action_has_a_list_of_permissions():
    assert ACTS.keys() == ACTIONS.keys()


def test_the_permissions_exist_in_dagster():
    from dagster._core.workspace.permissions import LOCATION_SCOPED_PERMISSIONS

    assert {one for needed in ACTIONS.values() for one in needed} <= {str(one) for one in LOCATION_SCOPED_PERMISSIONS}


@pytest.mark.parametrize("locations", [(), (NOTHING,), (NOTHING, NOTHING)])
def test_only_the_permissions_are_requested_for_a_forbidden_action(fake, locations):
    fake.answers.update(permissions=NOTHING, workspaceOrError=workspace(*locations))
    with fake.connect() as client:
        assert client.forbidden_actions == dict.fromkeys(ACTIONS, "You are a viewer")
        for name, act in ACTS.items():
            fake.requests.clear()
            with pytest.raises(dnb.UnauthorizedError, match=rf"does not permit {name}\(\): You are a viewer. Nothing"):
                act(client)
            assert fake.operations == ["Permissions"]


def test_permission_in_one_location_is_enough(fake):
    fake.answers.update(
        permissions=NOTHING, workspaceOrError=workspace(NOTHING, permissions(terminate_pipeline_execution=True))
    )
    with fake.connect() as client:
        assert "terminate" not in client.forbidden_actions
        assert client.terminate("a" * 36)["outcome"].tolist() == ["not_found"]


def test_a_permission_granted_after_connecting_is_used(fake):
    fake.answers.update(permissions=NOTHING, workspaceOrError=workspace(NOTHING))
    with fake.connect() as client:
        fake.answers.update(permissions=[], workspaceOrError=workspace([]))
        assert client.terminate("a" * 36)["outcome"].tolist() == ["not_found"]
        assert client.forbidden_actions == {}


@pytest.mark.parametrize("problem", ["locations do not load", "no permissions of locations"])
def test_the_server_decides_if_the_permissions_of_locations_are_unknown(fake, problem):
    fake.answers.update(permissions=NOTHING, workspaceOrError={"__typename": "PythonError", "message": problem})
    if problem == "no permissions of locations":
        fake.answer(None, operation="Permissions", status=400, text="{}")
    with fake.connect() as client:
        assert client.forbidden_actions == {}
        assert client.terminate("a" * 36)["outcome"].tolist() == ["not_found"]


def test_no_further_permissions_are_requested_if_all_actions_are_permitted(fake):
    fake.answers["permissions"] = permissions(launch_pipeline_execution=True, edit_concurrency_limit=False)
    with fake.connect() as client:
        client.terminate("a" * 36)
        assert "Permissions" not in fake.operations


def test_a_read_only_client_forbids_every_action(fake):
    with fake.connect(read_only=True) as client:
        assert client.forbidden_actions == dict.fromkeys(ACTIONS, "this client is read-only")
