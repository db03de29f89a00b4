"""Why a candidate does not move now: small functions that each say nothing, or a reason with its message."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from pilothouse.planning.rebalance.account import Account
from pilothouse.planning.rebalance.candidates import FULL, Candidate, percent
from pilothouse.planning.rebalance.fleet import Mode, Why, Workload

Refusal = tuple[Why, str]
Check = Callable[[Account, Candidate], Refusal | None]


def gate(account: Account, cell: str, *, kept: int = 0) -> Refusal | None:
    """Return why nothing that runs may leave a Cell now, whatever it is; cell: empty for no particular one.

    kept: how much of the fleet's budget is left to others, as far as at least one move remains.
    """
    budget = max(1, account.budget - kept)
    if account.under_way >= budget:
        others = f", {account.budget - budget} more if it pressed" if budget < account.budget else ""
        return (Why.FLEET_BUDGET, f"{account.under_way} of at most {budget} moves are under way in the fleet{others}")
    if account.outgoing[cell] >= account.policy.cell_out:
        return (Why.CELL_BUDGET, f"{account.outgoing[cell]} of at most {account.policy.cell_out} moves leave {cell}")
    return None


def _forbidden(_: Account, candidate: Candidate) -> Refusal | None:
    if candidate.mode is Mode.NEVER:
        return (Why.FORBIDDEN, candidate.workload.why or "rebalancing it is forbidden: Never")
    return None


def _under_way(account: Account, candidate: Candidate) -> Refusal | None:
    subject = candidate.workload.subject
    if subject in account.moving and not (candidate.evacuates and not account.moving[subject]):
        return (Why.UNDER_WAY, "a replica of it is on its way")
    if subject.application in account.busy and not candidate.evacuates:
        return (Why.UNDER_WAY, f"another workload of {subject.application} is on its way")
    return None


def _cooldown(account: Account, candidate: Candidate) -> Refusal | None:
    left = account.cooling(candidate.workload.subject.application)
    if left and not candidate.evacuates:
        return (Why.COOLDOWN, f"its Application was moved lately and is left alone for another {left:.0f} s")
    return None


def _budget(account: Account, candidate: Candidate) -> Refusal | None:
    return None if candidate.evacuates else gate(account, candidate.source)


def _floor(_: Account, candidate: Candidate) -> Refusal | None:
    """As `disruptionsAllowed` of a PodDisruptionBudget, but that the new replica is ready before the old one goes."""
    workload = candidate.workload
    if candidate.evacuates or workload.ready >= workload.floor:
        return None
    return (Why.FLOOR, f"{workload.ready} replicas are ready, and at least {workload.floor} must be")


CHECKS: Final[Sequence[Check]] = (_forbidden, _under_way, _cooldown, _budget, _floor)


def refusal(account: Account, candidate: Candidate) -> Refusal | None:
    """Return why the candidate may not leave where it is, whatever it goes to; None when it may."""
    return next((found for check in CHECKS if (found := check(account, candidate))), None)


def destination(account: Account, candidate: Candidate) -> str | Refusal:
    """Return the Cell to go to, or why there is none, with what speaks against how many Cells.

    The least loaded Cell that takes it, not the one that fits best: what fits best is the next one to be hot. What ran
    in a lost Cell may make any other full: their room is kept for that. What must leave goes back to where it came
    from, or to a new Cell that was given enough, before it stays; but there last.
    """
    counts: Counter[str] = Counter()
    for name in _ordered(account, candidate):
        objection = next(_objections(account, candidate, name), None)
        if objection is None:
            return name
        counts[objection] += 1
    parts = [f"{number} {what}" for what, number in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
    return (Why.DESTINATION, f"no Cell can take it: {', '.join(parts) or 'there is no other that it may use'}")


def _ordered(account: Account, candidate: Candidate) -> Sequence[str]:
    allowed = candidate.workload.room.keys() & account.cells.keys() - {candidate.source}
    if candidate.destinations is not None:
        return [name for name in candidate.destinations if name in allowed]
    subject = candidate.workload.subject

    def rank(name: str) -> tuple[bool, bool, float, str]:
        parts = candidate.must and _fewer_domains(account, candidate, name) > 0
        return account.left(subject, name), parts, account.utilisation(name), name

    return sorted(allowed, key=rank)


def _objections(account: Account, candidate: Candidate, name: str) -> Iterator[str]:
    workload, policy = candidate.workload, account.policy
    if name not in account.homes:
        yield "lost or cordoned"
    if account.left(workload.subject, name) and not candidate.must:
        yield "left before"
    if _fewer_domains(account, candidate, name) > _spare_domains(account, candidate):
        yield "in a failure domain that has the others"
    if account.incoming[name] >= policy.cell_in:
        yield "receiving another"
    if account.paced(account.cells[name]) and not candidate.must:
        yield f"new and given {policy.fill_moves} lately"
    after = account.with_one(name, workload)
    if after > FULL or (after >= policy.destination and not candidate.evacuates):
        yield "full" if candidate.evacuates else f"over {percent(policy.destination)} with it"
    room = workload.room if workload.refuge is None or not candidate.evacuates else workload.refuge
    if room[name] < 1:  # the last question, for it costs a look at every node
        yield "without room"


def _fewer_domains(account: Account, candidate: Candidate, to: str) -> int:
    """Return in how many failure domains fewer the workload would run; below 0: in how many more."""
    after = dict(candidate.workload.replicas)
    before = _domains(account, after)
    after[candidate.source] -= 1
    after[to] = after.get(to, 0) + 1
    return len(before) - len(_domains(account, after))


def _spare_domains(account: Account, candidate: Candidate) -> int:
    """Return how many failure domains may be given up: what must leave needs no more than its spec asks for."""
    workload = candidate.workload
    used = len(_domains(account, workload.replicas))
    return max(0, used - workload.min_domains) if candidate.must else 0


def _domains(account: Account, replicas: Mapping[str, int]) -> set[str]:
    return {account.live[name].domain for name, count in replicas.items() if count and name in account.live}


def gap(account: Account, workload: Workload, source: str, to: str) -> float:
    """Return by how many points the replica's new Cell, with it, is less loaded than its old one is now.

    The size of the replica and of the Cells does not matter, so the same minimum fits every fleet.
    """
    return points(account.utilisation(source) - account.with_one(to, workload))


def points(share: float) -> float:
    """Return a share in points, without the noise of binary fractions."""
    return round(100 * share, 6)


def slight_relief(account: Account, candidate: Candidate) -> Refusal | None:
    """Return why a hot Cell keeps a replica that is hardly felt there: moving such ones is work without an end.

    While one of them is on its way nothing else may leave the Cell, so the one that helps would have to wait.
    """
    cell, cost = candidate.source, candidate.workload.cost
    relief = points(account.utilisation(cell) - account.without_one(cell, candidate.workload))
    if account.utilisation(cell) > account.policy.pressing or relief > cost:
        return None
    return (Why.GAIN, f"it would relieve {cell} by {relief:.1f} points at a cost of {cost:.1f}")
