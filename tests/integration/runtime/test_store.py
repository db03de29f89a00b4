"""The store on a real API server: what it writes is small, meant for one version, and read back at once."""

from typing import Any

import pytest

from pilothouse.api.application import ApplicationStatus, Intent, LedgerEntry, PlanSummary
from pilothouse.api.meta import API_VERSION, FINALIZER
from pilothouse.api.plan import PlanSpec, PlanStatus, StepStatus
from pilothouse.applying.ports import Overtaken
from pilothouse.controller.ports import Key, NamespaceTerminating, PlanRefused
from pilothouse.dataplane.errors import NotFound
from pilothouse.dataplane.kubernetes.client import KubernetesProvider
from pilothouse.dataplane.kubernetes.types.identity import ObjectID, Selection
from pilothouse.planning.plan import plan_name
from pilothouse.runtime.applications import Applications
from pilothouse.runtime.canary import Canary
from pilothouse.runtime.metrics import Metrics
from pilothouse.runtime.planbook import Planbook, project
from pilothouse.runtime.store import ApiStore

ENTRY = LedgerEntry(name="web", type="Service", cell="eu-1", id="v1/Service/shop/web", state="Ready")


class World:
    """A store, and what it told to look at again."""

    def __init__(self, api: KubernetesProvider, namespace: str) -> None:
        self.api, self.namespace = api, namespace
        self.told: list[Key] = []
        self.applications = Applications(self.told.append)
        self.plans = Planbook(self.told.append)
        self.store = ApiStore(api, self.applications, self.plans, Metrics(), Canary())

    async def application(self, name: str = "checkout") -> Any:
        """Create an Application and let the store know of it."""
        metadata = {"name": name, "namespace": self.namespace}
        made = await self.api.create(
            {"apiVersion": API_VERSION, "kind": "Application", "metadata": metadata, "spec": {}}
        )
        self.applications.told(made, deleted=False)
        return self.store.application(Key(self.namespace, name))

    def id(self, kind: str, name: str) -> ObjectID:
        return ObjectID(API_VERSION, kind, self.namespace, name)


@pytest.fixture
def world(api: KubernetesProvider, namespace: str) -> World:
    return World(api, namespace)


def plan_spec(uid: str, revision: int = 1, reason: str = "SpecChanged") -> PlanSpec:
    step = {
        "name": "create-web",
        "action": "Create",
        "target": {"cell": "eu-1", "type": "Service", "resource": "web"},
        "basis": {"observed": "absent", "desired": "hmac:1"},
        "changes": [{"path": "spec.replicas", "from": None, "to": 3}],
        "calls": [{"service": "kubernetes", "operation": "apply", "parameters": {"force": False, "empty": None}}],
    }
    return PlanSpec.model_validate(
        {
            "applicationRef": {"name": "checkout", "uid": uid},
            "revision": revision,
            "reason": reason,
            "desiredHash": "hmac:2",
            "approvalHash": "",
            "steps": [step],
        }
    )


async def test_status_is_written_small_and_what_is_cleared_is_cleared(world: World) -> None:
    application = await world.application()
    status = ApplicationStatus(plan_revision=1, plan=PlanSummary(name="p", state="Applying"), resources=(ENTRY,))
    application = await world.store.write_status(application, status)
    assert application["status"] == {
        "planRevision": 1,
        "plan": {"name": "p", "state": "Applying"},
        "resources": [
            {"name": "web", "type": "Service", "cell": "eu-1", "id": "v1/Service/shop/web", "state": "Ready"}
        ],
    }
    application = await world.store.write_status(application, ApplicationStatus(plan_revision=2))
    assert application["status"] == {"planRevision": 2}
    assert world.store.application(Key(world.namespace, "checkout")) == application


async def test_an_approval_that_came_while_a_plans_status_was_written_is_told(world: World) -> None:
    application = await world.application()
    spec = plan_spec(application["metadata"]["uid"])
    plan = await world.store.create_plan(application, plan_name("checkout", spec), spec)
    await world.api.patch(world.id("Plan", plan.name), {"metadata": {"annotations": {"pilothouse.dev/approved": "x"}}})
    world.told.clear()
    await world.store.write_plan_status(plan, PlanStatus(state="WaitingForApproval"))
    assert world.told == [Key(world.namespace, "checkout")]


async def test_what_a_former_leader_began_is_under_way_and_what_only_waits_is_not(world: World) -> None:
    application, key = await world.application(), Key(world.namespace, "checkout")
    spec = plan_spec(application["metadata"]["uid"])
    plan = await world.store.create_plan(application, plan_name("checkout", spec), spec)
    status = ApplicationStatus(plan=PlanSummary(name=plan.name, state="Applying"))
    application = await world.store.write_status(application, status)
    waiting = StepStatus(name=spec.steps[0].name, state="Pending")
    plan = await world.store.write_plan_status(plan, PlanStatus(state="Applying", steps=(waiting,)))
    assert list(world.store.under_way()) == []
    intent = Intent(step=waiting.name, target="eu-1/Service/web", action="Create", sent_at="2026-01-01T00:00:00Z")
    application = await world.store.write_status(application, status.model_copy(update={"in_flight": (intent,)}))
    assert list(world.store.under_way()) == [key], "its first call may be on its way"
    await world.store.write_status(application, status)
    assert list(world.store.under_way()) == []
    begun = waiting.model_copy(update={"state": "Running"})
    await world.store.write_plan_status(plan, PlanStatus(state="Applying", steps=(begun,)))
    assert list(world.store.under_way()) == [key]


async def test_the_same_status_is_not_written_again(world: World) -> None:
    application = await world.application()
    once = await world.store.write_status(application, ApplicationStatus(plan_revision=1))
    assert await world.store.write_status(once, ApplicationStatus(plan_revision=1)) is once


async def test_a_write_meant_for_an_older_version_is_overtaken_and_the_newer_one_is_known_at_once(world: World) -> None:
    application = await world.application()
    patch = {"spec": {"suspend": True}}
    await world.api.patch(world.id("Application", "checkout"), patch)
    with pytest.raises(Overtaken):
        await world.store.write_status(application, ApplicationStatus(plan_revision=1))
    newer = world.store.application(Key(world.namespace, "checkout"))
    assert newer is not None
    assert newer["spec"]["suspend"] is True
    await world.store.write_status(newer, ApplicationStatus(plan_revision=1))


async def test_a_write_to_an_application_that_is_gone_is_overtaken_and_forgets_it(world: World) -> None:
    application = await world.application()
    await world.api.delete(world.id("Application", "checkout"))
    with pytest.raises(Overtaken):
        await world.store.write_status(application, ApplicationStatus(plan_revision=1))
    assert world.store.application(Key(world.namespace, "checkout")) is None


async def test_our_finalizer_comes_and_goes_and_leaves_those_of_others(world: World) -> None:
    application = await world.application()
    patch = {"metadata": {"finalizers": ["others.dev/theirs"]}}
    world.applications.told(await world.api.patch(world.id("Application", "checkout"), patch), deleted=False)
    application = world.store.application(Key(world.namespace, "checkout"))
    assert application is not None
    held = await world.store.set_finalizer(application, present=True)
    assert held["metadata"]["finalizers"] == ["others.dev/theirs", FINALIZER]
    freed = await world.store.set_finalizer(held, present=False)
    assert freed["metadata"]["finalizers"] == ["others.dev/theirs"]
    await world.api.patch(world.id("Application", "checkout"), {"metadata": {"finalizers": None}})


async def test_the_last_finalizer_lets_a_deleted_application_go(world: World) -> None:
    held = await world.store.set_finalizer(await world.application(), present=True)
    await world.api.delete(world.id("Application", "checkout"))
    deleting = await world.api.get(world.id("Application", "checkout"))
    world.applications.told(deleting, deleted=False)
    with pytest.raises(Overtaken):
        await world.store.set_finalizer(held, present=False)
    await world.store.set_finalizer(deleting, present=False)
    assert world.store.application(Key(world.namespace, "checkout")) is None
    with pytest.raises(NotFound):
        await world.api.get(world.id("Application", "checkout"))


async def test_a_plan_is_stored_as_it_is_and_once(world: World) -> None:
    application = await world.application()
    spec = plan_spec(application["metadata"]["uid"])
    name = plan_name("checkout", spec)
    made = await world.store.create_plan(application, name, spec)
    assert made.spec == spec, "what comes back is what was written, nulls and defaults included"
    assert plan_name("checkout", made.spec) == name, "else every Plan would look edited by hand"
    assert world.store.plan(world.namespace, name) == made
    assert await world.store.create_plan(application, name, spec) == made
    raw = await world.api.get(world.id("Plan", name))
    assert raw["metadata"]["labels"] == {
        "pilothouse.dev/application": "checkout",
        "pilothouse.dev/reason": "SpecChanged",
    }
    (owner,) = raw["metadata"]["ownerReferences"]
    assert (owner["name"], owner["blockOwnerDeletion"]) == ("checkout", False)


async def test_plan_status_is_written_until_it_is_finished_and_vanishing_is_no_error(world: World) -> None:
    application = await world.application()
    spec = plan_spec(application["metadata"]["uid"])
    plan = await world.store.create_plan(application, "p", spec)
    steps = (StepStatus(name="create-web", state="Running", attempts=1, started_at="2026-01-01T00:00:00Z"),)
    plan = await world.store.write_plan_status(plan, PlanStatus(steps=steps, state="Applying"))
    assert world.store.plan(world.namespace, "p") == plan
    assert (await world.api.get(world.id("Plan", "p")))["status"]["steps"][0]["state"] == "Running"
    done = (steps[0].model_copy(update={"state": "Succeeded", "finished_at": "2026-01-01T00:00:05Z"}),)
    plan = await world.store.write_plan_status(plan, PlanStatus(steps=done, state="Complete"))
    assert world.store.plan(world.namespace, "p") is None
    await world.api.delete(world.id("Plan", "p"))
    again = await world.store.write_plan_status(plan, PlanStatus(state="Superseded"))
    assert again.status.state == "Superseded"


async def test_an_approval_is_in_the_answer_to_our_own_write(world: World) -> None:
    application = await world.application()
    plan = await world.store.create_plan(application, "p", plan_spec(application["metadata"]["uid"]))
    await world.api.patch(world.id("Plan", "p"), {"metadata": {"annotations": {"pilothouse.dev/approved": "abc"}}})
    plan = await world.store.write_plan_status(plan, PlanStatus(state="Applying"))
    assert plan.annotations == {"pilothouse.dev/approved": "abc"}


async def test_a_namespace_that_is_going_is_told_apart_from_a_refusal(world: World) -> None:
    application = await world.application()
    spec = plan_spec(application["metadata"]["uid"])
    with pytest.raises(PlanRefused, match="Not-A-Name"):
        await world.store.create_plan(application, "Not-A-Name", spec)
    held = {"metadata": {"finalizers": ["others.dev/theirs"]}}
    await world.api.patch(world.id("Application", "checkout"), held)
    await world.api.delete(ObjectID("v1", "Namespace", "", world.namespace))
    with pytest.raises(NamespaceTerminating):
        await world.store.create_plan(application, "p", spec)
    await world.api.patch(world.id("Application", "checkout"), {"metadata": {"finalizers": None}})


async def test_a_relist_finds_what_no_watch_told(world: World) -> None:
    await world.application("known")
    await world.application("vanished")
    await world.api.delete(world.id("Application", "vanished"))
    metadata = {"name": "new", "namespace": world.namespace}
    await world.api.create({"apiVersion": API_VERSION, "kind": "Application", "metadata": metadata, "spec": {}})
    await world.store.relist()
    here = {key.name for key in world.applications if key.namespace == world.namespace}
    assert here == {"known", "new"}


async def test_only_finished_plans_beyond_the_history_are_pruned(world: World) -> None:
    application = await world.application()
    uid = application["metadata"]["uid"]
    for revision in range(1, 5):
        plan = await world.store.create_plan(application, f"p-{revision}", plan_spec(uid, revision))
        state = "Applying" if revision == 1 else "Complete"
        await world.store.write_plan_status(plan, PlanStatus(state=state))
    async for page in world.api.list_pages(Selection(API_VERSION, "Plan", world.namespace)):
        for raw in page.items:
            world.plans.on_change(None, project(raw))
    checks = 0

    def check() -> None:
        nonlocal checks
        checks += 1

    await world.store.prune(2, check)
    left = [
        raw["metadata"]["name"]
        async for page in world.api.list_pages(Selection(API_VERSION, "Plan", world.namespace))
        for raw in page.items
    ]
    assert left == ["p-1", "p-3", "p-4"], "p-1 is old, but unfinished"
    assert checks == 1
