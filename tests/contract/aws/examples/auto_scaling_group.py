"""Example settings of awsAutoScalingGroup."""

from __future__ import annotations

from typing import Any

from pilothouse.dataplane.aws.types.auto_scaling_group import AutoScalingGroup
from pilothouse.dataplane.types import Call
from tests.aws.server import AwsServer
from tests.contract.aws.example import Example, Maker, Setting
from tests.contract.aws.stage import default_vpc

TEMPLATE = {"launchTemplate": {"id": "$template"}}
SECOND = {**TEMPLATE, "version": {"id": "2"}}
THIS = {"AutoScalingGroupName": "$id"}


def template(aws: AwsServer) -> str:
    """A launch template with two versions."""
    ec2, data = aws.client("ec2"), {"ImageId": "ami-12345678", "InstanceType": "t3.small"}
    made = ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)  # type: ignore[arg-type]
    identifier = made["LaunchTemplate"]["LaunchTemplateId"]
    ec2.create_launch_template_version(LaunchTemplateId=identifier, LaunchTemplateData={"ImageId": "ami-87654321"})
    return identifier


def target_group(name: str) -> Maker:
    """A target group of the default VPC."""

    def make(aws: AwsServer) -> str:
        made = aws.client("elbv2").create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=default_vpc(aws))
        return str(made["TargetGroups"][0]["TargetGroupArn"])

    return make


def update(**values: Any) -> tuple[Call, ...]:
    """Somebody changes the group."""
    return (Call("autoscaling", "UpdateAutoScalingGroup", {**THIS, **values}),)


def tag(key: str, value: str, *, propagate: bool) -> dict[str, Any]:
    """A tag of the group."""
    this = {"ResourceId": "$id", "ResourceType": "auto-scaling-group"}
    return {**this, "Key": key, "Value": value, "PropagateAtLaunch": propagate}


EXAMPLE = Example(
    type=AutoScalingGroup(),
    minimal={"minSize": 0, "maxSize": 4, "launchTemplate": TEMPLATE, "subnets": [{"id": "$subnet-a"}]},
    settings={
        "minSize": Setting(1, 2, update(MinSize=0)),
        "maxSize": Setting(5, 6, update(MaxSize=7)),
        "desiredCapacity": Setting(1, 2, update(DesiredCapacity=3)),
        "launchTemplate": Setting(
            TEMPLATE, SECOND, update(LaunchTemplate={"LaunchTemplateId": "$template", "Version": "1"})
        ),
        "subnets": Setting(
            [{"id": "$subnet-b"}, {"id": "$subnet-a"}], [{"id": "$subnet-a"}], update(VPCZoneIdentifier="$subnet-b")
        ),
        "targetGroups": Setting(
            [{"id": "$web-b"}, {"id": "$web-a"}],
            [{"id": "$web-a"}],
            (Call("autoscaling", "DetachLoadBalancerTargetGroups", {**THIS, "TargetGroupARNs": ["$web-b"]}),),
        ),
        "healthCheckType": Setting("EC2", "ELB", update(HealthCheckType="ELB")),
        "healthCheckGracePeriod": Setting(0, 60, update(HealthCheckGracePeriod=90)),
        "defaultCooldown": Setting(0, 60, update(DefaultCooldown=90)),
        "defaultInstanceWarmup": Setting(30, 60, update(DefaultInstanceWarmup=90), removed=True),
        "maxInstanceLifetime": Setting(86_400, 90_000, update(MaxInstanceLifetime=100_000), removed=True),
        "capacityRebalance": Setting(first=True, second=False, behind=update(CapacityRebalance=False)),
        "newInstancesProtectedFromScaleIn": Setting(
            first=True, second=False, behind=update(NewInstancesProtectedFromScaleIn=False)
        ),
        "placementGroup": Setting("close", "apart", update(PlacementGroup=""), removed=True),
        "terminationPolicies": Setting(
            ["OldestInstance"], ["NewestInstance", "Default"], update(TerminationPolicies=["ClosestToNextInstanceHour"])
        ),
        "propagateAtLaunch": Setting(
            first=True,
            second=False,
            behind=(Call("autoscaling", "CreateOrUpdateTags", {"Tags": [tag("team", "orders", propagate=False)]}),),
            beside={"tags": {"team": "orders", "tier": "prod"}},
        ),
        "tags": Setting(
            {"team": "orders"},
            {"team": "payments", "tier": "prod"},
            (
                Call("autoscaling", "CreateOrUpdateTags", {"Tags": [tag("team", "nobody", propagate=False)]}),
                Call("autoscaling", "CreateOrUpdateTags", {"Tags": [tag("by", "hand", propagate=False)]}),
            ),
        ),
    },
    fixed={},
    wrong={
        "minSize": 0,
        "maxSize": 4,
        "launchTemplate": {"launchTemplate": {"id": "lt-0123456789abcdef0"}},
        "subnets": [{"id": "$subnet-a"}],
    },
    stage={"$template": template, "$web-a": target_group("web-a"), "$web-b": target_group("web-b")},
    in_use="a group goes by force, and its instances with it",
    options=frozenset({"instanceRefresh"}),
)
