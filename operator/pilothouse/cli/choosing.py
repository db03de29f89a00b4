"""From what people call a thing of an Application to the very one that exists, or to why it cannot be replaced."""

from pilothouse.api.application import LedgerEntry
from pilothouse.api.names import workload_name
from pilothouse.cli.errors import NotFound, PluginError, Refused
from pilothouse.cli.escape import printable
from pilothouse.cli.nearby import hint
from pilothouse.cli.objects import ApplicationObject

ENTRIES_NAMED = 5


def replaceable(application: ApplicationObject, asked: str) -> LedgerEntry:
    """Return the one thing that `asked` means; raises NotFound, or Refused with what makes it possible.

    asked: the name of a resource, workload or object, or TYPE/NAME, or CELL/TYPE/NAME, as `status` shows them.
    """
    if application.metadata.deletion_timestamp:
        raise Refused(f"{application.label}: it is being deleted: nothing of it is made anew")
    found = _meant(application, asked)
    if not found:
        raise _unknown(application, asked)
    if len(found) > 1:
        names = [printable(_key(entry)) for entry in found]
        more = f" and {len(names) - ENTRIES_NAMED} more" if len(names) > ENTRIES_NAMED else ""
        listed = ", ".join(names[:ENTRIES_NAMED]) + more
        raise Refused(
            f"{application.label}: {asked} can mean {len(found)} things ({listed}): name one of these in full"
        )
    if why := _obstacle(application, found[0]):
        raise Refused(f"{application.label}: {label(found[0])}: {why}")
    return found[0]


def label(entry: LedgerEntry) -> str:
    """Return a thing as messages call it."""
    return f"{printable(entry.type)} {printable(entry.name)} in {printable(entry.cell)}"


def _meant(application: ApplicationObject, asked: str) -> list[LedgerEntry]:
    """Return what a name fits; a cloud resource's before a workload's before that of any object of the cluster."""
    entries, parts = application.status.resources, asked.split("/")
    if len(parts) > 1:
        return [entry for entry in entries if _key(entry).split("/")[-len(parts) :] == parts]
    named = [entry for entry in entries if entry.name == asked]
    clouds = [entry for entry in named if not entry.type[:1].isupper()]
    return clouds or _of_workload(application, asked) or named


def _of_workload(application: ApplicationObject, workload: str) -> list[LedgerEntry]:
    found, name = application.workload(workload), application.metadata.name
    if found is None:
        return []
    return [
        entry
        for entry in application.status.resources
        if entry.name == workload_name(name, workload, entry.cell, found.kind)
    ]


def _key(entry: LedgerEntry) -> str:
    return f"{entry.cell}/{entry.type}/{entry.name}"


def _unknown(application: ApplicationObject, asked: str) -> PluginError:
    wanted = {resource.name for resource in application.spec.resources}
    wanted |= {workload.name for workload in application.spec.workloads}
    if asked in wanted:
        return Refused(f"{application.label}: {asked}: it is not made yet, so there is nothing to replace")
    known = [_key(entry) if "/" in asked else entry.name for entry in application.status.resources]
    return NotFound(
        f"{application.label}: it has no {printable(asked)}: {hint(asked, [*known, *wanted], 'things')}"
        "name one that its status shows"
    )


def _obstacle(application: ApplicationObject, entry: LedgerEntry) -> str:
    """Return why a thing is not replaced, and the mend; empty when it can be."""
    if not entry.id:
        return "it does not exist now, and is made anew anyway"
    in_cloud = not entry.type[:1].isupper()
    if in_cloud and all(resource.name != entry.name for resource in application.spec.resources):
        return "it has left the spec, so it would not be made anew"
    if entry.observed_only:
        return "it is only read (managementPolicy Observe), so it is not ours to replace"
    if entry.deletion_policy == "Retain":
        return (
            "its deletionPolicy is Retain, and a replacement destroys what it holds: "
            "set deletionPolicy to Delete if that may go, and ask again"
        )
    return ""
