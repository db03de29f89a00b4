"""Faults that can be injected: what AWS and the network do on a bad day, each matched to operations and counted.

| kind | what the client sees | executed? |
|---|---|---|
| `throttle` | RequestLimitExceeded (EC2), RequestThrottled (SQS), Throttling or ThrottlingException | no |
| `exhaust` | InsufficientInstanceCapacity (EC2), LimitExceeded | no |
| `deny` | UnauthorizedOperation (EC2), AccessDenied or AccessDeniedException | no |
| `error` | HTTP 500, InternalError or InternalFailure | `executed`, by default no |
| `drop` | the connection closes without a reply | `executed`, by default yes |
| `latency` | the call is taken `seconds` later | then yes |
| `stale` | listings lack the last `behind` writes of their service, or those younger than `seconds` | - |
| `empty` | listings show nothing | - |
| `short` | listings lack a share of the resources, `probability` of them, always the same | - |
| `forget` | its idempotency token means nothing | yes |
| `lie` | listings show nothing, and reads find nothing of what they name | no |
| `not_found` | the first `behind` calls that name a resource made after the injection do not find it | no |
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal, get_args

from tests.aws.journal import texts
from tests.aws.serving import ReplyDroppedError
from tests.aws.staleness import listed_members, lists
from tests.aws.wire import AwsError, Call

Kind = Literal[
    "throttle", "exhaust", "deny", "error", "drop", "latency", "stale", "empty", "short", "forget", "lie", "not_found"
]
LISTING_KINDS = ("stale", "empty", "short")


@dataclass
class Fault:
    """One fault. It strikes calls whose `service:operation` matches the glob `operation`, in `account` and `region`.

    The first `after` matching calls pass; then `count` calls are struck (None: all), each with `probability` from a
    generator seeded with `seed`.
    """

    kind: Kind
    operation: str = "*"
    account: str = "*"
    region: str = "*"
    count: int | None = None
    after: int = 0
    probability: float = 1.0
    seed: int = 0
    seconds: float | None = None
    behind: int = 1
    executed: bool | None = None
    _random: random.Random = field(init=False, repr=False)
    _made: Counter[str] = field(default_factory=Counter, init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse a fault that could never strike."""
        if self.kind not in get_args(Kind):
            raise ValueError(f"Fault.kind is {self.kind!r}; expected one of {', '.join(get_args(Kind))}")
        if self.kind in LISTING_KINDS and not _may_list(self.operation):
            raise ValueError(f"Fault.operation {self.operation!r} matches no listing, such as ec2:DescribeInstances")
        if self.kind == "latency" and self.seconds is None:
            raise ValueError("Fault.seconds is missing; a latency needs it")
        self._random = random.Random(self.seed)

    @property
    def executes(self) -> bool:
        """Whether a call that a `drop` or an `error` strikes is executed."""
        return self.kind == "drop" if self.executed is None else self.executed

    def strikes(self, call: Call) -> bool:
        """Whether this call is struck; asking uses up one of the fault's turns."""
        if not self._matches(call):
            return False
        if self.kind == "short":
            return True
        if self.after > 0:
            self.after -= 1
            return False
        if self.count == 0 or self._random.random() >= self.probability:
            return False
        if self.count is not None:
            self.count -= 1
        return True

    def _matches(self, call: Call) -> bool:
        if self.kind in LISTING_KINDS and not lists(call):
            return False
        return (
            fnmatchcase(call.name, self.operation)
            and fnmatchcase(call.account, self.account)
            and fnmatchcase(call.region, self.region)
        )

    def made(self, ids: list[str]) -> None:
        """Tell the fault of resources just made: the first calls for them will not find them."""
        if self.kind == "not_found":
            self._made.update({_last_part(each): self.behind for each in ids})

    def hides(self, named: list[str]) -> bool:
        """Whether one of the named resources is still too new to be found; asking brings it nearer."""
        hidden = [each for each in map(_last_part, named) if self._made[each] > 0]
        self._made.subtract(hidden)
        return bool(hidden)


def _last_part(resource: str) -> str:
    return resource.rpartition("/")[2]


def refuse_before(call: Call, struck: list[Fault]) -> None:
    """Refuse or drop a call that the faults do not let be executed."""
    for fault in struck:
        if fault.kind in {"throttle", "exhaust", "deny"} or (fault.kind == "error" and not fault.executes):
            raise refusal(fault, call)
        if fault.kind == "drop" and not fault.executes:
            raise ReplyDroppedError
        if fault.kind == "lie" and _names(call) and NOT_FOUND.get(call.service) != "":
            raise refusal(fault, call)
        if fault.kind == "not_found" and NOT_FOUND.get(call.service) != "" and _is_hidden(fault, call):
            raise refusal(fault, call)


def _is_hidden(fault: Fault, call: Call) -> bool:
    return not call.mutates and fault.hides(list(texts(call.parameters)))


def hides_silently(fault: Fault, call: Call) -> bool:
    """Whether a call does not find what is still too new, of a service that says so by an empty list."""
    if NOT_FOUND.get(call.service) != "":
        return fault.kind == "lie" and lists(call)
    return (fault.kind == "lie" and not call.mutates) or (fault.kind == "not_found" and _is_hidden(fault, call))


def _names(call: Call) -> bool:
    """Whether a call reads something by its name or identifier."""
    if call.mutates or lists(call):
        return False
    return call.service in NOT_FOUND or (call.service == "ec2" and bool(_ec2_ids(call)))


def _ec2_ids(call: Call) -> list[str]:
    return [text for text in texts(call.parameters) if text.partition("-")[0] in EC2_NOT_FOUND]


def hiding_fault(struck: list[Fault]) -> Fault | None:
    """The fault that keeps the outcome of an executed call from the client, if there is one."""
    return next((fault for fault in struck if fault.kind in {"drop", "error"}), None)


def refusal(fault: Fault, call: Call) -> AwsError:
    """The error a fault answers with, in the words of the call's service."""
    if fault.kind == "throttle":
        return _throttled(call)
    if fault.kind == "exhaust":
        return _exhausted(call)
    if fault.kind == "deny":
        return _denied(call)
    if fault.kind in {"lie", "not_found"}:
        return _not_found(call)
    return AwsError("InternalError" if call.service == "ec2" else "InternalFailure", "An internal error occurred.", 500)


def _throttled(call: Call) -> AwsError:
    if call.service == "ec2":
        return AwsError("RequestLimitExceeded", "Request limit exceeded.", 503)
    names = {str(shape.name) for shape in call.model.error_shapes}
    fallback = "Throttling" if call.protocol == "query" else "ThrottlingException"
    return AwsError("RequestThrottled" if "RequestThrottled" in names else fallback, "Rate exceeded")


def _exhausted(call: Call) -> AwsError:
    if call.operation == "RunInstances":
        message = "We currently do not have sufficient capacity in the Availability Zone you requested."
        return AwsError("InsufficientInstanceCapacity", message, 500)
    return AwsError("LimitExceeded", "You have reached the limit.")


def _denied(call: Call) -> AwsError:
    who = f"arn:aws:iam::{call.account}:user/pilothouse"
    code = {"ec2": "UnauthorizedOperation"}.get(call.service)
    if code is None:
        code = "AccessDenied" if call.protocol == "query" or call.service in {"s3", "sqs"} else "AccessDeniedException"
    action = f"{call.service}:{call.operation}"
    return AwsError(code, f"User: {who} is not authorized to perform: {action}", 403)


EC2_NOT_FOUND = {
    "eipalloc": "InvalidAllocationID.NotFound",
    "i": "InvalidInstanceID.NotFound",
    "igw": "InvalidInternetGatewayID.NotFound",
    "lt": "InvalidLaunchTemplateId.NotFound",
    "nat": "NatGatewayNotFound",
    "rtb": "InvalidRouteTableID.NotFound",
    "sg": "InvalidGroup.NotFound",
    "subnet": "InvalidSubnetID.NotFound",
    "vol": "InvalidVolume.NotFound",
    "vpc": "InvalidVpcID.NotFound",
}
NOT_FOUND = {
    "autoscaling": "",
    "dynamodb": "ResourceNotFoundException",
    "elasticache": "ReplicationGroupNotFoundFault",
    "elbv2": "LoadBalancerNotFound",
    "iam": "NoSuchEntity",
    "rds": "DBInstanceNotFound",
    "s3": "NoSuchBucket",
    "sns": "NotFound",
    "sqs": "AWS.SimpleQueueService.NonExistentQueue",
}
"""What each service says of what does not exist; empty where it says so by an empty list."""


def _not_found(call: Call) -> AwsError:
    if call.service == "elbv2" and any(":targetgroup/" in text for text in texts(call.parameters)):
        return AwsError("TargetGroupNotFound", "One or more target groups not found")
    if call.service != "ec2":
        return AwsError(NOT_FOUND[call.service], "There is no such thing.", 404)
    ids = _ec2_ids(call)
    return AwsError(EC2_NOT_FOUND[ids[0].partition("-")[0]], f"The ID '{ids[0]}' does not exist")


def _may_list(pattern: str) -> bool:
    if "*" in pattern or "?" in pattern:
        return True
    return bool(listed_members(pattern))
