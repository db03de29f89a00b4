"""Every status that the Controller can write, as an object, and what others are meant to make of it."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any, NamedTuple

from pilothouse.api.application_reasons import APPLICATION
from pilothouse.api.cell import Breaker, CellStatus
from pilothouse.api.conditions import Condition
from pilothouse.api.meta import API_VERSION
from pilothouse.controller.cell_status import status_of
from pilothouse.controller.conditions import Facts, conditions
from tests.unit.controller.test_cell_status import CELLS, NOW, OPEN
from tests.unit.controller.test_plans import every_status
from tests.unit.planning.things import entry

Live = Mapping[str, Any]
STUCK_BY = sorted(reason.name for reason in APPLICATION.reasons if "Stalled=True" in reason.stands)
GENERATION = 7


class Told(NamedTuple):
    """An object, and what kstatus is meant to make of it."""

    live: Live
    meant: str


def everything() -> Iterator[Told]:
    """Go through every status of every kind: as written, with a newer spec, and with a deletion under way."""
    for told in (*applications(), *plans(), *cells()):
        yield told
        metadata = told.live["metadata"]
        if "observedGeneration" in told.live["status"]:
            newer = {**metadata, "generation": metadata["generation"] + 1}
            yield Told({**told.live, "metadata": newer}, "InProgress")
        going = {**metadata, "deletionTimestamp": "2026-01-01T00:00:00Z"}
        yield Told({**told.live, "metadata": going}, "Terminating")


def applications() -> Iterator[Told]:
    """Go through what the conditions of an Application are concluded from."""
    for facts in every_fact():
        held = facts.suspended and facts.changing
        at_work = facts.changing or facts.waiting or facts.unready or facts.outdated or facts.deleting
        meant = "Failed" if facts.stalled or facts.approval or held else "InProgress" if at_work else "Current"
        yield Told(_object("Application", facts.generation, conditions(facts), observed=facts.generation), meant)


def every_fact() -> Iterator[Facts]:
    """Go through facts of every sort, each alone and beside each other."""
    choices: dict[str, Iterable[Any]] = {
        "stalled": [(), *(((name, "because"),) for name in STUCK_BY)],
        "approval": ["", "approve"],
        "waiting": [(), ("a is being deleted",)],
        "changing": [False, True],
        "window": ["", "opens at noon"],
        "deleting": [False, True],
        "suspended": ["", "spec.suspend is true"],
        "unready": [(), (entry("a", state="Progressing"),)],
        "outdated": [(), ("a: since noon",)],
    }
    for chosen in product(*choices.values()):
        yield Facts(GENERATION, **dict(zip(choices, chosen, strict=True)))


def plans() -> Iterator[Told]:
    """A Plan is a record: it is what it should be from the moment it is stored, however far it is carried out."""
    for status in every_status():
        yield Told(_object("Plan", 1, status.conditions), "Current")


def cells() -> Iterator[Told]:
    """A Cell that cannot be worked with is tried again by itself; that its breaker is open concerns Applications."""
    for (reason, made), breaker in product(CELLS.items(), (Breaker(), OPEN)):
        cell = made()
        status = status_of(cell, CellStatus(), {}, breaker, NOW)
        meant = "Current" if reason == "Reachable" else "InProgress"
        yield Told(_object("Cell", cell.generation, status.conditions, observed=status.observed_generation), meant)


def _object(kind: str, generation: int, given: Iterable[Condition], observed: int | None = None) -> dict[str, Any]:
    status: dict[str, Any] = {"conditions": [each.model_dump(mode="json", by_alias=True) for each in given]}
    if observed is not None:
        status["observedGeneration"] = observed
    metadata = {"name": "one", "generation": generation}
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "status": status}
