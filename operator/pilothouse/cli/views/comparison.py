"""What differs between two Plans: steps as Plans show them, their lines marked `<` and `>` where only one has them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from rich.text import Text

from pilothouse.api.plan import Step
from pilothouse.cli.escape import printable, value
from pilothouse.cli.objects import PlanObject
from pilothouse.cli.views.colours import BAD, CHANGED, GOOD
from pilothouse.cli.views.plan import proposed

FIRST: Final = Text("< ", BAD)
SECOND: Final = Text("> ", GOOD)
BOTH: Final = Text("  ")
HIDDEN: Final = "      what is wanted differs, in what Plans do not show"
MOVED: Final = "      what it was planned from differs, in what Plans do not show"


@dataclass(frozen=True, slots=True)
class Pair:
    """What two Plans do to one thing; None where one of them does nothing to it."""

    first: Step | None
    second: Step | None

    @property
    def same(self) -> bool:
        """Tell whether both propose just the same, based on the same. What becomes of it is not asked."""
        return self.first is not None and self.second is not None and _essence(self.first) == _essence(self.second)


def pairs(first: PlanObject, second: PlanObject) -> list[Pair]:
    """Return the steps of two Plans side by side, in the order of the first, then what only the second has.

    Steps belong together that have one name, or else one target: that it is replaced now and was updated before is one
    difference, not two.
    """
    rest = {step.name: step for step in second.spec.steps}
    own = {step.name for step in first.spec.steps}
    found = []
    for step in first.spec.steps:
        of_target = (name for name, other in rest.items() if name not in own and other.target == step.target)
        name = step.name if step.name in rest else next(of_target, "")
        found.append(Pair(step, rest.pop(name, None)))
    return found + [Pair(None, step) for step in rest.values()]


def comparison(first: PlanObject, second: PlanObject, both: list[Pair]) -> Text:
    """Return what differs between two Plans whose steps are `both`, and how much."""
    headings = Text("\n").join([FIRST + _heading(first), SECOND + _heading(second)])
    different = [Text("\n").join(_lines(pair)) for pair in both if not pair.same]
    return Text("\n\n").join([headings, *different, Text(_counted(both))])


def _heading(plan: PlanObject) -> Text:
    state = printable(plan.status.state or "Pending")
    return Text(
        f"{plan.label}, revision {plan.spec.revision} of Application {printable(plan.spec.application_ref.name)}: "
        f"{plan.spec.reason}, {state}"
    )


def _counted(both: list[Pair]) -> str:
    same = sum(pair.same for pair in both)
    if same == len(both):
        return f"No difference in {same} {'step' if same == 1 else 'steps'}."
    first, second = sum(pair.second is None for pair in both), sum(pair.first is None for pair in both)
    different = len(both) - same - first - second
    return f"Steps: {first} only in the first, {second} only in the second, {different} different, {same} the same"


def _essence(step: Step) -> tuple[object, ...]:
    return step.action, step.target, step.impact, step.gated, step.basis, step.changes


def _lines(pair: Pair) -> Iterator[Text]:
    one = proposed(pair.first) if pair.first is not None else []
    other = proposed(pair.second) if pair.second is not None else []
    if pair.first is not None and pair.second is not None:
        one, other = _with_basis(pair.first, pair.second, one, other)
    matcher = SequenceMatcher(None, _plain(one), _plain(other), autojunk=False)
    for operation, start, end, from_, to in matcher.get_opcodes():
        if operation == "equal":
            yield from (BOTH + line for line in one[start:end])
        else:
            yield from (FIRST + line for line in one[start:end])
            yield from (SECOND + line for line in other[from_:to])


def _plain(texts: Iterable[Text]) -> list[str]:
    return [text.plain for text in texts]


def _with_basis(first: Step, second: Step, one: list[Text], other: list[Text]) -> tuple[list[Text], list[Text]]:
    """Add what sets two steps apart and is no field: the very thing they are about, and what Plans do not show."""
    if first.basis.id != second.basis.id:
        return [*one, _thing(first)], [*other, _thing(second)]
    if _plain(one) != _plain(other):
        return one, other
    notes = [HIDDEN] * (first.basis.desired != second.basis.desired)
    notes += [MOVED] * (first.basis.observed != second.basis.observed)
    shared = [Text(note, CHANGED) for note in notes]
    return [*one, *shared], [*other, *shared]


def _thing(step: Step) -> Text:
    return Text(f"      of {value(step.basis.id)}" if step.basis.id else "      of nothing that exists")
