"""What a person asked to have destroyed and made anew although nothing differs: a Replace like any other."""

from dataclasses import replace
from typing import Final

from pilothouse.api.application import LedgerEntry
from pilothouse.api.meta import REPLACE_ANNOTATION
from pilothouse.api.plan import Change
from pilothouse.desired.state import Target
from pilothouse.observed.snapshot import Sighting
from pilothouse.planning.diff import Context, Draft, Finding, want_of

ASKED: Final = Change.model_validate({"path": "replace", "to": f"asked for by annotation {REPLACE_ANNOTATION}"})
"""What a Plan shows as the reason of such a step."""
_WITHDRAW: Final = f"or take the request out of the annotation {REPLACE_ANNOTATION}"


def with_request(
    context: Context, finding: Finding, target: Target, entry: LedgerEntry | None, sighting: Sighting
) -> Finding:
    """Return the finding of a wanted thing, turned into a Replace if exactly this thing is asked to be replaced.

    A request names incarnation and identifier, so that it can never mean what took the thing's place. What cannot be
    made again now is not destroyed; what is to be retained is never destroyed because of a request.
    """
    if entry is None or entry.identity not in context.asked or finding.waiting or finding.blocked:
        return finding
    if target.observed or (finding.draft is not None and finding.draft.action != "Update"):
        return finding
    if not sighting.ours:
        return _refused(finding, "NameConflict", f"{entry.id} does not bear our mark: put the mark back")
    if target.deletion_policy == "Retain":
        return _refused(finding, "Retained", "its deletionPolicy is Retain: set it to Delete if what it holds may go")
    return replace(finding, draft=_replacement(context, finding, target, entry, sighting))


def _refused(finding: Finding, reason: str, why: str) -> Finding:
    """Say why a request is not met; what else is to be done goes first."""
    message = f"{finding.key}: asked to be replaced, but {why}, {_WITHDRAW}"
    return finding if finding.draft is not None else replace(finding, blocked=(reason, message), objected=True)


def _replacement(context: Context, finding: Finding, target: Target, entry: LedgerEntry, sighting: Sighting) -> Draft:
    """Return the step: what would have been changed in place is made anew with the rest."""
    draft = finding.draft
    if draft is None:
        want, desired = want_of(context, target, entry), context.hasher.hash(target.spec)
        draft = Draft(finding.key, target.type, "Replace", want, sighting.reading, desired=desired, drift=True)
        draft = replace(
            draft,
            deletion_policy=target.deletion_policy,
            after=target.after,
            applied_keys=frozenset(entry.applied_keys),
        )
    changes = (ASKED, *draft.changes)
    return replace(draft, action="Replace", changes=changes, impact="Destructive", drift=False, asked=draft.drift)
