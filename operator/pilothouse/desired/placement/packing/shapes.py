"""What is packed, and onto what: vectors of CPU, memory and accelerators."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

WHOLE: Final = 1000
"""Thousandths of an accelerator that one accelerator has."""


class PackingError(ValueError):
    """A shape, a node or a popularity that means nothing.

    PackingError
    |-- InvalidShapeError
    |-- InvalidNodeError
    `-- InvalidPopularityError
    """


class InvalidShapeError(PackingError):
    """A pod shape that nothing can ask for."""


class InvalidNodeError(PackingError):
    """A node that cannot exist, or two of one name."""


class InvalidPopularityError(PackingError):
    """A popularity below zero, or no popularity at all."""


@dataclass(frozen=True, slots=True, order=True)
class Shape:
    """What one pod asks for, and how pods are told apart.

    cpu_milli: millicores. memory: in the unit of the nodes. accelerators: how many, all on one node.
    milli: thousandths of each; less than WHOLE shares one accelerator, and several are taken whole.
    models: those that will do, in any order; none: every model. Raises InvalidShapeError.
    """

    cpu_milli: int
    memory: int
    accelerators: int = 0
    milli: int = 0
    models: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "models", tuple(sorted(set(self.models))))
        if min(self.cpu_milli, self.memory, self.accelerators) < 0:
            raise InvalidShapeError(f"{self}: amounts are zero or more")
        if self.accelerators == 0 and self.milli != 0:
            raise InvalidShapeError(f"{self}: milli is {self.milli} of no accelerator; set accelerators, or milli to 0")
        if self.accelerators == 1 and not 1 <= self.milli <= WHOLE:
            raise InvalidShapeError(f"{self}: milli is {self.milli}; of one accelerator 1 to {WHOLE} can be had")
        if self.accelerators > 1 and self.milli != WHOLE:
            raise InvalidShapeError(f"{self}: milli is {self.milli}; several accelerators are taken whole: {WHOLE}")

    @property
    def accelerator_milli(self) -> int:
        """Thousandths of accelerators in all."""
        return self.accelerators * self.milli

    def runs_on(self, model: str) -> bool:
        """Tell whether accelerators of `model` will do. Without accelerators every node will."""
        return not self.accelerators or not self.models or model in self.models


@dataclass(frozen=True, slots=True)
class Node:
    """What is free on a node.

    cpu_milli: millicores. memory: in the unit of the shapes. accelerators: free thousandths of each, 0 to WHOLE.
    model: of all its accelerators. Raises InvalidNodeError.
    """

    name: str
    cpu_milli: int
    memory: int
    accelerators: tuple[int, ...] = ()
    model: str = ""

    def __post_init__(self) -> None:
        if self.cpu_milli < 0 or self.memory < 0:
            raise InvalidNodeError(f"node {self.name}: free CPU and memory are zero or more")
        if self.accelerators and (min(self.accelerators) < 0 or max(self.accelerators) > WHOLE):
            raise InvalidNodeError(f"node {self.name}: {self.accelerators} free; of each accelerator 0 to {WHOLE} is")


Popularity = Mapping[Shape, int]
"""How often each shape is asked for, in any whole unit, such as how many pods of it there are."""
