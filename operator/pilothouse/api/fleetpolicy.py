"""FleetPolicy: the one object, named `default`, that bounds what the Controller may do to the whole fleet."""

from pydantic import Field

from pilothouse.api.application import ApprovalPolicy
from pilothouse.api.durations import DURATION_PATTERN
from pilothouse.api.merging import DEFAULTED, keyed_by
from pilothouse.api.meta import Record, Wire
from pilothouse.api.notifications import Notification
from pilothouse.api.windows import ChangeWindow


class Budgets(Wire):
    """How much may be under way at once."""

    plans_in_flight: int = Field(64, ge=1, le=10_000, description="Applications whose Plans may be applied at once.")
    steps_in_flight_per_cell: int = Field(
        32, ge=1, le=10_000, description="Steps that may be in flight in one Cell at once; namespaces take turns."
    )
    destructive_steps_per_hour: int = Field(
        600,
        ge=1,
        le=1_000_000,
        description="Steps that delete or replace something which may be begun in any hour in the whole fleet. "
        "Applications that are deleted are not counted.",
    )
    calls_per_second_per_cell: int = Field(
        200, ge=1, le=100_000, description="Requests a second to one Cell, averaged; bursts up to twice that."
    )
    reads_per_sweep_per_cell: int = Field(
        8,
        ge=1,
        le=1_000,
        description="Things read in full in one Cell from one sweep, which is a minute, to the next, of those that "
        "listings show a part of. More find changes by others sooner; none waits longer than 90 minutes.",
    )


class Orphans(Wire):
    """What becomes of things that bear our mark and belong to no Application any more."""

    retire_after: str | None = Field(
        None,
        pattern=DURATION_PATTERN,
        max_length=32,
        description="How long after they were first seen they are deleted, one in a Cell at a time, such as 168h. "
        "Never when absent, and never what a type retains by default.",
    )


class BreakerRule(Wire):
    """How much may be missing in a Cell, or to be destroyed there unasked, before its breaker opens."""

    missing_percent: int = Field(
        5,
        ge=0,
        le=100,
        description="The breaker opens over so many of a hundred known things; with 100 it never does.",
    )
    least: int = Field(2, ge=1, le=1_000_000, description="Fewer things than this never open it.")


class FleetPolicySpec(Wire):
    """Bounds for the fleet; the stricter of these and an Application's own policy holds."""

    suspend: bool = Field(False, description="Stop every mutation everywhere; observing goes on.")
    approval_floor: ApprovalPolicy = Field("Automatic", description="The least approval that every Application needs.")
    budgets: Budgets = Field(
        default_factory=Budgets, description="How much may be under way at once.", json_schema_extra=DEFAULTED
    )
    orphans: Orphans = Field(
        default_factory=Orphans,
        description="What becomes of things that belong to no Application any more.",
        json_schema_extra=DEFAULTED,
    )
    breaker: BreakerRule = Field(
        default_factory=BreakerRule,
        description="When creates and destructive steps in a Cell stop until a person resumes them.",
        json_schema_extra=DEFAULTED,
    )
    change_windows: tuple[ChangeWindow, ...] = Field(
        (),
        max_length=100,
        description="When Applications may be changed; always when there is none.",
        json_schema_extra=keyed_by("name"),
    )
    notifications: tuple[Notification, ...] = Field(
        (),
        max_length=20,
        description="Who outside is told of what happens to Applications.",
        json_schema_extra=keyed_by("name"),
    )
    plan_history: int = Field(10, ge=1, le=100, description="Finished Plans kept for each Application and reason.")


class FleetPolicyStatus(Record):
    """What is observed of the fleet."""

    observed_generation: int = Field(0, ge=0, description="metadata.generation that this status speaks of.")
