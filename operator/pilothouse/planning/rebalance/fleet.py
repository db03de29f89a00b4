"""The fleet as rebalancing sees it, and what it decides: values only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple


class Mode(StrEnum):
    """What an Application lets rebalancing do with a workload: `placement.rebalance`."""

    AUTOMATIC = "Automatic"
    PROPOSE = "Propose"
    NEVER = "Never"


class Trigger(StrEnum):
    """What a move is for, in the order in which they are served."""

    BLOCKED = "Blocked"
    MISSING = "Missing"
    HOT = "Hot"
    DRAINING = "Draining"
    NEW_CELL = "NewCell"
    PRICE = "Price"


class Why(StrEnum):
    """Why something that was considered is not done."""

    REPAIR = "Repair"
    IN_LINE = "InLine"
    MOST_LOST = "MostLost"
    FORBIDDEN = "Forbidden"
    UNDER_WAY = "UnderWay"
    COOLDOWN = "Cooldown"
    FLEET_BUDGET = "FleetBudget"
    CELL_BUDGET = "CellBudget"
    FLOOR = "Floor"
    DESTINATION = "Destination"
    GAIN = "Gain"
    NO_CANDIDATE = "NoCandidate"


PASSING: Final = frozenset({Why.REPAIR, Why.IN_LINE, Why.FLEET_BUDGET, Why.CELL_BUDGET, Why.COOLDOWN, Why.UNDER_WAY})
"""What ends by itself, without anybody's doing."""


class Subject(NamedTuple):
    """A workload of an Application. application: namespace/name."""

    application: str
    workload: str

    def __str__(self) -> str:
        """Spell it as messages do."""
        return f"{self.workload} of {self.application}"


@dataclass(frozen=True, slots=True)
class Cell:
    """A Cell that runs workloads.

    capacity, reserved: by resource, both in the same unit; reserved is the greater of what is observed and what active
    Plans will have there, so it holds what moves under way bring. samples: the utilisation reserved at the last sweeps,
    the newest last, each 0 to 1 or above. evict: a cordon that also empties. lost_since, recovered_at, joined_at:
    seconds since the epoch, None where it did not happen or was long ago. price: of one unit of anything, 0 unknown.
    """

    name: str
    domain: str
    capacity: Mapping[str, float]
    reserved: Mapping[str, float] = field(default_factory=dict)
    samples: Sequence[float] = ()
    cordoned: bool = False
    evict: bool = False
    lost_since: float | None = None
    recovered_at: float | None = None
    joined_at: float | None = None
    price: float = 0.0


@dataclass(frozen=True, slots=True)
class Workload:
    """A workload and what may become of it.

    replicas: by Cell, those of lost Cells too. requests: of one replica, in the units of Cells. room: how many more
    fit, by Cell, for each Cell that may take it at all. floor: the fewest replicas that must be ready before any may
    leave. missing: wanted, and placed nowhere. blocked: a person waits for it. cost: points of one move. why: why it
    never moves, where it does not. drained: what holds where a person has a Cell emptied; None: as mode. min_domains:
    the failure domains that its spec asks for. refuge: as room, for what ran in a lost Cell, which may have what a Cell
    keeps free; None: as room.
    """

    subject: Subject
    replicas: Mapping[str, int]
    requests: Mapping[str, float]
    room: Mapping[str, int]
    floor: int = 0
    ready: int = 0
    priority: int = 0
    mode: Mode = Mode.AUTOMATIC
    why: str = ""
    drained: Mode | None = None
    missing: int = 0
    blocked: bool = False
    cost: float = 0.0
    min_domains: int = 1
    refuge: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """A move that was begun. ended_at: None while it is under way; seconds since the epoch, as began_at.

    evacuates: as in the Move that was decided; arrived: whether all that is in the new Cell is Ready.
    """

    subject: Subject
    source: str
    destination: str
    began_at: float
    ended_at: float | None = None
    evacuates: bool = False
    arrived: bool = False


@dataclass(frozen=True, slots=True)
class Fleet:
    """Everything that a decision reads. No order in it means anything, but that of samples.

    moved: moves under way, and those of the last `remember_seconds`. repairs: Plans that repair something and wait;
    in_line: Plans that others keep waiting, but for those of moves.
    """

    now: float
    cells: Sequence[Cell]
    workloads: Sequence[Workload]
    moved: Sequence[Moved] = ()
    repairs: int = 0
    in_line: int = 0


@dataclass(frozen=True, slots=True)
class Move:
    """One replica that goes to another Cell: made and warmed there, verified, shifted to, then released here.

    gain, cost: points. reason: why, for people. evacuates: the source was lost, so nothing that runs is disturbed.
    """

    subject: Subject
    source: str
    destination: str
    trigger: Trigger
    gain: float
    cost: float
    reason: str
    evacuates: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """What was considered and is not done.

    cell: where from; subject: None when it concerns the Cell or the fleet; said: what of the message says why.
    """

    why: Why
    message: str
    trigger: Trigger | None = None
    cell: str = ""
    subject: Subject | None = None
    said: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """moves: to begin now, in this order. proposals: to show to a person, whose word begins them. held: the rest.

    leaving: Cells that something is on its way out of, these moves included, by name.
    """

    moves: Sequence[Move] = ()
    proposals: Sequence[Move] = ()
    held: Sequence[Held] = ()
    leaving: tuple[str, ...] = ()
