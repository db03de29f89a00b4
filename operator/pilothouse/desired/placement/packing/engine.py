"""Packing pod by pod: the node where a pod does least harm, and one move where it fits nowhere."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pilothouse.desired.placement.packing.fleet import Fleet, Pods, Seat
from pilothouse.desired.placement.packing.mix import Mix
from pilothouse.desired.placement.packing.policies import Policy, fragmentation_gradient
from pilothouse.desired.placement.packing.repair import Move, find_move
from pilothouse.desired.placement.packing.shapes import Node, Popularity, Shape
from pilothouse.desired.placement.packing.table import Table


@dataclass(frozen=True, slots=True)
class Moved:
    """A pod that had to go elsewhere. pod: the how manieth that was placed, from 0."""

    pod: int
    source: str
    target: str
    accelerators: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a pod goes. pod: the how manieth that was placed, from 0. node: its name.

    accelerators: which of the node's, by index. moved: what has to be elsewhere first.
    """

    pod: int
    node: str
    accelerators: tuple[int, ...]
    moved: Moved | None = None


class Engine:
    """Places pods one by one on nodes, whose free amounts are those at the beginning.

    popularity: of the shapes that are likely to come; `shapes`: others that may be placed.
    movable: which share of the pods placed so far may have been moved to make room for others, one move for one pod,
    and only for pods with accelerators: those without find room or do not, and have no part in fragmentation. 0: none.
    Raises InvalidNodeError, InvalidPopularityError.
    """

    def __init__(
        self,
        nodes: Iterable[Node],
        popularity: Popularity,
        *,
        shapes: Iterable[Shape] = (),
        policy: Policy = fragmentation_gradient,
        movable: float = 0.0,
    ) -> None:
        self.mix: Final = Mix(popularity, shapes)
        self.fleet: Final = Fleet(nodes)
        self.table: Final = Table(self.mix, self.fleet, policy)
        self.pods: Final = Pods()
        self.moves = 0
        self._movable = movable
        self._hopeless: set[int] = set()

    def place(self, shape: Shape) -> Placed | None:
        """Place one pod; None where it fits nowhere. Raises KeyError for a shape that was not announced."""
        number = self.mix.index[shape]
        node = self.table.best(number)
        if node is not None:
            return self._placed(number, node)
        move = self._move_for(number)
        if move is None:
            return None
        moved = self._carry_out(move)
        return self._placed(number, move.source, moved)

    def _placed(self, shape: int, node: int, moved: Moved | None = None) -> Placed:
        seat = self._put(shape, node)
        return Placed(self.pods.add(shape, seat), self.fleet.nodes[node].name, seat.accelerators, moved)

    def _put(self, shape: int, node: int) -> Seat:
        seat = self.fleet.seat(node, self.mix.shapes[shape], int(self.table.levels[shape, node]))
        self.fleet.put(self.mix.shapes[shape], seat)
        self.table.renew(node)
        return seat

    def _move_for(self, shape: int) -> Move | None:
        """Return a move within the share. What no move could place, none can until something moves: room shrinks."""
        wanted, allowed = self.mix.shapes[shape], self._movable * len(self.pods.seats)
        if not wanted.accelerators or self.moves + 1 > allowed or shape in self._hopeless:
            return None
        move = find_move(self.mix, self.fleet, self.pods, self.table, wanted)
        if move is None:
            self._hopeless.add(shape)
        return move

    def _carry_out(self, move: Move) -> Moved:
        """Take the new seat before the old one is left, so that no node holds more than it has at any moment."""
        shape, old = int(self.pods.shape[move.pod]), self.pods.seats[move.pod]
        seat = self._put(shape, move.target)
        self.fleet.remove(self.mix.shapes[shape], old)
        self.table.renew(move.source)
        self.pods.move(move.pod, seat)
        self.moves += 1
        self._hopeless.clear()
        names = self.fleet.nodes[move.source].name, self.fleet.nodes[move.target].name
        return Moved(move.pod, *names, seat.accelerators)
