"""What the conditions of a Plan can say."""

from typing import Final

from pilothouse.api.reasons import Aspect, Reason, Vocabulary

PLAN: Final = Vocabulary(
    "Plan",
    (
        Aspect("Approved", "its gated steps may be carried out", "they wait for a person"),
        Aspect("Complete", "every step is done", "some are not"),
        Aspect("Failed", "a step was refused", "none was"),
        Aspect("Superseded", "a newer Plan took its place: nothing of this one is carried out any more", ""),
    ),
    (
        Reason("NothingToApprove", ("Approved=True",), "No step is gated."),
        Reason("Approved", ("Approved=True",), "The message says by whom or what."),
        Reason(
            "ApprovalNeeded",
            ("Approved=False",),
            "Steps that destroy or take over wait for a person.",
            "The message has the command.",
        ),
        Reason("Complete", ("Complete=True",), "Every step is done."),
        Reason("Applying", ("Complete=False",), "Not every step is done; the message says what it waits for.", "Wait."),
        Reason("NoFailure", ("Failed=False",), "No step was refused."),
        Reason(
            "StepFailed",
            ("Failed=True",),
            "A provider refused a call of the steps that the message names.",
            "See `StepFailed` of the Application.",
        ),
        Reason(
            "Superseded",
            ("Superseded=True",),
            "The spec or the world changed, or the Plan was edited by hand; the message says which.",
            "Look at the newer one; an approval carries over where it covers the same steps.",
        ),
    ),
)
