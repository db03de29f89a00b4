"""An Application as a tree, and all of a namespace as a table."""

from collections.abc import Iterable
from typing import Final

from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from pilothouse.api.application import Drift, LedgerEntry, Placed
from pilothouse.api.conditions import Condition
from pilothouse.api.names import headless_name, workload_name
from pilothouse.api.workload import Workload
from pilothouse.cli.escape import lines, one_line, printable
from pilothouse.cli.objects import ApplicationObject, CellObject
from pilothouse.cli.views.ages import age
from pilothouse.cli.views.colours import BAD, CHANGED, FAINT, GOOD, STRONG, of_state
from pilothouse.cli.views.counting import counted
from pilothouse.cli.views.freshness import outdated, stale, used

ORDER: Final = ("Ready", "Reconciling", "Stalled", "PlanApproved", "Drifted")
WANTED: Final = {
    "Ready": "True",
    "Reconciling": "False",
    "Stalled": "False",
    "PlanApproved": "True",
    "Drifted": "False",
}
COLUMNS: Final = ("NAMESPACE", "NAME", "READY", "STATUS", "PLAN", "STEPS", "WORKLOADS", "RESOURCES", "AGE")
"""As `kubectl get applications` names them."""


def headline(application: ApplicationObject, *, doubted: bool) -> tuple[str, str]:
    """Return an Application's state in one word, and the colour of it.

    doubted: whether nobody looks any more at a Cell that it has something in.
    """
    if application.metadata.deletion_timestamp:
        return "Deleting", CHANGED
    if application.is_true("Stalled"):
        return "Stalled", BAD
    if application.unseen or not application.status.conditions:
        return "Pending", CHANGED
    if application.is_true("Ready"):
        return ("Unknown", CHANGED) if doubted else ("Ready", GOOD)
    return "Progressing", CHANGED


def table(
    applications: Iterable[ApplicationObject], now: float, cells: Iterable[CellObject] = (), *, namespaces: bool
) -> Table:
    """Return one line for each Application, by namespace and name; namespaces: with a column for these.

    now: seconds since the epoch; cells: all there are.
    """
    first, doubtful = 0 if namespaces else 1, stale(cells, now)
    grid = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="")
    for heading in COLUMNS[first:]:
        grid.add_column(heading, no_wrap=True)
    for each in sorted(applications, key=lambda one: (one.metadata.namespace, one.metadata.name)):
        grid.add_row(*_row(each, now, doubted=bool(used(each, doubtful)))[first:])
    return grid


def _row(application: ApplicationObject, now: float, *, doubted: bool) -> list[Text]:
    """Return what the COLUMNS show of one Application."""
    word, colour = headline(application, doubted=doubted)
    metadata, status, ready = application.metadata, application.status, application.condition("Ready")
    settled = ready is not None and word not in {"Deleting", "Pending", "Unknown"}
    texts = [
        (metadata.namespace, ""),
        (metadata.name, ""),
        (ready.status if ready and word != "Unknown" else "Unknown", ""),
        (ready.reason if ready and settled else word, colour),
        (status.plan.name, ""),
        (status.plan.steps, ""),
        (status.workloads_ready, ""),
        (status.resources_ready, ""),
        (age(metadata.creation_timestamp, now), ""),
    ]
    return [Text(printable(text), style) for text, style in texts]


def tree(application: ApplicationObject, now: float, cells: Iterable[CellObject] = ()) -> Tree:
    """Return everything that is known of an Application; now: seconds since the epoch; cells: all there are."""
    doubts = outdated(used(application, cells), now)
    word, colour = headline(application, doubted=bool(doubts))
    root = Tree(Text.assemble((application.label, STRONG), ": ", (word, colour)), guide_style=FAINT)
    if application.unseen:
        root.add(Text(f"generation {application.metadata.generation} has not been looked at yet", CHANGED))
    for doubt in doubts:
        root.add(Text(doubt, BAD))
    if application.spec.suspend:
        root.add(Text("suspended: nothing is changed until spec.suspend is false", CHANGED))
    for condition in _sorted(application.status.conditions):
        root.add(_condition(condition))
    _add_plan(root, application, now)
    rest = _add_workloads(root, application, now)
    _add_resources(root, application, [entry for entry in rest if not _in_kubernetes(entry)], now)
    _add_objects(root, [entry for entry in rest if _in_kubernetes(entry)], now)
    return root


def _sorted(conditions: Iterable[Condition]) -> list[Condition]:
    rank = {kind: at for at, kind in enumerate(ORDER)}
    return sorted(conditions, key=lambda one: (rank.get(one.type, len(rank)), one.type))


def _condition(condition: Condition) -> Text:
    """Return one condition; True is good news for some and bad for others."""
    text = Text(f"{printable(condition.type)} ").append(condition.status, _colour(condition))
    text.append(f" {printable(condition.reason)}")
    message = one_line(condition.message)
    return text.append(f": {message}" if message else "")


def _colour(condition: Condition) -> str:
    kind, status = condition.type, condition.status
    if (kind, status) in {("Ready", "False"), ("Stalled", "True")}:
        return BAD
    return GOOD if status == WANTED.get(kind) else CHANGED if kind in WANTED else ""


def _add_plan(root: Tree, application: ApplicationObject, now: float) -> None:
    plan, branch = application.status.plan, root
    if plan.name:
        text = Text.assemble(
            "Plan ", (printable(plan.name), STRONG), ": ", (printable(plan.state), of_state(plan.state))
        )
        text.append(f", {printable(plan.steps)} steps done" if plan.steps else "")
        branch = root.add(text)
        for line in lines(plan.waiting_for):
            branch.add(Text(f"waits for {line}", CHANGED))
    else:
        root.add(Text("Plan: none, nothing is to be changed"))
    for intent in application.status.in_flight:
        sent = age(intent.sent_at, now)
        what = f"{printable(intent.action)} {printable(intent.target)}"
        branch.add(Text(f"in flight: {printable(intent.step)}, {what}, sent {sent} ago"))


def _add_workloads(root: Tree, application: ApplicationObject, now: float) -> list[LedgerEntry]:
    """Add the workloads with what runs them and their Services; return what belongs to none of them."""
    rest = list(application.status.resources)
    if not application.spec.workloads:
        return rest
    branch = root.add(_heading("Workloads", application.status.workloads_ready))
    for workload in application.spec.workloads:
        entries = [entry for entry in rest if _of_workload(entry, application.metadata.name, workload)]
        rest = [entry for entry in rest if entry not in entries]
        placements = [placed for placed in application.status.placements if placed.workload == workload.name]
        _add_workload(branch, workload, placements, entries, now)
    return rest


def _of_workload(entry: LedgerEntry, application: str, workload: Workload) -> bool:
    kind = workload.kind
    if entry.type in {"Service", "Ingress", "HTTPRoute"}:
        own = {workload.service.name} if workload.service is not None else set()
        return entry.name in own | ({headless_name(application, workload.name)} if kind == "StatefulSet" else set())
    return entry.type == kind and entry.name == workload_name(application, workload.name, entry.cell, kind)


def _add_workload(
    branch: Tree, workload: Workload, placements: list[Placed], entries: list[LedgerEntry], now: float
) -> None:
    words, enough = counted(workload, placements)
    text = Text.assemble((printable(workload.name), STRONG), ": ", (words, GOOD if enough else BAD))
    twig = branch.add(text)
    for each in placements:
        why = one_line(each.reason)
        count = f"{each.replicas} replica{'' if each.replicas == 1 else 's'}"
        cell = twig.add(Text(f"{printable(each.cell)}: {count}" + (f", {why}" if why else "")))
        for entry in entries:
            if entry.cell == each.cell:
                _add_entry(cell, entry, now, cell=False)
    cells = {each.cell for each in placements}
    for entry in entries:
        if entry.cell not in cells:
            _add_entry(twig, entry, now)


def _add_resources(root: Tree, application: ApplicationObject, entries: list[LedgerEntry], now: float) -> None:
    """Add the cloud resources: those that we own, and those of the spec that do not exist yet."""
    owned = {entry.name for entry in entries}
    missing = [resource for resource in application.spec.resources if resource.name not in owned]
    if not entries and not missing:
        return
    branch = root.add(_heading("Cloud resources", application.status.resources_ready))
    for entry in entries:
        _add_entry(branch, entry, now)
    for resource in missing:
        where = f" in {printable(resource.cell)}" if resource.cell else ""
        branch.add(Text.assemble(printable(resource.name), where, ": ", ("not made yet", CHANGED)))


def _add_objects(root: Tree, entries: list[LedgerEntry], now: float) -> None:
    if not entries:
        return
    branch = root.add(Text("Other Kubernetes objects"))
    for entry in entries:
        _add_entry(branch, entry, now)


def _in_kubernetes(entry: LedgerEntry) -> bool:
    """Tell a Kubernetes kind (ConfigMap) from a cloud's type block (awsQueue)."""
    return entry.type[:1].isupper()


def _heading(title: str, ready: str) -> Text:
    return Text(f"{title}: {printable(ready)} ready" if ready else title)


def _add_entry(branch: Tree, entry: LedgerEntry, now: float, *, cell: bool = True) -> None:
    state = entry.state or "Unknown"
    text = Text.assemble(f"{printable(entry.type)} ", (printable(entry.name), STRONG))
    text.append(f" in {printable(entry.cell)}" if cell else "").append(": ").append(printable(state), of_state(state))
    message = one_line(entry.message)
    text.append(f", {message}" if message else "")
    if entry.id and not _in_kubernetes(entry):
        text.append(f" ({printable(entry.id)})", FAINT)
    twig = branch.add(text)
    for drift in entry.drift:
        twig.add(_drift(drift, now))


def _drift(drift: Drift, now: float) -> Text:
    since = f", for {age(drift.first_seen, now)}" if drift.first_seen else ""
    wanted, found = printable(drift.desired) or "nothing", printable(drift.observed) or "nothing"
    by = f", set by {printable(drift.by)}" if drift.by else ""
    left = ", contested and left so" if drift.contested else ""
    return Text(f"drift: {printable(drift.path)}: wanted {wanted}, found {found}{by}{since}{left}", CHANGED)
