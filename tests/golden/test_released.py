"""What released versions left behind is what the present code wants, remembers and would make."""

import asyncio
from functools import cache
from typing import Any, Final

import pytest

from pilothouse.api.application import ApplicationSpec, ApplicationStatus, Settled
from pilothouse.api.cell import CellSpec, CellStatus
from pilothouse.api.fleetpolicy import FleetPolicySpec
from pilothouse.api.meta import Wire
from pilothouse.api.plan import PlanSpec, PlanStatus
from pilothouse.catalog.registry import TYPES
from pilothouse.controller.ports import Key
from pilothouse.dataplane.kubernetes.types.marks import mark_of
from pilothouse.dataplane.types import Mark, Owner
from pilothouse.planning.plan import plan_name
from pilothouse.planning.tokens import token
from pilothouse.runtime.merging import wire
from tests.e2e.seen import Object
from tests.golden.standing import standing
from tests.golden.state import RELEASED, State, releases

WORKLOADS: Final = {"Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"}
AROUND_THEM: Final = {"Service", "Ingress", "ServiceAccount", "ConfigMap", "Secret"}
MODELS: Final[dict[str, tuple[type[Wire], type[Any] | None]]] = {
    "Application": (ApplicationSpec, ApplicationStatus),
    "Plan": (PlanSpec, PlanStatus),
    "Cell": (CellSpec, CellStatus),
    "FleetPolicy": (FleetPolicySpec, None),
}


@cache
def state(version: str) -> State:
    return State.read(RELEASED / version)


VERSIONS: Final = tuple(releases())
APPLICATIONS: Final = [(version, key) for version in VERSIONS for key in state(version).applications()]
OBJECTS: Final = [(version, raw) for version in VERSIONS for raw in state(version).kinds]


def named(value: object) -> str | None:
    """How a version, key or object is called in the list of tests."""
    match value:
        case {"kind": kind, "metadata": {"name": name}}:
            return f"{kind}-{name}"
        case Key(name=name):
            return name
        case _:
            return None


async def passed(of: State, key: Key) -> ApplicationStatus | None:
    """What a first pass of the present operator writes, if anything. Raises what keeps it from changing things."""
    async with standing(of) as everything:
        await everything.reconciler.reconcile(key)
        return everything.store.statuses.get(key)


async def marked(of: State, key: Key) -> set[tuple[str, str]]:
    """Type and resource of everything that bears the mark of an Application, as the present operator reads marks."""
    owner, uid = Owner(of.control_plane, *key), of.applications()[key]["metadata"]["uid"]
    async with standing(of) as everything:
        lines = [(target.type, line.mark) for target, line in everything.fleet.strays(owner)]
    lines += [(raw["kind"], mark_of(raw)) for raw in of.objects]
    return {(kind, mark.resource) for kind, mark in lines if mark and (mark.owner, mark.uid) == (owner, uid)}


def remembered(raw: Object) -> ApplicationStatus:
    return ApplicationStatus.model_validate(raw["status"])


def but_settled(status: ApplicationStatus) -> dict[str, Any]:
    """Everything but which operator was here last."""
    resources = tuple(entry.model_copy(update={"settled": Settled()}) for entry in status.resources)
    return wire(status.model_copy(update={"resources": resources, "settled": Settled()}))


@pytest.mark.parametrize(("version", "key"), APPLICATIONS, ids=named)
def test_nothing_is_planned_and_the_ledger_is_as_it_was(version: str, key: Key) -> None:
    before = remembered(state(version).applications()[key])
    after = asyncio.run(passed(state(version), key)) or before
    assert but_settled(after) == but_settled(before)


@pytest.mark.parametrize(("version", "key"), APPLICATIONS, ids=named)
def test_everything_is_known_by_its_mark(version: str, key: Key) -> None:
    """What bears no mark that is read is nobody's: it could be neither changed nor removed any more."""
    of = state(version)
    entries = [entry for entry in remembered(of.applications()[key]).resources if entry.id and not entry.observed_only]
    assert asyncio.run(marked(of, key)) == {(entry.type, entry.name) for entry in entries}


@pytest.mark.parametrize(("version", "raw"), OBJECTS, ids=named)
def test_every_field_that_is_stored_is_known_and_stays(version: str, raw: Object) -> None:
    """A field that was renamed is one that is forgotten, and a model that became stricter refuses what stands there."""
    del version
    spec, status = MODELS[raw["kind"]]
    spec.model_validate(raw["spec"])
    if status is not None:
        assert wire(status.model_validate(raw["status"])) == raw["status"]


PLANS: Final = [(version, raw) for version, raw in OBJECTS if raw["kind"] == "Plan"]


@pytest.mark.parametrize(("version", "raw"), PLANS, ids=named)
def test_a_plan_fits_its_name_and_what_it_created_would_have_the_same_token(version: str, raw: Object) -> None:
    """Else what is under way during an upgrade looks edited by hand, or is made a second time."""
    spec = PlanSpec.model_validate(raw["spec"])
    application = spec.application_ref.name
    assert plan_name(application, spec) == raw["metadata"]["name"]
    owner = Owner(state(version).control_plane, raw["metadata"]["namespace"], application)
    for step in spec.steps:
        if step.action == "Create":
            mark = Mark(owner, step.target.resource, spec.application_ref.uid)
            one = TYPES.get(step.target.type)
            known = {token(step.target.type, mark), one.name(owner, step.target.resource) if one else step.token}
            assert step.token in known, step.name


def test_there_are_applications_of_every_kind_and_type() -> None:
    """A type that is new is kept from the version on that brings it: `make golden`, before that is released."""
    entries = [
        entry for version, key in APPLICATIONS for entry in remembered(state(version).applications()[key]).resources
    ]
    assert {*TYPES, *WORKLOADS, *AROUND_THEM} <= {entry.type for entry in entries}
    assert [entry.name for entry in entries if entry.drift or entry.state not in {"Ready", "Ended"}] == []
