"""What the layer remembers beside moto: its clock, deleted queue names, and what instances are turning into."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from moto.autoscaling.models import autoscaling_backends
from moto.ec2.models import ec2_backends
from moto.ec2.models.instances import Instance
from moto.elasticache.models import elasticache_backends
from moto.elbv2.models import elbv2_backends
from moto.moto_api._internal.models import moto_api_backend
from moto.rds.models import rds_backends
from moto.sqs.models import sqs_backends

from tests.aws.settings import Settings
from tests.aws.wire import Call


@dataclass
class Transition:
    """A change of a thing that happens by itself at `due`; one that `vanishes` is not seen any more after it."""

    due: float
    thing: object
    act: Callable[[], None]
    vanishes: bool


@dataclass
class World:
    """The emulated cloud beyond moto's own backends. Every method wants the layer's lock to be held."""

    settings: Settings
    transitions: list[Transition] = field(default_factory=list)
    deleted_queues: dict[tuple[str, str, str], float] = field(default_factory=dict)
    positions: dict[str, int] = field(default_factory=dict)
    _position: Iterator[int] = field(default_factory=itertools.count)

    def now(self) -> float:
        """Seconds on a clock that never goes back."""
        return time.monotonic()

    def position(self, reservation_id: str) -> int:
        """The place of a reservation in listings, the same for ever, so that pages stay true while others go away."""
        if reservation_id not in self.positions:
            self.positions[reservation_id] = next(self._position)
        return self.positions[reservation_id]

    def settle(self) -> bool:
        """Let everything happen that is due by now; returns whether anything did."""
        now = self.now()
        due = sorted((change for change in self.transitions if change.due <= now), key=lambda change: change.due)
        self.transitions = [change for change in self.transitions if change.due > now]
        for change in due:
            change.act()
        return bool(due)

    def hurry(self) -> None:
        """Let every transition under way end now; what vanishes later still does so later."""
        for change in self.transitions:
            if not change.vanishes:
                change.due = self.now()

    def later(
        self, thing: object, act: Callable[[], None], seconds: float | None = None, *, vanishes: bool = False
    ) -> None:
        """Plan the thing's next change in place of any that was planned before. seconds: transition_seconds if None."""
        self.transitions = [change for change in self.transitions if change.thing is not thing]
        wait = self.settings.transition_seconds if seconds is None else seconds
        self.transitions.append(Transition(self.now() + wait, thing, act, vanishes))

    def move(self, backend: Any, instance: Instance, state: tuple[str, int]) -> None:
        """Let an instance reach a state after a while; one that is terminated vanishes after another."""

        def arrive() -> None:
            set_state(instance, state)
            if state == TERMINATED:
                stays = self.settings.terminated_visible_seconds
                self.later(instance, lambda: forget(backend, instance), stays, vanishes=True)

        self.later(instance, arrive)

    def reset(self, settings: Settings) -> None:
        """Forget everything, moto's backends included."""
        moto_api_backend.reset()
        self.settings = settings
        self.transitions.clear()
        self.deleted_queues.clear()
        self.positions.clear()


PENDING, RUNNING, SHUTTING_DOWN = ("pending", 0), ("running", 16), ("shutting-down", 32)
TERMINATED, STOPPING, STOPPED = ("terminated", 48), ("stopping", 64), ("stopped", 80)


def set_state(instance: Instance, state: tuple[str, int]) -> None:
    """Put a moto instance into a state of EC2's life cycle."""
    instance._state.name, instance._state.code = state


def forget(backend: Any, instance: Instance) -> None:
    """Remove a terminated instance and its tags from moto, as AWS does after about an hour."""
    for reservation in list(backend.reservations.values()):
        if instance in reservation.instances:
            reservation.instances.remove(instance)
            if not reservation.instances:
                del backend.reservations[reservation.id]
    backend.tags.pop(instance.id, None)


def ec2(call: Call) -> Any:
    """moto's EC2 backend for the call's account and region."""
    return ec2_backends[call.account][call.region]


def autoscaling(call: Call) -> Any:
    """moto's Auto Scaling backend for the call's account and region."""
    return autoscaling_backends[call.account][call.region]


def elbv2(call: Call) -> Any:
    """moto's Elastic Load Balancing backend for the call's account and region."""
    return elbv2_backends[call.account][call.region]


def elasticache(call: Call) -> Any:
    """moto's ElastiCache backend for the call's account and region."""
    return elasticache_backends[call.account][call.region]


def rds(call: Call) -> Any:
    """moto's RDS backend for the call's account and region."""
    return rds_backends[call.account][call.region]


def sqs(call: Call) -> Any:
    """moto's SQS backend for the call's account and region."""
    return sqs_backends[call.account][call.region]
