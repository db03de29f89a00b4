"""Notifications over real HTTP, on loopback, to receivers that verify, fail, hang and redirect."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from pilothouse.api.application import ApplicationStatus, FinishedPlan, PlanSummary
from pilothouse.api.conditions import Condition
from pilothouse.api.fleetpolicy import FleetPolicySpec
from pilothouse.api.times import rfc3339
from pilothouse.dataplane.errors import NotFound
from pilothouse.runtime import notifier as delivering
from pilothouse.runtime.metrics import Metrics
from pilothouse.runtime.notifier import Around, Notifier

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


@dataclass
class Receiver:
    """An HTTP server that keeps what it is sent and answers as told; after that with 200."""

    answers: list[int] = field(default_factory=list)
    hangs: bool = False
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    url: str = ""

    async def handle(self, request: web.Request) -> web.Response:
        self.requests.append((dict(request.headers), await request.read()))
        self.paths.append(request.path)
        if self.hangs:
            await asyncio.sleep(60)
        status = self.answers.pop(0) if self.answers else 200
        headers = {"Location": "/elsewhere"} if status == 302 else {}
        return web.Response(status=status, text="secrets of the receiver", headers=headers)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.requests]


@asynccontextmanager
async def serving(*receivers: Receiver) -> AsyncIterator[None]:
    runners = []
    for receiver in receivers:
        application = web.Application()
        application.router.add_post("/{path:.*}", receiver.handle)
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        runners.append(runner)
    try:
        yield
    finally:
        for runner in runners:
            await runner.cleanup()


class Wall:
    def now(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def secret(name: str) -> Mapping[str, str]:
    if name != "hooks":
        raise NotFound(f"there is no Secret {name}")
    return {"secret": base64.b64encode(SECRET.encode()).decode(), "short": base64.b64encode(b"whsec_aGk=").decode()}


@dataclass
class Fleet:
    """A Notifier at work, and the policy that it reads."""

    notifications: list[dict[str, Any]] = field(default_factory=list)
    metrics: Metrics = field(default_factory=Metrics)
    labels: dict[str, str] = field(default_factory=lambda: {"tier": "prod"})

    def policy(self) -> FleetPolicySpec:
        return FleetPolicySpec.model_validate({"notifications": self.notifications})

    def to(self, receiver: Receiver, name: str = "ops", **fields: Any) -> None:
        given = {"name": name, "url": receiver.url, "secretRef": {"name": "hooks"}, **fields}
        self.notifications.append(given)

    def notifier(self) -> Notifier:
        return Notifier(Around(self.policy, lambda _: self.labels, secret, Wall(), self.metrics, "cp-1"))

    def counted(self, metric: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(f"pilothouse_notifications_{metric}total", labels) or 0.0


@asynccontextmanager
async def running(notifier: Notifier) -> AsyncIterator[None]:
    task = asyncio.create_task(notifier.run())
    try:
        yield
        assert not task.done(), "it runs for as long as the process leads"
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0.01)


def application(name: str = "checkout") -> dict[str, Any]:
    return {"metadata": {"namespace": "shop", "name": name, "uid": f"uid-{name}"}}


def status(kind: str = "Stalled", truth: Any = "True", reason: str = "StepFailed", ago: float = 0) -> ApplicationStatus:
    since = rfc3339(time.time() - ago)
    found = Condition(type=kind, status=truth, reason=reason, message="no quota", last_transition_time=since)
    return ApplicationStatus(conditions=(found,), plan=PlanSummary(name="checkout-3-x", steps="1/4"))


async def test_a_receiver_gets_a_cloud_event_that_libraries_read_and_whose_signature_they_verify() -> None:
    receiver, fleet = Receiver(), Fleet()
    async with serving(receiver):
        fleet.to(receiver)
        notifier = fleet.notifier()
        async with running(notifier):
            notifier.consider(application(), status())
            await until(lambda: bool(receiver.requests))
    headers, body = receiver.requests[0]
    event = from_http_event(HTTPMessage(headers, body))
    assert headers["Content-Type"].startswith("application/cloudevents+json")
    assert (event.get_type(), event.get_subject()) == ("dev.pilothouse.plan.stalled", "shop/checkout")
    assert (event.get_source(), event.get_specversion()) == ("//pilothouse.dev/cp-1", "1.0")
    assert event.get_id() == headers["webhook-id"]
    assert event.get_data() == {
        "application": {"namespace": "shop", "name": "checkout", "uid": "uid-checkout"},
        "plan": "checkout-3-x",
        "reason": "StepFailed",
        "message": "no quota",
    }
    assert Webhook(SECRET).verify(body, headers) == json.loads(body)
    for forged in (body.replace(b"no quota", b"all good"), body + b" "):
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(forged, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + base64.b64encode(b"x" * 32).decode()).verify(body, headers)
    assert fleet.counted("", receiver="ops", result="delivered") == 1


async def test_what_is_told_is_told_once_however_often_it_is_considered() -> None:
    receiver, fleet = Receiver(), Fleet()
    async with serving(receiver):
        fleet.to(receiver)
        notifier = fleet.notifier()
        async with running(notifier):
            stuck, done = status(), status().model_copy(update={"last_plan": FinishedPlan(name="p", finished_at="")})
            for _ in range(5):
                notifier.consider(application(), stuck)
            notifier.consider(application(), done)
            await until(lambda: len(receiver.requests) == 2)
            await asyncio.sleep(0.1)
    assert [event["type"].rpartition("pilothouse.")[2] for event in receiver.events] == [
        "plan.stalled",
        "plan.complete",
    ]


async def test_a_new_process_tells_again_what_began_just_now_under_the_same_id_and_nothing_older() -> None:
    """The one before may have ended before it came to it; what is older was told, or tried for long enough."""
    receiver, fleet = Receiver(), Fleet()
    async with serving(receiver):
        fleet.to(receiver)
        recent = status(ago=60)
        for _ in range(2):
            notifier = fleet.notifier()
            async with running(notifier):
                before = len(receiver.requests)
                notifier.consider(application("old"), status(ago=3_600))
                notifier.consider(application(), recent)
                await until(lambda before=before: len(receiver.requests) > before)  # type: ignore[misc]
    assert [event["subject"] for event in receiver.events] == ["shop/checkout"] * 2
    assert len({event["id"] for event in receiver.events}) == 1


async def test_what_began_long_ago_is_told_when_it_is_news() -> None:
    """The condition is as old as the first Plan that waited; the Plan that waits now is new."""
    receiver, fleet = Receiver(), Fleet()
    async with serving(receiver):
        fleet.to(receiver)
        notifier = fleet.notifier()
        async with running(notifier):
            waiting = status("PlanApproved", "False", "ApprovalNeeded", ago=3_600)
            notifier.consider(application(), waiting)
            newer = waiting.model_copy(update={"plan": PlanSummary(name="checkout-4-y")})
            notifier.consider(application(), newer)
            await until(lambda: bool(receiver.requests))
    assert [event["data"]["plan"] for event in receiver.events] == ["checkout-4-y"]


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivering, "PAUSES", (0.02, 0.02, 0.02, 0.02))


@pytest.mark.usefixtures("hasty")
async def test_what_fails_is_tried_again_until_it_is_taken_each_time_with_the_same_id() -> None:
    receiver, fleet = Receiver(answers=[500, 302, 404]), Fleet()
    async with serving(receiver):
        fleet.to(receiver)
        notifier = fleet.notifier()
        async with running(notifier):
            notifier.consider(application(), status())
            await until(lambda: fleet.counted("", receiver="ops", result="delivered") == 1)
    assert len({event["id"] for event in receiver.events}) == 1
    assert receiver.paths == ["/hook"] * 4, "no redirect is followed: it could lead anywhere"
    assert fleet.counted("", receiver="ops", result="failed") == 3


@pytest.mark.usefixtures("hasty")
async def test_what_is_never_taken_is_dropped_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    receiver, fleet = Receiver(answers=[503] * 9), Fleet()
    async with serving(receiver):
        fleet.to(receiver)
        notifier = fleet.notifier()
        async with running(notifier):
            notifier.consider(application(), status())
            await until(lambda: fleet.counted("dropped_", receiver="ops", reason="exhausted") == 1)
    assert len(receiver.requests) == 5
    assert "PlanStalled of shop/checkout was not taken by receiver ops and is dropped: it answered 503" in caplog.text
    assert "secrets of the receiver" not in caplog.text
    assert receiver.url not in caplog.text


@pytest.mark.usefixtures("hasty")
async def test_a_receiver_that_hangs_keeps_nobody_else_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivering, "TIMEOUT_SECONDS", 0.5)
    hanging, quick, fleet = Receiver(hangs=True), Receiver(), Fleet()
    async with serving(hanging, quick):
        fleet.to(hanging, "slow")
        fleet.to(quick, "fast")
        notifier = fleet.notifier()
        async with running(notifier):
            began = time.monotonic()
            for number in range(20):
                notifier.consider(application(f"app-{number}"), status())
            assert time.monotonic() - began < 0.5, "a pass does not wait"
            await until(lambda: len(quick.requests) == 20)
            await until(lambda: fleet.counted("", receiver="slow", result="failed") >= 2)


@pytest.mark.usefixtures("hasty")
async def test_what_fails_keeps_nothing_behind_it_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivering, "PAUSES", (30.0,))
    receiver, fleet = Receiver(answers=[500]), Fleet()
    async with serving(receiver):
        fleet.to(receiver)
        notifier = fleet.notifier()
        async with running(notifier):
            notifier.consider(application("first"), status())
            notifier.consider(application("second"), status())
            await until(lambda: len(receiver.requests) == 2)
    assert [event["subject"] for event in receiver.events] == ["shop/first", "shop/second"]


async def test_what_does_not_fit_into_a_line_is_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivering, "MOST_WAITING", 3)
    fleet = Fleet()
    fleet.to(Receiver(url="http://127.0.0.1:1/"))
    notifier = fleet.notifier()
    for number in range(5):
        notifier.consider(application(f"app-{number}"), status())
    assert fleet.counted("dropped_", receiver="ops", reason="full") == 2


async def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivering, "MOST_REMEMBERED", 10)
    fleet = Fleet()
    fleet.to(Receiver(url="http://127.0.0.1:1/"))
    notifier = fleet.notifier()
    for number in range(50):
        notifier.consider(application(f"app-{number}"), status())
    assert len(notifier._known) == 10


async def test_a_receiver_that_wants_no_more_of_it_gets_no_more_of_it() -> None:
    receiver, fleet = Receiver(answers=[410]), Fleet()
    async with serving(receiver):
        fleet.to(receiver)
        notifier = fleet.notifier()
        async with running(notifier):
            notifier.consider(application(), status())
            await until(lambda: fleet.counted("dropped_", receiver="ops", reason="refused") == 1)
    assert fleet.counted("", receiver="ops", result="failed") == 0


async def test_a_receiver_gets_only_what_it_wants_of_whom_it_wants() -> None:
    receiver, other, fleet = Receiver(), Receiver(), Fleet()
    async with serving(receiver, other):
        fleet.to(other, "dev", namespaceSelector={"matchLabels": {"tier": "dev"}})
        fleet.to(receiver, "approvers", events=["PlanWaiting"])
        notifier = fleet.notifier()
        async with running(notifier):
            notifier.consider(application(), status())
            notifier.consider(application(), status("PlanApproved", "False", "ApprovalNeeded"))
            await until(lambda: bool(receiver.requests))
            await asyncio.sleep(0.1)
    assert [event["type"] for event in receiver.events] == ["dev.pilothouse.plan.waiting"]
    assert other.requests == []


async def test_a_receiver_that_was_removed_gets_nothing_that_waits_for_it() -> None:
    receiver, fleet = Receiver(), Fleet()
    async with serving(receiver):
        fleet.to(receiver)
        notifier = fleet.notifier()
        notifier.consider(application(), status())
        fleet.notifications.clear()
        async with running(notifier):
            await until(lambda: fleet.counted("dropped_", receiver="ops", reason="removed") == 1)
    assert receiver.requests == []


SECRETS = {
    "no Secret": ({"name": "other"}, "there is no Secret other"),
    "no key": ({"name": "hooks", "key": "token"}, "Secret hooks has no key token; write the signing secret there"),
    "too short": ({"name": "hooks", "key": "short"}, "expected whsec_ and at least 24 random bytes in base64"),
}


@pytest.mark.parametrize(("ref", "message"), SECRETS.values(), ids=SECRETS)
async def test_nothing_is_sent_unsigned(ref: dict[str, str], message: str, caplog: pytest.LogCaptureFixture) -> None:
    receiver, fleet = Receiver(), Fleet()
    caplog.set_level("INFO")
    async with serving(receiver):
        fleet.to(receiver, secretRef=ref)
        notifier = fleet.notifier()
        async with running(notifier):
            notifier.consider(application(), status())
            await until(lambda: fleet.counted("", receiver="ops", result="failed") == 1)
    assert receiver.requests == []
    assert message in caplog.text
