"""RFC 3339 as Kubernetes writes it, and seconds since the epoch, as the Controller reckons."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, StringConstraints


def rfc3339(seconds: float) -> str:
    """Return `seconds` since the epoch as RFC 3339 in UTC, whole seconds."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def rfc3339_milli(seconds: float) -> str:
    """Return `seconds` since the epoch as RFC 3339 in UTC, whole milliseconds, never later than `seconds`."""
    whole, milli = divmod(int(seconds * 1000), 1000)
    return f"{rfc3339(whole)[:-1]}.{milli:03}Z"


def seconds(text: str) -> float:
    """Return seconds since the epoch of an RFC 3339 time; 0 for empty text."""
    return datetime.fromisoformat(text).timestamp() if text else 0.0


def _readable(text: str) -> str:
    seconds(text)
    return text


Moment = Annotated[
    str,
    StringConstraints(pattern=r"^([0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\.[0-9]{3})?Z)?$"),
    AfterValidator(_readable),
]
"""A time as `rfc3339` or `rfc3339_milli` writes it, or empty. Status may be written by hand, and is reckoned with."""
