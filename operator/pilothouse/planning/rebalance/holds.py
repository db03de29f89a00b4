"""Why nothing leaves a Cell that something is to leave, in words that last as long as the reasons do.

They stand in the status of the Cell, so no number is in them that changes by the minute.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pilothouse.planning.rebalance.fleet import Cell, Decision, Held, Subject, Trigger, Why
from pilothouse.planning.rebalance.policy import RebalancePolicy

PROPOSED: Final = "Proposed"
SAID: Final[Mapping[str, str]] = {
    PROPOSED: "a person has to agree to the move of {}",
    Why.MOST_LOST: "most Cells look lost at once, which is more likely us than them",
    Why.DESTINATION: "no other Cell can take {}",
    Why.FORBIDDEN: "{} may not move",
    Why.FLOOR: "too few replicas are Ready of {}",
    Why.NO_CANDIDATE: "nothing of what fills it could move to better effect",
    Why.GAIN: "too little would be gained by moving {}",
    Why.REPAIR: "repairs go first",
    Why.IN_LINE: "Plans that wait in line go first",
    Why.FLEET_BUDGET: "as many moves are under way in the fleet as may be at once",
    Why.COOLDOWN: "{} moved lately, or its Application did",
    Why.UNDER_WAY: "another move is under way of {}",
}
"""What is said of workloads, first what a person can do most about. CellBudget says that something is leaving."""
_WHAT: Final[Mapping[Trigger, str]] = {Trigger.HOT: "it is hot", Trigger.DRAINING: "it is to be emptied"}
_LOST: Final = "it is lost"
_ORDER: Final = tuple(Trigger)
_RANK: Final = {reason: number for number, reason in enumerate(SAID)}
_MOST_NAMED: Final = 3
_MOST_SAID: Final = 6


@dataclass(frozen=True, slots=True)
class Hold:
    """Why nothing leaves a Cell. trigger: what something is to leave for; reason: a Why, or Proposed; message: all."""

    trigger: Trigger
    reason: str
    message: str


@dataclass(frozen=True, slots=True, order=True)
class _Clause:
    """Workloads of which one thing is said. rank: of its reason; detail: what else is said; empty for nothing."""

    rank: int
    reason: str
    detail: str


def holds(
    cells: Sequence[Cell], decision: Decision, policy: RebalancePolicy, before: Mapping[str, Hold]
) -> dict[str, Hold]:
    """Return why nothing leaves the Cells that are hot, lost or to be emptied, and that nothing is on its way out of.

    before: what this returned of the decision before: where something of a kind was begun, later kinds were not asked.
    """
    known = {cell.name: cell for cell in cells}
    acted = max((_ORDER.index(move.trigger) for move in decision.moves), default=len(_ORDER))
    found = _found(decision, known)
    found |= {
        name: hold
        for name, hold in before.items()
        if _ORDER.index(hold.trigger) > acted and name in known and _lasts(hold, known[name], policy)
    }
    return {name: hold for name, hold in sorted(found.items()) if name not in decision.leaving}


def _lasts(hold: Hold, cell: Cell, policy: RebalancePolicy) -> bool:
    return cell.evict if hold.trigger is Trigger.DRAINING else bool(cell.samples) and cell.samples[-1] > policy.hot


def _found(decision: Decision, known: Mapping[str, Cell]) -> dict[str, Hold]:
    said = defaultdict[str, defaultdict[_Clause, set[Subject | None]]](lambda: defaultdict(set))
    triggers = defaultdict[str, set[Trigger]](set)
    for trigger, cell, clause, subject in _told(decision):
        if cell in known and (trigger in _WHAT or known[cell].lost_since is not None):
            triggers[cell].add(trigger)
            said[cell][clause].add(subject)
    return {name: _hold(max(triggers[name], key=_ORDER.index), clauses) for name, clauses in said.items()}


def _told(decision: Decision) -> Iterator[tuple[Trigger, str, _Clause, Subject | None]]:
    for move in decision.proposals:
        yield move.trigger, move.source, _Clause(_RANK[PROPOSED], PROPOSED, ""), move.subject
    for one in decision.held:
        empty = one.why is Why.NO_CANDIDATE and one.trigger is not Trigger.HOT
        if one.trigger is not None and one.why in SAID and not empty:
            yield one.trigger, one.cell, _clause(one), one.subject


def _clause(one: Held) -> _Clause:
    return _Clause(_RANK[one.why], one.why.value, one.said if one.why is Why.FORBIDDEN else "")


def _hold(trigger: Trigger, clauses: Mapping[_Clause, Collection[Subject | None]]) -> Hold:
    told = sorted(clauses)
    spelled = [_spelled(clause, clauses[clause]) for clause in told[:_MOST_SAID]]
    more = ["and more"] if len(told) > _MOST_SAID else []
    message = f"{_WHAT.get(trigger, _LOST)}, and nothing leaves it: {'; '.join(spelled + more)}"
    return Hold(trigger, told[0].reason, message)


def _spelled(clause: _Clause, subjects: Collection[Subject | None]) -> str:
    named = sorted(subject for subject in subjects if subject is not None)
    names = ", ".join(map(str, named[:_MOST_NAMED]))
    names += f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    text = SAID[clause.reason].format(names)
    return f"{text}: {clause.detail}" if clause.detail else text
