"""What the commands that ask something of an Application do: `retry`. Each returns its exit code.

They write annotations as the person who runs them: the operator reads these and never writes one.
"""

from datetime import UTC, datetime

from pilothouse.api.meta import RETRY_ANNOTATION
from pilothouse.cli import lookup
from pilothouse.cli.cluster import Cluster
from pilothouse.cli.commands import DONE, command
from pilothouse.cli.errors import Refused
from pilothouse.cli.flags import Flags
from pilothouse.cli.objects import ApplicationObject
from pilothouse.cli.output import note


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
    return stalled.message if stalled.reason in {"ApprovalNeeded", "Suspended", "DeletionProtected"} else ""
