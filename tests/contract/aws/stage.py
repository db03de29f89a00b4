"""What example settings refer to: made in the emulated AWS when a test first asks for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.aws.server import AwsServer
from tests.contract.aws.example import Maker


class Stage(Mapping[str, str]):
    """Identifiers by the names that examples use, such as `$group-a`; makers come with the examples.

    common: shares with other stages what several types refer to.
    """

    def __init__(self, aws: AwsServer, makers: Mapping[str, Maker], common: dict[str, str] | None = None) -> None:
        self._aws, self._makers = aws, {**MAKERS, **makers}
        self._made: dict[str, str] = {}
        self._common, self._own = {} if common is None else common, frozenset(makers)

    def __getitem__(self, name: str) -> str:
        """Return what AWS calls it."""
        made = self._made if name in self._own else self._common
        if name not in made:
            made[name] = self._makers[name](self._aws)
        return made[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._makers)

    def __len__(self) -> int:
        """Return how many names there are."""
        return len(self._makers)


def default_vpc(aws: AwsServer) -> str:
    """The region's default VPC."""
    vpcs = aws.client("ec2").describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    return vpcs[0]["VpcId"]


def default_subnet(zone: str) -> Maker:
    """The default VPC's subnet in a zone."""

    def find(aws: AwsServer) -> str:
        filters = [{"Name": "availability-zone", "Values": [zone]}, {"Name": "vpc-id", "Values": [default_vpc(aws)]}]
        return aws.client("ec2").describe_subnets(Filters=filters)["Subnets"][0]["SubnetId"]  # type: ignore[arg-type]

    return find


def security_group(name: str) -> Maker:
    """A security group of the default VPC."""

    def make(aws: AwsServer) -> str:
        made = aws.client("ec2").create_security_group(GroupName=name, Description=name, VpcId=default_vpc(aws))
        return made["GroupId"]

    return make


def vpc(cidr: str) -> Maker:
    """Another VPC."""
    return lambda aws: aws.client("ec2").create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]


def queue_arn(name: str) -> Maker:
    """The ARN of a queue."""

    def make(aws: AwsServer) -> str:
        sqs = aws.client("sqs")
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    return make


MAKERS: Mapping[str, Maker] = {
    "$vpc": default_vpc,
    "$other-vpc": vpc("10.9.0.0/16"),
    "$subnet-a": default_subnet("eu-west-1a"),
    "$subnet-b": default_subnet("eu-west-1b"),
    "$group-a": security_group("group-a"),
    "$group-b": security_group("group-b"),
}
"""What several types refer to."""
