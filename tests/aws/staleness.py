"""Listings that do not tell the whole truth: some lag behind the writes, some lack a part of what exists.

For those that lag, everything moto holds of a service is copied before every write, and a listing is answered from an
old copy. From those that lack something, it is taken out of the reply.
"""

from __future__ import annotations

import copy
import copyreg
import json
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from botocore.exceptions import DataNotFoundError
from botocore.loaders import Loader
from moto.backends import get_backend

from tests.aws.wire import Call, Reply, parsed, serialize

KEPT = 64
copyreg.pickle(type(threading.RLock()), lambda _: (threading.RLock, ()))  # a copy of a backend has its own locks
ONE_PAGE = {
    "ec2:DescribeAddresses": ["Addresses"],
    "rds:DescribeDBInstances": ["DBInstances"],
    "resourcegroupstaggingapi:GetResources": ["ResourceTagMappingList"],
}
NARROWING = frozenset({
    "BucketRegion", "Filter", "Filters", "IncludeGlobalSettings", "Limit", "MaxBuckets", "MaxItems", "MaxRecords",
    "MaxResults", "NextToken", "PageSize", "PaginationToken", "PathPrefix", "Prefix", "QueueNamePrefix",
    "ContinuationToken", "ExclusiveStartTableName", "Marker", "ResourceTypeFilters", "ResourcesPerPage", "TagFilters",
})  # fmt: skip


@cache
def listed_members(name: str) -> tuple[str, ...]:
    """The members of a reply to `service:operation` that hold what it lists; none for what is no listing."""
    service, _, operation = name.partition(":")
    if name in ONE_PAGE:
        return tuple(ONE_PAGE[name])
    if not operation.startswith(("Describe", "List")):
        return ()
    try:
        pagers = Loader().load_service_model(service, "paginators-1")["pagination"]
    except DataNotFoundError:
        return ()
    keys = pagers.get(operation, {}).get("result_key", [])
    return tuple(keys) if isinstance(keys, list) else (keys,)


def lists(call: Call) -> bool:
    """Whether a call lists what there is, rather than asking for something by its name."""
    return bool(listed_members(call.name)) and NARROWING.issuperset(call.parameters)


@dataclass(frozen=True)
class Photo:
    """Everything that moto held of one service, in one account and region, at a moment."""

    taken: float
    backend: Any


@dataclass
class Album:
    """The last photos of each service, account and region; taken only while somebody wants listings to lag."""

    photos: dict[tuple[str, str, str], deque[Photo]] = field(default_factory=dict)

    def add(self, call: Call) -> None:
        """Photograph what the call's service shows now."""
        backends, region = _shelf(call)
        photo = Photo(time.monotonic(), copy.deepcopy(backends[region]))
        self.photos.setdefault(_place(call), deque(maxlen=KEPT)).append(photo)

    def as_of(self, call: Call, behind: int, seconds: float | None) -> Photo | None:
        """The picture from before the last `behind` writes, but not older than `seconds`; None when nothing lags."""
        photos = list(self.photos.get(_place(call), ()))[-behind:]
        oldest = 0.0 if seconds is None else time.monotonic() - seconds
        return next((photo for photo in photos if photo.taken >= oldest), None)


def _place(call: Call) -> tuple[str, str, str]:
    return _service(call), call.account, call.region


def _service(call: Call) -> str:
    """The service whose things a call is about: a listing by tags shows those of others, here of one type."""
    kinds = call.parameters.get("ResourceTypeFilters")
    return str(kinds[0]).partition(":")[0] if kinds else call.service


def _shelf(call: Call) -> tuple[Any, str]:
    """Where moto keeps the service's backend: by region, or by partition where the service is global."""
    backends = get_backend(_service(call))[call.account]  # type: ignore[call-overload]
    return backends, call.region if call.region in backends.regions else "aws"


@contextmanager
def shown(call: Call, photo: Photo) -> Iterator[None]:
    """Let moto answer from a photo instead of the present, then put the present back."""
    backends, region = _shelf(call)
    present = backends[region]
    backends[region] = photo.backend
    try:
        yield
    finally:
        backends[region] = present


def thinned(call: Call, reply: Reply, share: float, seed: int) -> Reply:
    """A listing's reply without about `share` of what it lists, the same things every time."""
    result = parsed(call, reply)
    for member in listed_members(call.name):
        result[member] = list(_kept(result.get(member, ()), _missing(seed, share)))
    result.pop("ResponseMetadata", None)
    return serialize(call, result)


def _kept(things: Any, hidden: Callable[[str], bool]) -> Iterator[Any]:
    """What is not hidden; a reservation stays, without its hidden instances."""
    for thing in things:
        if isinstance(thing, dict) and "Instances" in thing:
            inner = list(_kept(thing["Instances"], hidden))
            if inner:
                yield {**thing, "Instances": inner}
        elif not hidden(identity(thing)):
            yield thing


def identity(thing: Any) -> str:
    """What tells one listed thing from another: itself where only names are listed, else its id, ARN or name."""
    if isinstance(thing, str):
        return thing
    named = [key for key in sorted(thing) if key.endswith(("Id", "Arn", "Name", "Identifier", "ARN"))]
    return json.dumps([thing[key] for key in named])


def _missing(seed: int, share: float) -> Callable[[str], bool]:
    return lambda name: random.Random(f"{seed} {name}").random() < share
