"""Cell: a failure-isolated slice of the Data Plane, a cluster or one cloud account and region."""

from typing import Any, ClassVar, Final

from pydantic import Field

from pilothouse.api.conditions import Condition
from pilothouse.api.merging import keyed_by, set_of
from pilothouse.api.meta import Record, Rules, Wire
from pilothouse.api.selectors import LabelSelector
from pilothouse.api.times import Moment

_ROLE: Final = r"^arn:[a-z-]+:iam::[0-9]{12}:role/.+$"

OUTDATED_SECONDS: Final = 900.0
"""How long what was seen in a Cell is taken for what is, while nothing tells of changes."""
PRICE_PATTERN: Final = r"^[0-9]{1,8}([.][0-9]{1,6})?$"
ANOTHER_CELL: Final = "what was made there would be lost from sight; make another Cell"


class SecretKeyRef(Wire):
    """A Secret in the operator's own namespace. Cells are cluster-scoped, so it can be in no other."""

    name: str = Field(description="Name of the Secret in the operator's namespace.", max_length=253)
    key: str = Field("", description="Key in the Secret; the default depends on the use.", max_length=253)


class KubernetesCell(Wire):
    """A cluster, or the part of one that a node selector cuts out."""

    kubeconfig_secret_ref: SecretKeyRef | None = Field(
        None, description="Secret with a kubeconfig (default key: kubeconfig); the operator's own cluster when absent."
    )
    node_selector: dict[str, str] = Field(
        default_factory=dict, description="Labels of the nodes that belong to this Cell; workloads are pinned to them."
    )
    create_namespace: bool = Field(
        False,
        description="Create an Application's namespace in that cluster when it is missing. It is never deleted.",
    )


class AssumedRole(Wire):
    """A role, and the external id that its trust policy may ask for."""

    role_arn: str = Field(pattern=_ROLE, max_length=2048, description="The role's ARN.")
    external_id: str | None = Field(
        None, min_length=2, max_length=1224, description="What its owner agreed on with us, against confused deputies."
    )


class WebIdentity(Wire):
    """The operator's own ServiceAccount, as an identity that a role trusts."""

    role_arn: str = Field(pattern=_ROLE, max_length=2048, description="Role that trusts the ServiceAccount.")


class AwsCell(Wire):
    """One AWS account and region."""

    rules: ClassVar[Rules] = (
        (
            "!has(self.webIdentity) || !has(self.credentialsSecretRef)",
            "webIdentity: leave it out beside credentialsSecretRef, a session begins with one of them",
        ),
        (
            "!has(self.roleARN) || !has(self.assumeRoleChain)",
            "roleARN: leave it out beside assumeRoleChain, the last of which it would be",
        ),
        ("self.accountID == oldSelf.accountID", f"accountID cannot change: {ANOTHER_CELL}"),
        ("self.region == oldSelf.region", f"region cannot change: {ANOTHER_CELL}"),
    )

    account_id: str = Field(
        pattern=r"^[0-9]{12}$", description="The account, checked against the credentials before anything is done."
    )
    region: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]+$", description="Region, such as eu-west-1.")
    credentials_secret_ref: SecretKeyRef | None = Field(
        None,
        description="Secret with aws_access_key_id and aws_secret_access_key; "
        "the operator's ambient credentials when absent.",
    )
    web_identity: WebIdentity | None = Field(
        None, description="Begin with a role that trusts the operator's ServiceAccount (IAM roles for ServiceAccounts)."
    )
    role_arn: str | None = Field(None, pattern=_ROLE, max_length=2048, description="Role to assume from there.")
    assume_role_chain: tuple[AssumedRole, ...] | None = Field(
        None, min_length=1, max_length=5, description="Roles to assume from there, each with the one before it."
    )
    endpoint_url: str | None = Field(
        None, max_length=2048, description="Endpoint to use for every service in place of the public one."
    )


class Allow(Wire):
    """Who may use a Cell, and what for."""

    namespace_selector: LabelSelector = Field(
        default_factory=LabelSelector, description="Labels of the namespaces; empty selects every namespace."
    )
    types: tuple[str, ...] = Field(
        ("*",),
        max_length=200,
        description="Types and Kubernetes kinds that may be made there; * stands for all.",
        json_schema_extra=set_of(63),
    )
    adopt: bool = Field(False, description="Whether resources that exist may be adopted.")


class CellSpec(Wire):
    """What the Cell is and who may use it."""

    rules: ClassVar[Rules] = (
        ("[has(self.kubernetes), has(self.aws)].exists_one(given, given)", "give exactly one of kubernetes and aws"),
        (
            "has(self.kubernetes) == has(oldSelf.kubernetes) && has(self.aws) == has(oldSelf.aws)",
            f"the provider cannot change: {ANOTHER_CELL}",
        ),
    )

    kubernetes: KubernetesCell | None = Field(None, description="A cluster. Exactly one of kubernetes and aws.")
    aws: AwsCell | None = Field(None, description="An AWS account and region. Exactly one of kubernetes and aws.")
    failure_domain: str = Field(
        "",
        max_length=63,
        description="What this Cell fails together with, such as a zone; the Cell's own name when empty.",
    )
    region: str = Field(
        "",
        max_length=63,
        description="Where it is, in the words of its cloud, such as eu-west-1; that of aws when empty.",
    )
    jurisdiction: str = Field(
        "", max_length=63, description="Whose law its data is under, such as EU: what residency.jurisdictions names."
    )
    silo: str = Field(
        "",
        max_length=63,
        description="The silo that it is kept for: only namespaces with the label pilothouse.dev/silo of this value "
        "use it, and they use no other. Empty: it is shared by all that have no such label.",
    )
    price: str | None = Field(
        None,
        pattern=PRICE_PATTERN,
        max_length=16,
        description='What a unit of work costs there, as a decimal such as "0.0416", in any unit that is the same for '
        "all Cells. One without a price counts as the dearest.",
    )
    caches: tuple[str, ...] = Field(
        (),
        max_length=200,
        description="What is kept close at hand there, such as the weights of a model: what placement.closeTo.caches "
        "of a workload names.",
        json_schema_extra=set_of(253),
    )
    headroom_percent: int | None = Field(
        None,
        ge=0,
        le=90,
        description="How much of what its nodes can allocate placement leaves free, but for what ran in a lost Cell; "
        "as the FleetPolicy says when absent.",
    )
    allow: tuple[Allow, ...] = Field((), max_length=100, description="Who may use the Cell; nothing listed: nobody.")
    cordoned: bool = Field(False, description="Take nothing new; what runs stays, unless evict says otherwise.")
    evict: bool = Field(
        False,
        description="Take nothing new, and have what runs moved to other Cells, whatever the FleetPolicy says of "
        "moving: one replica of a workload at a time, and none before the one that takes its place is Ready. What has "
        "data or runs to an end stays, as do workloads of which placement.rebalance is Never.",
    )
    abandoned: bool = Field(False, description="Declare what was there gone; deletion no longer waits for it.")


class Orphan(Record):
    """Something that bears our mark and belongs to no Application any more."""

    type: str = Field(description="Type block or Kubernetes kind.")
    id: str = Field(description="Its provider's identifier.")
    owner: str = Field(description="The Application that it was of, as namespace/name.")
    resource: str = Field(description="Its name there.")
    first_seen: Moment = Field(description="Since when it belongs to nobody, RFC 3339 in UTC.")


class Evidence(Record):
    """What was counted in a Cell when its breaker opened, and found since."""

    known: int = Field(0, ge=0, description="Things that Applications had in the Cell, by their ledgers.")
    missing: int = Field(0, ge=0, description="Those that are gone without our doing.")
    to_be_destroyed: int = Field(0, ge=0, description="Those that would be destroyed although nobody asked for it.")
    examples: tuple[str, ...] = Field((), description="Some of them: namespace/application type/name.")


class Breaker(Record):
    """The last time that creates and destructive steps in the Cell were stopped."""

    opened_at: Moment = Field("", description="When it opened, RFC 3339 in UTC; empty if it never did.")
    resumed_at: Moment = Field("", description="When a person's consent to go on was taken up; empty while it is open.")
    evidence: Evidence = Field(default_factory=Evidence, description="What it opened for.")

    @property
    def is_open(self) -> bool:
        """Whether creates and destructive steps in the Cell wait for a person."""
        return bool(self.opened_at) and not self.resumed_at


class NodeTaint(Record):
    """A taint of nodes, as in core/v1."""

    key: str = Field(description="Its key.")
    value: str = Field("", description="Its value.")
    effect: str = Field("NoSchedule", description="NoSchedule, PreferNoSchedule or NoExecute.")


class NodeClass(Record):
    """Nodes of a Cell that are alike, as far as placement is concerned."""

    count: int = Field(ge=1, description="How many nodes.")
    allocatable: dict[str, Any] = Field(
        default_factory=dict,
        description="What each of them can allocate at least, as Kubernetes quantities.",
        json_schema_extra={"x-kubernetes-preserve-unknown-fields": True},
    )
    taken: dict[str, Any] = Field(
        default_factory=dict,
        description="What pods that no placement put there take of each at most, as Kubernetes quantities: daemons and "
        "whatever others run.",
        json_schema_extra={"x-kubernetes-preserve-unknown-fields": True},
    )
    labels: dict[str, str] = Field(
        default_factory=dict, description="Their labels, of those that the pods of any workload ask for."
    )
    taints: tuple[NodeTaint, ...] = Field(
        (), description="Their taints; nodes that are cordoned or not Ready have one."
    )
    merged: bool = Field(
        False, description="Whether these are nodes of many kinds, told as one: what the least of them offers."
    )


class CellStatus(Record):
    """What is observed of a Cell."""

    conditions: tuple[Condition, ...] = Field(
        (),
        description="Ready, BreakerOpen, DomainLossCovered, MovesHeld.",
        json_schema_extra=keyed_by("type"),
    )
    capacity: dict[str, Any] = Field(
        default_factory=dict,
        description="Allocatable of all its nodes, as Kubernetes quantities.",
        json_schema_extra={"x-kubernetes-preserve-unknown-fields": True},
    )
    reserved: dict[str, Any] = Field(
        default_factory=dict,
        description="Requests of all pods on its nodes, as Kubernetes quantities.",
        json_schema_extra={"x-kubernetes-preserve-unknown-fields": True},
    )
    node_classes: tuple[NodeClass, ...] = Field(
        (),
        description="Its nodes by what they offer, 64 classes at most. `kubectl pilothouse simulate` reads it.",
    )
    observed_at: Moment = Field("", description="When the last sweep that could list it ended, RFC 3339 in UTC.")
    breaker: Breaker = Field(
        default_factory=Breaker, description="What stops creates and destructive steps when much is missing at once."
    )
    resources: int | None = Field(
        None, ge=0, description="Things that Applications have in this Cell, by their ledgers at the last sweep."
    )
    used_by: tuple[str, ...] = Field(
        (),
        description="Applications that have things in this Cell, as namespace/name: the first ten by name. As long as "
        "there are any, the Cell cannot be deleted, unless it is abandoned.",
        json_schema_extra=set_of(317),
    )
    orphans: tuple[Orphan, ...] = Field(
        (),
        description="Things that bear our mark and belong to no Application any more: the fifty oldest. An Application "
        "of their owner's name takes them over; `orphans` of the FleetPolicy can have them deleted.",
        json_schema_extra=keyed_by("type", "id"),
    )
    observed_generation: int = Field(0, ge=0, description="metadata.generation that this status speaks of.")
