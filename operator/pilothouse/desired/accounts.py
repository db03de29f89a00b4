"""The ServiceAccount of a workload's own, and the role that its pods have by it."""

from typing import Any, Final

from pilothouse.api.service_account import ServiceAccount
from pilothouse.dataplane.types import Ref

ROLE: Final = "awsRole"
"""The type of resource that a ServiceAccount can be bound to."""
ROLE_ANNOTATION: Final = "eks.amazonaws.com/role-arn"
"""What the webhook of EKS for IAM roles reads when a pod starts."""


def account_name(workload: str, account: ServiceAccount) -> str:
    """Return the name of the workload's own ServiceAccount."""
    return account.name or workload


def role_of(account: ServiceAccount | None) -> str | Ref | None:
    """Return the ARN of the role that a ServiceAccount has in AWS, or where it comes from; None where it has none."""
    role = account.aws_role if account is not None else None
    if role is None or role.ref is None:
        return role.arn if role is not None else None
    return Ref(role.ref, "arn")


def service_account(workload: str, account: ServiceAccount) -> dict[str, Any]:
    """Return the ServiceAccount of the pods of `workload`, in whichever Cell of the cluster they run."""
    role, labels = role_of(account), {"app.kubernetes.io/name": workload}
    annotations = {"annotations": {ROLE_ANNOTATION: role}} if role else {}
    metadata = {"name": account_name(workload, account), "labels": labels, **annotations}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}
