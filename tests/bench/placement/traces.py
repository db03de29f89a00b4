"""Reading the CSV files of the cluster-trace-gpu-v2023 data set: nodes with GPUs, and what pods asked for.

Source: the data set's README. Columns may stand in any order, and others are passed over. `gpu_spec` lists the models
that will do, separated by `|`; empty or `nan`: every model. The file of nodes may hold some without GPUs.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from pilothouse.desired.placement.packing.shapes import WHOLE, Node, PackingError, Shape

NODE_COLUMNS: Final = ("sn", "cpu_milli", "memory_mib", "gpu", "model")
POD_COLUMNS: Final = ("cpu_milli", "memory_mib", "num_gpu")
"""Without `gpu_milli` GPUs are taken whole, without `gpu_spec` every model will do."""
_NONE: Final = ("", "nan", "none", "null")


class UnreadableError(ValueError):
    """A file that is not what it should be: says which, where, what was found and what was expected."""


class Row:
    """One line of a CSV file, which knows where it stands."""

    def __init__(self, path: Path, line: int, values: Mapping[str, str]) -> None:
        self._path, self._line, self._values = path, line, values

    def text(self, column: str) -> str:
        """Return a value, empty where it means nothing."""
        value = (self._values.get(column) or "").strip()
        return "" if value.lower() in _NONE else value

    def number(self, column: str, otherwise: int | None = None) -> int:
        """Return a whole number of zero or more; `otherwise` where there is none. Raises UnreadableError."""
        text = self.text(column)
        if not text and otherwise is not None:
            return otherwise
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if value < 0 or not value.is_integer():
            raise self.wrong(f"column {column} is {self._values.get(column)!r}, not a whole number of zero or more")
        return int(value)

    def wrong(self, what: object) -> UnreadableError:
        """Return an error that says where."""
        return UnreadableError(f"{self._path}, line {self._line}: {what}")


def read_nodes(path: Path) -> list[Node]:
    """Return the nodes of a file, all free. Raises UnreadableError."""
    nodes: dict[str, Node] = {}
    for row in _rows(path, NODE_COLUMNS):
        name = row.text("sn")
        if not name or name in nodes:
            raise row.wrong(f"column sn is {name!r}, {'which is there twice' if name else 'not the name of a node'}")
        free = (WHOLE,) * row.number("gpu")
        nodes[name] = Node(name, row.number("cpu_milli"), row.number("memory_mib"), free, row.text("model"))
    if not any(node.accelerators for node in nodes.values()):
        raise UnreadableError(f"{path}: no node has a GPU (column gpu), so there is nothing to allocate")
    return list(nodes.values())


def read_pods(path: Path) -> list[Shape]:
    """Return what each pod of a file asked for, in its order. Raises UnreadableError."""
    pods = [_shape(row) for row in _rows(path, POD_COLUMNS)]
    if not any(pod.accelerators for pod in pods):
        raise UnreadableError(f"{path}: no pod asks for a GPU (column num_gpu), so no arrivals reach the capacity")
    return pods


def _shape(row: Row) -> Shape:
    """GPUs without an amount of each are whole, and more than all of one is all of it, as for the paper's simulator."""
    count = row.number("num_gpu")
    milli = min(WHOLE, row.number("gpu_milli", WHOLE)) if count else 0
    models = tuple(model for model in (part.strip() for part in row.text("gpu_spec").split("|")) if model)
    try:
        return Shape(row.number("cpu_milli"), row.number("memory_mib"), count, milli, models if count else ())
    except PackingError as wrong:
        raise row.wrong(f"column gpu_milli or num_gpu does not fit the other: {wrong}") from wrong


def _rows(path: Path, needed: Sequence[str]) -> Iterator[Row]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            yield from _parsed(path, csv.reader(file, strict=True), needed)
    except OSError as wrong:
        raise UnreadableError(f"{path}: cannot be read: {wrong.strerror}") from wrong
    except UnicodeDecodeError as wrong:
        raise UnreadableError(f"{path}: is not text in UTF-8 at byte {wrong.start}") from wrong


def _parsed(path: Path, lines: Iterator[list[str]], needed: Sequence[str]) -> Iterator[Row]:
    number = 0
    header: list[str] = []
    try:
        for number, values in enumerate(lines, start=1):
            if not header:
                header = _header(path, values, needed)
            elif values and len(values) != len(header):
                raise UnreadableError(f"{path}, line {number}: {len(values)} values for {len(header)} columns")
            elif values:
                yield Row(path, number, dict(zip(header, values, strict=True)))
    except csv.Error as wrong:
        raise UnreadableError(f"{path}, line {number + 1}: is not CSV: {wrong}") from wrong
    if not header:
        raise UnreadableError(f"{path}: is empty; expected columns {', '.join(needed)}")


def _header(path: Path, values: Sequence[str], needed: Sequence[str]) -> list[str]:
    header = [value.strip() for value in values]
    missing = [column for column in needed if column not in header]
    if missing:
        raise UnreadableError(f"{path}, line 1: no column {', '.join(missing)}; found {', '.join(header) or 'nothing'}")
    twice = [column for column in needed if header.count(column) > 1]
    if twice:
        raise UnreadableError(f"{path}, line 1: column {', '.join(twice)} is there twice")
    return header
