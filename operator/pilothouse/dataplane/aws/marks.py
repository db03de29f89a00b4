"""Marks as AWS tags: whose a thing is, told from the tags that its owner's people set."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Final

from pydantic import Field

from pilothouse.api.meta import GROUP
from pilothouse.dataplane.types import Mark, Owner

CONTROL_PLANE: Final = f"{GROUP}/control-plane"
OWNER: Final = f"{GROUP}/owner"
RESOURCE: Final = f"{GROUP}/resource"
APPLICATION_UID: Final = f"{GROUP}/application-uid"
INCARNATION: Final = f"{GROUP}/incarnation"

RESERVED_PREFIXES: Final = ("aws:", f"{GROUP}/")
"""What the keys of AWS's own tags and of our marks begin with: people cannot set those."""

UserTags = Annotated[dict[str, Annotated[str, Field(max_length=256)]], Field(max_length=44)]
"""Tags that people set. AWS allows 50 on a thing; five are the mark, and one may be its name."""

USER_TAGS_RULE: Final = (
    "!has(self.tags) || self.tags.all(key, key != '' && !key.startsWith('aws:') && !key.startsWith('pilothouse.dev/'))",
    "tags: remove empty keys and those that begin with aws: or pilothouse.dev/, which are reserved",
)


def keeps_user_tags_rule(tags: Mapping[str, str]) -> bool:
    """Tell whether `USER_TAGS_RULE` holds."""
    return all(key and not key.startswith(RESERVED_PREFIXES) for key in tags)


def mark_tags(mark: Mark) -> dict[str, str]:
    """Return the tags that write `mark` on a thing."""
    return {
        CONTROL_PLANE: mark.owner.control_plane,
        OWNER: f"{mark.owner.namespace}/{mark.owner.application}",
        RESOURCE: mark.resource,
        APPLICATION_UID: mark.uid,
        INCARNATION: str(mark.incarnation),
    }


def mark_in(tags: Mapping[str, str]) -> Mark | None:
    """Read the mark in `tags`; None where no control plane left its own.

    A mark that somebody damaged is read as it stands, what is missing as empty: nobody's, yet not free to be taken.
    """
    if CONTROL_PLANE not in tags:
        return None
    namespace, _, application = tags.get(OWNER, "").partition("/")
    incarnation = tags.get(INCARNATION, "")
    return Mark(
        Owner(tags[CONTROL_PLANE], namespace, application),
        tags.get(RESOURCE, ""),
        tags.get(APPLICATION_UID, ""),
        int(incarnation) if incarnation.isdecimal() else 0,
    )


def user_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tags that people set: neither our mark nor AWS's own."""
    return {key: value for key, value in tags.items() if not key.startswith(RESERVED_PREFIXES)}


def as_pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Spell tags as EC2 does: a list of objects with Key and Value."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def from_pairs(pairs: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Read tags as EC2 spells them."""
    return {pair["Key"]: pair["Value"] for pair in pairs}


def changed_tags(have: Mapping[str, str], want: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Return the tags to set, and the keys of those to remove, to turn `have` into `want`."""
    set_ = {key: value for key, value in want.items() if have.get(key) != value}
    return set_, sorted(have.keys() - want.keys())
