"""An account of AWS in the place of the emulated one: everything made in it is taken back, whatever a test does.

What a type makes is deleted as the type deletes it. What a test or an example makes through a client of its own is
taken back by the call that `BACK` names for it; what is not in there is refused before it is sent.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

import boto3
import pytest
from botocore.exceptions import ClientError

from pilothouse.api.cell import AwsCell
from pilothouse.dataplane.aws.client import AwsProvider
from pilothouse.dataplane.errors import DataplaneError
from pilothouse.dataplane.flows import run
from pilothouse.dataplane.types import Call
from tests.aws.server import AwsServer
from tests.contract.aws.example import AnyType
from tests.contract.aws.place import Place

_MAKING: Final = ("Add", "Allocate", "Create", "Import", "Register", "Run")
BACK: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "ec2:AllocateAddress": ("release_address", {"AllocationId": "AllocationId"}),
    "ec2:CreateInternetGateway": (
        "delete_internet_gateway",
        {"InternetGatewayId": "InternetGateway.InternetGatewayId"},
    ),
    "ec2:CreateKeyPair": ("delete_key_pair", {"KeyName": "KeyName"}),
    "ec2:CreateLaunchTemplate": ("delete_launch_template", {"LaunchTemplateId": "LaunchTemplate.LaunchTemplateId"}),
    "ec2:CreateNetworkInterface": (
        "delete_network_interface",
        {"NetworkInterfaceId": "NetworkInterface.NetworkInterfaceId"},
    ),
    "ec2:CreateSecurityGroup": ("delete_security_group", {"GroupId": "GroupId"}),
    "ec2:CreateSnapshot": ("delete_snapshot", {"SnapshotId": "SnapshotId"}),
    "ec2:CreateSubnet": ("delete_subnet", {"SubnetId": "Subnet.SubnetId"}),
    "ec2:CreateVolume": ("delete_volume", {"VolumeId": "VolumeId"}),
    "ec2:CreateVpc": ("delete_vpc", {"VpcId": "Vpc.VpcId"}),
    "iam:AddRoleToInstanceProfile": (
        "remove_role_from_instance_profile",
        {"InstanceProfileName": "InstanceProfileName", "RoleName": "RoleName"},
    ),
    "iam:CreateInstanceProfile": (
        "delete_instance_profile",
        {"InstanceProfileName": "InstanceProfile.InstanceProfileName"},
    ),
    "iam:CreatePolicy": ("delete_policy", {"PolicyArn": "Policy.Arn"}),
    "sqs:CreateQueue": ("delete_queue", {"QueueUrl": "QueueUrl"}),
}
"""What takes back what an operation made: a method, and where its parameters are found, in the reply or the request."""


class RealAws(AwsServer):
    """Clients with the ambient credentials. What only the emulator can do skips the test that asks for it."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._made: dict[str, Any] = {}
        self._back: list[tuple[str, Callable[[], object]]] = []

    def client(self, service: Any, region: str = "", **whose: Any) -> Any:
        """A client of AWS that remembers what it makes."""
        if whose:
            _skip("the keys of other accounts are the emulator's")
        key = f"{service} in {region or self.place.region}"
        if key not in self._made:
            client = self._made[key] = boto3.client(service, region_name=region or self.place.region)
            events = client.meta.events
            events.register("before-parameter-build.*.*", self._before)
            events.register("after-call.*.*", lambda **more: self._after(client, **more))
        return self._made[key]

    def _before(self, params: Any, model: Any, context: Any, **_more: Any) -> None:
        name = f"{model.service_model.service_name}:{model.name}"
        if model.name.startswith(_MAKING) and name not in BACK:
            raise LookupError(f"{name} is not sent to AWS: say in tests/contract/aws/real.py what takes it back (BACK)")
        context["pilothouse"] = dict(params)

    def _after(self, client: Any, parsed: Any, model: Any, context: Any, **_more: Any) -> None:
        name = f"{model.service_model.service_name}:{model.name}"
        if name not in BACK or parsed["ResponseMetadata"]["HTTPStatusCode"] >= 300:
            return
        method, parameters = BACK[name]
        told = {**context["pilothouse"], **parsed}
        given = {parameter: _at(told, path) for parameter, path in parameters.items()}
        self._back.append((f"{name} {given}", lambda: getattr(client, method)(**given)))

    def take_back(self) -> list[str]:
        """Try once to take back everything, the last first; return what is left, and why."""
        left, back = list[str](), list[tuple[str, Callable[[], object]]]()
        for what, act in reversed(self._back):
            try:
                act()
            except ClientError as error:
                if not error.response["Error"]["Code"].endswith(("NotFound", "NoSuchEntity", "NonExistentQueue")):
                    left.append(f"{what}: {error}")
                    back.insert(0, (what, act))
        self._back = back
        return left

    def configure(self, **changes: float) -> None:
        """Nothing: AWS takes the time that it takes."""

    def clear_faults(self) -> None:
        """Nothing: there are none."""

    def reset(self) -> None:
        """Nothing: what is there may be somebody's."""

    def take_failures(self) -> list[str]:
        """None: AWS does everything."""
        return []

    def inject(self, kind: Any, operation: str = "*", **more: Any) -> NoReturn:
        """Skip."""
        _skip(f"AWS cannot be made to fail, here by {kind!r}")

    def journal(self, operation: str = "*", outcome: Any = "executed") -> NoReturn:
        """Skip."""
        _skip("AWS shows no journal of calls")

    def counts(self) -> NoReturn:
        """Skip."""
        _skip("AWS counts no calls")

    def live_resources(self) -> NoReturn:
        """Skip."""
        _skip("AWS does not tell of everything that lives")

    def finish_transitions(self) -> NoReturn:
        """Skip."""
        _skip("AWS cannot be hurried")

    def credentials(self, account: str = "", *, wrong: bool = False) -> NoReturn:
        """Skip."""
        _skip("the keys of an account are the emulator's")


def _skip(reason: str) -> NoReturn:
    pytest.skip(f"{reason}: only the emulated AWS can")


def _at(told: Any, path: str) -> Any:
    for name in path.split("."):
        told = told[name]
    return told


@dataclass
class RealProvider:
    """The provider of the account, which remembers what the type under test made. Take it for an `AwsProvider`."""

    place: Place
    type: AnyType | None = None
    create: str = ""
    made: dict[str, AnyType] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Connect with the ambient credentials."""
        self._inner = AwsProvider(AwsCell(account_id=self.place.account, region=self.place.region))
        self.pages, self.close = self._inner.pages, self._inner.close

    async def send(self, call: Call) -> Any:
        """Send a call."""
        reply = await self._inner.send(call)
        if self.type is not None and f"{call.service}:{call.operation}" == self.create:
            self.made[self.type.created(reply)] = self.type
        return reply

    async def take_back(self) -> list[str]:
        """Try once to delete everything made; return what is left, and why."""
        return [said for identifier in list(self.made) if (said := await self._delete(identifier))]

    async def _delete(self, identifier: str) -> str:
        kind = self.made[identifier]
        try:
            reading = await run(kind.read(identifier), self._inner.send)
            if reading is None:
                del self.made[identifier]
                return ""
            for call in kind.delete(reading):
                await self._inner.send(call)
        except DataplaneError as error:
            return f"{kind.kind} {identifier}: {error}"
        return f"{kind.kind} {identifier} is being deleted"

    async def listed(self) -> list[str]:
        """Return what the listing of the type shows of this run."""
        assert self.type is not None
        call = self.type.listing(self.place.control_plane)
        return [line.id async for page in self._inner.pages(call) for line in self.type.listed(page)]


def take_back(place: Place, provider: RealProvider, *accounts: RealAws) -> None:
    """Take back everything that was made, in whatever order AWS lets it be. Fails with what is left."""
    end, left = time.monotonic() + place.patience, ["something"]
    while left:
        left = [each for account in accounts for each in account.take_back()]
        left += asyncio.run(provider.take_back())
        if left:
            assert time.monotonic() < end, f"{place.account} {place.region}: left after {place.patience} s: {left}"
            time.sleep(place.pause)
