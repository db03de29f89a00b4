"""What a role must be."""

import json

from tests.crds.case import Rule
from tests.crds.manifests import Manifest, of_resource

TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
READER: Manifest = {"oidcProvider": "https://oidc.example/id/1", "namespace": "shop", "name": "reader"}


def of_role(**settings: object) -> Manifest:
    """An Application of one role with these settings."""
    return of_resource("awsQueue", awsRole=settings)


ROLES: dict[str, Rule] = {
    "who may take a role": Rule(
        of_role(),
        ("awsRole", "give exactly one of assumeRolePolicyDocument and serviceAccount"),
        of_role(assumeRolePolicyDocument=TRUST),
        "IAM makes no role that nobody may take",
    ),
    "one way to say who may take a role": Rule(
        of_role(assumeRolePolicyDocument=TRUST, serviceAccount=READER),
        ("awsRole", "give exactly one of assumeRolePolicyDocument and serviceAccount"),
        of_role(serviceAccount=READER),
        "one of the two would be ignored",
    ),
    "a provider that pods can be known by": Rule(
        of_role(serviceAccount={**READER, "oidcProvider": "oidc.example"}),
        ("awsRole.serviceAccount.oidcProvider: Invalid value", "should match"),
        of_role(serviceAccount={**READER, "oidcProvider": "arn:aws:iam::123456789012:oidc-provider/oidc.example"}),
        "a host name is neither the issuer nor the provider",
    ),
}
