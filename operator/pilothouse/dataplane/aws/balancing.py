"""What all things of Elastic Load Balancing share: they are found by name, read by ARN, and show their tags apart.

Source: the Elastic Load Balancing API Reference, version 2015-12-01.
"""

import re
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final, TypeVar

from pilothouse.dataplane.aws import documents, marks, names
from pilothouse.dataplane.aws.ec2 import Described
from pilothouse.dataplane.aws.tagged import TaggedSpec
from pilothouse.dataplane.errors import NotFound
from pilothouse.dataplane.types import (
    Call,
    Creation,
    Flow,
    Health,
    Listed,
    Owner,
    Reading,
    Ref,
    ResourceType,
    Want,
)

S = TypeVar("S", bound=TaggedSpec)

_MAX_NAME: Final = 32
_PAGE: Final = 400


class BalancingType(ResourceType[S]):
    """One kind of thing of Elastic Load Balancing. Its identifier is its ARN."""

    provider = "aws"
    creation = Creation.NAMED
    noun: ClassVar[str]
    """What the API calls it: with an s the member of listings, with Arn, Arns and Name what it is told by."""

    @abstractmethod
    def details(self, thing: Described) -> Flow[Mapping[str, Any]]:
        """Ask for what a description does not show. Raises NotFound when the thing has gone meanwhile."""

    @abstractmethod
    def settings(self, thing: Described, details: Mapping[str, Any]) -> S:
        """Return the settings of a thing but its tags."""

    @abstractmethod
    def shown(self, thing: Described) -> Mapping[str, str]:
        """Return the outputs."""

    def health(self, thing: Described) -> Health:
        """Return what a thing is doing."""
        del thing
        return Health()

    def name(self, owner: Owner, resource: str) -> str:
        """Return the name, in which no two dashes may stand together."""
        return re.sub("-{2,}", "-", names.cloud_name(owner, resource, _MAX_NAME))

    def listing(self, control_plane: str) -> Call:
        """List all that the account has: the API can filter by neither name nor tag."""
        del control_plane
        return Call("elbv2", f"Describe{self.noun}s", {"PageSize": _PAGE})

    def listed(self, page: Any) -> Iterable[Listed]:
        """Read one page: whose a thing is only its tags tell."""
        things = page.get(f"{self.noun}s", ())
        return (Listed(thing[f"{self.noun}Arn"], digest=documents.digest(thing)) for thing in things)

    def ours(self, line: Listed, control_plane: str) -> bool:
        """Tell by the name, which the ARN holds."""
        return f"/{names.name_prefix(control_plane)}" in line.id

    def find(self, want: Want[S]) -> Flow[tuple[Reading, ...]]:
        """Look by name."""
        reading = yield from self._described("Names", want.name)
        return () if reading is None else (reading,)

    def read(self, identifier: str) -> Flow[Reading | None]:
        """Read it by its ARN."""
        return (yield from self._described(f"{self.noun}Arns", identifier))

    def _described(self, key: str, value: str) -> Flow[Reading | None]:
        try:
            page = yield Call("elbv2", f"Describe{self.noun}s", {key: [value]})
            thing = page[f"{self.noun}s"][0]
            tags = yield from _tags(thing[f"{self.noun}Arn"])
            details = yield from self.details(thing)
        except NotFound:
            return None
        spec = self.settings(thing, details).model_copy(update={"tags": marks.user_tags(tags)})
        return Reading(thing[f"{self.noun}Arn"], marks.mark_in(tags), spec, self.shown(thing), self.health(thing))

    def created(self, reply: Any) -> str:
        """Return the ARN."""
        return str(reply[f"{self.noun}s"][0][f"{self.noun}Arn"])

    def tags(self, want: Want[S]) -> list[dict[str, str]]:
        """Return the tags of a create: the mark, and those that people set."""
        return marks.as_pairs(want.spec.tags | marks.mark_tags(want.mark))

    def tagging(self, have: Reading, want: Want[S]) -> tuple[Call, ...]:
        """Return the calls that turn the tags that people set from those of `have` into those of `want`."""
        return _tag(have.id, have.settings(TaggedSpec).tags, want.spec.tags)

    def adopt(self, have: Reading, want: Want[S]) -> tuple[Call, ...]:
        """Write the mark over whatever mark it bears."""
        return _tag(have.id, {}, marks.mark_tags(want.mark))


def _tags(arn: str) -> Flow[dict[str, str]]:
    reply = yield Call("elbv2", "DescribeTags", {"ResourceArns": [arn]})
    found = (each for each in reply["TagDescriptions"] if each["ResourceArn"] == arn)
    return marks.from_pairs(pair for each in found for pair in each["Tags"])


def _tag(arn: str, have: Mapping[str, str], want: Mapping[str, str]) -> tuple[Call, ...]:
    changed, removed = marks.changed_tags(have, want)
    this = {"ResourceArns": [arn]}
    calls = (
        (changed, Call("elbv2", "AddTags", {**this, "Tags": marks.as_pairs(changed)})),
        (removed, Call("elbv2", "RemoveTags", {**this, "TagKeys": removed})),
    )
    return tuple(call for needed, call in calls if needed)


def attributes(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Write attributes as the API keeps them, all as text; those that are None are left out."""
    return [{"Key": key, "Value": _text(value)} for key, value in given.items() if value is not None]


def _text(value: Any) -> Any:
    if isinstance(value, Ref):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)


def flag(text: str | None) -> bool | None:
    """Read an attribute that is true or false; None where the API does not show it."""
    return None if text is None else text == "true"


def number(text: str | None) -> int | None:
    """Read an attribute that is a number; None where the API does not show it."""
    return None if text is None else int(text)
