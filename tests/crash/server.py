"""The API server in memory: one Application and its Plans, as each life of the Controller reads and writes them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pilothouse.api.application import ApplicationStatus
from pilothouse.api.meta import FINALIZER
from pilothouse.api.plan import PlanSpec, PlanStatus
from pilothouse.applying.ports import Overtaken
from pilothouse.controller.holdings import Holdings
from pilothouse.controller.ports import Key, Object, StoredPlan
from tests.crash.lives import Life

KEY = Key("shop", "checkout")


def _copied(stored: Mapping[str, Any] | None) -> Any:
    """Return what is stored as whoever asks gets it: a copy of its own, by way of the wire."""
    return json.loads(json.dumps(stored))


@dataclass
class Server:
    """The API server's truth: one Application and its Plans."""

    application: dict[str, Any] | None = None
    plans: dict[str, StoredPlan] = field(default_factory=dict)
    version: int = 0
    plans_made: list[str] = field(default_factory=list)
    holdings: Holdings = field(default_factory=Holdings)

    def put(self, application: dict[str, Any]) -> dict[str, Any]:
        self.version += 1
        application["metadata"]["resourceVersion"] = str(self.version)
        gone = application["metadata"].get("deletionTimestamp") and not application["metadata"].get("finalizers")
        self.application = None if gone else application
        self.holdings.put(KEY, self.application)
        return _copied(application)  # type: ignore[no-any-return]

    def checked(self, read: Object) -> dict[str, Any]:
        if self.application is None:
            raise Overtaken("the Application is gone")
        if self.application["metadata"]["resourceVersion"] != read["metadata"]["resourceVersion"]:
            raise Overtaken("the Application was changed")
        return _copied(self.application)  # type: ignore[no-any-return]


class Store:
    """controller.ports.Store of one life."""

    def __init__(self, server: Server, life: Life) -> None:
        self._server, self._life = server, life

    def application(self, key: Key) -> Object | None:
        return _copied(self._server.application)  # type: ignore[no-any-return]

    def importers(self, key: Key) -> list[Key]:
        return []

    async def set_finalizer(self, application: Object, *, present: bool) -> Object:
        def act() -> Object:
            new = self._server.checked(application)
            new["metadata"]["finalizers"] = [FINALIZER] if present else []
            return self._server.put(new)

        return await self._life.effect("api finalizer", act)  # type: ignore[no-any-return]

    async def write_status(self, application: Object, status: ApplicationStatus) -> Object:
        def act() -> Object:
            new = self._server.checked(application)
            new["status"] = status.model_dump(mode="json", by_alias=True)
            return self._server.put(new)

        return await self._life.effect("api status", act)  # type: ignore[no-any-return]

    def plan(self, namespace: str, name: str) -> StoredPlan | None:
        return self._server.plans.get(name)

    async def create_plan(self, application: Object, name: str, spec: PlanSpec) -> StoredPlan:
        def act() -> StoredPlan:
            if name not in self._server.plans:
                self._server.plans_made.append(name)
            return self._server.plans.setdefault(name, StoredPlan(name, KEY.namespace, f"uid-{name}", spec))

        return await self._life.effect("api plan", act)  # type: ignore[no-any-return]

    async def write_plan_status(self, plan: StoredPlan, status: PlanStatus) -> StoredPlan:
        def act() -> StoredPlan:
            known = self._server.plans.get(plan.name)
            if known is None:
                return plan
            new = StoredPlan(known.name, known.namespace, known.uid, known.spec, status, known.annotations)
            self._server.plans[plan.name] = new
            return new

        return await self._life.effect("api plan status", act)  # type: ignore[no-any-return]
