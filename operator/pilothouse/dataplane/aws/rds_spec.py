"""The settings that databases and clusters of Amazon RDS share, and what is read of both beside settings."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import Field

from pilothouse.dataplane.aws import marks
from pilothouse.dataplane.aws.tagged import TaggedSpec

WINDOW: Final = r"^(sun|mon|tue|wed|thu|fri|sat):\d\d:\d\d-(sun|mon|tue|wed|thu|fri|sat):\d\d:\d\d$"
KEY_ARN: Final = r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+$"


class RdsSpec(TaggedSpec):
    """Tags, and how changes are made: RDS keeps nothing of that, so it is never compared."""

    tags: marks.UserTags = Field(default_factory=dict, description="Tags of the database.")
    apply_immediately: bool = Field(
        False, description="Do not wait for the maintenance window, neither for changes nor for what waits already."
    )
    allow_major_version_upgrade: bool = Field(
        False, description="Let a change of engineVersion be one of the major version too."
    )
    generate_password: bool = Field(
        True,
        description="Set the first user's password to one that Pilothouse makes, and give it as output `password`. "
        "False leaves a database that is adopted the password it has; the output is then empty.",
    )


STEERING: Final = ("apply_immediately", "allow_major_version_upgrade", "generate_password")
"""The settings that say how changes are made."""


class SeenRds(RdsSpec):
    """What is read beside settings.

    resource_id: another for each thing there ever was, whatever its name; digest: of the password that was set last;
    pending: settings that RDS has taken and not applied.
    """

    status: str
    arn: str
    resource_id: str
    digest: str
    pending: Mapping[str, Any]
