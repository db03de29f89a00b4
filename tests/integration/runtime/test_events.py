"""Events on a real API server: counted up when they repeat, bounded, and never in anybody's way."""

from typing import Any

import pytest

from pilothouse.api.meta import API_VERSION
from pilothouse.dataplane.kubernetes.client import KubernetesProvider
from pilothouse.dataplane.kubernetes.types.identity import Selection
from pilothouse.runtime import events
from pilothouse.runtime.events import Events
from tests.cluster import RunningCluster


@pytest.fixture
async def application(api: KubernetesProvider, namespace: str) -> Any:
    metadata = {"name": "checkout", "namespace": namespace}
    return await api.create({"apiVersion": API_VERSION, "kind": "Application", "metadata": metadata, "spec": {}})


@pytest.fixture
def recorder(api: KubernetesProvider) -> Events:
    return Events(api, "pod-0")


async def found(api: KubernetesProvider, namespace: str) -> list[dict[str, Any]]:
    selection = Selection("v1", "Event", namespace, field_selector="involvedObject.name=checkout")
    return [item async for page in api.list_pages(selection) for item in page.items]


async def test_kubectl_describe_shows_it(kinds: RunningCluster, recorder: Events, application: Any) -> None:
    recorder.event(application, "Warning", "StepFailed", "create-orders: no")
    await recorder.flush()
    namespace = application["metadata"]["namespace"]
    shown = kinds.kubectl("describe", "phapp", "checkout", "-n", namespace).stdout
    assert "StepFailed" in shown
    assert "create-orders: no" in shown
    assert "pilothouse" in shown


async def test_the_same_again_counts_up(api: KubernetesProvider, recorder: Events, application: Any) -> None:
    for _ in range(3):
        recorder.event(application, "Normal", "Converged", "everything is as it should be")
        await recorder.flush()
    (event,) = await found(api, application["metadata"]["namespace"])
    assert event["count"] == 3


async def test_one_application_cannot_flood(api: KubernetesProvider, recorder: Events, application: Any) -> None:
    for number in range(int(events.BURST) + 20):
        recorder.event(application, "Normal", "PlanMade", f"Plan {number}")
    await recorder.flush()
    assert len(await found(api, application["metadata"]["namespace"])) == events.BURST


async def test_a_message_of_any_length_fits(api: KubernetesProvider, recorder: Events, application: Any) -> None:
    recorder.event(application, "Warning", "StepFailed", "x" * 5000)
    await recorder.flush()
    (event,) = await found(api, application["metadata"]["namespace"])
    assert len(event["message"]) == events.LONGEST_MESSAGE


@pytest.fixture
def bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MOST_WAITING", 2)


@pytest.mark.usefixtures("bounded")
async def test_under_pressure_they_are_dropped(api: KubernetesProvider, recorder: Events, application: Any) -> None:
    for number in range(5):
        recorder.event(application, "Normal", "PlanMade", f"Plan {number}")
    await recorder.flush()
    assert len(await found(api, application["metadata"]["namespace"])) == 2


async def test_an_api_server_that_refuses_costs_the_event_and_nothing_else(
    api: KubernetesProvider, recorder: Events, application: Any
) -> None:
    nowhere = {**application, "metadata": {**application["metadata"], "namespace": "there-is-none"}}
    recorder.event(nowhere, "Normal", "PlanMade", "lost")
    recorder.event(application, "Normal", "PlanMade", "kept")
    await recorder.flush()
    assert [event["message"] for event in await found(api, application["metadata"]["namespace"])] == ["kept"]


async def test_what_is_in_no_namespace_is_told_of_in_default(
    kinds: RunningCluster, api: KubernetesProvider, recorder: Events
) -> None:
    metadata = {"name": "told-of"}
    cell = await api.create(
        {"apiVersion": API_VERSION, "kind": "Cell", "metadata": metadata, "spec": {"kubernetes": {}}}
    )
    recorder.event(cell, "Warning", "BreakerOpened", "much is missing")
    await recorder.flush()
    assert "BreakerOpened" in kinds.kubectl("describe", "phcell", "told-of").stdout
    kinds.kubectl("delete", "phcell", "told-of")
