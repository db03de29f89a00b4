"""What rebalancing moves is told as such, and waits for a person where one wants to be asked; nothing else does."""

from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from pilothouse.api.application import ApprovalPolicy, LedgerEntry
from pilothouse.api.plan import Change, Reason
from pilothouse.api.workload_kinds import RUNNERS
from pilothouse.dataplane.kubernetes.types.objects import KubernetesObject, Manifest
from pilothouse.dataplane.types import Mark, Reading, TargetKey
from pilothouse.desired.state import DesiredState, Target
from pilothouse.observed.snapshot import Preview, Sighting, Snapshot
from pilothouse.planning.approval import is_gated
from pilothouse.planning.diff import Draft
from pilothouse.planning.plan import Policy, Proposal, Subject, make_plan
from tests.unit.planning.things import ABSENT, GONE, HASHER, NOW, OWNER, SUBJECT, UID, deleting, entry, ledger, present

TYPES = {kind: KubernetesObject(kind) for kind in (*RUNNERS, "ConfigMap", "Service")}
A, B, C = (TargetKey(cell, "Deployment", f"checkout-web-{cell}") for cell in "abc")
API = TargetKey("b", "Deployment", "checkout-api-b")
SETTINGS = TargetKey("b", "ConfigMap", "settings")
ENDS = frozenset({A, B})


def change(path: str, old: Any, new: Any) -> Change:
    return Change.model_validate({"path": path, "from": old, "to": new})


FEWER, MORE = change("spec.replicas", 2, 1), change("spec.replicas", 1, 2)
IMAGE = change("spec.template.spec.containers[0].image", "app:1", "app:2")


def wanted(*keys: TargetKey, proposed: bool = False, rebalanced: frozenset[TargetKey] = ENDS) -> DesiredState:
    """A replica in the Cell of each, while rebalancing moves from a to b."""
    targets = {key: Target(key, TYPES[key.type], identifier(key), Manifest(body=body(key))) for key in keys}
    moving = {A: frozenset({B})} if rebalanced else {}
    return DesiredState(targets, handovers=moving, rebalanced=rebalanced, proposed=proposed)


def identifier(key: TargetKey) -> str:
    return f"apps/v1/{key.type}/shop/{key.resource}"


def body(key: TargetKey) -> dict[str, Any]:
    return {"apiVersion": "apps/v1", "kind": key.type, "metadata": {"name": key.resource}, "spec": {"replicas": 1}}


def known(key: TargetKey, **fields: Any) -> LedgerEntry:
    return entry(key.resource, cell=key.cell, kind=key.type, id=identifier(key), **fields)


def live(key: TargetKey) -> Sighting:
    mark = Mark(OWNER, key.resource, UID)
    return present(Reading(identifier(key), mark, outputs={"uid": f"u-{key.cell}"}, fingerprint="f-1"))


def planned(
    state: DesiredState,
    changes: dict[TargetKey, tuple[Change, ...]],
    *,
    subject: Subject = SUBJECT,
    approval: ApprovalPolicy = "Destructive",
) -> Proposal:
    """The Plan where all of `changes` is there, and applying would change so much of it."""
    nowhere = dict.fromkeys(state.targets, ABSENT)
    snapshot = Snapshot(
        NOW, nowhere | {key: live(key) for key in changes}, {key: Preview(found) for key, found in changes.items()}
    )
    return make_plan(subject, state, ledger(*map(known, changes)), snapshot, Policy(approval), TYPES.__getitem__)


def why(proposal: Proposal) -> dict[str, Reason]:
    return dict(proposal.reasons)


CREATE_B, UPDATE_A = "create-deployment-checkout-web-b-in-b", "update-deployment-checkout-web-a-in-a"
DELETE_A, UPDATE_B = "delete-deployment-checkout-web-a-in-a", "update-deployment-checkout-web-b-in-b"


def test_a_move_makes_what_takes_over_and_then_takes_away_what_went() -> None:
    found = planned(wanted(A, B), {A: (FEWER,)})
    assert {step.name: step.depends_on for step in found.steps} == {CREATE_B: (), UPDATE_A: (CREATE_B,)}
    assert why(found) == {CREATE_B: "Rebalance", UPDATE_A: "Rebalance"}
    assert found.reason == "Rebalance"


def test_a_move_to_where_there_are_some_already_changes_but_two_numbers() -> None:
    found = planned(wanted(A, B), {A: (FEWER,), B: (MORE,)})
    assert why(found) == {UPDATE_B: "Rebalance", UPDATE_A: "Rebalance"}


def test_a_deployment_that_is_emptied_is_deleted_by_the_move() -> None:
    found = planned(wanted(B), {A: ()})
    assert {step.name: step.depends_on for step in found.steps} == {CREATE_B: (), DELETE_A: (CREATE_B,)}
    assert why(found) == {CREATE_B: "Rebalance", DELETE_A: "Rebalance"}


@pytest.mark.parametrize("kind", ["ConfigMap", "Service"])
@pytest.mark.parametrize(("cell", "reason"), [("a", "Rebalance"), ("b", "Rebalance"), ("c", "SpecChanged")])
def test_what_a_replica_needs_comes_and_goes_with_the_move(kind: str, cell: str, reason: Reason) -> None:
    needed = TargetKey(cell, kind, "web")
    comes, goes = planned(wanted(A, B, needed), {A: (FEWER,)}), planned(wanted(A, B), {A: (FEWER,), needed: ()})
    assert why(comes)[f"create-{kind.lower()}-web-in-{cell}"] == reason
    assert why(goes)[f"delete-{kind.lower()}-web-in-{cell}"] == reason


def test_what_a_replica_needs_and_has_already_is_not_changed_by_a_move() -> None:
    found = planned(wanted(A, B, SETTINGS), {A: (FEWER,), SETTINGS: (change("data.level", "info", "debug"),)})
    assert why(found)["update-configmap-settings-in-b"] == "SpecChanged"


@pytest.mark.parametrize("kind", sorted(RUNNERS))
def test_what_runs_another_workload_in_the_same_cell_comes_and_goes_because_a_person_said_so(kind: str) -> None:
    other = TargetKey("b", kind, "checkout-api-b")
    comes = planned(wanted(A, B, other, proposed=True), {A: (FEWER,)})
    goes = planned(wanted(A, B, proposed=True), {A: (FEWER,), other: ()}, approval="Automatic")
    assert why(comes)[f"create-{kind.lower()}-checkout-api-b-in-b"] == "SpecChanged"
    assert why(goes)[f"delete-{kind.lower()}-checkout-api-b-in-b"] == "SpecChanged"
    assert gated(comes) == gated(goes) == {CREATE_B, UPDATE_A}, "what is proposed holds up nobody else"


def test_what_runs_another_workload_in_the_same_cell_is_scaled_because_a_person_said_so() -> None:
    found = planned(wanted(A, B, API), {A: (FEWER,), API: (MORE,)})
    assert why(found)["update-deployment-checkout-api-b-in-b"] == "SpecChanged"


def test_two_workloads_that_move_are_both_told_of() -> None:
    found = planned(wanted(A, B, API, rebalanced=ENDS | {API}), {A: (FEWER,), API: (MORE,)})
    assert set(why(found).values()) == {"Rebalance"}


def test_a_change_by_a_person_is_told_as_theirs_although_something_moves_as_well() -> None:
    found = planned(wanted(A, B), {A: (FEWER, IMAGE)})
    assert why(found) == {CREATE_B: "Rebalance", UPDATE_A: "SpecChanged"}
    assert found.reason == "SpecChanged", "people look for their own change"
    assert why(planned(wanted(A, B), {A: (FEWER,), B: (IMAGE,)}))[UPDATE_B] == "SpecChanged"


def test_what_is_done_in_other_cells_is_no_part_of_the_move() -> None:
    found = planned(wanted(A, B, C), {A: (FEWER,), C: (MORE,)})
    assert why(found)["update-deployment-checkout-web-c-in-c"] == "SpecChanged"


def test_without_a_move_more_and_fewer_is_what_a_person_asked_for() -> None:
    found = planned(wanted(A, B, rebalanced=frozenset()), {A: (FEWER,)})
    assert set(why(found).values()) == {"SpecChanged"}


def test_what_was_changed_or_lost_behind_our_back_is_no_move() -> None:
    state = wanted(A, B, proposed=True)
    manifest = HASHER.hash(state.targets[A].spec)
    entries = ledger(known(A, applied_hash=manifest), known(B, incarnation=1).model_copy(update={"id": ""}))
    snapshot = Snapshot(NOW, {A: live(A), B: GONE}, {A: Preview((FEWER,))})
    found = make_plan(SUBJECT, state, entries, snapshot, Policy(), TYPES.__getitem__)
    assert why(found) == {CREATE_B: "Repair", UPDATE_A: "Drift"}
    assert found.reason == "Repair"
    assert not any(step.gated for step in found.steps), "what rebalancing did not begin asks nobody"


def gated(proposal: Proposal) -> set[str]:
    return {step.name for step in proposal.steps if step.gated}


@pytest.mark.parametrize("approval", ["Automatic", "Destructive"])
def test_a_move_that_is_proposed_waits_for_a_person_whatever_else_needs_none(approval: ApprovalPolicy) -> None:
    moves: dict[TargetKey, tuple[Change, ...]] = {A: (FEWER,)}
    assert gated(planned(wanted(A, B, proposed=True), moves, approval=approval)) == {CREATE_B, UPDATE_A}
    assert gated(planned(wanted(B, proposed=True), {A: ()}, approval=approval)) == {CREATE_B, DELETE_A}
    assert gated(planned(wanted(A, B), moves, approval=approval)) == set()


def test_a_plan_with_a_move_that_is_proposed_names_what_is_to_be_approved() -> None:
    found = planned(wanted(A, B, proposed=True), {A: (FEWER,)}).spec("checkout", UID, 1)
    assert (found.reason, bool(found.approval_hash)) == ("Rebalance", True)
    assert planned(wanted(A, B), {A: (FEWER,)}).spec("checkout", UID, 1).approval_hash == ""


def test_what_a_person_changed_does_not_wait_because_something_else_is_proposed() -> None:
    found = planned(wanted(A, B, C, proposed=True), {A: (FEWER, IMAGE), C: (IMAGE,)})
    assert gated(found) == {CREATE_B}


def test_an_application_on_its_way_out_asks_nobody() -> None:
    found = planned(replace(wanted(proposed=True), handovers={}), {A: (), B: ()}, subject=deleting(), approval="Always")
    assert set(why(found).values()) == {"Deletion"}
    assert (found.reason, gated(found)) == ("Deletion", set())


class Gate(NamedTuple):
    policy: ApprovalPolicy
    why: Reason
    proposed: bool
    gated: bool


GATES = {
    "automatic, proposed": Gate("Automatic", "Rebalance", proposed=True, gated=True),
    "automatic": Gate("Automatic", "Rebalance", proposed=False, gated=False),
    "always": Gate("Always", "Rebalance", proposed=False, gated=True),
    "a wish beside it": Gate("Automatic", "SpecChanged", proposed=True, gated=False),
    "a repair beside it": Gate("Destructive", "Repair", proposed=True, gated=False),
    "drift beside it": Gate("Destructive", "Drift", proposed=True, gated=False),
}


@pytest.mark.parametrize("gate", GATES.values(), ids=GATES)
def test_only_what_rebalancing_moves_is_gated_by_its_being_proposed(gate: Gate) -> None:
    draft = Draft(A, TYPES["Deployment"], "Update")
    assert is_gated(draft, gate.policy, gate.why, proposed=gate.proposed) == gate.gated
