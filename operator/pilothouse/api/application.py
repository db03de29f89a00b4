"""Application: the Desired State of a piece of running software, and what is observed of it."""

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import ConfigDict, Field, StringConstraints

from pilothouse.api.conditions import Condition
from pilothouse.api.drift import DriftPolicy, DriftRule, ManifestDrift
from pilothouse.api.merging import DEFAULTED, keyed_by, set_of
from pilothouse.api.meta import NAME_PATTERN, Record, Rules, Wire
from pilothouse.api.placement import Residency
from pilothouse.api.selectors import LabelSelector
from pilothouse.api.timeouts import Timeouts
from pilothouse.api.times import Moment
from pilothouse.api.workload import NOT_ITSELF, Workload

DeletionPolicy = Literal["Delete", "Retain", "Snapshot"]
ApprovalPolicy = Literal["Automatic", "Destructive", "Always"]


KEY: Final = "^[^/]+/[^/]+/.+$"
"""A target as text: cell/type/resource."""
EXHAUSTED: Final = "Exhausted"
"""The state of what could not be made because its Cell has no room or quota left."""


class WriteOutputsTo(Wire):
    """Where a resource's outputs are written, in every Cell where a workload uses them."""

    rules: ClassVar[Rules] = (("has(self.configMap) != has(self.secret)", "give exactly one of configMap and secret"),)

    config_map: str | None = Field(
        None, pattern=NAME_PATTERN, max_length=63, description="Name of the ConfigMap to write."
    )
    secret: str | None = Field(None, pattern=NAME_PATTERN, max_length=63, description="Name of the Secret to write.")


class Adopt(Wire):
    """Something that exists already, made by other means or let go by another Application."""

    id: str = Field(min_length=1, max_length=2048, description="The provider's identifier.")


_OBSERVED: Final = "(has(self.managementPolicy) && self.managementPolicy == 'Observe')"


class Resource(Wire):
    """A cloud resource: the fields every type shares, and exactly one type block, such as awsQueue."""

    model_config = ConfigDict(extra="allow")

    rules: ClassVar[Rules] = (
        ("has(self.cell) != has(self.cellSelector)", "give exactly one of cell and cellSelector"),
        NOT_ITSELF,
        (
            f"{_OBSERVED} == has(self.id)",
            "id: give it with managementPolicy Observe, and only then; adopt.id takes something over",
        ),
        (
            f"!{_OBSERVED} || !(has(self.adopt) || has(self.deletionPolicy) || has(self.renamedFrom))",
            "managementPolicy Observe: leave out adopt, deletionPolicy and renamedFrom, nothing is ever changed",
        ),
    )

    name: str = Field(
        pattern=NAME_PATTERN, max_length=40, description="Name of the resource, unique in the Application."
    )
    management_policy: Literal["Manage", "Observe"] = Field(
        "Manage",
        description="Make, change and remove it (Manage), or only read one that exists, for its outputs (Observe): "
        "then give its id, and leave the type block empty.",
    )
    id: str | None = Field(
        None,
        min_length=1,
        max_length=2048,
        description="The provider's identifier of the one to read. With managementPolicy Observe, and only then.",
    )
    adopt: Adopt | None = Field(
        None, description="One that exists to take over, in place of making one; in Cells that allow it."
    )
    renamed_from: str | None = Field(
        None,
        pattern=NAME_PATTERN,
        max_length=40,
        description="Its name in this Application until now: what exists goes on under the new one.",
    )
    cell: str | None = Field(
        None,
        pattern=NAME_PATTERN,
        max_length=63,
        description="The Cell it lives in. Exactly one of cell and cellSelector.",
    )
    cell_selector: LabelSelector | None = Field(
        None, description="Labels of the Cells it may live in. Exactly one of cell and cellSelector."
    )
    residency: Residency | None = Field(None, description="Where its data may be; anywhere when absent.")
    write_outputs_to: WriteOutputsTo | None = Field(
        None, description="Where its outputs are written for workloads to read; nowhere when absent."
    )
    deletion_policy: DeletionPolicy | None = Field(
        None,
        description="What becomes of it when it leaves the Application; each type has its default. "
        "What a retained one depends on stays with it. It is not replaced either.",
    )
    depends_on: tuple[str, ...] = Field(
        (),
        max_length=50,
        description="Workloads and resources that must be Ready before this one changes.",
        json_schema_extra=set_of(40, NAME_PATTERN),
    )
    drift: DriftRule = Field(
        default_factory=DriftRule,
        description="What happens when it is changed behind our back; paths are of its type block.",
    )
    timeouts: Timeouts = Field(
        default_factory=Timeouts, description="How long its changes may take before somebody is told."
    )

    @property
    def blocks(self) -> dict[str, Any]:
        """The type blocks given, by type, as `model_extra` keeps them; a valid resource has exactly one."""
        return dict(self.model_extra or {})


class ChangePolicy(Wire):
    """What may be changed without asking a person."""

    approval: ApprovalPolicy = Field(
        "Destructive",
        description="Which steps wait for approval: none (Automatic), those that destroy or adopt, and those by which "
        "an upgrade of the operator interrupts (Destructive), or every one (Always).",
    )
    drift: DriftPolicy = Field(
        "Correct",
        description="What happens to a change made behind our back: put right (Correct), only shown (Report), or left "
        "alone (Ignore). Workloads and resources may say otherwise.",
    )
    manifests: tuple[ManifestDrift, ...] = Field(
        (),
        max_length=100,
        description="Objects of `manifests` for which drift is handled otherwise.",
        json_schema_extra=keyed_by("kind", "name"),
    )
    approved_plan: str = Field(
        "", max_length=253, description="Name of a Plan to approve, for those who approve through Git."
    )


class Exports(Wire):
    """Consent that other namespaces use the outputs of the resources; never those that are secret."""

    to: tuple[str, ...] = Field(
        min_length=1,
        max_length=100,
        description="Namespaces whose Applications may; * stands for all.",
        json_schema_extra=set_of(63, r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?|[*])$"),
    )


class ApplicationSpec(Wire):
    """Desired State, as the customer configured it."""

    rules: ClassVar[Rules] = (
        (
            (
                "!has(self.workloads) || !has(self.resources)"
                " || !self.workloads.exists(w, self.resources.exists(r, r.name == w.name))"
            ),
            "resources: rename the one that has a workload's name: dependsOn could not tell them apart",
        ),
    )

    exports: Exports | None = Field(
        None, description="Who else may refer to the outputs of its resources; the own namespace always may."
    )
    suspend: bool = Field(False, description="Observe and report, change nothing. Deletion still works.")
    deletion_protection: bool = Field(False, description="Refuse to delete anything when the Application is deleted.")
    workloads: tuple[Workload, ...] = Field(
        (), max_length=50, description="Workloads in Kubernetes Cells.", json_schema_extra=keyed_by("name")
    )
    manifests: tuple[dict[str, Any], ...] = Field(
        (),
        max_length=100,
        description="Other namespaced Kubernetes objects, applied in every Cell where a workload runs.",
    )
    resources: tuple[Resource, ...] = Field(
        (), max_length=200, description="Cloud resources.", json_schema_extra=keyed_by("name")
    )
    change_policy: ChangePolicy = Field(
        default_factory=ChangePolicy,
        description="What may be changed without asking a person.",
        json_schema_extra=DEFAULTED,
    )


class PlanSummary(Record):
    """The active Plan. A Plan is active only while this points to it."""

    name: str = Field("", description="Name of the Plan; empty when nothing is to be changed.")
    state: str = Field("", description="Applying, WaitingForApproval, WaitingForWindow, Stalled or Complete.")
    steps: str = Field("", description="Steps done of all, such as 3/8.")
    waiting_for: str = Field("", description="What the Plan waits for; empty when for nothing.")


class FinishedPlan(Record):
    """A Plan that was carried out."""

    name: str = Field("", description="Name of the Plan; empty when there was none.")
    finished_at: Moment = Field("", description="When its last step was known to be done, RFC 3339 in UTC.")


class Settled(Record):
    """The spec that nothing was left to do for, the last time that this was so."""

    generation: int = Field(0, ge=0, description="metadata.generation of that spec.")
    edition: str = Field(
        "",
        description="Which operator found that: its version, and a hash that tells the key of its hashes from another. "
        "What another one sees otherwise although the spec is the same, nobody asked for.",
    )


class Intent(Record):
    """The write-ahead record of a step, on the API server before its first call leaves."""

    step: str = Field(description="Name of the step.")
    target: str = Field(pattern=KEY, description="cell/type/resource that the step changes.")
    action: str = Field(description="Action of the step.")
    token: str = Field("", description="Idempotency token or cloud name of a create, else empty.")
    sent_at: Moment = Field(description="When the step was about to be sent, RFC 3339 in UTC.")
    epoch: int = Field(0, ge=0, description="Leadership epoch of the Controller that sent it.")


class Alternative(Record):
    """Another Cell that could have taken a replica, and how good it was."""

    cell: str = Field(description="The Cell.")
    score: int = Field(0, description="Its score; 100 is the best there is.")
    terms: dict[str, int] = Field(default_factory=dict, description="What each term added to the score.")


class Placed(Record):
    """Where a workload's replicas were placed, and why."""

    workload: str = Field(description="Name of the workload.")
    cell: str = Field(description="Cell it was placed in.")
    replicas: int = Field(ge=0, description="Pods in that Cell.")
    reason: str = Field("", description="Why there.")
    score: int | None = Field(
        None,
        description="How good the Cell was for the last replica placed there, of 100; absent where none was chosen.",
    )
    terms: dict[str, int] = Field(default_factory=dict, description="What each term added to the score.")
    alternatives: tuple[Alternative, ...] = Field(
        (), description="The best of the other Cells that had room for that replica, three at most."
    )


Trigger = Literal["", "Blocked", "Missing", "Hot", "Draining", "NewCell", "Price"]
"""What a move is for, where rebalancing began it."""


class Moved(Record):
    """Replicas of a workload that go from one Cell to another: they are made there before they go here."""

    workload: str = Field(description="Name of the workload.")
    source: str = Field(description="Cell that they leave.")
    destination: str = Field(description="Cell that they go to.")
    replicas: int = Field(1, ge=1, description="How many.")
    reason: str = Field("", description="Why.")
    trigger: Trigger = Field(
        "", description="What rebalancing began it for; empty when it follows from the spec and the Cells."
    )
    evacuates: bool = Field(False, description="Whether the Cell that they leave was lost.")
    began_at: Moment = Field(description="Since when, RFC 3339 in UTC.")
    ended_at: Moment = Field("", description="When the last was gone from its old Cell; empty while it is under way.")


class Drift(Record):
    """One field that was changed behind our back."""

    path: str = Field(description="Path of the field.")
    desired: str = Field("", description="The value wanted.")
    observed: str = Field("", description="The value seen.")
    first_seen: Moment = Field("", description="When the difference was first seen, RFC 3339 in UTC.")
    by: str = Field("", description="Who changed it, where that is known: a field manager of Kubernetes.")
    contested: bool = Field(
        False, description="Whether it is left as it is, because it differed again as often as it was put right."
    )


class Correction(Record):
    """One field that was put right not long ago."""

    path: str = Field(description="Path of the field.")
    times: int = Field(1, ge=1, description="How often, each time soon after the last.")
    at: Moment = Field(description="When the last time, RFC 3339 in UTC.")


class UnderWay(Record):
    """A change that was sent and has not come to rest."""

    step: str = Field(description="Name of the step.")
    action: str = Field(description="Action of the step.")
    desired: str = Field("", description="Keyed hash of what it is to bring about; empty when nothing is wanted.")
    since: Moment = Field(description="When it was first about to be sent, RFC 3339 in UTC.")


class LedgerEntry(Record):
    """What is remembered of one thing that we own: the only memory of the Controller."""

    name: str = Field(description="Name of the workload's, resource's or manifest's object.")
    type: str = Field(description="Type block or Kubernetes kind.")
    cell: str = Field(description="Cell it lives in.")
    renamed_from: str = Field("", description="Its name here before, until its mark is seen to bear the new one.")
    id: str = Field("", description="The provider's identifier; empty while nothing exists.")
    incarnation: int = Field(
        0, ge=0, description="How many of these existed before and are proven gone, or are another resource's by now."
    )
    spent_at: Moment = Field(
        "",
        description="Since when its provider says that its token was used before, with other settings, while nothing "
        "is seen of what that made; RFC 3339 in UTC.",
    )
    applied_hash: str = Field("", description="Keyed hash of what was last applied.")
    applied_keys: tuple[str, ...] = Field(
        (), description="Optional fields that were set by us, so that leaving them out again resets them."
    )
    applied_fields: dict[str, str] = Field(
        default_factory=dict,
        description="Keyed hash of what was last applied at each path that a drift policy names, by path.",
    )
    settled: Settled = Field(
        default_factory=Settled, description="For which spec it was found to be as it is wanted last, and by whom."
    )
    stored_hash: str = Field(
        "",
        description="Keyed fingerprint of our fields as the API server stored them at the last apply "
        "(Kubernetes objects only).",
    )
    deletion_policy: DeletionPolicy = Field(
        "Delete", description="What becomes of it when it is no longer wanted; kept here, for then its spec is gone."
    )
    after: tuple[Annotated[str, StringConstraints(pattern=KEY)], ...] = Field(
        (), description="cell/type/resource keys that this one depends on; deletion goes the other way round."
    )
    changed_at: Moment = Field("", description="When our last change of it was answered, RFC 3339 in UTC.")
    lost_at: Moment = Field(
        "",
        description="Since when it was missing the last time that it vanished without our doing, RFC 3339 in UTC; "
        "empty if it never did.",
    )
    lost_id: str = Field(
        "", description="What its identifier was then; it is looked for under that too, until another one is made."
    )
    observed_only: bool = Field(False, description="It is read, and never changed (managementPolicy Observe).")
    outputs: dict[str, str] = Field(
        default_factory=dict, description="What its provider says of it that others may use; nothing secret."
    )
    state: str = Field("", description="Ready, Progressing, Failed, Gone, Ended, Unknown, Deleting or Exhausted.")
    message: str = Field("", description="What to know about the state.")
    drift: tuple[Drift, ...] = Field((), description="Fields that were changed behind our back.")
    corrections: tuple[Correction, ...] = Field((), description="Fields that were put right not long ago.")
    under_way: UnderWay | None = Field(None, description="The change that it has not come to rest after; else absent.")
    delete_timeout: str = Field(
        "", description="timeouts.delete, kept here, for then its spec is gone; empty for the default of its type."
    )

    @property
    def identity(self) -> str:
        """The very thing that exists now, as the annotation pilothouse.dev/replace names it; empty while none does."""
        return f"{self.cell}/{self.type}/{self.name}={self.incarnation}:{self.id}" if self.id else ""


class Destroyed(Record):
    """How many destructive steps were begun in one minute."""

    at: Moment = Field(description="Its first second, RFC 3339 in UTC.")
    steps: int = Field(ge=0, description="How many.")


class ApplicationStatus(Record):
    """Observed State, summarised; and the ledger."""

    observed_generation: int = Field(0, ge=0, description="metadata.generation that this status speaks of.")
    plan_revision: int = Field(0, ge=0, description="Revision of the newest Plan; it never goes back.")
    conditions: tuple[Condition, ...] = Field(
        (),
        description="Ready, Reconciling, Stalled (kstatus), PlanApproved, Drifted.",
        json_schema_extra=keyed_by("type"),
    )
    plan: PlanSummary = Field(default_factory=PlanSummary, description="The active Plan.")
    replaced: tuple[str, ...] = Field(
        (),
        description="What the annotation pilothouse.dev/replace asks for and counts no more: "
        "it is done, or names what is not there.",
    )
    retried: str = Field(
        "", description="The value of the annotation pilothouse.dev/retry that was honoured: only another one is."
    )
    last_plan: FinishedPlan = Field(default_factory=FinishedPlan, description="The last Plan that was carried out.")
    settled: Settled = Field(default_factory=Settled, description="What was carried out in full last, and by whom.")
    destroyed: tuple[Destroyed, ...] = Field(
        (), description="Destructive steps of the last hour, which count against the fleet's budget."
    )
    in_flight: tuple[Intent, ...] = Field(
        (), description="Steps sent, or about to be, whose outcome is not yet recorded."
    )
    placements: tuple[Placed, ...] = Field((), description="Where workloads run, and why.")
    moves: tuple[Moved, ...] = Field(
        (), description="Replicas that go to another Cell, and the last ten of those that went."
    )
    resources: tuple[LedgerEntry, ...] = Field((), description="Everything that we own for this Application.")
    workloads_ready: str = Field("", description="Workloads that are Ready of all, such as 2/2.")
    resources_ready: str = Field("", description="Cloud resources that are Ready of all, such as 1/3.")
