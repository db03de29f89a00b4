"""The custom resource definitions, written from the models of the kinds and the registered types."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import yaml
from pydantic import BaseModel

from pilothouse.api.application import ApplicationSpec, ApplicationStatus
from pilothouse.api.cell import CellSpec, CellStatus
from pilothouse.api.fleetpolicy import FleetPolicySpec, FleetPolicyStatus
from pilothouse.api.meta import GROUP, NAME_PATTERN, VERSION, Record, Rules, Wire
from pilothouse.api.plan import PlanSpec, PlanStatus
from pilothouse.catalog import podtemplate
from pilothouse.catalog.registry import TYPES, Types
from pilothouse.catalog.schema import PRESERVE, RULES, Schema, structural

HEADER: Final = (
    "# Generated from the models by `make crds`: change operator/pilothouse/api or a resource type instead.\n"
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of `kubectl get`; a wide one is shown with `-o wide`."""

    name: str
    path: str
    description: str
    type: Literal["string", "integer", "boolean", "date"] = "string"
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind: its names, its models, its columns, and the rules over the whole object, metadata.name included."""

    name: str
    plural: str
    short: str
    scope: Literal["Namespaced", "Cluster"]
    description: str
    spec: type[Wire]
    status: type[Record]
    columns: tuple[Column, ...]
    rules: Rules = ()


def _ready(field: str) -> str:
    return f'.status.conditions[?(@.type=="Ready")].{field}'


def _named_like_a_label(longest: int) -> tuple[str, str]:
    return (
        f"self.metadata.name.size() <= {longest} && self.metadata.name.matches('{NAME_PATTERN}')",
        f"metadata.name: use lower-case letters, digits and inner dashes, at most {longest} characters",
    )


_AGE: Final = Column("Age", ".metadata.creationTimestamp", "Time since it was created.", "date")

KINDS: Final = (
    Kind(
        "Application",
        "applications",
        "phapp",
        "Namespaced",
        "Running software that serves a product need: workloads in clusters and the cloud resources they need.",
        ApplicationSpec,
        ApplicationStatus,
        (
            Column("Ready", _ready("status"), "Whether everything is as it should be."),
            Column("Status", _ready("reason"), "Why it is Ready or not."),
            Column("Plan", ".status.plan.name", "The active Plan."),
            Column("Steps", ".status.plan.steps", "Steps of that Plan done of all."),
            Column("Workloads", ".status.workloadsReady", "Workloads that are Ready of all."),
            Column("Resources", ".status.resourcesReady", "Cloud resources that are Ready of all."),
            _AGE,
            Column("Waiting-for", ".status.plan.waitingFor", "What the Plan waits for.", wide=True),
            Column("Message", _ready("message"), "What to do next.", wide=True),
        ),
        # Names derived from it, such as a Deployment's, must fit in 63 characters together with others.
        (_named_like_a_label(40),),
    ),
    Kind(
        "Plan",
        "plans",
        "phplan",
        "Namespaced",
        "Proposed changes to the Observed State of an Application: an immutable graph of steps, and what came of them.",
        PlanSpec,
        PlanStatus,
        (
            Column("Application", ".spec.applicationRef.name", "Whose Plan it is."),
            Column("Reason", ".spec.reason", "Why there is something to do."),
            Column("State", ".status.state", "How far it is."),
            Column("Progress", ".status.progress", "Steps done of all."),
            _AGE,
            Column("Approval", ".spec.approvalHash", "What an approval must name; empty: none is needed.", wide=True),
        ),
    ),
    Kind(
        "Cell",
        "cells",
        "phcell",
        "Cluster",
        "A failure-isolated slice of the Data Plane: a cluster or part of one, or one cloud account and region.",
        CellSpec,
        CellStatus,
        (
            Column("Ready", _ready("status"), "Whether it answers and its credentials are right."),
            Column("Failure-domain", ".spec.failureDomain", "What it fails together with."),
            Column("Resources", ".status.resources", "Things with our mark seen there.", "integer"),
            Column("Cordoned", ".spec.cordoned", "Whether it takes nothing new.", "boolean"),
            _AGE,
            Column("Account", ".spec.aws.accountID", "The AWS account.", wide=True),
            Column("Region", ".spec.aws.region", "The AWS region.", wide=True),
            Column(
                "Observed", ".status.observedAt", "Time since the last sweep that could list it.", "date", wide=True
            ),
            Column("Message", _ready("message"), "What to do next.", wide=True),
        ),
        (_named_like_a_label(63),),
    ),
    Kind(
        "FleetPolicy",
        "fleetpolicies",
        "phfleet",
        "Cluster",
        "What may be done to the whole fleet: the pause switch, the floor of approval, and budgets.",
        FleetPolicySpec,
        FleetPolicyStatus,
        (
            Column("Suspended", ".spec.suspend", "Whether every mutation is stopped.", "boolean"),
            Column("Approval-floor", ".spec.approvalFloor", "The least approval every Application needs."),
            Column("Plans", ".spec.budgets.plansInFlight", "Applications changed at once, at most.", "integer"),
            _AGE,
        ),
        (("self.metadata.name == 'default'", "metadata.name: use default: there is one FleetPolicy for the fleet"),),
    ),
)


def files(types: Types = TYPES) -> Mapping[str, str]:
    """Return the text of every file of crds/ by name. The same models give the same bytes."""
    return {f"{kind.plural}.yaml": HEADER + _yaml(definition(kind, types)) for kind in KINDS}


def definition(kind: Kind, types: Types = TYPES) -> Schema:
    """Return the CustomResourceDefinition of `kind`. Raises NotStructuralError."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": kind.scope,
            "names": {
                "kind": kind.name,
                "listKind": f"{kind.name}List",
                "plural": kind.plural,
                "singular": kind.name.lower(),
                "shortNames": [kind.short],
                "categories": ["pilothouse"],
            },
            "versions": [_version(kind, types)],
        },
    }


def _version(kind: Kind, types: Types) -> Schema:
    return {
        "name": VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": [_column(column) for column in kind.columns],
        "schema": {"openAPIV3Schema": _root(kind, types)},
    }


def _column(column: Column) -> Schema:
    shown = {
        "name": column.name,
        "type": column.type,
        "jsonPath": column.path,
        "description": column.description,
    }
    return shown | ({"priority": 1} if column.wide else {})


def _root(kind: Kind, types: Types) -> Schema:
    spec = structural(kind.spec)
    if kind.spec is ApplicationSpec:
        _complete(spec["properties"], types)
    root: Schema = {
        "description": kind.description,
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string", "description": f"{GROUP}/{VERSION}."},
            "kind": {"type": "string", "description": f"{kind.name}."},
            "metadata": {"type": "object"},
            "spec": spec,
            "status": structural(kind.status, defaults=False),
        },
    }
    return root | ({RULES: _stated(kind.rules)} if kind.rules else {})


def _complete(spec: dict[str, Schema], types: Types) -> None:
    """Fill in what the models leave open: the pod template, the type blocks, and what every manifest has."""
    workload = spec["workloads"]["items"]["properties"]
    workload["template"] = podtemplate.template() | {"description": workload["template"]["description"]}
    workload["volumeClaimTemplates"]["items"] = podtemplate.claim()
    spec["manifests"] |= _MANIFESTS
    _add_type_blocks(spec["resources"]["items"], types)


def _add_type_blocks(resource: Schema, types: Types) -> None:
    del resource[PRESERVE]
    blocks = {kind: structural(one.model, defaults=False) for kind, one in types.items()}
    resource["properties"] |= blocks
    for block in blocks.values():
        block.pop("required", None)
    needed = [_needed(kind, fields) for kind, one in types.items() if (fields := needed_fields(one.model))]
    given = ", ".join(f"has(self.{kind})" for kind in types)
    rule = (
        f"[{given}].exists_one(given, given)",
        f"give exactly one type block: one of {', '.join(types)}",
    )
    resource[RULES] = [*resource[RULES], *_stated((rule, *needed))]


def needed_fields(model: type[BaseModel]) -> tuple[str, ...]:
    """Return the wire names of the fields that a type cannot do without."""
    return tuple(info.alias or name for name, info in model.model_fields.items() if info.is_required())


def _needed(kind: str, fields: Sequence[str]) -> tuple[str, str]:
    """Return the rule that a block has what its type cannot do without, unless the thing is only observed."""
    given = " && ".join(f"has(self.{kind}.{field})" for field in fields)
    return f"!has(self.{kind}) || has(self.id) || ({given})", f"{kind}: give {', '.join(fields)}"


def _stated(rules: Rules) -> list[dict[str, str]]:
    return [{"rule": rule, "message": message} for rule, message in rules]


def _text(longest: int, description: str) -> Schema:
    return {"type": "string", "minLength": 1, "maxLength": longest, "description": description}


_NAMES_ALIKE: Final = "a.kind == b.kind && a.metadata.name == b.metadata.name && a.apiVersion == b.apiVersion"
_UNIQUE: Final = (
    f"self.all(a, self.exists_one(b, {_NAMES_ALIKE}))",
    "remove the manifest that repeats another's apiVersion, kind and metadata.name",
)
_AT_HOME: Final = (
    "!has(self.metadata.namespace)",
    "metadata.namespace: remove it: manifests live in the Application's own namespace",
)
_UNOWNED: Final = (
    "!has(self.metadata.ownerReferences)",
    "metadata.ownerReferences: remove them: the Application decides when a manifest's object goes, no owner does",
)
_NONE_OF_OURS: Final = (
    f"!self.apiVersion.startsWith('{GROUP}/')",
    f"apiVersion: remove the manifest: an Application makes no objects of {GROUP}",
)
_MANIFESTS: Final[Schema] = {
    RULES: _stated((_UNIQUE,)),
    "items": {
        "type": "object",
        "required": ["apiVersion", "kind", "metadata"],
        "properties": {
            "apiVersion": _text(317, "Group and version, such as v1 or batch/v1."),
            "kind": _text(63, "Kind, such as ConfigMap."),
            "metadata": {
                "type": "object",
                "description": "Standard metadata, without a namespace.",
                "required": ["name"],
                "properties": {
                    "name": _text(253, "Name of the object."),
                    "namespace": _text(63, "Not allowed: manifests live in the Application's own namespace."),
                    "ownerReferences": {
                        "type": "array",
                        "description": "Not allowed: the Application alone decides when the object goes.",
                        "maxItems": 100,
                        "items": {"type": "object", PRESERVE: True},
                    },
                },
                PRESERVE: True,
            },
        },
        PRESERVE: True,
        RULES: _stated((_AT_HOME, _UNOWNED, _NONE_OF_OURS)),
    },
}


def _yaml(document: Schema) -> str:
    # Copied through JSON, no two parts are the same object: else PyYAML writes aliases, which cost every reader.
    separate = json.loads(json.dumps(document))
    return yaml.safe_dump(separate, allow_unicode=True, sort_keys=True, width=100_000)
