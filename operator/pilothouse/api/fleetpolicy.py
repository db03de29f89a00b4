"""FleetPolicy: the one object, named `default`, that bounds what the Controller may do to the whole fleet."""

from typing import ClassVar

from pydantic import Field

from pilothouse.api.application import ApprovalPolicy
from pilothouse.api.durations import DURATION_PATTERN
from pilothouse.api.merging import DEFAULTED, keyed_by
from pilothouse.api.meta import Record, Rules, Wire
from pilothouse.api.notifications import Notification
from pilothouse.api.placement import Rebalance
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


class Weights(Wire):
    """How much each term counts in the score of a Cell; only their proportions matter."""

    rules: ClassVar[Rules] = (
        (
            # The API server tries the rule on the default of the whole object too, in which nothing is set yet.
            (
                "!has(self.utilization) || "
                "self.utilization + self.recentPlacements + self.domainSpread + self.closeness + self.price > 0"
            ),
            "weights: give at least one more than 0",
        ),
    )

    utilization: int = Field(35, ge=0, le=100, description="Less of it is reserved than of the others.")
    recent_placements: int = Field(
        20, ge=0, le=100, description="Little was placed there in the last ten minutes, whose load is not seen yet."
    )
    domain_spread: int = Field(
        20, ge=0, le=100, description="Few replicas of the same workload are in its failure domain."
    )
    closeness: int = Field(
        15,
        ge=0,
        le=100,
        description="It is in the region of what the workload reads and is close to, and has its caches.",
    )
    price: int = Field(10, ge=0, le=100, description="It is cheap, by the prices of the Cells.")


class Rebalancing(Wire):
    """When what runs moves to another Cell although its spec is content, and how much of it at once."""

    rules: ClassVar[Rules] = (
        (
            "!has(self.hotPercent) || self.destinationPercent < self.hotPercent",
            "destinationPercent: give less than hotPercent, else what moved there would be moved on",
        ),
    )

    mode: Rebalance = Field(
        "Never",
        description="Whether anything is moved; the stricter of this and placement.rebalance of the workload holds. "
        "A Cell that a person has emptied (evict) is, whatever stands here.",
    )
    hot_percent: int = Field(
        75, ge=1, le=100, description="A Cell is relieved when more than this was reserved in three looks running."
    )
    destination_percent: int = Field(
        65,
        ge=1,
        le=100,
        description="A Cell stays under this after it was given what moves, unless that was in a lost Cell.",
    )
    moves_percent: int = Field(
        1, ge=1, le=100, description="Moves under way at once, of a hundred Applications; at least one."
    )
    cooldown: str = Field(
        "10m", pattern=DURATION_PATTERN, max_length=32, description="How long an Application rests after a move."
    )
    lost_after: str = Field(
        "5m",
        pattern=DURATION_PATTERN,
        max_length=32,
        description="How long a Cell does not answer until what it ran is made elsewhere as well.",
    )
    minimum_gain: int = Field(
        10,
        ge=0,
        le=100,
        description="By how many points of utilisation, beyond what the move costs, the new Cell has to be less "
        "loaded than the old one.",
    )


class PlacementPolicy(Wire):
    """How Cells are chosen."""

    weights: Weights = Field(
        default_factory=Weights, description="How much each term of a score counts.", json_schema_extra=DEFAULTED
    )
    headroom_percent: int = Field(
        0,
        ge=0,
        le=90,
        description="How much of what the nodes of a Cell can allocate placement leaves free, but for what ran in a "
        "lost Cell; where the Cell says nothing.",
    )
    survive_domain_loss: bool = Field(
        False,
        description="Tell of every Cell, in the condition DomainLossCovered, whether the others have room for what "
        "runs in its failure domain.",
    )
    rebalancing: Rebalancing = Field(
        default_factory=Rebalancing,
        description="When what runs moves to another Cell.",
        json_schema_extra=DEFAULTED,
    )


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
    placement: PlacementPolicy = Field(
        default_factory=PlacementPolicy, description="How Cells are chosen.", json_schema_extra=DEFAULTED
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
