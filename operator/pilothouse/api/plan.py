"""Plan: proposed changes to the Observed State, as an immutable graph of steps; its status records what came of it."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from pilothouse.api.conditions import Condition
from pilothouse.api.merging import keyed_by
from pilothouse.api.meta import Record, Rules, Wire
from pilothouse.api.times import Moment

Reason = Literal[
    "SpecChanged", "Requested", "Drift", "Repair", "Scaling", "Rebalance", "Rollout", "Upgrade", "Deletion"
]
Action = Literal["Create", "Adopt", "Update", "Replace", "Delete", "Release"]
Impact = Literal["None", "Disruptive", "Destructive"]
StepState = Literal["Pending", "Running", "Succeeded", "NotNeeded", "Failed", "OutcomeUnknown"]


class ApplicationRef(Wire):
    """The Application that a Plan belongs to, in the Plan's namespace."""

    name: str = Field(description="Name of the Application.")
    uid: str = Field(description="UID of the Application, so that a namesake is not mistaken for it.")


class Target(Wire):
    """What a step changes."""

    cell: str = Field(description="Cell it lives in.")
    type: str = Field(description="Type block, such as awsQueue, or Kubernetes kind.")
    resource: str = Field(description="Name in the Application.")


class Basis(Wire):
    """The snapshot that a step is bound to; it is checked again just before the step is sent."""

    id: str = Field("", description="The provider's identifier of what is changed; empty when it is absent.")
    observed: str = Field("", description="Fingerprint of the managed fields that the diff read.")
    desired: str = Field("", description="Keyed hash of the Desired State of this target.")


class Change(Wire):
    """One field that a step changes. Sensitive values are never shown."""

    path: str = Field(description="Path of the field.")
    old: Any = Field(
        None,
        alias="from",
        description="The value now; absent when there is none.",
        json_schema_extra={"x-kubernetes-preserve-unknown-fields": True},
    )
    new: Any = Field(
        None,
        alias="to",
        description="The value afterwards; absent when the field goes.",
        json_schema_extra={"x-kubernetes-preserve-unknown-fields": True},
    )
    by: str = Field("", description="Who set the value now, where that is known: a field manager of Kubernetes.")


class PlannedCall(Wire):
    """One request that a step sends. Sensitive parameters are never shown."""

    service: str = Field(description="Service, such as sqs or kubernetes.")
    operation: str = Field(description="Operation, such as CreateQueue.")
    parameters: dict[str, Any] = Field(
        default_factory=dict,
        description="Parameters as they are sent, references to later outputs as ${resource.output}.",
        json_schema_extra={"x-kubernetes-preserve-unknown-fields": True},
    )


class Step(Wire):
    """One safe change of one target."""

    name: str = Field(description="Name, unique in the Plan.")
    action: Action = Field(description="What is done.")
    target: Target = Field(description="To what.")
    depends_on: tuple[str, ...] = Field((), description="Steps that must have succeeded before.")
    impact: Impact = Field(
        "None", description="What users of the target notice: nothing, an interruption, or the loss of it."
    )
    gated: bool = Field(False, description="Whether the step waits for approval.")
    basis: Basis = Field(description="The snapshot that the step is bound to.")
    changes: tuple[Change, ...] = Field((), description="Fields that change.")
    token: str = Field("", description="Idempotency token or cloud name of a create.")
    calls: tuple[PlannedCall, ...] = Field((), description="What will be sent, as far as it is known now.")


class PlanSpec(Wire):
    """The proposal; immutable."""

    rules: ClassVar[Rules] = (
        ("self == oldSelf", "a Plan never changes: change the Application, and a new Plan takes this one's place"),
    )

    application_ref: ApplicationRef = Field(description="Whose Plan it is.")
    revision: int = Field(ge=1, description="Position in the Application's history of Plans.")
    reason: Reason = Field(description="Why there is something to do.")
    desired_hash: str = Field(description="Keyed hash of the whole Desired State, without suspend and changePolicy.")
    approval_hash: str = Field(
        description="Hash over the gated steps; what an approval names. Empty when no step is gated."
    )
    steps: tuple[Step, ...] = Field(
        max_length=200,
        description="The steps, in an order that satisfies their dependencies.",
        json_schema_extra=keyed_by("name"),
    )


class StepStatus(Record):
    """What came of a step."""

    name: str = Field(description="Name of the step.")
    state: StepState = Field(description="How far it is.")
    attempts: int = Field(0, ge=0, description="How often it was sent.")
    external_id: str = Field("", description="The provider's identifier of what it changed.")
    started_at: Moment = Field("", description="When it was first sent, RFC 3339 in UTC.")
    finished_at: Moment = Field("", description="When it was known to be done, RFC 3339 in UTC.")
    message: str = Field("", description="What it waits for, or what went wrong and how to mend it.")


class PlanStatus(Record):
    """The record of a Plan."""

    conditions: tuple[Condition, ...] = Field(
        (),
        description="Approved, Complete, Superseded, Failed.",
        json_schema_extra=keyed_by("type"),
    )
    steps: tuple[StepStatus, ...] = Field((), description="What came of each step.")
    progress: str = Field("", description="Steps done of all, such as 3/8.")
    state: str = Field(
        "", description="Applying, WaitingForApproval, WaitingForWindow, Stalled, Complete or Superseded."
    )
