"""Change windows of the fleet: when Applications may be changed, and when not."""

from typing import Literal

from pydantic import Field

from pilothouse.api.durations import DURATION_PATTERN
from pilothouse.api.merging import set_of
from pilothouse.api.meta import NAME_PATTERN, Wire
from pilothouse.api.plan import Reason
from pilothouse.api.selectors import LabelSelector


class ChangeWindow(Wire):
    """A time that comes again, at which the Applications selected may be changed (Allow) or must not be (Deny).

    An Application that Allow windows select is changed while one of them is open and at no other time; a Deny window
    that is open stops changes whatever else is open. What is under way when a window closes is finished.
    """

    name: str = Field(pattern=NAME_PATTERN, max_length=63, description="Name of the window, for people.")
    kind: Literal["Allow", "Deny"] = Field(description="Whether changes are allowed then, or denied.")
    schedule: str = Field(
        min_length=9, max_length=128, description="When it opens, as cron writes it: minute hour day month weekday."
    )
    time_zone: str = Field(
        "Etc/UTC", min_length=1, max_length=64, description="Time zone of the schedule, such as Europe/Berlin."
    )
    duration: str = Field(
        pattern=DURATION_PATTERN, max_length=32, description="How long it stays open, such as 4h or 1h30m."
    )
    namespace_selector: LabelSelector = Field(
        default_factory=LabelSelector, description="Labels of the namespaces; empty selects every namespace."
    )
    applications: tuple[str, ...] = Field(
        (),
        max_length=100,
        description="Names of the Applications, * for any number of characters; empty selects every one.",
        json_schema_extra=set_of(63),
    )
    except_: tuple[Reason, ...] = Field(
        (),
        max_length=16,
        description="Changes that are made whatever the time, by their reason: Repair makes again what vanished, Drift "
        "puts right what others changed, Deletion removes a whole Application.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )
