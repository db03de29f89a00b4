"""What would come of a change of the fleet, for people and for programs."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pilothouse.cli.escape import printable
from pilothouse.cli.views.colours import BAD, CHANGED, GOOD
from pilothouse.desired.placement.fleet.assignment import Unplaced
from pilothouse.desired.placement.fleet.values import Key
from pilothouse.desired.placement.fleet.whatif import Move, Survival
from pilothouse.planning.simulation.simulate import Answer, Stays

TITLES: Final[Mapping[str, str]] = {
    "drain": "If Cell {} were drained",
    "add-cell": "If the Cell of {} were added",
    "grow": "If it grew by {}",
    "lose": "If failure domain {} were lost",
}


def told(answer: Answer, what: str, value: str) -> RenderableType:
    """Return the answer for people. what, value: the change, as it was given."""
    parts: list[RenderableType] = [Text(f"{TITLES[what].format(printable(value))} (nothing was changed):")]
    parts += [Text(""), _moves(answer.moves)] if answer.moves else []
    parts += [Text(""), Text(_counted(answer.moves))]
    for one in answer.unplaced:
        parts += [Text(""), *_unplaced(one, answer.pending.get(one.key, 0))]
    if answer.stays:
        parts += [Text(""), *map(_stays, answer.stays)]
    parts += [Text(""), Text(_cost(answer)), _survivals(answer.survivals)]
    return Group(*parts)


def summary(answer: Answer, what: str, value: str) -> dict[str, Any]:
    """Return the answer for programs."""
    return {
        "change": {what: value},
        "fits": answer.fits,
        "moves": [
            {**_named(one.key), "from": one.source, "to": one.target, "replicas": one.replicas} for one in answer.moves
        ],
        "unplaced": [
            {
                **_named(one.key),
                "replicas": one.replicas,
                "unplacedNow": answer.pending.get(one.key, 0),
                "blocked": dict(one.blocked),
            }
            for one in answer.unplaced
        ],
        "stays": [
            {**_named(one.key), "cell": one.cell, "replicas": one.replicas, "why": one.why} for one in answer.stays
        ],
        "costAnHour": {"before": round(answer.cost_before, 6), "after": round(answer.cost_after, 6)},
        "ifDomainIsLost": {one.domain: sum(left.replicas for left in one.unplaced) for one in answer.survivals},
    }


def _named(key: Key) -> dict[str, str]:
    namespace, _, application = key.application.partition("/")
    return {"namespace": namespace, "application": application, "workload": key.workload}


def _moves(moves: Sequence[Move]) -> Table:
    grid = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="")
    for heading in ("APPLICATION", "WORKLOAD", "REPLICAS", "FROM", "TO"):
        grid.add_column(heading, no_wrap=True)
    for move in moves:
        names = (move.key.application, move.key.workload, str(move.replicas), move.source or "-", move.target or "-")
        grid.add_row(*(Text(printable(name)) for name in names))
    return grid


def _counted(moves: Sequence[Move]) -> str:
    if not moves:
        return "Nothing would move."
    went = sum(move.replicas for move in moves if move.source and move.target)
    came = sum(move.replicas for move in moves if not move.source)
    over = sum(move.replicas for move in moves if not move.target)
    counts = [f"{count} {verb}" for count, verb in ((went, "move"), (came, "be new"), (over, "end")) if count]
    plans = len({move.key.application for move in moves})
    return f"Of the replicas {', '.join(counts)}: a Plan for {plans} Application{'s' if plans > 1 else ''}."


def _unplaced(one: Unplaced, before: int) -> Iterable[Text]:
    already = f" ({before} of them fit nowhere now either)" if before else ""
    yield Text(f"{printable(str(one.replicas))} of {_of(one.key)} would not fit{already}:", CHANGED if before else BAD)
    for cell, why in one.blocked.items():
        yield Text(f"  {printable(cell)}: {printable(why)}")


def _stays(one: Stays) -> Text:
    where = f"{one.replicas} of {_of(one.key)} would stay in {printable(one.cell)}"
    return Text(f"{where}: {printable(one.why)}", CHANGED)


def _of(key: Key) -> str:
    return f"{printable(key.application)} {printable(key.workload)}"


def _cost(answer: Answer) -> str:
    before, after = answer.cost_before, answer.cost_after
    if not before and not after:
        return "Cost: not known, for no Cell has a price."
    return f"Cost an hour: {before:.4f} before, {after:.4f} after ({after - before:+.4f})"


def _survivals(survivals: Sequence[Survival]) -> Text:
    short = {one.domain: sum(left.replicas for left in one.unplaced) for one in survivals if one.unplaced}
    if not short:
        return Text("Afterwards any one failure domain may be lost: everything fits without it.", GOOD)
    lost = ", ".join(f"{printable(domain)} ({count})" for domain, count in sorted(short.items()))
    return Text(
        f"Afterwards these failure domains may not be lost, for so many replicas would not fit: {lost}", CHANGED
    )
