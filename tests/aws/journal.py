"""What the cloud was asked and what it did: the judge of every test that kills, cuts or repeats."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from tests.aws.tokens import token_of
from tests.aws.wire import Call, Reply, parsed

Outcome = Literal["executed", "replayed", "refused"]
IRREGULAR_NOUNS = {"RunInstances": "Instance", "AllocateAddress": "Allocation", "CreateSecurityGroup": "Group"}
ENDINGS = ("Id", "Url", "Arn", "Identifier", "Name")
TARGETS = (
    "AllocationId",
    "AssociationId",
    "AutoScalingGroupName",
    "Bucket",
    "CacheSubnetGroupName",
    "DBClusterIdentifier",
    "DBInstanceIdentifier",
    "DBSubnetGroupName",
    "GroupId",
    "InstanceId",
    "InstanceIds",
    "InternetGatewayId",
    "LaunchTemplateId",
    "LoadBalancerArn",
    "NatGatewayId",
    "QueueUrl",
    "ReplicationGroupId",
    "ResourceArn",
    "ResourceName",
    "Resources",
    "RoleName",
    "RouteTableId",
    "SubnetId",
    "SubscriptionArn",
    "TableName",
    "TargetGroupArn",
    "TopicArn",
    "VolumeId",
    "VpcId",
)


@dataclass(frozen=True)
class Entry:
    """One mutating call: `ids` are the resources it made or named, `replied` is whether the truth got back.

    time: when it was done; arrived: when it was asked for; both seconds since the epoch. agent: what its sender calls
    itself.
    """

    sequence: int
    time: float
    account: str
    region: str
    service: str
    operation: str
    parameters: dict[str, Any]
    token: str
    ids: list[str]
    outcome: Outcome
    error: str
    replied: bool
    arrived: float
    agent: str

    @property
    def name(self) -> str:
        """`service:operation`."""
        return f"{self.service}:{self.operation}"


@dataclass
class Journal:
    """Mutating calls in the order of their execution, and how often every operation was asked for."""

    entries: list[Entry] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    _sequence: Iterator[int] = field(default_factory=itertools.count)

    def write(self, call: Call, outcome: Outcome, *, ids: list[str], error: str, replied: bool) -> None:
        """Record a mutating call."""
        entry = Entry(
            next(self._sequence),
            time.time(),
            call.account,
            call.region,
            call.service,
            call.operation,
            call.parameters,
            token_of(call),
            ids,
            outcome,
            error,
            replied,
            call.arrived,
            call.agent,
        )
        self.entries.append(entry)

    def clear(self) -> None:
        """Forget everything; the sequence goes on, so that entries of two tests never look alike."""
        self.entries.clear()
        self.counts.clear()
        self.failures.clear()

    def as_json(self) -> list[dict[str, Any]]:
        """The entries as plain values."""
        return [asdict(entry) for entry in self.entries]


def affected_ids(call: Call, reply: Reply) -> list[str]:
    """The ids of what a call made, from its reply, or else of what it named in its parameters."""
    names = _made_by(call.operation)
    made = find_ids(parsed(call, reply), names) if reply.ok else []
    return made or find_ids(call.parameters, names) or find_ids(call.parameters, TARGETS)


def find_ids(value: object, names: tuple[str, ...]) -> list[str]:
    """Every string under one of the names, at any depth, each once."""
    return list(dict.fromkeys(_found(value, names)))


def _made_by(operation: str) -> tuple[str, ...]:
    if not operation.startswith(("Create", "Run", "Allocate")):
        return ()
    noun = IRREGULAR_NOUNS.get(operation, operation.removeprefix("Create"))
    return tuple(f"{noun}{ending}" for ending in ENDINGS)


def _found(value: object, names: tuple[str, ...]) -> Iterator[str]:
    if isinstance(value, dict):
        for key, part in value.items():
            if key in names:
                yield from texts(part) if isinstance(part, list | str) else _found(part, names)
            else:
                yield from _found(part, names)
    elif isinstance(value, list):
        for part in value:
            yield from _found(part, names)


def texts(value: object) -> Iterator[str]:
    """Every text in a value, at any depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from texts(list(value.values()))
    elif isinstance(value, list):
        for part in value:
            yield from texts(part)
