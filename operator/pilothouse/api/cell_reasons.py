"""What the conditions and Events of a Cell can say."""

from typing import Final

from pilothouse.api.reasons import Aspect, EventReason, Reason, Vocabulary

_PASSES: Final = "Wait: it passes by itself."
_IS_HELD: Final = ("MovesHeld=True",)
_HELD: Final = (
    Reason(
        "Proposed",
        _IS_HELD,
        "A workload there is moved once a person agrees.",
        "`kubectl pilothouse approve NAME` for the Application that the message names.",
    ),
    Reason(
        "MostLost",
        _IS_HELD,
        "More than half of the Cells look lost at once. That is more likely the operator's fault than theirs, so "
        "nothing moves anywhere.",
        "Check the network of the operator and the credentials of the Cells.",
    ),
    Reason(
        "Destination",
        _IS_HELD,
        "No other Cell can take what is to leave: each would be too full with it, is cordoned or lost, has no room on "
        "its nodes, may not be used, or receives something else now. How many do which, is in the operator's log.",
        "Add nodes or a Cell. What runs goes only where `placement.rebalancing.destinationPercent` of FleetPolicy "
        "`default` and `headroomPercent` leave room: raise the one, or lower the other. What is lost may fill a Cell.",
    ),
    Reason(
        "Forbidden",
        _IS_HELD,
        "What is there does not move by itself: it has data, an autoscaler gives its replicas, another workload has to "
        "be near it, or `placement.rebalance` says Never.",
        "Move it by hand, or allow it in `placement.rebalance` of the workload.",
    ),
    Reason(
        "Floor",
        _IS_HELD,
        "Not all of its replicas are Ready, so that none may go.",
        "See at its Application why they are not.",
    ),
    Reason(
        "NoCandidate",
        _IS_HELD,
        "What fills it is none of the operator's, or nothing of it helps.",
        "See what else runs there.",
    ),
    Reason(
        "Gain",
        _IS_HELD,
        "What could leave would relieve it by less than the move costs.",
        "Nothing, or lower `placement.rebalancing.minimumGain` of FleetPolicy `default`.",
    ),
    Reason("Repair", _IS_HELD, "Something in the fleet is repaired, or waits for that, and goes first.", _PASSES),
    Reason(
        "InLine",
        _IS_HELD,
        "Plans wait in line because as many are under way as may be at once, and moves come behind them.",
        "Wait, or raise `budgets.plansInFlight` of FleetPolicy `default`.",
    ),
    Reason(
        "FleetBudget",
        _IS_HELD,
        "As many moves are under way in the fleet as may be at once.",
        "Wait, or raise `placement.rebalancing.movesPercent` of FleetPolicy `default`.",
    ),
    Reason("Cooldown", _IS_HELD, "Its Application was moved lately and is left alone for a while.", _PASSES),
    Reason(
        "UnderWay",
        _IS_HELD,
        "Another replica of the workload, or another workload of its Application, is on its way.",
        _PASSES,
    ),
)
"""Why something that is to leave a Cell stays. The names are those of the metric `pilothouse_moves_held`."""

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
        Aspect(
            "MovesHeld",
            "something is to leave it, for it is hot, lost or to be emptied, and nothing is on its way",
            "nothing is to leave it, or something is on its way; absent where nothing is moved in the fleet",
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
        Reason("NothingHeld", ("MovesHeld=False",), "Nothing is to leave it, or something is on its way."),
        *_HELD,
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
        EventReason(
            "MovesHeld",
            "Normal",
            "`MovesHeld` became True, or its reason another one; none is told that passes by itself.",
        ),
    ),
)
