"""The one question that the custodian asks each time is answered here: what moves now."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from pilothouse.planning.rebalance.account import Account
from pilothouse.planning.rebalance.candidates import METHODS, WORTH, Candidate, Group, cheaper, percent
from pilothouse.planning.rebalance.checks import Refusal, destination, gap, gate, refusal, slight_relief
from pilothouse.planning.rebalance.fleet import Decision, Fleet, Held, Mode, Move, Trigger, Why, Workload
from pilothouse.planning.rebalance.policy import RebalancePolicy

OWED: Final = frozenset({Trigger.BLOCKED, Trigger.MISSING, Trigger.DRAINING})
"""What such a move gains is not weighed: the replica does not run, or a person wants it elsewhere."""


@dataclass(slots=True)
class _Notes:
    """What a pass has come to so far."""

    moves: list[Move] = field(default_factory=list)
    proposals: list[Move] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)

    def hold(self, group: Group, refused: Refusal, candidate: Candidate | None = None) -> None:
        why, message = refused
        cell, subject = (candidate.source, candidate.workload.subject) if candidate else (group.cell, None)
        self.held.append(Held(why, f"{group.about}; {message}", group.trigger, cell, subject, message))

    def decision(self, account: Account) -> Decision:
        return Decision(tuple(self.moves), tuple(self.proposals), tuple(self.held), tuple(sorted(account.leaving)))


def decide(fleet: Fleet, policy: RebalancePolicy) -> Decision:
    """Return the moves to begin now, in order, and why nothing else moves.

    Methods are asked in a fixed order, and the first that has something to begin is the only one that acts. The same
    fleet gives the same decision, in whatever order its parts are given. Each move keeps every budget of the policy,
    counted with what is under way.
    """
    account, notes = Account(fleet, policy), _Notes()
    if stop := _stopped(account):
        notes.held.append(Held(*stop))
        for method in METHODS:
            _act(account, method(account), notes, stop)
        return notes.decision(account)
    calm = not account.incoming
    for method in METHODS:
        groups = list(method(account))
        calm = calm and not groups
        _act(account, groups, notes)
        if notes.moves:
            return notes.decision(account)
    if calm:
        _act(account, cheaper(account), notes)
    return notes.decision(account)


def _stopped(account: Account) -> Refusal | None:
    """Return why nothing at all moves now."""
    if account.repairs:
        return (Why.REPAIR, f"{account.repairs} repairs are queued, and rebalancing waits for them")
    if account.in_line:
        return (Why.IN_LINE, f"{account.in_line} Plans wait in line for others, and rebalancing comes behind them")
    lost, known = len(account.cells) - len(account.live), len(account.cells)
    if lost > account.policy.most_lost * known:
        return (Why.MOST_LOST, f"{lost} of {known} Cells look lost at once: that is more likely us than them")
    return None


def _act(account: Account, groups: Iterable[Group], notes: _Notes, stop: Refusal | None = None) -> None:
    for group in groups:
        if not group.candidates:
            notes.hold(group, (Why.NO_CANDIDATE, "nothing there could move to better effect"))
        elif stop:
            notes.hold(group, stop)
        elif not group.candidates[0].evacuates and (closed := _closed(account, group)):
            notes.hold(group, closed)
        else:
            _serve(account, group, notes)


def _closed(account: Account, group: Group) -> Refusal | None:
    return gate(account, group.cell, kept=0 if group.presses else account.policy.kept)


def _serve(account: Account, group: Group, notes: _Notes) -> None:
    """Begin the first move of a group that may begin; what a person has to agree to is proposed, and does not wait."""
    proposed = False
    for candidate in group.candidates:
        found = _weighed(account, group, candidate)
        if not isinstance(found, Move):
            notes.hold(group, found, candidate)
        elif candidate.mode is Mode.AUTOMATIC:
            account.begin(found, candidate.workload.requests)
            notes.moves.append(found)
            return
        elif not proposed:
            notes.proposals.append(found)
            proposed = True


def _weighed(account: Account, group: Group, candidate: Candidate) -> Move | Refusal:
    """Return the move of a candidate, or why it has none."""
    refused = refusal(account, candidate)
    if refused is not None:
        return refused
    to = destination(account, candidate)
    if not isinstance(to, str):
        return to
    gain, cost = _gain(account, group.trigger, candidate, to), candidate.workload.cost
    if group.trigger is Trigger.HOT and (slight := slight_relief(account, candidate)):
        return slight
    if group.trigger not in OWED and gain - cost < account.policy.minimum_gain:
        least = account.policy.minimum_gain
        return (Why.GAIN, f"to {to} it would gain {gain:.1f} points at a cost of {cost:.1f}, less than {least:g} net")
    reason = _reason(account, group, candidate.workload, to)
    reason = f"{reason}; it gains {gain:.1f} points and costs {cost:.1f}"
    subject, source = candidate.workload.subject, candidate.source
    return Move(subject, source, to, group.trigger, gain, cost, reason, candidate.evacuates)


def _gain(account: Account, trigger: Trigger, candidate: Candidate, to: str) -> float:
    if trigger in OWED:
        return WORTH
    if trigger is Trigger.PRICE:
        before, after = account.cells[candidate.source].price, account.cells[to].price
        return 100 * (before - after) / before
    return gap(account, candidate.workload, candidate.source, to)


def _reason(account: Account, group: Group, workload: Workload, to: str) -> str:
    after = percent(account.with_one(to, workload))
    return f"{group.about}; one replica of {workload.subject} moves to {to}, which is {after} reserved with it"
