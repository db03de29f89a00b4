"""What all things of EC2 share: they bear their mark as tags, are listed by it, and are read by their identifier."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final, TypeVar

from pilothouse.api.plan import Change
from pilothouse.dataplane.aws import documents, marks, names
from pilothouse.dataplane.aws.tagged import TaggedSpec, without_name
from pilothouse.dataplane.errors import NotFound
from pilothouse.dataplane.types import (
    Call,
    Flow,
    Health,
    HealthState,
    Listed,
    Mark,
    Owner,
    Reading,
    ResourceType,
    Want,
    field_changes,
)

S = TypeVar("S", bound=TaggedSpec)

Described = Mapping[str, Any]
"""One thing in a reply of EC2."""

_PAGE: Final = 1000


class Ec2Type(ResourceType[S]):
    """One kind of thing of EC2: a subclass says what EC2 calls it, and reads what EC2 describes."""

    provider = "aws"
    describe: ClassVar[str]
    """The operation that lists them, such as DescribeVpcs."""
    member: ClassVar[str]
    """What its reply calls them, such as Vpcs."""
    id_key: ClassVar[str]
    """What a thing's identifier is called, such as VpcId; with an s, the parameter that asks for some of them."""
    tag_type: ClassVar[str]
    """What TagSpecifications calls them, such as vpc."""
    filters: ClassVar[str] = "Filters"
    """What the parameter with filters is called."""
    living: ClassVar[tuple[Mapping[str, Any], ...]] = ()
    """Filters that leave out what EC2 goes on showing after it is gone."""
    pages: ClassVar[bool] = True
    """Whether EC2 pages the listing."""
    listed_in_full: ClassVar[bool] = True
    """Whether a listing shows everything that `settings` needs; else `details` asks for the rest."""
    vpc_filter: ClassVar[str] = ""
    """The filter that finds those in a VPC; empty where they are in none."""
    removable: ClassVar[frozenset[str]] = frozenset()
    """Fields that the thing need not have: leaving one out again removes it."""

    @abstractmethod
    def settings(self, thing: Described, details: Mapping[str, Any]) -> S:
        """Return the settings of a thing. details: what `details` found."""

    def details(self, thing: Described) -> Flow[Mapping[str, Any]]:
        """Ask for what a listing does not show. Raises NotFound when the thing has gone meanwhile."""
        del thing
        yield from ()
        return {}

    def things(self, page: Any) -> Iterable[Described]:
        """Return the things in a reply to `describe`."""
        return page.get(self.member, ())  # type: ignore[no-any-return]

    def gone(self, thing: Described) -> bool:
        """Tell whether a thing that EC2 still shows is gone."""
        del thing
        return False

    def made_by_aws(self, reading: Reading) -> bool:
        """Tell whether AWS made a thing by itself, and takes it away with what it made it for."""
        del reading
        return False

    def health(self, thing: Described) -> Health:
        """Return what a thing is doing."""
        del thing
        return Health(HealthState.READY)

    def shown(self, thing: Described) -> Mapping[str, str]:
        """Return the outputs."""
        return {"id": thing[self.id_key]}

    def name(self, owner: Owner, resource: str) -> str:
        """Return what the console shows, the tag Name: no key to anything."""
        return names.cloud_name(owner, resource, 80)

    def listing(self, control_plane: str) -> Call:
        """List by mark."""
        filters = [tagged(marks.CONTROL_PLANE, control_plane), *self.living]
        return Call("ec2", self.describe, {self.filters: filters, **({"MaxResults": _PAGE} if self.pages else {})})

    def listed(self, page: Any) -> Iterable[Listed]:
        """Read one page."""
        for thing in self.things(page):
            if not self.gone(thing):
                mark = marks.mark_in(tags_of(thing))
                if self.listed_in_full:
                    yield Listed(thing[self.id_key], self._reading(thing, {}), mark)
                else:
                    yield Listed(thing[self.id_key], mark=mark, digest=documents.digest(thing))

    def find(self, want: Want[S]) -> Flow[tuple[Reading, ...]]:
        """Look by mark, of whatever incarnation."""
        return (yield from self.found(marked(want.mark)))

    def found(self, *searches: list[Mapping[str, Any]]) -> Flow[tuple[Reading, ...]]:
        """Return what any of several searches, each a list of filters, finds."""
        things: dict[str, Described] = {}
        for filters in searches:
            page = yield Call("ec2", self.describe, {self.filters: [*filters, *self.living]})
            things |= {thing[self.id_key]: thing for thing in self.things(page)}
        readings = []
        for identifier in sorted(things):
            reading = yield from self.read_in_full(things[identifier])
            if reading is not None:
                readings.append(reading)
        return tuple(readings)

    def read(self, identifier: str) -> Flow[Reading | None]:
        """Read it by its identifier."""
        try:
            page = yield Call("ec2", self.describe, {f"{self.id_key}s": [identifier]})
        except NotFound:
            return None
        thing = next(iter(self.things(page)), None)
        return None if thing is None else (yield from self.read_in_full(thing))

    def read_in_full(self, thing: Described) -> Flow[Reading | None]:
        """Return the reading of a thing that was described; None when it is gone."""
        if self.gone(thing):
            return None
        try:
            details = yield from self.details(thing)
        except NotFound:
            return None
        return self._reading(thing, details)

    def _reading(self, thing: Described, details: Mapping[str, Any]) -> Reading:
        spec, mark = self.settings(thing, details), marks.mark_in(tags_of(thing))
        return Reading(thing[self.id_key], mark, spec, self.shown(thing), self.health(thing))

    def created(self, reply: Any) -> str:
        """Return the identifier: replies to creates hold the thing, under its name."""
        inner = next((part for part in reply.values() if isinstance(part, Mapping)), reply)
        return str(inner[self.id_key])

    def specifications(self, want: Want[S]) -> list[dict[str, Any]]:
        """Return the parameter of a create that tags what it makes: mark, name and the tags that people set."""
        tags = {"Name": want.name} | want.spec.tags | marks.mark_tags(want.mark)
        return [{"ResourceType": self.tag_type, "Tags": marks.as_pairs(tags)}]

    def diff(self, want: S, have: Reading, applied_keys: frozenset[str]) -> tuple[Change, ...]:
        """Compare field by field."""
        return field_changes(want, self.comparable(have, want), applied_keys & self.removable)

    def comparable(self, have: Reading, want: S) -> S:
        """Return the settings of `have` without the tag Name where `want` does not set it."""
        tags = without_name(have.settings(TaggedSpec).tags, want.tags)
        return have.settings(TaggedSpec).model_copy(update={"tags": tags})  # type: ignore[return-value]

    def paths(self, have: Reading, want: Want[S], applied_keys: frozenset[str]) -> frozenset[str]:
        """Return the fields that differ."""
        return frozenset(change.path for change in self.diff(want.spec, have, applied_keys))

    def tagging(self, have: Reading, want: Want[S]) -> tuple[Call, ...]:
        """Return the calls that turn the tags that people set from those of `have` into those of `want`."""
        return tag(have.id, self.comparable(have, want.spec).tags, want.spec.tags)

    def adopt(self, have: Reading, want: Want[S]) -> tuple[Call, ...]:
        """Write the mark over whatever mark it bears."""
        return tag(have.id, {}, marks.mark_tags(want.mark))


def tagged(key: str, value: str) -> dict[str, Any]:
    """Return the filter for what bears this tag."""
    return {"Name": f"tag:{key}", "Values": [value]}


def marked(mark: Mark) -> list[Mapping[str, Any]]:
    """Return the filters for what bears this mark, of whatever incarnation."""
    tags = marks.mark_tags(mark)
    return [tagged(key, tags[key]) for key in (marks.CONTROL_PLANE, marks.OWNER, marks.RESOURCE)]


def tags_of(thing: Described) -> dict[str, str]:
    """Return all tags of a thing."""
    return marks.from_pairs(thing.get("Tags", ()))


def tag(identifier: str, have: Mapping[str, str], want: Mapping[str, str]) -> tuple[Call, ...]:
    """Return the calls that turn its tags from `have` into `want`."""
    changed, removed = marks.changed_tags(have, want)
    this = {"Resources": [identifier]}
    calls = (
        (changed, Call("ec2", "CreateTags", {**this, "Tags": marks.as_pairs(changed)})),
        (removed, Call("ec2", "DeleteTags", {**this, "Tags": [{"Key": key} for key in removed]})),
    )
    return tuple(call for needed, call in calls if needed)


def given(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that are set."""
    return {key: value for key, value in parameters.items() if value is not None}
