"""What Cells, the FleetPolicy and Plans must be, and how they may change."""

from tests.crds.case import Change, Rule
from tests.crds.manifests import (
    AWS,
    cell,
    fleet_policy,
    plan,
    step,
)

CELLS: dict[str, Rule] = {
    "a provider": Rule(
        cell(failureDomain="a"),
        ("spec: Invalid value", "give exactly one of kubernetes and aws"),
        cell(kubernetes={}),
        "nothing says what it is",
    ),
    "one provider": Rule(
        cell(kubernetes={}, aws=AWS),
        ("spec: Invalid value", "give exactly one of kubernetes and aws"),
        cell(aws=AWS),
        "a Cell is one thing",
    ),
    "a name that fits a label": Rule(
        cell("a" * 64, aws=AWS),
        ("metadata.name: use lower-case letters, digits and inner dashes, at most 63 characters",),
        cell("a" * 63, aws=AWS),
        "Applications and labels name it",
    ),
    "an account": Rule(
        cell(aws=AWS | {"accountID": "1234"}),
        ("spec.aws.accountID: Invalid value", "should match '^[0-9]{12}$'"),
        cell(aws=AWS),
        "it is compared with the credentials",
    ),
    "a region": Rule(
        cell(aws=AWS | {"region": "eu-west-1a"}),
        ("spec.aws.region: Invalid value", "should match"),
        cell(aws=AWS | {"region": "us-gov-east-1"}),
        "a zone is no region",
    ),
    "credentials of AWS are in the operator's namespace": Rule(
        cell(aws=AWS | {"credentialsSecretRef": {"name": "keys", "namespace": "shop"}}),
        ('unknown field "spec.aws.credentialsSecretRef.namespace"',),
        cell(aws=AWS | {"credentialsSecretRef": {"name": "keys"}}),
        "the operator would read a tenant's Secret in its own name",
    ),
    "a kubeconfig is in the operator's namespace": Rule(
        cell(kubernetes={"kubeconfigSecretRef": {"name": "keys", "namespace": "shop"}}),
        ('unknown field "spec.kubernetes.kubeconfigSecretRef.namespace"',),
        cell(kubernetes={"kubeconfigSecretRef": {"name": "keys"}}),
        "the operator would read a tenant's Secret in its own name",
    ),
    "types are allowed once": Rule(
        cell(aws=AWS, allow=[{"types": ["awsQueue", "awsQueue"]}]),
        ("spec.allow[0].types[1]: Duplicate value",),
        cell(aws=AWS, allow=[{"types": ["awsQueue", "awsInstance"]}]),
        "twice says nothing more",
    ),
    "a price is a decimal": Rule(
        cell(kubernetes={}, price="4 cents"),
        ("spec.price: Invalid value", "should match"),
        cell(kubernetes={}, price="0.0416"),
        "prices are compared as numbers",
    ),
}

WEIGHTS = ("utilization", "recentPlacements", "domainSpread", "closeness", "price")
NO_WEIGHTS = dict.fromkeys(WEIGHTS, 0)

FLEET: dict[str, Rule] = {
    "one policy for the fleet": Rule(
        fleet_policy("other"),
        ("metadata.name: use default: there is one FleetPolicy for the fleet",),
        fleet_policy(),
        "a second one would hold or not, nobody could tell",
    ),
    "a budget lets something through": Rule(
        fleet_policy(budgets={"plansInFlight": 0}),
        ("spec.budgets.plansInFlight: Invalid value: 0", "greater than or equal to 1"),
        fleet_policy(budgets={"plansInFlight": 1}),
        "to stop everything there is suspend",
    ),
    "what is destroyed in an hour is bounded by something": Rule(
        fleet_policy(budgets={"destructiveStepsPerHour": 0}),
        ("spec.budgets.destructiveStepsPerHour: Invalid value: 0", "greater than or equal to 1"),
        fleet_policy(budgets={"destructiveStepsPerHour": 1}),
        "to stop everything there is suspend",
    ),
    "what is moved stays where it went": Rule(
        fleet_policy(placement={"rebalancing": {"hotPercent": 60}}),
        ("spec.placement.rebalancing", "destinationPercent: give less than hotPercent"),
        fleet_policy(placement={"rebalancing": {"hotPercent": 60, "destinationPercent": 50}}),
        "it would make the next Cell hot",
    ),
    "something weighs": Rule(
        fleet_policy(placement={"weights": NO_WEIGHTS}),
        ("spec.placement.weights", "weights: give at least one more than 0"),
        fleet_policy(placement={"weights": NO_WEIGHTS | {"price": 1}}),
        "every Cell would be as good as any other",
    ),
    "headroom is a part": Rule(
        fleet_policy(placement={"headroomPercent": 91}),
        ("spec.placement.headroomPercent: Invalid value: 91", "less than or equal to 90"),
        fleet_policy(placement={"headroomPercent": 90}),
        "a fleet that keeps everything free runs nothing",
    ),
    "a breaker opens over a part of what there is": Rule(
        fleet_policy(breaker={"missingPercent": 101}),
        ("spec.breaker.missingPercent: Invalid value: 101", "less than or equal to 100"),
        fleet_policy(breaker={"missingPercent": 100, "least": 1}),
        "with 100 it never opens, more means nothing",
    ),
    "a breaker opens for something": Rule(
        fleet_policy(breaker={"least": 0}),
        ("spec.breaker.least: Invalid value: 0", "greater than or equal to 1"),
        fleet_policy(breaker={"missingPercent": 0, "least": 1}),
        "nothing missing is no reason to stop",
    ),
}

PLANS: dict[str, Rule] = {
    "steps have names of their own": Rule(
        plan(step("a"), step("a")),
        ("spec.steps[1]: Duplicate value",),
        plan(step("a"), step("b")),
        "the record of what came of them goes by name",
    ),
    "what a step does": Rule(
        plan(step(action="Destroy")),
        ("spec.steps[0].action: Unsupported value",),
        plan(step(changes=[{"path": "tags", "from": {"a": "b"}, "to": None}], calls=[])),
        "approval is decided by it",
    ),
}

CHANGES: dict[str, Change] = {
    "a Plan": Change(
        plan(step("a")),
        plan(step("a", changes=[{"path": "visibilityTimeoutSeconds", "to": 31}])),
        ("spec: Invalid value", "a Plan never changes: change the Application"),
        plan(step("a")) | {"metadata": {"name": "checkout-1", "namespace": "default", "labels": {"seen": "yes"}}},
        "what was approved is what is done",
    ),
    "the account of a Cell": Change(
        cell(aws=AWS),
        cell(aws=AWS | {"accountID": "210987654321"}),
        ("spec.aws", "accountID cannot change: what was made there would be lost from sight; make another Cell"),
        cell(aws=AWS | {"roleARN": "arn:aws:iam::123456789012:role/pilothouse"}),
        "the ledger's identifiers mean that account",
    ),
    "the region of a Cell": Change(
        cell(aws=AWS),
        cell(aws=AWS | {"region": "eu-west-2"}),
        ("spec.aws", "region cannot change: what was made there would be lost from sight; make another Cell"),
        cell(aws=AWS, cordoned=True),
        "the ledger's identifiers mean that region",
    ),
    "the provider of a Cell": Change(
        cell(aws=AWS),
        cell(kubernetes={}),
        ("spec: Invalid value", "the provider cannot change: what was made there would be lost from sight"),
        cell(aws=AWS, failureDomain="eu-west-1"),
        "the ledger's identifiers mean that provider",
    ),
}
