"""The smallest change by which everything fits: one thing that one person can do, tried before it is told.

Changes are tried by how little they take: what was switched off by hand, then what the workload asks of Cells, then
rights, then what pods ask for, then nodes, and last fewer replicas. Residency and silos are never in question.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

from pilothouse.api.cell import Allow
from pilothouse.api.quantities import amount, shown
from pilothouse.api.workload import Workload
from pilothouse.desired.cells import CellView, NodeFree
from pilothouse.desired.placement.filters import (
    LEAVE,
    STAY,
    Asked,
    Filter,
    cordoned,
    not_allowed,
    not_selected,
    refusal,
    unmet,
)
from pilothouse.desired.placement.nodes import Pod, emptied, pod_of, room
from pilothouse.desired.placement.replicas import Placement, Terms, place

MOST_NODES: Final = 1000
CONSIDERED: Final = 20
"""Of so many Cells, by name, each kind of change is looked for; a fleet has more than a person would read."""


@dataclass(frozen=True, slots=True)
class Question:
    """What `place` is asked."""

    workload: Workload
    cells: Sequence[CellView]
    current: Mapping[str, int]
    namespace: str
    terms: Terms

    def placed(self) -> Placement:
        """Return the answer."""
        return place(self.workload, self.cells, self.current, namespace=self.namespace, terms=self.terms)

    def with_cell(self, cell: CellView) -> "Question":
        """Ask the same with one Cell changed."""
        return replace(self, cells=[cell if one.name == cell.name else one for one in self.cells])

    def with_placement(self, **fields: Any) -> "Question":
        """Ask the same for a workload with other fields of its placement."""
        placement = self.workload.placement.model_copy(update=fields)
        return replace(self, workload=self.workload.model_copy(update={"placement": placement}))


@dataclass(frozen=True, slots=True)
class Change:
    """A change in words, without a full stop inside, and the question after it."""

    text: str
    then: Question


def unblocking(question: Question, placement: Placement) -> Change | None:
    """Return the smallest change after which nothing is short; None where no single one of those known here does it.

    placement: the answer to `question`, with a shortfall.
    """
    changes = (change for kind in _KINDS for change in islice(kind(_Case.of(question, placement)), CONSIDERED))
    return next((change for change in changes if change.then.placed().shortfall == 0), None)


@dataclass(frozen=True, slots=True)
class _Case:
    """A question that was answered with a shortfall. missing: how many; added: what each Cell was given."""

    question: Question
    pod: Pod
    missing: int
    added: Mapping[str, int]

    @classmethod
    def of(cls, question: Question, placement: Placement) -> "_Case":
        current = question.current
        added = {name: max(0, count - current.get(name, 0)) for name, count in placement.replicas.items()}
        pod = pod_of(question.workload.template)
        return cls(question, pod, placement.shortfall, added)

    @property
    def where(self) -> str:
        return f"spec.workloads[{self.question.workload.name}]"

    def refused_only_by(self, check: Filter) -> Iterator[CellView]:
        """Go through the Cells that would take what is missing if this filter let them."""
        question = self.question
        asked = Asked(question.workload, question.namespace, question.terms.peers)
        others = [one for one in (*LEAVE, *STAY) if one is not check]
        for cell in sorted(question.cells, key=lambda cell: cell.name):
            if check(cell, asked) and refusal(others, cell, asked) is None and self.suffices(cell):
                yield cell

    def welcoming(self) -> Iterator[CellView]:
        """Go through the Cells that no filter refuses."""
        question = self.question
        asked = Asked(question.workload, question.namespace, question.terms.peers)
        cells = sorted(question.cells, key=lambda cell: cell.name)
        return islice((cell for cell in cells if refusal((*LEAVE, *STAY), cell, asked) is None), CONSIDERED)

    def suffices(self, cell: CellView, pod: Pod | None = None) -> bool:
        """Tell whether a Cell has room for what is missing beside what it was given."""
        return room(cell, pod or self.pod) >= self.missing + self.added.get(cell.name, 0)


def _uncordoned(case: _Case) -> Iterator[Change]:
    for cell in case.refused_only_by(cordoned):
        text = f"set spec.evict of Cell {cell.name} to false" if cell.evict else f"uncordon Cell {cell.name}"
        yield Change(text, case.question.with_cell(replace(cell, cordoned=False, evict=False)))


def _less_headroom(case: _Case) -> Iterator[Change]:
    for cell in case.welcoming():
        percent = _headroom_that_suffices(case, cell)
        if percent is not None:
            text = f"set headroomPercent of Cell {cell.name} to {percent} in place of {cell.headroom}"
            yield Change(text, case.question.with_cell(replace(cell, headroom=percent)))


def _headroom_that_suffices(case: _Case, cell: CellView) -> int | None:
    return _most(cell.headroom, lambda percent: case.suffices(replace(cell, headroom=percent)))


def _more_skew(case: _Case) -> Iterator[Change]:
    spread = case.question.workload.placement.spread
    if spread.max_skew is None or spread.when_unsatisfiable == "ScheduleAnyway":
        return

    def asked(less: int) -> Question:
        return case.question.with_placement(spread=spread.model_copy(update={"max_skew": highest - less}))

    highest = spread.max_skew + case.question.workload.pieces
    less = _most(case.question.workload.pieces, lambda less: asked(less).placed().shortfall == 0)
    if less is not None:
        text = f"set {case.where}.placement.spread.maxSkew to {highest - less} in place of {spread.max_skew}"
        yield Change(text, asked(less))


def _wider_selector(case: _Case) -> Iterator[Change]:
    selector = case.question.workload.placement.cell_selector
    for cell in case.refused_only_by(not_selected):
        labels = {key: value for key, value in selector.match_labels.items() if cell.labels.get(key) == value}
        expressions = tuple(rule for rule in selector.match_expressions if rule.matches(cell.labels))
        wider = selector.model_copy(update={"match_labels": labels, "match_expressions": expressions})
        text = f"take {','.join(unmet(selector, cell))} out of placement.cellSelector, for Cell {cell.name}"
        yield Change(text, case.question.with_placement(cell_selector=wider))


def _without_peer(case: _Case) -> Iterator[Change]:
    peers = case.question.terms.peers
    for field, kind in (("near", "affinity"), ("apart", "antiAffinity")):
        given = getattr(peers, field)
        for peer in given:
            rest = replace(peers, **{field: tuple(one for one in given if one is not peer)})
            question = replace(case.question, terms=replace(case.question.terms, peers=rest))
            yield Change(f"take {peer.name} out of placement.{kind}", question)


def _allowed(case: _Case) -> Iterator[Change]:
    kind = case.question.workload.kind
    for cell in case.refused_only_by(not_allowed):
        more = (*cell.allowed, Allow(types=(kind,)))
        text = f"allow {kind} for namespace {case.question.namespace} in spec.allow of Cell {cell.name}"
        yield Change(text, case.question.with_cell(replace(cell, allowed=more)))


def _smaller_pods(case: _Case) -> Iterator[Change]:
    """Ask for as little less of one resource as it takes, down to half."""
    for resource, need in sorted(case.pod.requests.items() - {("pods", 1)}):
        most = max((_largest_request(case, cell, resource, need) for cell in case.welcoming()), default=0)
        template = _asking_less(case.question.workload.template, resource, need - most) if most else None
        if template is not None:
            text = f"ask for {shown(resource, most)} {resource} a pod in place of {shown(resource, need)}"
            smaller = case.question.workload.model_copy(update={"template": template})
            yield Change(f"let {case.where} {text}", replace(case.question, workload=smaller))


def _largest_request(case: _Case, cell: CellView, resource: str, need: int) -> int:
    """Return how much of a resource pods may ask for so that a Cell takes what is missing; 0 where half is too much."""
    least = max(1, -(-need // 2))

    def fits(more: int) -> bool:
        return case.suffices(cell, replace(case.pod, requests={**case.pod.requests, resource: least + more}))

    found = _most(need - least, fits)
    return 0 if found is None else least + found


def _asking_less(template: Mapping[str, Any], resource: str, less: int) -> Mapping[str, Any] | None:
    """Return `template` with its hungriest container asking for so much less; None where it asks for less than that."""
    spec = template["spec"]
    asked = [_asked(container, resource) for container in spec["containers"]]
    index = max(range(len(asked)), key=asked.__getitem__)
    if asked[index] <= less:
        return None
    container, left = spec["containers"][index], shown("cpu" if resource == "cpu" else "", asked[index] - less)
    resources = container.get("resources") or {}
    requests = {**(resources.get("requests") or {}), resource: left}
    lighter = {**container, "resources": {**resources, "requests": requests}}
    containers = [lighter if number == index else one for number, one in enumerate(spec["containers"])]
    return {**template, "spec": {**spec, "containers": containers}}


def _asked(container: Mapping[str, Any], resource: str) -> int:
    resources = container.get("resources") or {}
    given = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
    return amount(resource, given.get(resource, 0), "")


def _more_nodes(case: _Case) -> Iterator[Change]:
    """Add nodes like the largest that takes such pods, where the fewest are needed."""
    found = []
    for cell in case.welcoming():
        node, each = emptied(cell, case.pod)
        count = _least_nodes(case, cell, node, each) if node is not None else None
        if node is not None and count is not None:
            text = f"add {'1 node' if count == 1 else f'{count} nodes'} like {node.name} to Cell {cell.name}"
            found.append((count, cell.name, Change(text, case.question.with_cell(_grown(cell, node, count)))))
    for _, _, change in sorted(found, key=lambda one: one[:2]):
        yield change


def _least_nodes(case: _Case, cell: CellView, node: NodeFree, each: int) -> int | None:
    """Return how many nodes are needed; the headroom that a Cell may have asks for up to ten times as many."""
    enough = -(-case.missing // each) * 10 + 1
    if enough > MOST_NODES:
        return None
    less = _most(enough, lambda less: case.suffices(_grown(cell, node, enough - less)))
    return None if less is None else enough - less


def _grown(cell: CellView, node: NodeFree, count: int) -> CellView:
    return replace(cell, nodes=(*cell.nodes, *(replace(node, name=f"{node.name}+{n}") for n in range(count))))


def _fewer_replicas(case: _Case) -> Iterator[Change]:
    workload = case.question.workload
    fitting = workload.pieces - case.missing
    if fitting > 0:
        fewer = workload.model_copy(update={"replicas": fitting})
        text = f"set {case.where}.replicas to {fitting} in place of {workload.pieces}"
        yield Change(text, replace(case.question, workload=fewer))


_KINDS: Final[tuple[Callable[[_Case], Iterator[Change]], ...]] = (
    _uncordoned,
    _less_headroom,
    _more_skew,
    _wider_selector,
    _without_peer,
    _allowed,
    _smaller_pods,
    _more_nodes,
    _fewer_replicas,
)


def _most(below: int, holds: Callable[[int], bool]) -> int | None:
    """Return the greatest number in [0, below) that `holds`, as all lesser ones do then; None where none does."""
    if below <= 0 or not holds(0):
        return None
    low, high = 0, below
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low
