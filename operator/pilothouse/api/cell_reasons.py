"""What the conditions and Events of a Cell can say."""

from typing import Final

from pilothouse.api.reasons import Aspect, EventReason, Reason, Vocabulary

CELL: Final = Vocabulary(
    "Cell",
    (
        Aspect(
            "Ready",
            "it answers, and what is in it is known",
            "it cannot be worked with, or only in part",
            "it is not known whether it still answers",
        ),
        Aspect("BreakerOpen", "nothing is created, deleted or replaced in it until a person agrees", "it may be"),
        Aspect(
            "DomainLossCovered",
            "the others have room for what runs in its failure domain",
            "they have too little; absent where `placement.surviveDomainLoss` of FleetPolicy `default` does not ask",
        ),
    ),
    (
        Reason("Reachable", ("Ready=True",), "It answers, and what is in it is known."),
        Reason("NotReachedYet", ("Ready=False",), "The operator has just started, or the Cell is new.", "Wait."),
        Reason("NotListedYet", ("Ready=False",), "It was reached, and is being listed for the first time.", "Wait."),
        Reason(
            "Unreachable",
            ("Ready=False",),
            "Nobody answers, or too many calls in a row got no answer: calls to it fail at once until it answers "
            "again. Or what looks after it failed by a fault of the operator's, which the message says.",
            "Check network, endpoint and the provider's state; or see the operator's log.",
        ),
        Reason(
            "CredentialsRefused",
            ("Ready=False",),
            "The provider refuses the credentials, or they belong to another account than `spec.aws.accountID`.",
            "Put right the Secret that the message names; it is read again when it changes.",
        ),
        Reason(
            "PartlyUnreadable",
            ("Ready=False",),
            "Some kinds or resource types cannot be listed, usually for want of a permission.",
            "Allow the call that the message names.",
        ),
        Reason(
            "ObservationOutdated",
            ("Ready=Unknown",),
            "No look at it has ended for a quarter of an hour, although nothing tells of a failure.",
            "See the operator's log. Should it stay so, restart the operator: nothing is lost by that.",
        ),
        Reason(
            "InvalidSpec",
            ("Ready=False",),
            "The spec does not fit its model, although the API server took it: an older or newer CRD is installed, or "
            "validation was switched off.",
            "Correct the field named; apply the CRDs of the operator's version.",
        ),
        Reason(
            "RoomElsewhere",
            ("DomainLossCovered=True",),
            "If its failure domain were lost, the other Cells would have as much free as runs there, in the sum of "
            "each resource.",
        ),
        Reason(
            "TooLittleElsewhere",
            ("DomainLossCovered=False",),
            "If its failure domain were lost, so much of what runs there would fit nowhere.",
            "Add nodes in other failure domains, as the message says, or `headroomPercent` there so that no more is "
            "placed than can be lost.",
        ),
        Reason(
            "NothingAmiss",
            ("BreakerOpen=False",),
            "No more is missing than `breaker` of FleetPolicy `default` allows.",
        ),
        Reason(
            "TooMuchMissing",
            ("BreakerOpen=True",),
            "More of what Applications have there is gone, or to be destroyed unasked, than FleetPolicy `default` "
            "allows. Nothing is created, deleted or replaced there until a person agrees, whatever the Cell answers "
            "meanwhile.",
            "Check that credentials and endpoint are those of the right account or cluster, and what happened there. "
            "Then `kubectl pilothouse resume CELL`: what is there is taken back, what is not is made again.",
        ),
    ),
    events=(
        EventReason("BreakerOpened", "Warning", "`BreakerOpen` became True; the message counts what is missing."),
        EventReason(
            "UnreadableStatus",
            "Warning",
            "Somebody wrote by hand into its status what cannot be read. Nothing is written over that, and nothing is "
            "done in the Cell, for whether its breaker is open is not known; Applications there say so "
            "(`ObservationFailed`). Restore it as the message says.",
        ),
        EventReason("BreakerResumed", "Normal", "A person has agreed to go on."),
    ),
)
