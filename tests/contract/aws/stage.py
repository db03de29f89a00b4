"""What example settings refer to: made in the emulated AWS when a test first asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from tests.aws.server import AwsServer


class Stage(Mapping[str, str]):
    """Identifiers by the names that examples use, such as `$group-a`."""

    def __init__(self, aws: AwsServer) -> None:
        self._aws = aws
        self._made: dict[str, str] = {}
        self._makers: dict[str, Callable[[str], str]] = {
            "$subnet-a": lambda _: self._subnet("eu-west-1a")[0],
            "$subnet-b": lambda _: self._subnet("eu-west-1b")[0],
            "$group-a": self._group,
            "$group-b": self._group,
            "$dead-letters-a": self._queue,
            "$dead-letters-b": self._queue,
            "$blue": self._key,
            "$green": self._key,
            "$reader": self._profile,
            "$writer": self._profile,
        }

    def __getitem__(self, name: str) -> str:
        """Return what AWS calls it."""
        if name not in self._made:
            self._made[name] = self._makers[name](name.removeprefix("$"))
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._makers)

    def __len__(self) -> int:
        """Return how many names there are."""
        return len(self._makers)

    def _subnet(self, zone: str) -> tuple[str, str]:
        subnets = self._aws.client("ec2").describe_subnets(Filters=[{"Name": "availability-zone", "Values": [zone]}])
        return subnets["Subnets"][0]["SubnetId"], subnets["Subnets"][0]["VpcId"]

    def _group(self, name: str) -> str:
        vpc = self._subnet("eu-west-1a")[1]
        return self._aws.client("ec2").create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]

    def _queue(self, name: str) -> str:
        sqs = self._aws.client("sqs")
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def _key(self, name: str) -> str:
        return self._aws.client("ec2").create_key_pair(KeyName=name)["KeyName"]

    def _profile(self, name: str) -> str:
        self._aws.client("iam").create_instance_profile(InstanceProfileName=name)
        return name
