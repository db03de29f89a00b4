"""A call's parameters on their way to the SDK, and what an error may repeat of them."""

import base64
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pilothouse.dataplane.errors import Invalid
from pilothouse.dataplane.types import Digest, Many, Ref, Sensitive


def plain(value: Any, path: str) -> Any:
    """Return `value` as the SDK takes it: dictionaries, lists and scalars.

    path: where it stands, for the message. Raises Invalid where a value is not known yet.
    """
    match value:
        case Ref() | Digest():
            raise Invalid(f"{path} is {value}, which is not known yet; expected its value: send what makes it first")
        case Many():
            return plain(value.items, path)
        case Mapping():
            return {key: plain(item, f"{path}.{key}") for key, item in value.items()}
        case list() | tuple():
            return [plain(item, f"{path}[{index}]") for index, item in enumerate(value)]
        case _:
            return value


def without_secrets(text: str, parameters: Any) -> str:
    """Return `text` with every sensitive value in `parameters` hidden, in the spellings that AWS and the SDK repeat."""
    spellings = {spelling for secret in _secrets(parameters) for spelling in _spellings(secret)}
    if not spellings:
        return text
    longest_first = sorted(spellings, key=lambda spelling: (-len(spelling), spelling))
    return re.sub("|".join(map(re.escape, longest_first)), "(sensitive)", text)


def _spellings(secret: str) -> tuple[str, ...]:
    return str(secret), repr(str(secret))[1:-1], base64.b64encode(secret.encode()).decode()


def _secrets(value: Any) -> Iterator[Sensitive]:
    """Yield the sensitive values that are not empty."""
    match value:
        case Sensitive() if value:
            yield value
        case Mapping():
            for item in value.values():
                yield from _secrets(item)
        case list() | tuple():
            for item in value:
                yield from _secrets(item)
        case _:
            pass
