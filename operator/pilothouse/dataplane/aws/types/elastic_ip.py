"""Amazon EC2 Elastic IP addresses. Tokenless: before one is made, it is looked for by its mark.

Source: the Amazon EC2 API Reference, AllocateAddress, AssociateAddress, DisassociateAddress, ReleaseAddress.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from pilothouse.api.meta import Rules
from pilothouse.dataplane.aws import marks, references
from pilothouse.dataplane.aws.ec2 import Described, Ec2Type, given, tags_of
from pilothouse.dataplane.aws.tagged import TaggedSpec
from pilothouse.dataplane.types import DISRUPTIVE, IMMUTABLE, Call, Creation, Reading, ResourceSpec, Want


class ElasticIPSpec(TaggedSpec):
    """Settings of an Elastic IP address."""

    rules: ClassVar[Rules] = (
        *TaggedSpec.rules,
        ("has(self.instance) || !has(self.privateIPAddress)", "privateIPAddress: set instance, or leave it out"),
    )

    instance: references.Instance | None = Field(
        None,
        description="Instance that is reached by it. Leave it out where a NAT gateway or load balancer has it.",
        json_schema_extra=DISRUPTIVE,
    )
    private_ip_address: str | None = Field(
        None,
        pattern=r"^\d+\.\d+\.\d+\.\d+$",
        max_length=15,
        description="Which private address of the instance; the primary one when absent.",
        json_schema_extra=DISRUPTIVE,
    )
    public_ipv4_pool: str | None = Field(
        None, min_length=1, max_length=64, description="Pool that it comes from.", json_schema_extra=IMMUTABLE
    )
    network_border_group: str | None = Field(
        None, min_length=1, max_length=63, description="Group of zones it is for.", json_schema_extra=IMMUTABLE
    )

    def holds(self) -> tuple[bool, ...]:
        """Tell of each of `rules` whether it holds."""
        return (*super().holds(), self.instance is not None or self.private_ip_address is None)


class SeenElasticIP(ElasticIPSpec):
    """Settings as they are, and what ties the address to an instance."""

    association: str


class ElasticIP(Ec2Type[ElasticIPSpec]):
    """An Elastic IP address. Its identifier is the allocation id."""

    kind = "awsElasticIP"
    model: ClassVar[type[ResourceSpec]] = ElasticIPSpec
    outputs: ClassVar[tuple[str, ...]] = ("id", "publicIP")
    creation = Creation.TOKENLESS
    describe, member, id_key, tag_type = "DescribeAddresses", "Addresses", "AllocationId", "elastic-ip"
    pages: ClassVar[bool] = False
    removable: ClassVar[frozenset[str]] = frozenset({"instance"})

    def settings(self, thing: Described, details: Mapping[str, Any]) -> SeenElasticIP:
        """Read it. What ties it to something else than an instance is left to whoever did that."""
        del details
        instance = thing.get("InstanceId")
        return SeenElasticIP.model_construct(
            instance=references.Instance(id=instance) if instance else None,
            private_ip_address=thing.get("PrivateIpAddress") if instance else None,
            public_ipv4_pool=thing.get("PublicIpv4Pool"),
            network_border_group=thing.get("NetworkBorderGroup"),
            association=thing.get("AssociationId", "") if instance else "",
            tags=marks.user_tags(tags_of(thing)),
        )

    def shown(self, thing: Described) -> Mapping[str, str]:
        """Return the address."""
        return {"id": thing["AllocationId"], "publicIP": thing["PublicIp"]}

    def create(self, want: Want[ElasticIPSpec]) -> Call:
        """Allocate it; an update ties it to the instance."""
        parameters = {
            "Domain": "vpc",
            "PublicIpv4Pool": want.spec.public_ipv4_pool,
            "NetworkBorderGroup": want.spec.network_border_group,
            "TagSpecifications": self.specifications(want),
        }
        return Call("ec2", "AllocateAddress", given(parameters))

    def update(self, have: Reading, want: Want[ElasticIPSpec], applied_keys: frozenset[str]) -> tuple[Call, ...]:
        """Tie it to the instance that is wanted, in one step: EC2 takes it from another one by itself."""
        moved = self.paths(have, want, applied_keys) & {"instance", "privateIPAddress"}
        return (*(_tie(have, want.spec) if moved else ()), *self.tagging(have, want))

    def delete(self, have: Reading) -> tuple[Call, ...]:
        """Release it; EC2 refuses while a NAT gateway or load balancer has it."""
        return (*_untie(have), Call("ec2", "ReleaseAddress", {"AllocationId": have.id}))


def _tie(have: Reading, want: ElasticIPSpec) -> tuple[Call, ...]:
    if want.instance is None:
        return _untie(have)
    parameters = {
        "AllocationId": have.id,
        "InstanceId": want.instance.value,
        "PrivateIpAddress": want.private_ip_address,
        "AllowReassociation": True,
    }
    return (Call("ec2", "AssociateAddress", given(parameters)),)


def _untie(have: Reading) -> tuple[Call, ...]:
    tied = have.settings(SeenElasticIP).association
    return (Call("ec2", "DisassociateAddress", {"AssociationId": tied}),) if tied else ()
