"""Listings that lag behind: what moto holds is photographed before every write, a listing may be shown an old photo.

Only the queues and instances themselves, their settings and tags are photographed: what inventory listings read.
"""

from __future__ import annotations

import copy
import random
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.aws.wire import Call
from tests.aws.world import ec2, sqs

KEPT = 64


@dataclass(frozen=True)
class Photo:
    """What the listings of one service in one account and region would show at a moment.

    `members` are moto's own objects by name (queues, reservations), `settings` the attributes of each object then.
    """

    taken: float
    members: dict[str, Any]
    settings: dict[Any, dict[str, Any]]
    tags: dict[str, dict[str, str]]

    def without(self, hidden: Callable[[str], bool]) -> Photo:
        """The same picture with some queues or instances missing, chosen by name or id."""
        members = {
            name: member for name, member in self.members.items() if hasattr(member, "instances") or not hidden(name)
        }
        settings = {each: _without_instances(values, hidden) for each, values in self.settings.items()}
        tags = {name: tags for name, tags in self.tags.items() if not hidden(name)}
        return Photo(self.taken, members, settings, tags)


def _without_instances(values: dict[str, Any], hidden: Callable[[str], bool]) -> dict[str, Any]:
    if "instances" not in values:
        return values
    return {**values, "instances": [each for each in values["instances"] if not hidden(each.id)]}


@dataclass
class Album:
    """The last photos of each service, account and region; taken only while somebody wants listings to lag."""

    photos: dict[tuple[str, str, str], deque[Photo]] = field(default_factory=dict)

    def add(self, call: Call) -> None:
        """Photograph what the call's service shows now."""
        if call.service in {"sqs", "ec2"}:
            self.photos.setdefault(_place(call), deque(maxlen=KEPT)).append(take(call))

    def as_of(self, call: Call, behind: int, seconds: float | None) -> Photo | None:
        """The picture from before the last `behind` writes, but not older than `seconds`; None when nothing lags."""
        photos = list(self.photos.get(_place(call), ()))[-behind:]
        oldest = 0.0 if seconds is None else time.monotonic() - seconds
        return next((photo for photo in photos if photo.taken >= oldest), None)


def _place(call: Call) -> tuple[str, str, str]:
    return call.service, call.account, call.region


def take(call: Call) -> Photo:
    """Photograph the queues or instances of the call's account and region."""
    if call.service == "sqs":
        queues = dict(sqs(call).queues)
        settings = {queue: {**vars(queue), "tags": dict(queue.tags)} for queue in queues.values()}
        return Photo(time.monotonic(), queues, settings, {})
    backend = ec2(call)
    settings = {}
    for reservation in backend.reservations.values():
        settings[reservation] = {"instances": list(reservation.instances)}
        for instance in reservation.instances:
            settings[instance] = {**vars(instance), "_state": copy.copy(instance._state)}
    tags = {name: dict(tags) for name, tags in backend.tags.items()}
    return Photo(time.monotonic(), dict(backend.reservations), settings, tags)


@contextmanager
def shown(call: Call, photo: Photo) -> Iterator[None]:
    """Let moto answer from a photo instead of the present, then put the present back."""
    present = take(call)
    _hang(call, photo)
    try:
        yield
    finally:
        _hang(call, present)


def _hang(call: Call, photo: Photo) -> None:
    for each, values in photo.settings.items():
        vars(each).update(values)
    if call.service == "sqs":
        sqs(call).queues = dict(photo.members)
        return
    backend = ec2(call)
    backend.reservations = type(backend.reservations)(photo.members)
    backend.tags.clear()
    backend.tags.update({name: dict(tags) for name, tags in photo.tags.items()})


def missing_share(seed: int, share: float) -> Callable[[str], bool]:
    """A choice of about `share` of all resources that is the same for every listing."""
    return lambda name: random.Random(f"{seed} {name}").random() < share
