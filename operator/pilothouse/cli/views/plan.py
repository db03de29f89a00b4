"""A Plan as a diff, in the signs that people know from Terraform."""

from collections import Counter
from typing import Final

from rich.text import Text

from pilothouse.api.plan import Change, PlannedCall, Step, StepStatus
from pilothouse.cli.escape import one_line, printable, value
from pilothouse.cli.objects import ApplicationObject, Found, PlanObject
from pilothouse.cli.views.colours import BAD, CHANGED, FAINT, GOOD, HANDOVER, STRONG, of_state

WHY: Final = {
    "SpecChanged": "the Application's spec was changed",
    "Requested": "somebody asked for it",
    "Drift": "something was changed behind our back",
    "Repair": "something that should exist is missing",
    "Scaling": "the number of replicas is to change",
    "Rebalance": "workloads are to run in other Cells",
    "Rollout": "a new version is being rolled out",
    "Upgrade": "this version of the operator sees the same spec differently",
    "Deletion": "the Application was deleted, or something left it",
}
SIGNS: Final = {
    "Create": ("  +", GOOD, "will be created"),
    "Adopt": (" <=", HANDOVER, "will be adopted: it exists, and is managed from then on"),
    "Update": ("  ~", CHANGED, "will be updated in place"),
    "Replace": ("-/+", BAD, "will be replaced: destroyed and created anew"),
    "Delete": ("  -", BAD, "will be destroyed"),
    "Release": (" <=", HANDOVER, "will be released: it stays, and is no longer managed"),
}
TALLY: Final = (
    ("create", ("Create", "Replace")),
    ("change", ("Update",)),
    ("destroy", ("Delete", "Replace")),
    ("adopt", ("Adopt",)),
    ("release", ("Release",)),
)
ALWAYS_TALLIED: Final = 3
MOST_NAMED: Final = 3
"""Steps that wait for approval are named again below the Plan, but no more of them than fit a line."""


def diff(found: Found, plan: PlanObject, approve: str, *, calls: bool = False) -> Text:
    """Return a whole Plan: why, what, and the approval it needs.

    approve: the command that approves it; calls: show also the requests that will be sent.
    """
    body = steps(plan, plan.spec.steps, calls=calls)
    parts = [_header(plan), *_caveats(found), *body, tally(plan), _approval(found, plan, approve)]
    return Text("\n\n").join(parts)


def steps(plan: PlanObject, chosen: tuple[Step, ...], *, calls: bool = False) -> list[Text]:
    """Return `chosen` steps of a Plan, each with what changes and what has become of it."""
    records = {record.name: record for record in plan.status.steps}
    return [_step(step, records.get(step.name), calls=calls) for step in chosen]


def proposed(step: Step) -> list[Text]:
    """Return the lines of a step as it was proposed, whatever became of it."""
    return list(_step(step, None, calls=False).split("\n"))


def tally(plan: PlanObject) -> Text:
    """Return how many things are created, changed, destroyed and handed over; a replacement is two of these."""
    tallied = counts(plan).items()
    shown = [f"{count} to {verb}" for at, (verb, count) in enumerate(tallied) if count or at < ALWAYS_TALLIED]
    return Text.assemble(("Plan: ", STRONG), ", ".join(shown))


def counts(plan: PlanObject) -> dict[str, int]:
    """Return how many things a Plan creates, changes, destroys, adopts and releases; a replacement is two of these."""
    actions: Counter[str] = Counter(step.action for step in plan.spec.steps)
    return {verb: sum(actions[action] for action in kinds) for verb, kinds in TALLY}


def no_plan(application: ApplicationObject) -> Text:
    """Return why an Application has no Plan: nothing to change, not looked at yet, or stalled."""
    if application.unseen:
        return Text(
            f"No Plan yet. {application.label}: generation {application.metadata.generation} has not been looked at; "
            f"status speaks of {application.status.observed_generation}. Ask again shortly."
        )
    stalled = application.condition("Stalled")
    if stalled is not None and stalled.status == "True":
        reason = f"{printable(stalled.reason)}: {one_line(stalled.message)}"
        return Text.assemble(("No Plan. ", STRONG), (f"{application.label} is stalled: ", BAD), reason)
    text = Text.assemble(("No changes. ", f"{STRONG} {GOOD}"), f"{application.label} is as its spec wants it.")
    return text.append(" It is suspended.", CHANGED) if application.spec.suspend else text


def _header(plan: PlanObject) -> Text:
    owner = printable(plan.spec.application_ref.name)
    state = plan.status.state or "Pending"
    progress = plan.status.progress or f"0/{len(plan.spec.steps)}"
    return Text.assemble(
        (plan.label, STRONG),
        f", revision {plan.spec.revision} of Application {owner}\n",
        f"Why: {WHY[plan.spec.reason]} ({plan.spec.reason})\n",
        "State: ",
        (printable(state), of_state(state)),
        f", {printable(progress)} steps done",
    )


def _caveats(found: Found) -> list[Text]:
    """Return what keeps an active Plan from being the last word."""
    application = found.application
    if application is None or not found.pending:
        return []
    notes = []
    if application.unseen:
        seen, newest = application.status.observed_generation, application.metadata.generation
        notes.append(f"The spec has changed since (generation {newest}, planned from {seen}): a newer Plan may follow.")
    if application.spec.suspend and not application.metadata.deletion_timestamp:
        notes.append("The Application is suspended: nothing is sent until spec.suspend is false.")
    return [Text(note, CHANGED) for note in notes]


def _step(step: Step, record: StepStatus | None, *, calls: bool) -> Text:
    sign, colour, does = SIGNS[step.action]
    target = step.target
    text = Text.assemble(
        (f"{sign} ", colour),
        (f"{printable(target.type)} {printable(target.resource)}", STRONG),
        f" in {printable(target.cell)} {does}",
    )
    notes = [step.impact.lower()] * (step.impact != "None") + ["needs approval"] * step.gated
    if notes:
        text.append(f" ({', '.join(notes)})", BAD if step.impact == "Destructive" else CHANGED)
    rest = [*_record(record), *map(_change, step.changes), *(_call(call) for call in step.calls if calls)]
    return Text("\n").join([text, *rest])


def _record(record: StepStatus | None) -> list[Text]:
    if record is None or (record.state == "Pending" and not record.message):
        return []
    attempts = f", attempt {record.attempts}" if record.attempts > 1 else ""
    text = Text.assemble("      ", (record.state, of_state(record.state)), attempts)
    message = one_line(record.message)
    return [text.append(f": {message}" if message else "")]


def _change(change: Change) -> Text:
    path = printable(change.path)
    if change.old is None:
        return Text.assemble("      ", ("+", GOOD), f" {path}: {value(change.new)}")
    if change.new is None:
        return Text.assemble("      ", ("-", BAD), f" {path}: {value(change.old)}")
    return Text.assemble("      ", ("~", CHANGED), f" {path}: {value(change.old)} -> {value(change.new)}")


def _call(call: PlannedCall) -> Text:
    request = Text(f"      > {printable(call.service)} {printable(call.operation)}", HANDOVER)
    parameters = [
        Text(f"          {printable(name)}: {value(given)}", FAINT) for name, given in call.parameters.items()
    ]
    return Text("\n").join([request, *parameters])


def _approval(found: Found, plan: PlanObject, approve: str) -> Text:
    if plan.complete:
        return Text("Everything in it is done.", GOOD)
    if plan.superseded or not found.active:
        return Text("It is not the active Plan: nothing of it will be sent, and it can not be approved.", CHANGED)
    if not plan.gated:
        return Text("No step waits for approval." if plan.spec.approval_hash else "No step needs approval.", FAINT)
    if found.approved:
        return Text("Approved.", GOOD)
    return _needed(plan, approve)


def gated(plan: PlanObject) -> Text:
    """Return what an approval would allow: the steps that wait for it."""
    title = Text.assemble((plan.label, STRONG), f": {_waiting(plan)} for approval")
    return Text("\n\n").join([title, *steps(plan, plan.gated)])


def _waiting(plan: PlanObject) -> str:
    count = len(plan.gated)
    return "1 step waits" if count == 1 else f"{count} steps wait"


def _few(names: list[str]) -> str:
    """Return the first few names, and how many more there are: they all stand above."""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def _needed(plan: PlanObject, approve: str) -> Text:
    return Text.assemble(
        (f"{_waiting(plan)} for approval", CHANGED),
        f" ({_few([printable(step.name) for step in plan.gated])}). Approve with\n  ",
        (approve, STRONG),
        f"\nor, through Git, with spec.changePolicy.approvedPlan: {printable(plan.metadata.name)}",
    )
