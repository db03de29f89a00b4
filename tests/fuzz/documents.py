"""Documents as a provider would never write them: near enough to what is read to get far into the code that reads."""

import json
import string
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from random import Random
from typing import Any, Final

import botocore.session
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from pilothouse.dataplane.aws import marks
from pilothouse.dataplane.types import Mark, Owner

DEEP: Final = 6
"""Levels of a document that are filled in; botocore's shapes contain themselves."""
OWNER: Final = Owner("cp", "shop", "checkout")
_TAGS: Final = marks.mark_tags(Mark(OWNER, "orders", "uid-1"))
_TEXTS: Final = (
    *(
        "",
        "a",
        "true",
        "False",
        "0",
        "-1",
        "9" * 40,
        "1e400",
        "NaN",
        "null",
        "{}",
        "[]",
        '"',
        "%",
        "\x00",
        "\ud800",
        "\u202e",
    ),
    *("active", "available", "running", "ACTIVE", "creating", "deleting", "ing", "2026-01-01T00:00:00Z", "0.0.0.0/0"),
    *("arn:aws:sqs:eu-west-1:123456789012:orders", "arn:", "arn:aws:iam::123456789012:role/a", "vpc-1", "subnet-1"),
    *(*_TAGS, *_TAGS.values(), "Name", "aws:cloudformation:stack-name"),
    json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}),
    json.dumps({"deadLetterTargetArn": "arn:aws:sqs:eu-west-1:123456789012:dead", "maxReceiveCount": "3"}),
    '{"a": ' * 50 + "1" + "}" * 50,
    "[" * 5_000,
)
_WRONG: Final[tuple[Any, ...]] = (
    None,
    True,
    0,
    -1,
    2**70,
    1.5,
    float("inf"),
    "",
    "x" * 100_000,
    [],
    {},
    [None],
    {"": None},
    b"\xff",
)


def text(random: Random) -> str:
    """A text: one that means something somewhere, or any letters."""
    if random.random() < 0.7:
        return random.choice(_TEXTS)
    return "".join(random.choices(string.printable + "äß漢\u2028\ud800", k=random.randint(0, 12)))


def anything(random: Random, depth: int = 3) -> Any:
    """Any JSON."""
    kind = random.randint(0, 5 if depth else 3)
    if kind == 4:
        return [anything(random, depth - 1) for _ in range(random.randint(0, 3))]
    if kind == 5:
        return {text(random): anything(random, depth - 1) for _ in range(random.randint(0, 3))}
    return random.choice((text(random), *_WRONG))


def damaged(document: Any, random: Random, rate: float = 0.05) -> Any:
    """The same document with fields left out, null, of another type, or in excess."""
    if random.random() < rate:
        return random.choice((random.choice(_WRONG), text(random), anything(random)))
    match document:
        case Mapping():
            kept = {key: damaged(item, random, rate) for key, item in document.items() if random.random() > rate}
            return kept | ({text(random): anything(random)} if random.random() < rate else {})
        case list() | tuple():
            items = [damaged(item, random, rate) for item in document]
            return items * 3 if random.random() < rate else items
        case _:
            return document


def reply(service: str, operation: str, random: Random) -> Any:
    """A reply to an operation of AWS as its published shapes allow it, and then damaged."""
    whole = _filled(_model(service, operation).output_shape, random, DEEP)
    return damaged(whole, random, random.choice((0.0, 0.01, 0.1)))


@cache
def _service(name: str) -> Any:
    return botocore.session.get_session().get_service_model(name)


@cache
def _model(service: str, operation: str) -> OperationModel:
    found: OperationModel = _service(service).operation_model(operation)
    return found


def _filled(shape: Shape | None, random: Random, depth: int) -> Any:
    match shape:
        case StructureShape():
            few = 0.85 if depth else 0.0
            return {
                name: _filled(member, random, depth - 1)
                for name, member in shape.members.items()
                if random.random() < few
            }
        case ListShape():
            count = random.choice((0, 1, 1, 2)) if depth else 0
            return [_filled(shape.member, random, depth - 1) for _ in range(count)]
        case MapShape():
            keys = [text(random) for _ in range(random.randint(0, 3))]
            return {key: _filled(shape.value, random, depth - 1) for key in [*keys, *random.sample([*_TAGS], 2)]}
        case None:
            return {}
        case _:
            return _scalar(shape, random)


_SCALARS: Final[Mapping[str, Callable[[Random], Any]]] = {
    "boolean": lambda random: random.random() < 0.5,
    "integer": lambda random: random.choice((0, 1, 443, 2**31)),
    "long": lambda random: random.choice((0, 1, 2**63)),
    "float": lambda random: random.choice((0.0, 1.5, float("nan"))),
    "double": lambda random: random.choice((0.0, 1.5, float("inf"))),
    "timestamp": lambda random: datetime.fromtimestamp(random.choice((0, 1_700_000_000)), UTC),
    "blob": lambda random: random.choice((b"", b"\xff\x00")),
}


def _scalar(shape: Shape, random: Random) -> Any:
    enumerated = getattr(shape, "enum", None)
    if enumerated and random.random() < 0.9:
        return random.choice(enumerated)
    return _SCALARS.get(shape.type_name, text)(random)
