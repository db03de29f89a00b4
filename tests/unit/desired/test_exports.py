"""Outputs across Applications: by consent of the one that has them, and of the right type."""

from typing import Any

import pytest

from pilothouse.api.application import ApplicationSpec
from pilothouse.api.cell import Allow
from pilothouse.catalog.kinds import Catalog
from pilothouse.catalog.registry import registry
from pilothouse.dataplane.types import Owner, TargetKey
from pilothouse.desired.cells import CellView
from pilothouse.desired.exports import Exported, Shared, exported, imported
from pilothouse.desired.resolve import World, resolve
from pilothouse.desired.state import DesiredState
from tests.unit.planning.things import SAFE, THING

NETWORK: dict[str, Any] = {
    "metadata": {"namespace": "platform", "name": "network"},
    "spec": {
        "exports": {"to": ["shop"]},
        "resources": [{"name": "vpc", "cell": "aws", "awsVPC": {}}, {"name": "new", "cell": "aws", "awsVPC": {}}],
    },
    "status": {
        "resources": [
            {"name": "vpc", "type": "awsVPC", "id": "vpc-1", "outputs": {"cidrBlock": "10.0.0.0/16"}},
            {"name": "new", "type": "awsVPC"},
            {"name": "gone", "type": "awsVPC", "id": "vpc-9"},
        ]
    },
}
EVERYBODY = {**NETWORK, "spec": {**NETWORK["spec"], "exports": {"to": ["*"]}}}
NOBODY = {**NETWORK, "spec": {"resources": NETWORK["spec"]["resources"]}}


@pytest.mark.parametrize(
    ("application", "namespace", "may", "reason"),
    [
        (NETWORK, "shop", True, "it is listed"),
        (NETWORK, "bank", False, "it is not listed"),
        (EVERYBODY, "bank", True, "a star stands for all"),
        (NOBODY, "shop", False, "without consent nobody may"),
        (NOBODY, "platform", True, "one namespace is one tenant"),
    ],
)
def test_outputs_are_used_by_consent(application: dict[str, Any], namespace: str, may: bool, reason: str) -> None:  # noqa: FBT001 - a case
    assert (exported(application, namespace) is not None) == may, reason


def test_what_is_exported_is_what_the_spec_has_with_the_outputs_that_are_known() -> None:
    assert exported(NETWORK, "shop") == {
        "vpc": Shared("awsVPC", {"id": "vpc-1", "cidrBlock": "10.0.0.0/16"}),
        "new": Shared("awsVPC", {}),
    }


def test_an_application_that_nothing_was_done_about_yet_exports_nothing_known() -> None:
    bare = {"metadata": NETWORK["metadata"], "spec": NETWORK["spec"]}
    assert exported(bare, "shop") == {"vpc": Shared("awsVPC", {}), "new": Shared("awsVPC", {})}
    assert exported({"metadata": NETWORK["metadata"]}, "platform") == {}


def test_an_application_imports_from_whom_it_names_at_any_depth() -> None:
    spec = {
        "resources": [
            {"name": "a", "awsInstance": {"subnet": {"ref": "private", "application": "net", "namespace": "platform"}}},
            {"name": "b", "awsInstance": {"groups": [{"ref": "x", "application": "own"}, {"ref": "a"}, {"id": "sg"}]}},
        ]
    }
    assert imported(spec, "shop") == {("platform", "net"), ("shop", "own")}
    assert imported({}, "shop") == frozenset()


def resolved(friend: dict[str, Any], shared: Exported | None) -> DesiredState:
    """What becomes of a thing whose friend is another Application's."""
    sky = CellView("sky", "double", allowed=(Allow(),))
    spec = {"resources": [{"name": "a", "cell": "sky", "thing": {"friend": friend}}]}

    def exports(namespace: str, application: str) -> Exported | None:
        return shared if (namespace, application) in {("platform", "net"), ("shop", "net")} else None

    types = Catalog(registry((THING, SAFE)))
    world = World(Owner("cp-1", "shop", "checkout"), (sky,), types, exports=exports)
    return resolve(ApplicationSpec.model_validate(spec), world)


FRIEND = {"ref": "x", "application": "net", "namespace": "platform"}
THERE = {"x": Shared("thing", {"address": "there"})}


def test_the_outputs_of_another_application_are_taken_and_no_dependency_is_made_of_them() -> None:
    state = resolved(FRIEND, THERE)
    assert state.problems == ()
    assert state.imports == {"platform/net/x": {"address": "there"}}
    assert state.targets[TargetKey("sky", "thing", "a")].after == frozenset()


def test_the_own_namespace_need_not_be_named() -> None:
    assert resolved({"ref": "x", "application": "net"}, THERE).imports == {"/net/x": {"address": "there"}}


@pytest.mark.parametrize(
    ("friend", "shared", "message"),
    [
        (
            FRIEND,
            None,
            (
                "spec.resources[a].thing: there is no Application net in namespace platform that exports to shop; "
                "its spec.exports.to must list shop."
            ),
        ),
        (
            FRIEND,
            {"y": Shared("thing", {})},
            "spec.resources[a].thing: Application platform/net has no resource x; it has: y.",
        ),
        (FRIEND, {}, "spec.resources[a].thing: Application platform/net has no resource x; it has: none."),
        (
            FRIEND,
            {"x": Shared("safe", {})},
            "spec.resources[a].thing: ref x is of type safe; name a resource of type thing.",
        ),
    ],
)
def test_what_is_wrong_with_an_import_is_told_with_its_mend(
    friend: dict[str, Any], shared: Exported | None, message: str
) -> None:
    assert [problem.message for problem in resolved(friend, shared).problems] == [message]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"ref": "a", "id": "b"}, "exactly one of ref and id"),
        ({}, "exactly one of ref and id"),
        ({"id": "b", "application": "net"}, "application: give it with ref"),
        ({"ref": "a", "namespace": "platform"}, "namespace: give application too"),
    ],
)
def test_a_reference_that_says_too_much_or_too_little_is_refused(given: dict[str, str], message: str) -> None:
    (problem,) = resolved(given, None).problems
    assert message in problem.message
