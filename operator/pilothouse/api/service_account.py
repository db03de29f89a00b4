"""ServiceAccount: as whom the pods of a workload speak to clusters and clouds."""

from typing import ClassVar

from pydantic import Field

from pilothouse.api.meta import NAME_PATTERN, Rules, Wire


class RoleOf(Wire):
    """An IAM role: one of this Application's resources by `ref`, or one that exists by `arn`."""

    rules: ClassVar[Rules] = (("has(self.ref) != has(self.arn)", "give exactly one of ref and arn"),)

    ref: str | None = Field(
        None,
        pattern=NAME_PATTERN,
        max_length=40,
        description="Name of an awsRole of this Application. Exactly one of ref and arn.",
    )
    arn: str | None = Field(
        None,
        pattern=r"^arn:[a-z-]+:iam::[0-9]{12}:role/.+$",
        max_length=2048,
        description="A role that exists. Exactly one of ref and arn.",
    )


class ServiceAccount(Wire):
    """A ServiceAccount of the workload's own, in every cluster and namespace it runs in."""

    name: str = Field(
        "",
        max_length=63,
        pattern=f"{NAME_PATTERN}|^$",
        description="Its name; the workload's when empty. A role's trust policy names it.",
    )
    aws_role: RoleOf | None = Field(
        None, description="The role that its pods have in AWS (IAM roles for service accounts); none when absent."
    )
