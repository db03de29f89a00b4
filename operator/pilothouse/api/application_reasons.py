"""What the conditions and Events of an Application can say."""

from typing import Final

from pilothouse.api.reasons import Aspect, EventReason, Reason, Vocabulary

_STUCK: Final = ("Ready=False", "Stalled=True")
_ON_ITS_WAY: Final = ("Ready=Unknown", "Reconciling=True")

_ASPECTS: Final = (
    Aspect(
        "Ready",
        "what was last seen is what is wanted, or is left so because `spec.suspend` says so",
        "stuck: see `Stalled`",
        "on its way: see `Reconciling`",
    ),
    Aspect("Reconciling", "the operator works, or waits for the Data Plane", "nothing is under way"),
    Aspect("Stalled", "only a person can help", "nothing waits for a person"),
    Aspect("PlanApproved", "no step waits for approval", "gated steps wait for a person"),
    Aspect("Drifted", "something differs that was changed behind our back", "nothing does"),
)

_ON_THE_WAY: Final = (
    Reason("Converged", ("Ready=True", "Reconciling=False"), "What was last seen is what is wanted."),
    Reason(
        "Applying",
        _ON_ITS_WAY,
        "A Plan is being carried out; the message says what it waits for.",
        "Wait. If it stays, look at the message and at `status.inFlight`: an intent there waits until its outcome is "
        "seen.",
    ),
    Reason(
        "Progressing",
        _ON_ITS_WAY,
        "Everything is applied, and something is not Ready yet: pods are starting, a provider is working.",
        "Wait, or look at the object that the message names.",
    ),
    Reason(
        "ObservationOutdated",
        _ON_ITS_WAY,
        "Everything was as it should be when it was last seen, but for a quarter of an hour or longer nothing tells "
        "whether it still is: listings or a watch of a Cell have stopped. The message says since when and, where that "
        "is known, why.",
        "See the Cell and the operator's log. It ends by itself once the Cell is listed or watched again.",
    ),
    Reason(
        "WaitingForWindow",
        _ON_ITS_WAY,
        "All that is left to do waits for a change window of FleetPolicy `default`; the message says which, and when "
        "it opens.",
        "Wait, or ask whoever administers the fleet for an exception.",
    ),
    Reason(
        "Deleting",
        _ON_ITS_WAY,
        "It is being deleted, in reverse order; the message says what it waits for, and who uses what cannot go, where "
        "a cloud tells.",
        "Wait. If its Cell is gone for good, set `spec.abandoned: true` on the Cell.",
    ),
    Reason("NotStalled", ("Stalled=False",), "Nothing waits for a person."),
    Reason("NoDrift", ("Drifted=False",), "Nothing was changed behind our back."),
    Reason("Approved", ("PlanApproved=True",), "A person approved the gated steps; the message says how."),
    Reason("NothingToApprove", ("PlanApproved=True",), "No step is gated."),
)

_WAITING: Final = (
    Reason(
        "ApprovalNeeded",
        (*_STUCK, "PlanApproved=False"),
        "Steps that destroy, that take over what an earlier Application made, or that interrupt only because the "
        "operator was upgraded or lost its key, wait for approval.",
        "`kubectl pilothouse approve NAME`, or name the Plan in `spec.changePolicy.approvedPlan`.",
    ),
    Reason(
        "Suspended",
        _STUCK,
        "`spec.suspend` of the Application or of FleetPolicy `default` is true, and there is something to change.",
        "Set it to false.",
    ),
    Reason(
        "Suspended",
        ("Ready=True", "Reconciling=False"),
        "`spec.suspend` of the Application or of FleetPolicy `default` is true, and there is nothing to change. "
        "Observing goes on.",
    ),
    Reason(
        "InUse",
        _STUCK,
        "It was deleted while Applications of others refer to its resources; the message names them.",
        "Remove their references, or this one's consent in `spec.exports`, to let the deletion go on.",
    ),
    Reason(
        "DeletionProtected",
        _STUCK,
        "It was deleted while `spec.deletionProtection` is true.",
        "Set it to false to let the deletion go on; a deletion cannot be taken back.",
    ),
    Reason(
        "Stalled",
        ("Reconciling=False",),
        "Nothing moves until the condition `Stalled` is resolved.",
        "Read the condition `Stalled`.",
    ),
    Reason(
        "BreakerOpen",
        _STUCK,
        "Something is to be made or destroyed in a Cell where much is missing at once; the message says how much. "
        "Nothing is created, deleted or replaced there.",
        "Find out why: see the Cell. Then `kubectl pilothouse resume CELL`.",
    ),
    Reason(
        "ChangedOutside",
        ("Drifted=True",),
        "Fields differ from what was last applied: somebody changed them.",
        "With `drift: Correct` they are put right by themselves. With `Report`, change them back, or change the spec.",
    ),
    Reason(
        "Contested",
        ("Drifted=True",),
        "A field differs again as often as it is put right: somebody insists, whom the message names. It is left as it "
        "is.",
        "Stop the other, or leave the field out of the Application. A change of the resource's spec is applied all the "
        "same.",
    ),
)

_SPEC: Final = (
    Reason(
        "InvalidSpec",
        _STUCK,
        "The spec does not fit its model, although the API server took it: an older or newer CRD is installed, or "
        "validation was switched off.",
        "Correct the field named; apply the CRDs of the operator's version.",
    ),
    Reason(
        "InvalidResource",
        _STUCK,
        "A resource has none or several type blocks, or a block has a wrong setting.",
        "Correct the field named.",
    ),
    Reason(
        "UnknownType",
        _STUCK,
        "There is no such resource type.",
        "Use one of those named, or another version of the operator.",
    ),
    Reason(
        "InvalidTemplate",
        _STUCK,
        "A pod template asks for an amount that is no Kubernetes quantity.",
        "Write it as `500m`, `2` or `1Gi`.",
    ),
    Reason(
        "InvalidManifest",
        _STUCK,
        "An entry of `manifests` lacks apiVersion, kind or name, names another namespace or an owner, or is of one of "
        "our own kinds.",
        "Correct the entry.",
    ),
    Reason(
        "InvalidDriftPolicy",
        _STUCK,
        "A path of a drift policy leads to no field, lies within another, or is about a manifest that is not there.",
        "Use one of the fields named.",
    ),
    Reason("DuplicateObject", _STUCK, "Two entries ask for the same object in one Cell.", "Rename one."),
    Reason(
        "ReferenceNotFound",
        _STUCK,
        "`dependsOn` or a `ref` names what this Application does not have.",
        "Use a name from the list in the message.",
    ),
    Reason(
        "DependencyCycle",
        _STUCK,
        "Things depend on each other in a circle, which the message shows.",
        "Remove one `dependsOn` or reference.",
    ),
    Reason("CellNotFound", _STUCK, "The Cell named does not exist.", "Use one of those named, or create the Cell."),
    Reason(
        "CellNotUsable",
        _STUCK,
        "The Cell is of another provider, does not allow this type for this namespace, or is cordoned.",
        "Extend `spec.allow` of the Cell, uncordon it, or name another.",
    ),
    Reason(
        "NoCell",
        _STUCK,
        "No Cell can take a resource that may choose, and the message says of each why; or manifests have no workload "
        "whose Cells they could follow.",
        "Relax the selector, label or open a Cell.",
    ),
    Reason(
        "DoesNotFit",
        _STUCK,
        "Replicas fit nowhere; the message says for each Cell what is short and by how much, and the smallest change "
        "after which they would fit. The other workloads go on.",
        "Add nodes, lower requests or replicas, or open another Cell. It is tried again when room becomes free.",
    ),
)

_WORLD: Final = (
    Reason(
        "ObservationFailed",
        _STUCK,
        "A thing could not be read, and nothing about it is changed meanwhile: its Cell does not answer, or its "
        "credentials are refused. Or it can be read, and its Cell refuses to list or to watch things of its kind.",
        "See the Cell, or allow the call that the message names. It is tried again by itself.",
    ),
    Reason(
        "NotFound",
        _STUCK,
        "What is to be observed (`id`) or taken over (`adopt.id`) does not exist in the Cell. Nothing is made instead.",
        "Correct the id, or leave `adopt` out to have one made.",
    ),
    Reason(
        "AdoptWouldReplace",
        _STUCK,
        "What is to be taken over differs in a field that cannot change: to apply the spec would destroy it.",
        "Write down what it is, as the message tells, or adopt another.",
    ),
    Reason(
        "NameConflict",
        _STUCK,
        "Something of that name exists and is not ours, lost its mark, or is on record as another resource: one that "
        "was renamed keeps the name that it has in its cloud. It is never taken over.",
        "Rename the resource, remove the other, or put the mark back, as the message tells. If everything is of "
        "another control plane, the operator was started with another `controlPlaneID`: give it the one named.",
    ),
    Reason(
        "Retained",
        _STUCK,
        "A thing that says `deletionPolicy: Retain` would have to be replaced, which would destroy what it holds: "
        "because of a setting that cannot change, or because it was asked for.",
        "Set it to `Delete` (or `Snapshot`) if that may go; or undo the change, or take the request out of the "
        "annotation `pilothouse.dev/replace`.",
    ),
    Reason(
        "Refused",
        _STUCK,
        "The API server refuses what the spec asks for, or a policy engine or quota refuses the Plan.",
        "Follow its message, which is part of ours.",
    ),
    Reason(
        "Failed",
        _STUCK,
        "What exists says itself that it has failed: a Job, a rollout past its deadline, a lost claim.",
        "Follow the message. A Job is run again when its spec changes, or when you delete it (unless it has "
        "`ttlSecondsAfterFinished`).",
    ),
    Reason(
        "StepFailed",
        _STUCK,
        "A provider refused a call: a wrong parameter, a missing permission, a quota.",
        "Follow the message. It is tried again, less and less often, and at once when the spec changes, or by "
        "`kubectl pilothouse retry NAME` once the cause is mended.",
    ),
    Reason(
        "StepTimedOut",
        _STUCK,
        "What was sent has not come to rest in time: not made and Ready, not Ready again, or not gone. The message "
        "says since when, the limit, and the last word of its provider.",
        "Mend what its provider says, or set `timeouts` of the resource or workload. It is looked at once a minute and "
        "goes on by itself.",
    ),
)

APPLICATION: Final = Vocabulary(
    "Application",
    _ASPECTS,
    (*_ON_THE_WAY, *_WAITING, *_SPEC, *_WORLD),
    events=(
        EventReason("PlanMade", "Normal", "A new Plan exists; the message counts its steps."),
        EventReason(
            "UnreadableStatus",
            "Warning",
            "Somebody wrote by hand into its status what cannot be read. Nothing is written over that, and nothing is "
            "changed, for what it has is not known. Restore it as the message says.",
        ),
        EventReason("Drift", "Warning", "`Drifted` became True: somebody changed what was applied."),
    ),
    announced=(("Ready=True", "Normal"), ("Stalled=True", "Warning")),
)
