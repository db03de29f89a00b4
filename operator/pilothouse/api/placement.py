"""Placement: which Cells a workload may run in, which of them it would rather, and how it is spread over them."""

from typing import ClassVar, Final, Literal

from pydantic import Field

from pilothouse.api.merging import set_of
from pilothouse.api.meta import NAME_PATTERN, Rules, Wire
from pilothouse.api.selectors import LabelSelector

TopologyKey = Literal["cell", "failureDomain", "region"]
Unsatisfiable = Literal["ScheduleAnyway", "DoNotSchedule"]
Rebalance = Literal["Automatic", "Propose", "Never"]
"""Whether what runs may be moved to another Cell when it pays: by itself, once a person agrees, or not at all."""

_HARD: Final = "has(self.whenUnsatisfiable) && self.whenUnsatisfiable == 'DoNotSchedule'"
_TOLD: Final = 5
"""Regions that a message names: it is told of every Cell."""


class Spread(Wire):
    """How replicas are spread over Cells that can fail together."""

    rules: ClassVar[Rules] = (
        (f"!({_HARD}) || has(self.maxSkew)", "maxSkew: give it with whenUnsatisfiable DoNotSchedule"),
    )

    topology_key: Literal["failureDomain"] = Field(
        "failureDomain", description="The Cell field that names what fails together."
    )
    min_domains: int = Field(
        1, ge=1, le=64, description="Least number of failure domains that get a replica, while replicas suffice."
    )
    max_skew: int | None = Field(
        None,
        ge=1,
        le=100_000,
        description="By how many replicas a failure domain may have more than the one with the fewest, of those that "
        "the workload may use. Without it, spread is a matter of the score alone.",
    )
    when_unsatisfiable: Unsatisfiable = Field(
        "ScheduleAnyway",
        description="What becomes of a replica that would go beyond maxSkew: it goes where it goes least beyond "
        "(ScheduleAnyway), or waits (DoNotSchedule).",
    )


class Residency(Wire):
    """Where data may be."""

    rules: ClassVar[Rules] = (("has(self.regions) || has(self.jurisdictions)", "give regions, jurisdictions or both"),)

    regions: tuple[str, ...] | None = Field(
        None,
        min_length=1,
        max_length=50,
        description="Regions of Cells that are allowed; any when absent.",
        json_schema_extra=set_of(63),
    )
    jurisdictions: tuple[str, ...] | None = Field(
        None,
        min_length=1,
        max_length=50,
        description="Jurisdictions of Cells that are allowed, such as EU; any when absent.",
        json_schema_extra=set_of(63),
    )

    def against(self, region: str, jurisdiction: str) -> str:
        """Say what is wrong with a place; empty when data may be there. What nobody knows of a place is wrong."""
        asked = (("regions", self.regions, region), ("jurisdictions", self.jurisdictions, jurisdiction))
        for name, allowed, found in asked:
            if allowed is not None and found not in allowed:
                where = (
                    f"{name.removesuffix('s')} {found}"
                    if found
                    else f"its {name.removesuffix('s')}, which is not given,"
                )
                more = f" and {len(allowed) - _TOLD} more" if len(allowed) > _TOLD else ""
                return f"{where} is not among residency.{name} {','.join(allowed[:_TOLD])}{more}"
        return ""


class PeerTerm(Wire):
    """A workload to be near to or apart from."""

    workload: str = Field(pattern=NAME_PATTERN, max_length=40, description="Its name.")
    application: str | None = Field(
        None,
        pattern=NAME_PATTERN,
        max_length=63,
        description="The Application in the same namespace that has it; this one when absent.",
    )
    topology_key: TopologyKey = Field(
        "cell", description="What they share or do not: the Cell, its failure domain or its region."
    )


class Affinity(Wire):
    """What a workload must be near to when it is placed; what is placed stays."""

    workloads: tuple[PeerTerm, ...] = Field((), max_length=20, description="Workloads to be near to, all of them.")
    resources: tuple[str, ...] = Field(
        (),
        max_length=20,
        description="Cloud resources of this Application whose region it has to be in.",
        json_schema_extra=set_of(40, NAME_PATTERN),
    )


class AntiAffinity(Wire):
    """What a workload must be apart from when it is placed; what is placed stays."""

    workloads: tuple[PeerTerm, ...] = Field(
        (),
        max_length=20,
        description="Workloads to be apart from. Of two workloads of one Application it is enough that one says so.",
    )


class CloseTo(Wire):
    """What a workload would rather be near to; a matter of the score, which stands in the way of nothing."""

    regions: tuple[str, ...] = Field(
        (), max_length=20, description="Regions, such as those of its callers.", json_schema_extra=set_of(63)
    )
    workloads: tuple[str, ...] = Field(
        (),
        max_length=20,
        description="Workloads of this Application that it calls or is called by: the regions that they run in.",
        json_schema_extra=set_of(40, NAME_PATTERN),
    )
    caches: tuple[str, ...] = Field(
        (),
        max_length=20,
        description="What it needs close at hand, such as the weights of a model: names in spec.caches of Cells.",
        json_schema_extra=set_of(253),
    )


class Placement(Wire):
    """Which Cells a workload may run in, and how it is spread over them."""

    cell_selector: LabelSelector = Field(
        default_factory=LabelSelector,
        description="Labels of the Cells allowed; empty allows every Cell open to the namespace.",
    )
    spread: Spread = Field(default_factory=Spread, description="Spread over failure domains.")
    residency: Residency | None = Field(None, description="Where its data may be; anywhere when absent.")
    affinity: Affinity = Field(default_factory=Affinity, description="What it must be near to.")
    anti_affinity: AntiAffinity = Field(default_factory=AntiAffinity, description="What it must be apart from.")
    priority: int = Field(
        0,
        ge=-1_000_000_000,
        le=1_000_000_000,
        description="Who gets room first where it is scarce: the higher one. What runs is not displaced.",
    )
    group: str | None = Field(
        None,
        pattern=NAME_PATTERN,
        max_length=40,
        description="Workloads of this Application with the same group are placed whole: all replicas of all of them, "
        "or none that is not placed already.",
    )
    close_to: CloseTo = Field(
        default_factory=CloseTo,
        description="What it would rather be near to, beside the cloud resources whose outputs it reads.",
    )
    rebalance: Rebalance = Field(
        "Automatic",
        description="Whether a running replica is moved to another Cell when that pays: by itself, as a Plan that a "
        "person approves, or never. What its spec asks for moves whatever stands here.",
    )
