"""Listing by mark what its own service lists without tags: the Resource Groups Tagging API knows them all.

Source: the Resource Groups Tagging API Reference, GetResources. It may lag behind the service itself, like any listing.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pilothouse.dataplane.aws import marks
from pilothouse.dataplane.types import Call, Mark

_PAGE: Final = 100


def listing(kind: str, control_plane: str) -> Call:
    """Return the call that lists what bears a control plane's mark. kind: the API's name for it, such as sns:topic."""
    filters = [{"Key": marks.CONTROL_PLANE, "Values": [control_plane]}]
    parameters = {"ResourceTypeFilters": [kind], "TagFilters": filters, "ResourcesPerPage": _PAGE}
    return Call("resourcegroupstaggingapi", "GetResources", parameters)


def listed(page: Any) -> Iterator[tuple[str, Mark | None]]:
    """Yield the ARN and the mark of everything on one page."""
    for each in page["ResourceTagMappingList"]:
        yield each["ResourceARN"], marks.mark_in(marks.from_pairs(each["Tags"]))


def changes(service: str, arn: str, have: Mapping[str, str], want: Mapping[str, str]) -> tuple[Call, ...]:
    """Return the calls that turn tags from `have` into `want`, for services that tag by ARN."""
    changed, removed = marks.changed_tags(have, want)
    calls = (
        (changed, Call(service, "TagResource", {"ResourceArn": arn, "Tags": marks.as_pairs(changed)})),
        (removed, Call(service, "UntagResource", {"ResourceArn": arn, "TagKeys": removed})),
    )
    return tuple(call for needed, call in calls if needed)
