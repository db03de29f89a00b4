"""Drives flows with replies written down beforehand, and makes the things that tests of types start from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pilothouse.dataplane.errors import DataplaneError
from pilothouse.dataplane.types import Call, Flow, Mark, Owner, ResourceType, TargetKey, Want

OWNER = Owner("control-plane-1", "shop", "checkout")
MARK = Mark(OWNER, "orders", "uid-1", 2)
Answer = Callable[[Call], Any]


def drive(flow: Flow[Any], answer: Answer) -> tuple[Any, list[Call]]:
    """Return what `flow` found and what it asked; an answer that is an error is thrown into it."""
    asked: list[Call] = []
    reply: Any = None
    try:
        call = next(flow)
        while True:
            asked.append(call)
            reply = answer(call)
            call = flow.throw(reply) if isinstance(reply, DataplaneError) else flow.send(reply)
    except StopIteration as stop:
        return stop.value, asked


def want(kind: ResourceType[Any], **settings: Any) -> Want[Any]:
    """Return the resource `orders` as it should be, its settings by their wire names."""
    spec = kind.model.model_validate(settings)
    return Want(TargetKey("aws", kind.kind, "orders"), spec, kind.name(OWNER, "orders"), MARK, "token-1")


def changes(
    kind: ResourceType[Any], wanted: Want[Any], have: Any, applied: frozenset[str] = frozenset()
) -> Mapping[str, Any]:
    """Return the fields that differ, each with its value now and its value afterwards."""
    return {change.path: (change.old, change.new) for change in kind.diff(wanted.spec, have, applied)}
