"""What is said of things that exist already, of references to others', and of the credentials of Cells."""

from pilothouse.catalog.crds import needed_fields
from pilothouse.catalog.registry import TYPES
from tests.crds.case import Rule
from tests.crds.manifests import AWS, Manifest, cell, of_instance, of_resource

OBSERVED: Manifest = {"managementPolicy": "Observe", "id": "https://sqs.example/orders"}
ROLE = "arn:aws:iam::123456789012:role/pilothouse"
SUBNET = {"ref": "private", "application": "network", "namespace": "platform"}
_ID = "id: give it with managementPolicy Observe, and only then"
_NEVER = "managementPolicy Observe: leave out adopt, deletionPolicy and renamedFrom, nothing is ever changed"

EXISTING: dict[str, Rule] = {
    "what to observe": Rule(
        of_resource(managementPolicy="Observe"),
        ("spec.resources[0]", _ID),
        of_resource(**OBSERVED),
        "nothing says which one",
    ),
    "an id is only observed": Rule(
        of_resource(id="https://sqs.example/orders"),
        ("spec.resources[0]", _ID, "adopt.id takes something over"),
        of_resource(adopt={"id": "https://sqs.example/orders"}),
        "it could be thought to be taken over",
    ),
    "what is observed has no end": Rule(
        of_resource(**OBSERVED, deletionPolicy="Delete"),
        ("spec.resources[0]", _NEVER),
        of_resource(**OBSERVED),
        "it would never be followed",
    ),
    "another Application's resource": Rule(
        of_instance(subnet={"id": "subnet-1", "application": "network"}),
        ("subnet", "application: give it with ref, or leave it out"),
        of_instance(subnet=SUBNET),
        "an identifier needs nobody's consent",
    ),
    "another namespace's Application": Rule(
        of_instance(subnet={"ref": "private", "namespace": "platform"}),
        ("subnet", "namespace: give application too, or leave it out"),
        of_instance(subnet={"ref": "private", "application": "network"}),
        "a namespace has no resources of its own",
    ),
    "one beginning of a session": Rule(
        cell(aws={**AWS, "webIdentity": {"roleARN": ROLE}, "credentialsSecretRef": {"name": "keys"}}),
        ("spec.aws", "webIdentity: leave it out beside credentialsSecretRef, a session begins with one of them"),
        cell(aws={**AWS, "webIdentity": {"roleARN": ROLE}}),
        "one of the two would be ignored",
    ),
    "one way to say the last role": Rule(
        cell(aws={**AWS, "roleARN": ROLE, "assumeRoleChain": [{"roleARN": ROLE}]}),
        ("spec.aws", "roleARN: leave it out beside assumeRoleChain, the last of which it would be"),
        cell(aws={**AWS, "assumeRoleChain": [{"roleARN": ROLE, "externalID": "agreed"}]}),
        "nobody could say which comes last",
    ),
} | {
    f"what {kind} cannot do without": Rule(
        of_resource("awsQueue", **{kind: {}}),
        ("spec.resources[0]", f"{kind}: give {', '.join(fields)}"),
        of_resource("awsQueue", **{kind: {}}, managementPolicy="Observe", id="there"),
        "its cloud would refuse it; what is only observed has no settings here",
    )
    for kind, one in TYPES.items()
    if (fields := needed_fields(one.model))
}
