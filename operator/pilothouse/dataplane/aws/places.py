"""What only the Cell knows, as values in a call that the client fills in: its account, region and partition."""

from dataclasses import dataclass
from typing import Any, Final

NO_LOCATION: Final = "us-east-1"
"""The region whose buckets have no location constraint."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a provider's calls go."""

    account: str
    region: str
    partition: str

    @property
    def location(self) -> str:
        """The region as S3 wants it of a new bucket; empty where it wants none."""
        return "" if self.region == NO_LOCATION else self.region


class Here(str):
    """Text with `${account}`, `${region}`, `${partition}` or `${location}` in it. One that ends empty is left out."""

    __slots__ = ()

    def at(self, place: Place) -> str:
        """Return the text with the Cell's own put in."""
        text = str(self)
        for name in ("account", "region", "partition", "location"):
            text = text.replace(f"${{{name}}}", getattr(place, name))
        return text


ACCOUNT: Final = Here("${account}")
REGION: Final = Here("${region}")
LOCATION: Final = Here("${location}")


def arn(service: str, resource: str) -> Here:
    """Return the ARN of something in the Cell's own account and region."""
    return Here(f"arn:${{partition}}:{service}:${{region}}:${{account}}:{resource}")


def located(value: Any, place: Place) -> Any:
    """Return a call's parameters with the place filled in."""
    match value:
        case Here():
            return value.at(place)
        case dict():
            found = {key: located(item, place) for key, item in value.items()}
            return {key: item for key, item in found.items() if item or not isinstance(value[key], Here)}
        case list() | tuple():
            return [located(item, place) for item in value]
        case _:
            return value
