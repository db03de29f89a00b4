"""Amazon VPC security groups. Named: a VPC has one security group of a name.

Source: the Amazon EC2 API Reference, CreateSecurityGroup, DeleteSecurityGroup; rules in `security_rules`.
"""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from pilothouse.api.plan import Change
from pilothouse.dataplane.aws import holders, marks, names, references, security_rules
from pilothouse.dataplane.aws.ec2 import Described, Ec2Type, given, marked, tags_of
from pilothouse.dataplane.aws.security_rules import EVERYWHERE, SecurityGroupRule
from pilothouse.dataplane.aws.tagged import TaggedSpec
from pilothouse.dataplane.types import IMMUTABLE, Call, Creation, Flow, Owner, Reading, ResourceSpec, Want

_TEXT = r"^[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]+$"


class SecurityGroupSpec(TaggedSpec):
    """Settings of a security group."""

    description: str = Field(
        "Made by Pilothouse", pattern=_TEXT, max_length=255, description="What it is for.", json_schema_extra=IMMUTABLE
    )
    vpc: references.VPC | None = Field(
        None, description="VPC that it is part of; the default one when absent.", json_schema_extra=IMMUTABLE
    )
    ingress: tuple[SecurityGroupRule, ...] = Field((), max_length=60, description="Traffic that is let in.")
    egress: tuple[SecurityGroupRule, ...] = Field(
        default_factory=lambda: EVERYWHERE,
        max_length=60,
        description="Traffic that is let out; everything over IPv4 when absent, as AWS has it, nothing when empty.",
    )

    @model_validator(mode="after")
    def _keep_apart(self) -> Self:
        _refuse_twice("ingress", self.ingress)
        _refuse_twice("egress", self.egress)
        return self


class SecurityGroup(Ec2Type[SecurityGroupSpec]):
    """A security group, and every rule of it. Groups may let each other in."""

    kind = "awsSecurityGroup"
    model: ClassVar[type[ResourceSpec]] = SecurityGroupSpec
    outputs: ClassVar[tuple[str, ...]] = ("id", "name", "vpcID")
    creation = Creation.NAMED
    describe, member, id_key, tag_type = "DescribeSecurityGroups", "SecurityGroups", "GroupId", "security-group"
    vpc_filter: ClassVar[str] = "vpc-id"

    def name(self, owner: Owner, resource: str) -> str:
        """Return the name of the group."""
        return names.cloud_name(owner, resource, 255)

    def find(self, want: Want[SecurityGroupSpec]) -> Flow[tuple[Reading, ...]]:
        """Look by mark, of whatever incarnation, and by name, in whatever VPC."""
        return (yield from self.found(marked(want.mark), [{"Name": "group-name", "Values": [want.name]}]))

    def settings(self, thing: Described, details: Mapping[str, Any]) -> SecurityGroupSpec:
        """Read it."""
        del details
        return SecurityGroupSpec.model_construct(
            description=thing["Description"],
            vpc=references.VPC(id=thing["VpcId"]),
            ingress=security_rules.read(thing.get("IpPermissions", ())),
            egress=security_rules.read(thing.get("IpPermissionsEgress", ())),
            tags=marks.user_tags(tags_of(thing)),
        )

    def shown(self, thing: Described) -> Mapping[str, str]:
        """Return its name and VPC too."""
        return {"id": thing["GroupId"], "name": thing["GroupName"], "vpcID": thing["VpcId"]}

    def made_by_aws(self, reading: Reading) -> bool:
        """Tell whether it is the default group of its VPC."""
        return reading.outputs["name"] == "default"

    def create(self, want: Want[SecurityGroupSpec]) -> Call:
        """Make it; AWS lets everything out of a new one, and an update sets the rules that are wanted."""
        parameters = {
            "GroupName": want.name,
            "Description": want.spec.description,
            "VpcId": want.spec.vpc and want.spec.vpc.value,
            "TagSpecifications": self.specifications(want),
        }
        return Call("ec2", "CreateSecurityGroup", given(parameters))

    def diff(self, want: SecurityGroupSpec, have: Reading, applied_keys: frozenset[str]) -> tuple[Change, ...]:
        """Compare field by field, whatever the order of rules."""
        sorted_ = {
            "ingress": security_rules.ordered(want.ingress),
            "egress": security_rules.ordered(want.egress),
        }
        return super().diff(want.model_copy(update=sorted_), have, applied_keys)

    def update(self, have: Reading, want: Want[SecurityGroupSpec], applied_keys: frozenset[str]) -> tuple[Call, ...]:
        """Add rules before any is taken away: what both let through is never cut off."""
        del applied_keys
        seen, spec, this = have.settings(SecurityGroupSpec), want.spec, have.id
        return (
            *security_rules.added(this, "Ingress", seen.ingress, spec.ingress),
            *security_rules.added(this, "Egress", seen.egress, spec.egress),
            *security_rules.removed(this, "Ingress", seen.ingress, spec.ingress),
            *security_rules.removed(this, "Egress", seen.egress, spec.egress),
            *self.tagging(have, want),
        )

    def holders(self, have: Reading) -> Flow[tuple[str, ...]]:
        """Ask who uses it."""
        return (yield from holders.of_security_group(have.id))

    def delete(self, have: Reading) -> tuple[Call, ...]:
        """Delete it, after its rules that name other groups: two that name each other could not go otherwise."""
        seen, this = have.settings(SecurityGroupSpec), have.id
        return (
            *security_rules.removed(this, "Ingress", seen.ingress, _without_others(this, seen.ingress)),
            *security_rules.removed(this, "Egress", seen.egress, _without_others(this, seen.egress)),
            Call("ec2", "DeleteSecurityGroup", {"GroupId": this}),
        )


def _without_others(this: str, rules: Iterable[SecurityGroupRule]) -> list[SecurityGroupRule]:
    return [rule for rule in rules if rule.security_group is None or rule.security_group.value == this]


def _refuse_twice(field: str, rules: Iterable[SecurityGroupRule]) -> None:
    seen: set[SecurityGroupRule] = set()
    for index, rule in enumerate(rules):
        if rule.bare in seen:
            raise ValueError(f"{field}[{index}]: this rule is there before, with whatever description: leave one out")
        seen.add(rule.bare)
