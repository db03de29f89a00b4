"""The fleet answers from what it was told: who may use a Cell, whether it can be asked, and why not."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from pilothouse.api.cell import Breaker
from pilothouse.api.fleetpolicy import FleetPolicySpec
from pilothouse.controller.fleet import Fleet
from pilothouse.controller.holdings import Holding
from pilothouse.controller.observing import Listing
from pilothouse.controller.ports import Key
from pilothouse.dataplane.errors import Denied, NotNow
from pilothouse.dataplane.types import Call, Listed, Owner, TargetKey

LABELS = {"shop": {"team": "shop"}, "lab": {"team": "lab"}}


class Silent:
    """A meter nobody reads."""

    def called(self, *_: object) -> None:
        pass


class Changes:
    """What the fleet told of itself."""

    def __init__(self) -> None:
        self.everyone = 0
        self.respecified: list[str] = []

    def changed(self) -> None:
        self.everyone += 1


@pytest.fixture
def changes() -> Changes:
    return Changes()


@pytest.fixture
def fleet(changes: Changes) -> Fleet:
    made = Fleet(lambda namespace: LABELS.get(namespace, {}), changes.changed, Silent())
    made.respecified = changes.respecified.append
    return made


def cell(name: str, spec: Mapping[str, Any], generation: int = 1, **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "uid": f"uid-{name}", "generation": generation, **metadata}, "spec": dict(spec)}


SLICE: dict[str, Any] = {
    "kubernetes": {"nodeSelector": {"zone": "a"}},
    "allow": [{"namespaceSelector": {"matchLabels": {"team": "shop"}}}],
}
CLOUD: dict[str, Any] = {"aws": {"accountID": "123456789012", "region": "eu-west-1"}}


def test_a_namespace_sees_what_allow_gives_it(fleet: Fleet) -> None:
    fleet.cell_told(cell("eu-1", SLICE), deleted=False)
    (shop,), (lab,) = fleet.cells("shop"), fleet.cells("lab")
    assert shop.allows("Deployment")
    assert not lab.allows("Deployment")


def test_slices_of_one_cluster_say_so_and_clouds_are_their_own(fleet: Fleet) -> None:
    secret: dict[str, Any] = {"kubernetes": {"kubeconfigSecretRef": {"name": "far"}}}
    specs = {"a": SLICE, "b": {"kubernetes": {}}, "c": secret, "d": CLOUD}
    for name, spec in specs.items():
        fleet.cell_told(cell(name, spec), deleted=False)
    clusters = {view.name: view.cluster for view in fleet.cells("shop")}
    assert clusters == {"a": "local", "b": "local", "c": "secret/far/kubeconfig", "d": "d"}


def test_a_cell_is_not_ready_before_it_was_reached(fleet: Fleet) -> None:
    fleet.cell_told(cell("eu-1", SLICE), deleted=False)
    (view,) = fleet.cells("shop")
    assert not view.ready
    assert "not been reached yet" in view.message
    with pytest.raises(NotNow, match="not been reached yet"):
        fleet.provider("eu-1")


def test_a_cell_that_nobody_knows_says_what_to_do(fleet: Fleet) -> None:
    assert "there is no Cell eu-9 any more" in fleet.unreachable("eu-9")
    with pytest.raises(NotNow, match="there is no Cell eu-9"):
        fleet.provider("eu-9")


def test_a_spec_that_does_not_fit_names_the_field_and_connects_nothing(fleet: Fleet) -> None:
    fleet.cell_told(cell("eu-1", {"kubernetes": {"nodeSelektor": {}}}), deleted=False)
    assert fleet.unreachable("eu-1").startswith("Cell eu-1: spec.kubernetes.nodeSelektor")
    assert not fleet.cells("shop")


def test_credentials_that_are_refused_keep_everybody_out(fleet: Fleet) -> None:
    fleet.cell_told(cell("aws", CLOUD), deleted=False)
    found = fleet.cell("aws")
    assert found is not None
    found.error = Denied("InvalidClientTokenId")
    assert found.trouble() == ("CredentialsRefused", "InvalidClientTokenId")
    assert fleet.unreachable("aws") == "InvalidClientTokenId"


def test_only_a_new_place_makes_a_new_connection(fleet: Fleet, changes: Changes) -> None:
    fleet.cell_told(cell("eu-1", SLICE), deleted=False)
    before = fleet.cell("eu-1")
    fleet.cell_told(cell("eu-1", {**SLICE, "cordoned": True}, generation=2), deleted=False)
    assert fleet.cell("eu-1") is before
    assert changes.respecified == ["eu-1"]
    (view,) = fleet.cells("shop")
    assert view.cordoned
    fleet.cell_told(cell("eu-1", {"kubernetes": {"createNamespace": True}}, generation=3), deleted=False)
    assert fleet.cell("eu-1") is not before
    assert changes.respecified == ["eu-1", "eu-1"]


def test_our_own_status_writes_move_nobody(fleet: Fleet, changes: Changes) -> None:
    fleet.cell_told(cell("eu-1", SLICE), deleted=False)
    told = changes.everyone
    fleet.cell_told({**cell("eu-1", SLICE), "status": {"resources": 4}}, deleted=False)
    assert changes.everyone == told
    found = fleet.cell("eu-1")
    assert found is not None
    assert found.status == {"resources": 4}


def test_new_labels_are_a_reason_to_place_again(fleet: Fleet, changes: Changes) -> None:
    fleet.cell_told(cell("eu-1", SLICE), deleted=False)
    told = changes.everyone
    fleet.cell_told(cell("eu-1", SLICE, labels={"tier": "prod"}), deleted=False)
    assert changes.everyone == told + 1
    assert fleet.cells("shop")[0].labels == {"tier": "prod"}


def test_a_deleted_cell_is_gone_but_not_its_namesake(fleet: Fleet) -> None:
    fleet.cell_told(cell("eu-1", SLICE), deleted=False)
    fleet.cell_told(cell("eu-1", SLICE, uid="another"), deleted=False)
    fleet.cell_told(cell("eu-1", SLICE), deleted=True)
    assert fleet.cell("eu-1") is not None, "what was deleted is the one before"
    fleet.cell_told(cell("eu-1", SLICE, uid="another"), deleted=True)
    assert fleet.cell("eu-1") is None


def test_abandoned_is_what_a_person_declared(fleet: Fleet) -> None:
    fleet.cell_told(cell("eu-1", {**SLICE, "abandoned": True}), deleted=False)
    assert fleet.abandoned("eu-1")
    assert not fleet.abandoned("eu-2")


def test_only_the_policy_called_default_counts(fleet: Fleet, changes: Changes) -> None:
    fleet.policy_told({"metadata": {"name": "mine"}, "spec": {"suspend": True}}, deleted=False)
    assert fleet.policy() == FleetPolicySpec()
    fleet.policy_told({"metadata": {"name": "default"}, "spec": {"suspend": True}}, deleted=False)
    assert fleet.policy().suspend
    assert changes.everyone == 1
    fleet.policy_told({"metadata": {"name": "default"}}, deleted=True)
    assert fleet.policy() == FleetPolicySpec()


def test_a_policy_that_cannot_be_read_stops_everything(fleet: Fleet, caplog: pytest.LogCaptureFixture) -> None:
    fleet.policy_told({"metadata": {"name": "default"}, "spec": {"suspendd": False}}, deleted=False)
    assert fleet.policy().suspend, "it may have meant to say so"
    assert "spec.suspendd" in caplog.text


class Marked:
    """A cloud whose listings show one thing of a region and one of none, of everybody's."""

    def of(self, owner: Owner) -> Iterator[tuple[str, str, Listed]]:
        yield "queue", "orders", Listed(f"of {owner.application}")
        yield "role", "reader", Listed(f"of {owner.application}")

    def regional(self, kind: str) -> bool:
        return kind != "role"


def test_what_one_cell_lists_may_be_of_any_cell_of_the_account_and_region(fleet: Fleet) -> None:
    """Else what one of them made would be a stray in the other, and be deleted."""
    elsewhere = {"aws": {**CLOUD["aws"], "region": "eu-west-2"}}
    others = {"aws": {**CLOUD["aws"], "accountID": "210987654321"}}
    cells = {"a": CLOUD, "b": CLOUD, "c": elsewhere, "d": SLICE, "e": {"aws": "what?"}, "f": others}
    for name, spec in cells.items():
        fleet.cell_told(cell(name, spec), deleted=False)
    found = fleet.cell("a")
    assert found is not None
    found.cloud = Marked()  # type: ignore[assignment]  # all that is asked of it here
    strays = list(fleet.strays(Owner("cp", "shop", "checkout")))
    assert [(key.cell, key.resource, line.id) for key, line in strays] == [
        ("a", "orders", "of checkout"),
        ("b", "orders", "of checkout"),
        ("a", "reader", "of checkout"),
        ("b", "reader", "of checkout"),
        ("c", "reader", "of checkout"),
    ]


def test_what_is_gone_without_a_word_is_dropped_by_the_next_complete_listing(fleet: Fleet, changes: Changes) -> None:
    """A watch that has to list anew tells of what is there, and never of what went meanwhile."""
    fleet.cell_told(cell("stays", SLICE), deleted=False)
    fleet.cell_told(cell("went", CLOUD), deleted=False)
    fleet.policy_told({"metadata": {"name": "default"}, "spec": {"suspend": True}}, deleted=False)
    before = fleet.known()
    fleet.cell_told(cell("came", SLICE), deleted=False)
    changes.respecified.clear()
    fleet.relisted(before, {"uid-stays"}, policy=False)
    assert sorted(each.name for each in fleet) == ["came", "stays"]
    assert changes.respecified == ["went"]
    assert not fleet.policy().suspend


def test_what_came_while_a_listing_was_made_is_not_dropped(fleet: Fleet) -> None:
    before = fleet.known()
    fleet.policy_told({"metadata": {"name": "default"}, "spec": {"suspend": True}}, deleted=False)
    fleet.cell_told(cell("came", SLICE), deleted=False)
    fleet.relisted(before, set(), policy=False)
    assert fleet.policy().suspend
    assert fleet.cell("came") is not None
    fleet.relisted(fleet.known(), {"uid-came"}, policy=True)
    assert fleet.policy().suspend


OPEN = {"breaker": {"openedAt": "2026-01-01T00:00:00Z"}}


def test_a_breaker_that_turns_has_everybody_look_and_goes_with_its_cell(fleet: Fleet, changes: Changes) -> None:
    heard, turns = list[tuple[str, str, str]](), True

    def told(name: str, stored: Breaker | None, resume: str) -> bool:
        heard.append((name, stored.opened_at if stored else "gone", resume))
        return turns

    fleet.breaker_told = told
    raw = cell("aws", CLOUD) | {"status": OPEN}
    fleet.cell_told(raw, deleted=False)
    before = changes.everyone
    raw["metadata"]["annotations"] = {"pilothouse.dev/resume": "2026-01-01T00:00:00Z"}
    fleet.cell_told(raw, deleted=False)
    assert changes.everyone == before + 1
    turns = False
    fleet.cell_told(raw, deleted=False)
    assert changes.everyone == before + 1, "nothing is new"
    fleet.cell_told(cell("aws", CLOUD, uid="another"), deleted=False)
    fleet.cell_told(cell("aws", CLOUD, uid="another"), deleted=True)
    opened = "2026-01-01T00:00:00Z"
    assert heard == [
        ("aws", opened, ""),
        ("aws", opened, opened),
        ("aws", opened, opened),
        ("aws", "gone", ""),
        ("aws", "", ""),
        ("aws", "gone", ""),
    ]


class Shelf:
    """What a Cell's newest listing shows, be it of a cloud or of a cluster."""

    def missed(self, kind: str, identifier: str, changed_at: float) -> float:
        return 7.0 if (kind, identifier, changed_at) == ("awsQueue", "q-1", 5.0) else 0.0

    def listing(self, key: TargetKey, namespace: str, identifier: str) -> Listing:
        assert (key, namespace) == (TargetKey("aws", "awsQueue", "orders"), "shop")
        return Listing((Listed(identifier),) if identifier == "shown" else (), 0.0 if identifier == "unsynced" else 8.0)


def holding(identifier: str) -> Holding:
    return Holding(Key("shop", "checkout"), "awsQueue", "orders", identifier, 5.0)


def test_what_a_cell_misses_is_what_its_newest_listing_should_show(fleet: Fleet) -> None:
    shelf: Any = Shelf()
    assert fleet.missed("aws", holding("q-1")) == 0, "there is no such Cell"
    fleet.cell_told(cell("aws", CLOUD), deleted=False)
    found = fleet.cell("aws")
    assert found is not None
    assert fleet.missed("aws", holding("q-1")) == 0, "it was not reached yet"
    found.provider = shelf
    assert fleet.missed("aws", holding("q-1")) == 0, "there is neither cloud nor cluster yet"
    found.cloud = shelf
    assert [fleet.missed("aws", holding(each)) for each in ("q-1", "q-2")] == [7.0, 0.0]
    found.gate.trouble = "no answer"
    assert fleet.missed("aws", holding("q-1")) == 0, "what does not answer misses nothing"
    found.gate.trouble, found.cloud, found.cluster = "", None, shelf
    shelf.refused = None
    assert [fleet.missed("aws", holding(each)) for each in ("gone", "shown", "unsynced")] == [8.0, 0.0, 0.0]
    fleet.cell_told(cell("aws", {**CLOUD, "abandoned": True}, 2), deleted=False)
    assert fleet.missed("aws", holding("gone")) == 0, "all of it is declared gone"


async def test_a_fleet_that_is_suspended_sends_no_change_through_any_gate(fleet: Fleet) -> None:
    fleet.cell_told(cell("aws", CLOUD), deleted=False)
    found = fleet.cell("aws")
    assert found is not None
    policy = {"metadata": {"name": "default"}, "spec": {"suspend": True}}
    fleet.policy_told(policy, deleted=False)
    assert "spec.suspend to false" in fleet.halted()
    inner: Any = Answering()
    behind = fleet.gated(found, inner)
    with pytest.raises(NotNow, match="the fleet is suspended"):
        await behind.send(Call("sqs", "CreateQueue"))
    fleet.policy_told(policy, deleted=True)
    assert await behind.send(Call("sqs", "CreateQueue")) == "CreateQueue"


class Answering:
    """A provider that answers with what it is asked."""

    async def send(self, call: Call) -> str:
        return call.operation
