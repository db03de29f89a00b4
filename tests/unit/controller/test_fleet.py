"""The fleet answers from what it was told: who may use a Cell, whether it can be asked, and why not."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from pilothouse.api.cell import Breaker, CellStatus
from pilothouse.api.fleetpolicy import FleetPolicySpec
from pilothouse.controller import fleet as fleets
from pilothouse.controller.fleet import Cell, Fleet
from pilothouse.controller.holdings import Holding
from pilothouse.controller.observing import Listing
from pilothouse.controller.ports import Key
from pilothouse.dataplane.errors import Denied, NotNow
from pilothouse.dataplane.types import Call, Listed, Owner, TargetKey
from pilothouse.desired.cells import CellView

LABELS = {"shop": {"team": "shop"}, "lab": {"team": "lab"}}


class Silent:
    """A meter nobody reads."""

    def called(self, *_: object) -> None:
        pass


class Changes:
    """What the fleet told of itself."""

    def __init__(self) -> None:
        self.leads = True
        self.everyone = 0
        self.respecified: list[str] = []

    def changed(self) -> None:
        self.everyone += 1


@pytest.fixture
def changes() -> Changes:
    return Changes()


@pytest.fixture
def fleet(changes: Changes) -> Fleet:
    made = Fleet(lambda namespace: LABELS.get(namespace, {}), changes.changed, Silent(), lambda: changes.leads)
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
    assert found.status == CellStatus(resources=4)


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


async def test_a_process_that_no_longer_leads_sends_no_change_through_any_gate(fleet: Fleet, changes: Changes) -> None:
    """However long ago it was told to: it may have been frozen while a call waited in line."""
    fleet.cell_told(cell("aws", CLOUD), deleted=False)
    found = fleet.cell("aws")
    assert found is not None
    inner: Any = Answering()
    behind = fleet.gated(found, inner)
    changes.leads = False
    with pytest.raises(NotNow, match="does not lead any more"):
        await behind.send(Call("sqs", "CreateQueue"))
    assert await behind.send(Call("sqs", "ListQueues")) == "ListQueues"


class Answering:
    """A provider that answers with what it is asked."""

    async def send(self, call: Call) -> str:
        return call.operation


UNREADABLE = {"breaker": {"openedAt": "2026-19-39T00:00:00Z"}}


def told_of(fleet: Fleet, status: Mapping[str, Any]) -> Cell:
    fleet.cell_told(cell("eu-1", SLICE) | {"status": status}, deleted=False)
    found = fleet.cell("eu-1")
    assert found is not None
    return found


@pytest.mark.parametrize("known_before", [False, True])
def test_a_status_that_cannot_be_read_stops_its_cell_alone_and_until_it_can(
    fleet: Fleet, *, known_before: bool
) -> None:
    opened = list[Breaker | None]()

    def breaker_told(_name: str, breaker: Breaker | None, _resume: str) -> bool:
        opened.append(breaker)
        return False

    fleet.breaker_told = breaker_told
    fleet.cell_told(cell("eu-2", SLICE), deleted=False)
    if known_before:
        told_of(fleet, {})
    opened.clear()
    found = told_of(fleet, UNREADABLE)
    reason, message = found.out_of_reach()
    assert (reason, found.trouble()[0]) == ("UnreadableStatus", "UnreadableStatus")
    assert "status.breaker.openedAt" in message
    assert "kubectl edit phcell eu-1" in message
    assert fleet.unreachable("eu-1") == message, "so that nothing is concluded there, nor changed"
    assert opened == [], "what its breaker is to do is not known"
    assert "not been reached" in fleet.unreachable("eu-2"), "the others go on"
    told_of(fleet, {"breaker": {}})
    assert found.out_of_reach()[0] == "NotReachedYet"
    assert opened == [Breaker()]


def test_a_cell_tells_where_it_is_and_what_it_costs(fleet: Fleet) -> None:
    told = {"region": "eu-central-2", "price": "0.5", "caches": ["llama"], "headroomPercent": 10}
    for name, spec in {"a": {"kubernetes": {}, **told}, "b": CLOUD}.items():
        fleet.cell_told(cell(name, spec), deleted=False)
    one, other = fleet.cells("shop")
    assert (one.region, one.price, one.caches, one.headroom) == ("eu-central-2", 500_000, frozenset({"llama"}), 10)
    assert (other.region, other.price, other.caches, other.headroom) == ("eu-west-1", None, frozenset(), 0)


def test_headroom_is_the_fleets_where_a_cell_says_nothing(fleet: Fleet) -> None:
    for name, own in (("a", {}), ("b", {"headroomPercent": 0})):
        fleet.cell_told(cell(name, {"kubernetes": {}, **own}), deleted=False)
    policy = {"metadata": {"name": "default"}, "spec": {"placement": {"headroomPercent": 25}}}
    fleet.policy_told(policy, deleted=False)
    assert [view.headroom for view in fleet.cells("shop")] == [25, 0]


def test_whether_a_domain_can_be_lost_is_told_of_clusters_where_the_policy_asks(fleet: Fleet) -> None:
    for name, spec in {"a": SLICE, "b": CLOUD}.items():
        fleet.cell_told(cell(name, spec), deleted=False)
    one, other = fleet.cell("a"), fleet.cell("b")
    assert one is not None
    assert other is not None
    assert fleet.uncovered(one) is None
    policy = {"metadata": {"name": "default"}, "spec": {"placement": {"surviveDomainLoss": True}}}
    fleet.policy_told(policy, deleted=False)
    assert (fleet.uncovered(one), fleet.uncovered(other)) == ("", None), "nothing runs there that could be lost"


def test_what_is_short_is_counted_once_for_all_cells_until_one_is_not_as_it_was(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every Cell asks in every sweep, and the answer costs a look at every node of the fleet."""
    counted: list[int] = []

    def uncovered(cells: Sequence[CellView], _silos: Mapping[str, str]) -> Mapping[str, Mapping[str, int]]:
        counted.append(len(cells))
        return {}

    monkeypatch.setattr(fleets, "uncovered", uncovered)
    policy = {"metadata": {"name": "default"}, "spec": {"placement": {"surviveDomainLoss": True}}}
    fleet.policy_told(policy, deleted=False)
    fleet.cell_told(cell("a", SLICE), deleted=False)
    one = fleet.cell("a")
    assert one is not None
    assert [fleet.uncovered(one), fleet.uncovered(one), counted] == ["", "", [1]]
    fleet.cell_told(cell("b", SLICE), deleted=False)
    assert [fleet.uncovered(one), counted] == ["", [1, 2]]
    monkeypatch.setattr(fleets, "COVERED_SECONDS", 0.0)
    assert [fleet.uncovered(one), counted] == ["", [1, 2, 2]], "pods come and go"


def test_the_clusters_are_the_cells_that_run_workloads_whoever_may_use_them(fleet: Fleet) -> None:
    specs: dict[str, dict[str, Any]] = {
        "of-shop": {**SLICE, "evict": True},
        "of-nobody": {"kubernetes": {}, "headroomPercent": 10},
        "kept": {"kubernetes": {}, "silo": "lab"},
        "cloud": CLOUD,
        "given-up": {"kubernetes": {}, "abandoned": True},
        "odd": {"kubernetes": {"nodeSelektor": {}}},
    }
    for name, spec in specs.items():
        fleet.cell_told(cell(name, spec), deleted=False)
    views = fleet.clusters()
    assert [view.name for view in views] == ["of-shop", "of-nobody", "kept"]
    assert [(view.cordoned, view.evict) for view in views] == [(True, True), (False, False), (False, False)]
    assert [view.headroom for view in views] == [0, 10, 0]


def test_lost_are_the_cells_that_do_not_answer_and_no_others(fleet: Fleet) -> None:
    """Nobody empties a Cell because its password is wrong, or because it has not been reached yet."""
    for name in ("new", "silent", "timed-out", "refused"):
        fleet.cell_told(cell(name, SLICE), deleted=False)
    fleet.cell_told(cell("odd", {"kubernetes": {"nodeSelektor": {}}}), deleted=False)
    fleet.cell_told(cell("unreadable", SLICE) | {"status": UNREADABLE}, deleted=False)
    found = {each.name: each for each in fleet}
    found["silent"].gate.trouble = "no answer"
    found["timed-out"].error = NotNow("timed out")
    found["refused"].error = Denied("Unauthorized")
    assert set(fleet.lost()) == {"silent", "timed-out"}
    found["silent"].gate.trouble = ""
    assert set(fleet.lost()) == {"timed-out"}


def test_a_cell_joined_when_it_was_made_not_when_it_was_told_of(fleet: Fleet) -> None:
    """After a start all Cells are told of at once, and none of them is new."""
    made = {"creationTimestamp": "1970-01-01T00:01:40Z"}
    fleet.cell_told(cell("old", SLICE, 1, **made), deleted=False)
    fleet.cell_told(cell("old", {**SLICE, "cordoned": True}, 2, **made), deleted=False)
    fleet.cell_told(cell("unknown", CLOUD), deleted=False)
    assert fleet.joined() == {"old": 100.0, "unknown": 0.0}
    fleet.cell_told(cell("old", SLICE, uid="another", creationTimestamp="1970-01-01T00:03:20Z"), deleted=False)
    assert fleet.joined()["old"] == 200.0, "it is another one"
