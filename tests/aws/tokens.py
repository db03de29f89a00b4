"""Idempotency tokens, as AWS documents them and moto does not keep them.

The same token with the same parameters gets the first reply again, with other parameters it is refused, and so it is
when the instance that it launched was terminated. A call that failed leaves its token free. EC2 keeps tokens for at
least 24 hours after the instance ended; here they are kept until the reset.
Source: https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html and the RunInstances error codes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.aws.wire import AwsError, Call, Reply
from tests.aws.world import ec2

TokenKey = tuple[str, str, str, str, str]


@dataclass
class Remembered:
    """What the first call with a token was, and what it was told."""

    parameters: str
    reply: Reply
    instances: list[str]


@dataclass
class Tokens:
    """Every token that was used with success, per account, region, service and operation."""

    _used: dict[TokenKey, Remembered] = field(default_factory=dict)

    def replay(self, call: Call) -> Reply | None:
        """The first reply for the call's token, None for a new one; refuses a token that cannot be used again."""
        token = token_of(call)
        first = self._used.get(_key(call, token)) if token else None
        if first is None:
            return None
        if first.parameters != _without_token(call):
            raise AwsError(
                _mismatch_code(call),
                f"Arguments on this idempotent request are inconsistent with arguments used in previous request(s) "
                f"with the client token '{token}'.",
            )
        living = {each.id for each in ec2(call).all_instances() if each.state not in {"shutting-down", "terminated"}}
        if first.instances and not living.issuperset(first.instances):
            raise AwsError(
                "IdempotentInstanceTerminated",
                f"The request to launch an instance uses the same client token '{token}' as a previous request "
                f"for which the instance has been terminated.",
            )
        return first.reply

    def remember(self, call: Call, reply: Reply, ids: list[str]) -> None:
        """Keep the reply of a call that succeeded."""
        token = token_of(call)
        if token and reply.ok:
            launched = ids if call.name == "ec2:RunInstances" else []
            self._used[_key(call, token)] = Remembered(_without_token(call), reply, launched)

    def clear(self) -> None:
        """Forget every token."""
        self._used.clear()


def token_of(call: Call) -> str:
    """The idempotency token of a call: the member botocore's model marks as such, or ClientToken; else empty."""
    member = _token_member(call)
    return str(call.parameters.get(member, "")) if member else ""


def _token_member(call: Call) -> str | None:
    marked = call.model.idempotent_members
    if marked:
        return str(marked[0])
    return "ClientToken" if call.mutates and "ClientToken" in call.parameters else None


def _key(call: Call, token: str) -> TokenKey:
    return call.account, call.region, call.service, call.operation, token


def _without_token(call: Call) -> str:
    rest: dict[str, Any] = {name: value for name, value in call.parameters.items() if name != _token_member(call)}
    return json.dumps(rest, sort_keys=True, default=str)


def _mismatch_code(call: Call) -> str:
    names = [str(shape.name) for shape in call.model.error_shapes]
    return next((name for name in names if "ParameterMismatch" in name), "IdempotentParameterMismatch")
