"""What has to be waited for before anything is changed, whatever the Plan says: people, windows, other Applications."""

from collections.abc import Sequence

from pilothouse.api.plan import Reason
from pilothouse.api.windows import ChangeWindow
from pilothouse.controller import windows
from pilothouse.controller.passes import Pass
from pilothouse.controller.ports import FLEET_SUSPENDED, Fleet, Store
from pilothouse.controller.windows import Closed
from pilothouse.desired.exports import exported
from pilothouse.planning.plan import Proposal


def closed(fleet: Fleet, current: Pass, proposal: Proposal, now: float) -> dict[Reason, Closed]:
    """Return the window that each reason there is to change something has to wait for."""
    subject = _windows(fleet, current)
    waiting = {reason: windows.closed(subject, reason, now) for reason in sorted(set(proposal.reasons.values()))}
    return {reason: window for reason, window in waiting.items() if window is not None}


def still(fleet: Fleet, current: Pass, now: float) -> str:
    """Say which change window keeps what runs from being moved now; empty when none does."""
    closed = windows.closed(_windows(fleet, current), "Rebalance", now)
    return f"it waits for {closed}" if closed is not None else ""


def _windows(fleet: Fleet, current: Pass) -> Sequence[ChangeWindow]:
    """Return the windows that an Application is subject to."""
    given, key = fleet.policy().change_windows, current.key
    return windows.selected(given, key.name, fleet.labels(key.namespace)) if given else ()


def halted(fleet: Fleet, current: Pass) -> str:
    """Return why nothing may be changed now; empty when it may."""
    if fleet.policy().suspend:
        return FLEET_SUSPENDED
    spec = current.spec
    if not current.deleting and spec is not None and spec.suspend:
        return "spec.suspend is true; set it to false to go on"
    return ""


def held(store: Store, current: Pass) -> tuple[str, str] | None:
    """Return reason and message of why it may not be deleted yet; None when it may, or nobody wants it deleted."""
    spec = current.spec
    if not current.deleting or spec is None:
        return None
    if spec.deletion_protection:
        return "DeletionProtected", "spec.deletionProtection is true; set it to false to let the deletion go on"
    users = [
        str(key)
        for key in store.importers(current.key)
        if (raw := store.application(key)) and not raw["metadata"].get("deletionTimestamp")
        if exported(current.raw, key.namespace) is not None
    ]
    mend = "remove their references, or the consent in spec.exports of this one, to let the deletion go on"
    return ("InUse", f"its resources are used by {', '.join(users[:5])}; {mend}") if users else None
