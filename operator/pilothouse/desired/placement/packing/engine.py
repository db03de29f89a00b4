"""Packing pod by pod: the node where a pod does least harm, and a few moves where it fits nowhere."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pilothouse.desired.placement.packing.fleet import Fleet, Pods, Seat
from pilothouse.desired.placement.packing.mix import Mix
from pilothouse.desired.placement.packing.policies import Policy, fragmentation_gradient
from pilothouse.desired.placement.packing.repair import LONGEST, Move, find_moves
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

    accelerators: which of the node's, by index. moved: what has to be elsewhere first, in this order.
    """

    pod: int
    node: str
    accelerators: tuple[int, ...]
    moved: tuple[Moved, ...] = ()


class Engine:
    """Places pods one by one on nodes, whose free amounts are those at the beginning.

    popularity: of the shapes that are likely to come; `shapes`: others that may be placed.
    movable: how many moves there may have been to make room for others, as a share of the pods placed so far; and that
    only for pods with accelerators: those without find room or do not, and have no part in fragmentation. 0: none.
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
        self._in_vain: dict[int, int] = {}

    def place(self, shape: Shape) -> Placed | None:
        """Place one pod; None where it fits nowhere. Raises KeyError for a shape that was not announced."""
        number = self.mix.index[shape]
        node = self.table.best(number)
        if node is not None:
            return self._placed(number, node)
        moves = self._moves_for(number)
        if not moves:
            return None
        moved = tuple(self._carry_out(move) for move in moves)
        return self._placed(number, moves[-1].source, moved)

    def _placed(self, shape: int, node: int, moved: tuple[Moved, ...] = ()) -> Placed:
        seat = self._put(shape, node)
        return Placed(self.pods.add(shape, seat), self.fleet.nodes[node].name, seat.accelerators, moved)

    def _put(self, shape: int, node: int) -> Seat:
        seat = self.fleet.seat(node, self.mix.shapes[shape], int(self.table.levels[shape, node]))
        self.fleet.put(self.mix.shapes[shape], seat)
        self.table.renew(node)
        return seat

    def _moves_for(self, shape: int) -> tuple[Move, ...]:
        """Return moves within the share. What so many could not place, they can not until something moves."""
        most = min(LONGEST, int(self._movable * len(self.pods.seats)) - self.moves)
        if not self.mix.shapes[shape].accelerators or most <= self._in_vain.get(shape, 0):
            return ()
        moves = find_moves(self.mix, self.fleet, self.pods, self.table, shape, most)
        if not moves:
            self._in_vain[shape] = most
        return moves

    def _carry_out(self, move: Move) -> Moved:
        """Take the new seat before the old one is left, so that no node holds more than it has at any moment."""
        shape, old = int(self.pods.shape[move.pod]), self.pods.seats[move.pod]
        seat = self._put(shape, move.target)
        self.fleet.remove(self.mix.shapes[shape], old)
        self.table.renew(move.source)
        self.pods.move(move.pod, seat)
        self.moves += 1
        self._in_vain.clear()
        names = self.fleet.nodes[move.source].name, self.fleet.nodes[move.target].name
        return Moved(move.pod, *names, seat.accelerators)
