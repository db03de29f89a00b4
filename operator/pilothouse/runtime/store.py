"""The kinds on the API server: reads answer from memory, writes say which version they were meant for."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, Final

from pilothouse.api.application import ApplicationStatus
from pilothouse.api.meta import API_VERSION, FINALIZER, GROUP
from pilothouse.api.plan import PlanSpec, PlanStatus
from pilothouse.api.times import seconds
from pilothouse.applying.ports import Overtaken
from pilothouse.controller.ports import Key, NamespaceTerminating, Object, PlanRefused, StoredPlan
from pilothouse.dataplane import errors
from pilothouse.dataplane.kubernetes.answers import NamespaceMissing
from pilothouse.dataplane.kubernetes.answers import NamespaceTerminating as Terminating
from pilothouse.dataplane.kubernetes.client import KubernetesProvider
from pilothouse.dataplane.kubernetes.types import marks
from pilothouse.dataplane.kubernetes.types.identity import ObjectID, Selection
from pilothouse.dataplane.types import Mark, Owner
from pilothouse.planning.validity import DONE
from pilothouse.runtime.applications import Applications, key_of, version_of
from pilothouse.runtime.canary import Canary
from pilothouse.runtime.merging import merge_patch, wire
from pilothouse.runtime.metrics import Metrics
from pilothouse.runtime.planbook import KIND as PLAN
from pilothouse.runtime.planbook import Planbook, stored

APPLICATION: Final = "Application"
REASON_LABEL: Final = f"{GROUP}/reason"

_log = logging.getLogger(__name__)


class ApiStore:
    """`controller.ports.Store` over one API server."""

    def __init__(
        self, api: KubernetesProvider, applications: Applications, plans: Planbook, metrics: Metrics, canary: Canary
    ) -> None:
        self._api, self._applications, self._plans = api, applications, plans
        self._metrics, self._canary = metrics, canary

    def application(self, key: Key) -> Object | None:
        """Return the newest version known; None when there is none."""
        return self._applications.get(key)

    def importers(self, key: Key) -> Sequence[Key]:
        """Return the Applications that refer to resources of this one."""
        return self._applications.importers(key)

    def under_way(self) -> Iterator[Key]:
        """Yield the Applications whose active Plan was begun and is not finished."""
        for raw in self._applications.values():
            key, status = key_of(raw), raw.get("status") or {}
            plan = self._plans.get(key.namespace, (status.get("plan") or {}).get("name", ""))
            begun = plan is not None and any(step.state != "Pending" for step in plan.status.steps)
            if begun or status.get("inFlight"):
                yield key

    async def set_finalizer(self, application: Object, *, present: bool) -> Object:
        """Add or remove our finalizer; returns the new version. Raises Overtaken."""
        others = [name for name in application["metadata"].get("finalizers") or [] if name != FINALIZER]
        patch = {"metadata": {"finalizers": [*others, FINALIZER] if present else others}}
        identifier, version = _identifier(key_of(application)), application["metadata"]["resourceVersion"]
        return await self._write(application, self._api.patch(identifier, patch, resource_version=version))

    async def write_status(self, application: Object, status: ApplicationStatus) -> Object:
        """Replace the status of exactly this version; returns the new one. Raises Overtaken.

        The whole object travels, since of a patch the API server has to make it first, which costs it more.
        """
        if status == ApplicationStatus.model_validate(application.get("status") or {}):
            return application
        body = {**application, "status": wire(status)}
        return await self._write(application, self._api.replace(body, subresource="status"))

    def plan(self, namespace: str, name: str) -> StoredPlan | None:
        """Return an unfinished Plan; None when there is none of that name."""
        return self._plans.get(namespace, name)

    async def create_plan(self, application: Object, name: str, spec: PlanSpec) -> StoredPlan:
        """Store a Plan, or return the one of that name; raises PlanRefused or NamespaceTerminating."""
        key = key_of(application)
        with self._plans.writing(key.namespace, name):
            identifier = ObjectID(API_VERSION, PLAN, key.namespace, name)
            raw = await self._create(_plan_object(application, name, spec), identifier)
            plan = stored(raw)
            self._plans.replied(raw, plan)
        self._metrics.plans.labels(spec.reason).inc()
        return plan

    async def write_plan_status(self, plan: StoredPlan, status: PlanStatus) -> StoredPlan:
        """Replace a Plan's status; a Plan that has vanished is no error."""
        written = StoredPlan(plan.name, plan.namespace, plan.uid, plan.spec, status, plan.annotations)
        patch = merge_patch(wire(plan.status), wire(status))
        if not patch:
            return plan
        identifier = ObjectID(API_VERSION, PLAN, plan.namespace, plan.name)
        with self._plans.writing(plan.namespace, plan.name):
            try:
                raw = await self._api.patch(identifier, {"status": patch}, subresource="status")
            except errors.NotFound:
                self._plans.vanished(plan.namespace, plan.name)
                return written
            annotations = dict(raw["metadata"].get("annotations") or {})
            written = StoredPlan(plan.name, plan.namespace, plan.uid, plan.spec, status, annotations)
            self._plans.replied(raw, written)
            if annotations != plan.annotations:
                self._plans.annotated(written)
        self._count(plan, status)
        return written

    async def relist(self) -> None:
        """Read every Application anew and drop those that are gone although no watch said so."""
        before, seen = set(self._applications), set[Key]()
        async for page in self._api.list_pages(Selection(API_VERSION, APPLICATION)):
            for raw in page.items:
                seen.add(key_of(raw))
                self._applications.told(raw, deleted=False)
            await asyncio.sleep(0)
        self._applications.relisted(seen, before)

    async def prune(self, history: int, check: Callable[[], None]) -> None:
        """Delete finished Plans beyond the newest `history` of each Application and reason, one after the other.

        check: raises NotLeader once this process may not delete any more.
        """
        for namespace, name in self._plans.surplus(history):
            check()
            try:
                await self._api.delete(ObjectID(API_VERSION, PLAN, namespace, name))
            except errors.NotFound:
                continue

    async def _write(self, application: Object, request: Awaitable[Object]) -> Object:
        """Await the answer to a write of `application`, and take it in."""
        key = key_of(application)
        with self._applications.writing(key):
            try:
                raw = await request
            except errors.NotFound as error:
                self._applications.vanished(key)
                raise Overtaken(f"Application {key} is gone") from error
            except errors.Conflict as error:
                await self._refresh(key)
                raise Overtaken(f"Application {key} was changed by somebody else") from error
            self._canary.sent(APPLICATION, version_of(raw))
            return self._applications.replied(raw)

    async def _refresh(self, key: Key) -> None:
        """Read what overtook us now: the next pass must not start from the same old version."""
        try:
            self._applications.replied(await self._api.get(_identifier(key)))
        except errors.NotFound:
            self._applications.vanished(key)

    async def _create(self, body: dict[str, Any], identifier: ObjectID) -> dict[str, Any]:
        try:
            return await self._api.create(body)
        except (Terminating, NamespaceMissing) as error:
            raise NamespaceTerminating(str(error)) from error
        except errors.Conflict:
            return await self._api.get(identifier)
        except errors.Refused as error:
            raise PlanRefused(str(error)) from error

    def _count(self, plan: StoredPlan, status: PlanStatus) -> None:
        """Measure the steps that ended with this write."""
        ended = DONE | {"Failed"}
        before = {step.name: step.state for step in plan.status.steps}
        actions = {step.name: step.action for step in plan.spec.steps}
        for step in status.steps:
            if step.state not in ended or before.get(step.name) == step.state or step.name not in actions:
                continue
            self._metrics.steps.labels(actions[step.name], step.state).inc()
            if step.started_at and step.finished_at:
                took = seconds(step.finished_at) - seconds(step.started_at)
                self._metrics.step_seconds.labels(actions[step.name]).observe(took)


def _identifier(key: Key) -> ObjectID:
    return ObjectID(API_VERSION, APPLICATION, key.namespace, key.name)


def _plan_object(application: Object, name: str, spec: PlanSpec) -> dict[str, Any]:
    """Return a Plan that goes when its Application goes, and does not keep it from going."""
    key, uid = key_of(application), application["metadata"]["uid"]
    owner = {
        "apiVersion": API_VERSION,
        "kind": APPLICATION,
        "name": key.name,
        "uid": uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }
    labels = marks.labels(Mark(Owner("", key.namespace, key.name), "", uid))
    return {
        "apiVersion": API_VERSION,
        "kind": PLAN,
        "metadata": {
            "name": name,
            "namespace": key.namespace,
            "labels": {marks.APPLICATION: labels[marks.APPLICATION], REASON_LABEL: spec.reason},
            "ownerReferences": [owner],
        },
        "spec": spec.model_dump(mode="json", by_alias=True, exclude_defaults=True),
    }
