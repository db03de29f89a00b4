"""What each command does: look up, show, and for `approve`, write. Each returns its exit code."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypeVar

from pilothouse.api.meta import APPROVED_ANNOTATION
from pilothouse.cli import lookup, objects
from pilothouse.cli.approval import Answer, verdict
from pilothouse.cli.cluster import Cluster
from pilothouse.cli.errors import Conflict, Refused, Unreadable
from pilothouse.cli.flags import Flags, Format
from pilothouse.cli.objects import Found, PlanObject
from pilothouse.cli.output import ask, dump, note, show
from pilothouse.cli.views import freshness
from pilothouse.cli.views import plan as plan_view
from pilothouse.cli.views import status as status_view
from pilothouse.cli.views import why as why_view

T = TypeVar("T")

DONE: Final = 0
CHANGES: Final = 2
ATTEMPTS: Final = 5


def plan(flags: Flags, name: str, output: Format | None, *, calls: bool, detailed_exitcode: bool) -> int:
    """Show a Plan. With `detailed_exitcode` returns 2 while it has something to do; raises if that is not known."""
    with Cluster(flags) as cluster:
        found = lookup.plan(cluster, cluster.namespace, name)
        if output is not None:
            dump(found.raw, output)
        elif found.plan is not None:
            show(plan_view.diff(found, found.plan, approve_command(flags, found.plan), calls=calls), unbroken=True)
        elif found.application is not None:
            show(plan_view.no_plan(found.application), unbroken=True)
        return _detailed(found) if detailed_exitcode else DONE


def _detailed(found: Found) -> int:
    if found.pending:
        return CHANGES
    owner = found.application
    if owner is not None and (owner.unseen or owner.is_true("Stalled")):
        why = "its newest spec has not been looked at" if owner.unseen else "it is stalled"
        raise Refused(f"{owner.label}: whether there are changes is not known: {why}: see its status, and ask again")
    return DONE


def approve(flags: Flags, name: str, named: str | None, *, yes: bool) -> int:
    """Approve the active Plan, after showing what is gated and asking."""
    with Cluster(flags) as cluster:
        chosen = _approvable(lookup.plan(cluster, cluster.namespace, name), named)
        if chosen is None:
            return DONE
        show(plan_view.gated(chosen), unbroken=True)
        consent(chosen.label, f"Approve what {chosen.label} would do?", undone="not approved", yes=yes)
        if _write(cluster, name, chosen):
            follow = command(flags, "status", chosen.spec.application_ref.name, chosen.metadata.namespace)
            note(f"{chosen.label} is approved. Follow it with: {follow}")
        return DONE


def _approvable(found: Found, named: str | None) -> PlanObject | None:
    """Return the Plan to approve; None, having said why, if that is not needed; raises Refused."""
    judged = verdict(found, named)
    if judged.answer is Answer.REFUSED:
        raise Refused(judged.why)
    if judged.answer is Answer.DONE:
        note(judged.why)
        return None
    return found.plan


def consent(label: str, question: str, *, undone: str, yes: bool) -> None:
    """Ask a person, unless they said yes before; raises Refused, with what was left `undone`, without their consent."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Refused(f"{label}: {undone}: there is no terminal to ask on: repeat with --yes if you mean it")
    if not ask(question):
        raise Refused(f"{label}: {undone}: nothing was written")


def _write(cluster: Cluster, name: str, shown: PlanObject) -> bool:
    """Approve the Plan as it was shown; False if it needs no approval any more.

    Reports of its progress may be written meanwhile, so a conflict is looked into: no other Plan is approved instead.
    """
    current: PlanObject | None = shown
    for _ in range(ATTEMPTS):
        if current is None:
            return False
        try:
            cluster.annotate(lookup.PLANS, current.metadata, {APPROVED_ANNOTATION: shown.spec.approval_hash})
        except Conflict:
            current = _approvable(lookup.plan(cluster, shown.metadata.namespace, name), shown.metadata.name)
            if current is not None and current.metadata.uid != shown.metadata.uid:
                raise
        else:
            return True
    raise Conflict(f"{shown.label}: not approved: it keeps changing: try again in a moment")


def status(flags: Flags, name: str | None, output: Format | None, *, everywhere: bool) -> int:
    """Show one Application as a tree, or all of a namespace, or of all namespaces, as a table."""
    with Cluster(flags) as cluster:
        if name is not None:
            application, raw = lookup.application(cluster, cluster.namespace, name)
            cells = lookup.cells(cluster) if output is None else []
            _show_or_dump(status_view.tree(application, time.time(), cells), raw, output)
            return DONE
        raws = list(cluster.list(lookup.APPLICATIONS, "" if everywhere else cluster.namespace))
        if output is not None:
            dump({"apiVersion": "v1", "kind": "List", "items": raws}, output)
        elif raws:
            cells = lookup.cells(cluster)
            applications = readable(raws, objects.application)
            show(status_view.table(applications, time.time(), cells, namespaces=everywhere), unbroken=True)
            for doubt in freshness.outdated(cells, time.time()):
                note(f"warning: {doubt}")
        else:
            note(f"No Applications found in {'any namespace' if everywhere else f'namespace {cluster.namespace}'}.")
        return DONE


def readable(raws: Iterable[dict[str, Any]], read: Callable[[dict[str, Any]], T]) -> Iterator[T]:
    """Yield the objects that can be read, and note the others: one must not hide the rest."""
    for raw in raws:
        try:
            yield read(raw)
        except Unreadable as error:
            note(f"warning: {error}")


def why(flags: Flags, name: str, owner: str | None, output: Format | None, *, everywhere: bool) -> int:
    """Show where a workload's replicas are, and why there."""
    with Cluster(flags) as cluster:
        application, raw = lookup.workload(cluster, "" if everywhere else cluster.namespace, name, owner)
        workload = application.workload(name)
        assert workload is not None  # noqa: S101 - the lookup was for it
        recorded = raw.get("status", {})
        placements = [each for each in recorded.get("placements", ()) if each.get("workload") == name]
        moves = [each for each in recorded.get("moves", ()) if each.get("workload") == name]
        conditions = [each for each in recorded.get("conditions", ()) if each.get("type") in {"Ready", "Stalled"}]
        summary = {
            "namespace": application.metadata.namespace,
            "application": application.metadata.name,
            "workload": name,
            "replicas": workload.replicas,
            "placements": placements,
            "moves": moves,
            "conditions": conditions,
        }
        _show_or_dump(why_view.placement(application, workload), raw if output is Format.NAME else summary, output)
        return DONE


def _show_or_dump(view: Any, raw: Any, output: Format | None) -> None:
    if output is None:
        show(view)
    else:
        dump(raw, output)


def approve_command(flags: Flags, plan: PlanObject) -> str:
    """Return the command line that approves exactly this Plan on this cluster."""
    line = command(flags, "approve", plan.spec.application_ref.name, plan.metadata.namespace)
    return f"{line} --plan={plan.metadata.name}"


def command(flags: Flags, verb: str, name: str, namespace: str) -> str:
    """Return a command line of this plugin for the same cluster and person."""
    return " ".join(["kubectl pilothouse", verb, name, f"--namespace={namespace}", *flags.spelled()])
