"""What the commands that ask something of an Application do: `retry` and `replace`. Each returns its exit code.

They write annotations as the person who runs them: the operator reads these and never writes one.
"""

from datetime import UTC, datetime
from typing import Final

from pilothouse.api.application import LedgerEntry
from pilothouse.api.meta import MOST_REPLACEMENTS, REPLACE_ANNOTATION, RETRY_ANNOTATION
from pilothouse.cli import lookup
from pilothouse.cli.choosing import label, replaceable
from pilothouse.cli.cluster import Cluster
from pilothouse.cli.commands import ATTEMPTS, DONE, command, consent
from pilothouse.cli.errors import Conflict, Refused
from pilothouse.cli.escape import printable
from pilothouse.cli.flags import Flags
from pilothouse.cli.objects import ApplicationObject
from pilothouse.cli.output import note

_WAITING: Final = frozenset({"ApprovalNeeded", "BreakerOpen", "DeletionProtected", "Suspended"})
"""Reasons of Applications that wait for another word of a person."""


def retry(flags: Flags, name: str) -> int:
    """Ask for everything to be tried again now; raises Refused where that would change nothing."""
    with Cluster(flags) as cluster:
        owner, _ = lookup.application(cluster, cluster.namespace, name)
        if idle(owner):
            note(f"Nothing to retry: {owner.label} is as its spec wants it.")
            return DONE
        if why := futile(owner):
            raise Refused(f"{owner.label}: not tried again: {why}")
        # Fractions of a second, so that to ask twice in one is to ask twice.
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        cluster.annotate(lookup.APPLICATIONS, owner.metadata, {RETRY_ANNOTATION: now}, as_read=False)
        follow = command(flags, "status", owner.metadata.name, owner.metadata.namespace)
        note(f"{owner.label} is tried again now. Follow it with: {follow}")
        return DONE


def idle(application: ApplicationObject) -> bool:
    """Tell whether everything is as it is wanted, so that nothing can be tried."""
    return application.is_true("Ready") and not application.unseen and not application.metadata.deletion_timestamp


def futile(application: ApplicationObject) -> str:
    """Return what keeps everything from being tried, and its mend; empty when trying again may help."""
    if application.spec.suspend and not application.metadata.deletion_timestamp:
        return "it is suspended: set spec.suspend to false, and it goes on by itself"
    stalled = application.condition("Stalled")
    if stalled is None or stalled.status != "True" or application.unseen:
        return ""
    return stalled.message if stalled.reason in _WAITING else ""


def replace(flags: Flags, name: str, asked: str, *, yes: bool) -> int:
    """Ask for the one thing that `asked` means to be replaced, after asking; raises Refused where that cannot be."""
    with Cluster(flags) as cluster:
        owner, _ = lookup.application(cluster, cluster.namespace, name)
        chosen = replaceable(owner, asked)
        look = command(flags, "plan", owner.metadata.name, owner.metadata.namespace)
        if chosen.identity in standing(owner):
            note(f"{owner.label}: the replacement of {label(chosen)} is asked for already: see {look}")
            return DONE
        question = f"Destroy {label(chosen)} ({printable(chosen.id)}) of {owner.label}, and make it anew?"
        consent(owner.label, question, undone=f"{label(chosen)} is not replaced", yes=yes)
        _ask_to_replace(cluster, owner, chosen, asked)
        note(f"{owner.label}: the replacement of {label(chosen)} is asked for. Its Plan shows it: {look}")
        return DONE


def standing(application: ApplicationObject) -> list[str]:
    """Return the requests to replace something that are neither done nor void."""
    requested = application.metadata.annotations.get(REPLACE_ANNOTATION, "").split()
    return [one for one in requested if one not in application.status.replaced]


def with_request(application: ApplicationObject, chosen: LedgerEntry) -> str:
    """Return the annotation that asks for `chosen` as well; what is done leaves it. Raises Refused if it is full."""
    if chosen.identity in application.status.replaced:
        raise Refused(
            f"{application.label}: {label(chosen)}: the annotation {REPLACE_ANNOTATION} names it since before it was "
            f"made: take that back, and ask again: kubectl annotate phapp {application.metadata.name} "
            f"--namespace={application.metadata.namespace} {REPLACE_ANNOTATION}-"
        )
    requested = [*standing(application), chosen.identity]
    if len(requested) > MOST_REPLACEMENTS:
        raise Refused(
            f"{application.label}: {MOST_REPLACEMENTS} replacements are asked for already: "
            f"approve their Plan, or take some out of the annotation {REPLACE_ANNOTATION}"
        )
    return " ".join(requested)


def _ask_to_replace(cluster: Cluster, owner: ApplicationObject, chosen: LedgerEntry, asked: str) -> None:
    """Write the request. Progress may be reported meanwhile, but the thing must be the one that was agreed to."""
    uid = owner.metadata.uid
    for _ in range(ATTEMPTS):
        if (owner.metadata.uid, replaceable(owner, asked).identity) != (uid, chosen.identity):
            raise Refused(f"{owner.label}: {label(chosen)} is another one meanwhile: look at it again")
        try:
            cluster.annotate(lookup.APPLICATIONS, owner.metadata, {REPLACE_ANNOTATION: with_request(owner, chosen)})
        except Conflict:
            owner, _ = lookup.application(cluster, owner.metadata.namespace, owner.metadata.name)
        else:
            return
    raise Conflict(f"{owner.label}: nothing was asked: it keeps changing: try again in a moment")
