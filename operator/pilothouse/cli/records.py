"""What the commands about Plans as records do: `history`, and `diff`. Each returns its exit code."""

import time
from collections.abc import Iterable, Iterator
from typing import Any, Final

from pilothouse.cli import lookup, objects
from pilothouse.cli.cluster import Cluster
from pilothouse.cli.errors import NotFound, Unreadable
from pilothouse.cli.flags import Flags, Format
from pilothouse.cli.objects import PlanObject
from pilothouse.cli.output import dump, note, show
from pilothouse.cli.views import comparison as comparison_view
from pilothouse.cli.views import history as history_view

SAME: Final = 0
DIFFERENT: Final = 1


def history(flags: Flags, name: str, output: Format | None) -> int:
    """Show the Plans of an Application, oldest first, and say which are not kept any more."""
    with Cluster(flags) as cluster:
        owner, _ = lookup.application(cluster, cluster.namespace, name)
        raws = lookup.plans(cluster, owner)
        plans = list(_readable(raws))
        if output is not None:
            dump({"apiVersion": "v1", "kind": "List", "items": raws}, output)
        elif plans:
            show(history_view.table(plans, time.time()), unbroken=True)
        if said := history_view.gone(owner, {raw["spec"]["revision"] for raw in raws}):
            note(said)
        return 0


def diff(flags: Flags, first: str, second: str) -> int:
    """Show what differs between two Plans; returns 1 if something does."""
    with Cluster(flags) as cluster:
        one, other = (_plan(cluster, name) for name in (first, second))
    both = comparison_view.pairs(one, other)
    show(comparison_view.comparison(one, other, both), unbroken=True)
    return SAME if all(pair.same for pair in both) else DIFFERENT


def _plan(cluster: Cluster, name: str) -> PlanObject:
    found = lookup.plan(cluster, cluster.namespace, name)
    if found.plan is None:
        label = found.application.label if found.application else name
        raise NotFound(f"{label}: it has no active Plan: name one that `kubectl pilothouse history {name}` shows")
    return found.plan


def _readable(raws: Iterable[dict[str, Any]]) -> Iterator[PlanObject]:
    """Yield the Plans that can be read, and note the others: one must not hide the rest."""
    for raw in raws:
        try:
            yield objects.plan(raw)
        except Unreadable as error:
            note(f"warning: {error}")
