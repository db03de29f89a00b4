"""Who may take a role: as a policy that people write, or the pods of one ServiceAccount.

Source: the Amazon EKS User Guide, "IAM roles for service accounts".
"""

from typing import Final

from pydantic import Field

from pilothouse.api.meta import NAME_PATTERN, Wire
from pilothouse.dataplane.aws.policies import normal

AUDIENCE: Final = "sts.amazonaws.com"
_PROVIDER: Final = r"^(https://|arn:aws[a-z-]*:iam::[0-9]{12}:oidc-provider/)[^/\s]+(/\S*)?$"
_SUBDOMAIN: Final = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"

NOBODY: Final = normal({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
})  # fmt: skip
"""What a role trusts until its own ARN has told which account the provider is in."""


class ServiceAccount(Wire):
    """The ServiceAccount whose pods may take the role."""

    oidc_provider: str = Field(
        pattern=_PROVIDER,
        max_length=512,
        description="The cluster's OpenID Connect provider in IAM: its ARN, or the issuer's URL if it is of the "
        "account of the Cell.",
    )
    namespace: str = Field(pattern=NAME_PATTERN, max_length=63, description="Its namespace.")
    name: str = Field(pattern=_SUBDOMAIN, max_length=253, description="Its name.")


def policy(account: ServiceAccount, role_arn: str = "") -> str:
    """Return the trust policy, in its normal spelling. role_arn: of the role; empty before it was created."""
    provider = _provider_arn(account.oidc_provider.rstrip("/"), role_arn)
    if not provider:
        return NOBODY
    issuer = provider.partition(":oidc-provider/")[2]
    subject = f"system:serviceaccount:{account.namespace}:{account.name}"
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": provider},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{issuer}:sub": subject, f"{issuer}:aud": AUDIENCE}},
    }
    return normal({"Version": "2012-10-17", "Statement": [statement]})


def _provider_arn(provider: str, role_arn: str) -> str:
    """Return the provider's ARN; empty while the account is not known."""
    if provider.startswith("arn:") or not role_arn:
        return provider if provider.startswith("arn:") else ""
    _, partition, _, _, account, _ = role_arn.split(":", 5)
    return f"arn:{partition}:iam::{account}:oidc-provider/{provider.removeprefix('https://')}"
