"""Tags of what is tagged by its ARN, as RDS and ElastiCache have it."""

from collections.abc import Mapping

from pilothouse.dataplane.aws import marks
from pilothouse.dataplane.types import Call, Flow


def read(service: str, arn: str) -> Flow[dict[str, str]]:
    """Ask for all tags."""
    reply = yield Call(service, "ListTagsForResource", {"ResourceName": arn})
    return marks.from_pairs(reply["TagList"])


def changes(service: str, arn: str, have: Mapping[str, str], want: Mapping[str, str]) -> tuple[Call, ...]:
    """Return the calls that turn tags from `have` into `want`."""
    changed, removed = marks.changed_tags(have, want)
    calls = (
        (changed, Call(service, "AddTagsToResource", {"ResourceName": arn, "Tags": marks.as_pairs(changed)})),
        (removed, Call(service, "RemoveTagsFromResource", {"ResourceName": arn, "TagKeys": removed})),
    )
    return tuple(call for needed, call in calls if needed)
