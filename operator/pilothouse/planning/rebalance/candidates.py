"""What could move for each trigger, best first: a fixed list of methods, of which one acts in a pass.

The shape is that of Karpenter's disruption controller: each method names candidates, the checks are the same for all.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pilothouse.planning.rebalance.account import Account
from pilothouse.planning.rebalance.fleet import Cell, Mode, Subject, Trigger, Workload

WORTH: Final = 100.0
"""Points that it is worth to run what does not run, and to leave a Cell that a person empties."""

FULL: Final = 1.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """One replica that could leave a Cell. evacuates: the Cell is lost; must: that, or a person has it emptied.

    destinations: where to, the best first; None: anywhere, the least loaded Cell first.
    """

    workload: Workload
    source: str
    evacuates: bool = False
    must: bool = False
    destinations: Sequence[str] | None = None

    @property
    def mode(self) -> Mode:
        """What rebalancing may do with it."""
        drains, drained = self.must and not self.evacuates, self.workload.drained
        return drained if drains and drained is not None else self.workload.mode


@dataclass(frozen=True, slots=True)
class Group:
    """Candidates for one and the same relief, the best first; the first one that may move is enough.

    about: what is the matter, for people. cell: where, empty when it is no Cell that asks for it. presses: it may use
    what is kept of the fleet's budget.
    """

    trigger: Trigger
    about: str
    candidates: Sequence[Candidate]
    cell: str = ""
    presses: bool = False


Method = Callable[[Account], Iterator[Group]]


def blocked(account: Account) -> Iterator[Group]:
    """Restore what a person waits for."""
    return _restored(account, Trigger.BLOCKED, [each for each in account.workloads if each.blocked])


def missing(account: Account) -> Iterator[Group]:
    """Restore what runs less often than it should, and leave Cells that are lost."""
    return _restored(account, Trigger.MISSING, [each for each in account.workloads if not each.blocked])


def hot(account: Account) -> Iterator[Group]:
    """Relieve Cells that are too full and stay so, the fullest first."""
    burning = [cell for cell in account.live.values() if _burns(account, cell)]
    for cell in sorted(burning, key=lambda cell: (-account.utilisation(cell.name), cell.name)):
        about = f"{cell.name} is {percent(account.utilisation(cell.name))} reserved, {_heat(account, cell)}"
        yield Group(Trigger.HOT, about, _relieving(account, cell.name), cell.name, presses=_presses(account, cell))


def draining(account: Account) -> Iterator[Group]:
    """Empty Cells that a person cordoned to have them emptied; what is most important leaves first, of all of them."""
    emptied = [name for name, cell in account.live.items() if cell.cordoned and cell.evict]
    leaving = {name: sorted(_in(account, name), key=_importance) for name in emptied}
    for name in sorted(emptied, key=lambda name: (-max((one.priority for one in leaving[name]), default=0), name)):
        yield Group(
            Trigger.DRAINING,
            f"{name} is cordoned and is to be emptied",
            [Candidate(each, name, must=True) for each in leaving[name]],
            name,
        )


def new_cells(account: Account) -> Iterator[Group]:
    """Give Cells that joined or recovered a share, from the fullest Cells, until they are at half the mean."""
    for cell in account.homes.values():
        if account.new(cell):
            came = "recovered" if (cell.recovered_at or 0.0) > (cell.joined_at or 0.0) else "joined"
            share = percent(account.policy.fill_share)
            about = (
                f"{cell.name} {came} and is {percent(account.utilisation(cell.name))} reserved, "
                f"less than {share} of the mean {percent(account.mean)}"
            )
            yield Group(Trigger.NEW_CELL, about, _for_new(account, cell), cell.name)


def cheaper(account: Account) -> Iterator[Group]:
    """Leave dear Cells, the dearest first. Only asked when nothing else is the matter and nothing is under way."""
    priced = [cell for cell in account.homes.values() if cell.price > 0]
    for cell in sorted(priced, key=lambda cell: (-cell.price, cell.name)):
        cheap = sorted((each.price, each.name) for each in priced if each.price < cell.price)
        if cheap:
            takers = [name for _, name in cheap]
            candidates = [Candidate(each, cell.name, destinations=takers) for each in _in(account, cell.name)]
            yield Group(Trigger.PRICE, f"{cell.name} costs {cell.price:g}", candidates, cell.name)


METHODS: Final[Sequence[Method]] = (blocked, missing, hot, draining, new_cells)
"""In the order in which they are asked; `cheaper` comes after all of them had nothing to ask for."""


def percent(share: float) -> str:
    """Spell a share as people read it."""
    return f"{100 * share:.0f} %"


def _restored(account: Account, trigger: Trigger, workloads: Iterable[Workload]) -> Iterator[Group]:
    wanting = [(_wanting(account, each), each) for each in workloads]
    ranked = sorted(
        ((number, each) for number, each in wanting if number),
        key=lambda pair: (-pair[1].priority, -pair[0], pair[1].subject),
    )
    for number, workload in ranked:
        noun = "replica is" if number == 1 else "replicas are"
        about = f"{number} {noun} missing of {workload.subject}"
        if trigger is Trigger.BLOCKED:
            about += ", which a person waits for"
        if gone := _evacuated(account, workload):
            where = ", ".join(f"{name} of {account.cells[name].domain}" for name in gone)
            candidates = [Candidate(workload, name, evacuates=True, must=True) for name in gone]
            yield Group(trigger, f"{about}; {where} is lost", candidates, gone[0], presses=True)
        elif workload.missing and not any(workload.room.get(name, 0) for name in account.homes):
            yield Group(trigger, f"{about}, and no Cell has room", _making_room(account, workload), presses=True)


def _wanting(account: Account, workload: Workload) -> int:
    """Return how many replicas are missing: those that are placed nowhere, and those in lost Cells."""
    return workload.missing + sum(workload.replicas[name] for name in _evacuated(account, workload))


def _evacuated(account: Account, workload: Workload) -> list[str]:
    """Return the Cells with replicas that have been lost for long enough to believe it."""
    return [name for name, count in sorted(workload.replicas.items()) if count and account.lost(name)]


def _making_room(account: Account, waiting: Workload) -> list[Candidate]:
    """Return what could leave a full Cell so that a replica of `waiting` fits: nothing that is more important."""
    found = []
    for name in account.homes.keys() & waiting.room.keys():
        if account.with_one(name, waiting) > 1:
            found += [
                (each.cost, account.utilisation(name), each.subject, name, each)
                for each in _in(account, name)
                if each.priority <= waiting.priority and each.subject != waiting.subject
                if account.exchanged(name, each, waiting) <= 1
            ]
    return [Candidate(each, name) for *_, name, each in sorted(found, key=lambda one: one[:4])]


def _burns(account: Account, cell: Cell) -> bool:
    """Tell whether a Cell is hot: for long enough, unless it cools by itself; or soon to be full, by how it grows.

    A burst takes a Cell from half full to overfull in minutes, and a move takes minutes as well: the third sample would
    come when the damage is done.
    """
    policy = account.policy
    if len(cell.samples) < policy.hot_samples or cell.samples[-1] <= policy.hot:
        return False
    return _forecast(account, cell) > (policy.hot if _stays_hot(account, cell) else FULL)


def _stays_hot(account: Account, cell: Cell) -> bool:
    return min(cell.samples[-account.policy.hot_samples :]) > account.policy.hot


def _heat(account: Account, cell: Cell) -> str:
    policy = account.policy
    if _stays_hot(account, cell):
        return f"over {percent(policy.hot)} in {policy.hot_samples} samples running"
    return f"over {percent(policy.hot)} and full within {policy.trend_samples:g} samples if it goes on so"


def _presses(account: Account, cell: Cell) -> bool:
    return account.utilisation(cell.name) > account.policy.pressing or _forecast(account, cell) > FULL


def _forecast(account: Account, cell: Cell) -> float:
    """Return the utilisation that a Cell comes to if it goes on as in its last samples."""
    latest = cell.samples[-account.policy.hot_samples :]
    return latest[-1] + account.policy.trend_samples * _trend(latest)


def _trend(samples: Sequence[float]) -> float:
    """Return by how much samples grow from one to the next, on average."""
    return (samples[-1] - samples[0]) / max(1, len(samples) - 1)


def _relieving(account: Account, cell: str) -> list[Candidate]:
    """Return what runs in a Cell, that with the largest relief for its cost first."""
    before = account.utilisation(cell)

    def rank(workload: Workload) -> tuple[float, Subject]:
        relief = 100 * (before - account.without_one(cell, workload))
        return (-relief / (1 + workload.cost), workload.subject)

    return [Candidate(each, cell) for each in sorted(_in(account, cell), key=rank)]


def _for_new(account: Account, cell: Cell) -> list[Candidate]:
    full = [name for name in account.homes if account.utilisation(name) > account.mean]
    found = []
    for name in sorted(full, key=lambda name: (-account.utilisation(name), name)):
        movable = [one for one in _relieving(account, name) if cell.name in one.workload.room]
        found += [Candidate(one.workload, name, destinations=(cell.name,)) for one in movable]
    return found


def _in(account: Account, cell: str) -> list[Workload]:
    return [each for each in account.workloads if each.replicas.get(cell, 0) > 0]


def _importance(workload: Workload) -> tuple[int, tuple[str, str]]:
    return (-workload.priority, workload.subject)
