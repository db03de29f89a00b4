"""Parameters that moto would ignore without a word: for these operations, one that nobody honours is an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tests.aws.departures import Proceed, departure
from tests.aws.wire import Call, NotEmulatedError
from tests.aws.world import World

_TAGS: Final = "TagSpecifications"
_GROUP: Final = (
    "AutoScalingGroupName", "CapacityRebalance", "DefaultCooldown", "DefaultInstanceWarmup", "HealthCheckGracePeriod",
    "HealthCheckType", "MaxInstanceLifetime", "MaxSize", "MinSize", "NewInstancesProtectedFromScaleIn",
    "PlacementGroup", "TerminationPolicies", "VPCZoneIdentifier",
)  # fmt: skip
_HEALTH_CHECK: Final = (
    "HealthCheckIntervalSeconds", "HealthCheckPath", "HealthCheckPort", "HealthCheckProtocol",
    "HealthCheckTimeoutSeconds", "HealthyThresholdCount", "Matcher", "UnhealthyThresholdCount",
)  # fmt: skip
_TARGET_GROUP: Final = (
    "IpAddressType", "Name", "Port", "Protocol", "ProtocolVersion", "Tags", "TargetType", "VpcId",
)  # fmt: skip

HONOURED: Final[Mapping[str, frozenset[str]]] = {
    "autoscaling:CreateAutoScalingGroup": frozenset({
        *_GROUP, "AvailabilityZones", "DesiredCapacity", "LaunchTemplate", "Tags", "TargetGroupARNs",
    }),
    "autoscaling:StartInstanceRefresh": frozenset({
        "AutoScalingGroupName", "DesiredConfiguration", "Preferences", "Strategy",
    }),
    "autoscaling:UpdateAutoScalingGroup": frozenset({*_GROUP, "DesiredCapacity", "LaunchTemplate"}),
    "ec2:AttachVolume": frozenset({"Device", "InstanceId", "VolumeId"}),
    "ec2:CreateLaunchTemplate": frozenset({"ClientToken", "LaunchTemplateData", "LaunchTemplateName", _TAGS}),
    "ec2:CreateLaunchTemplateVersion": frozenset({"ClientToken", "LaunchTemplateData", "LaunchTemplateId"}),
    "ec2:CreateSnapshot": frozenset({"Description", _TAGS, "VolumeId"}),
    "ec2:CreateVolume": frozenset({
        "AvailabilityZone", "ClientToken", "Encrypted", "Iops", "KmsKeyId", "Size", "SnapshotId", _TAGS, "Throughput",
        "VolumeType",
    }),
    "ec2:DetachVolume": frozenset({"Device", "InstanceId", "VolumeId"}),
    "ec2:ModifyVolume": frozenset({"Iops", "Size", "Throughput", "VolumeId", "VolumeType"}),
    "elbv2:CreateListener": frozenset({
        "Certificates", "DefaultActions", "LoadBalancerArn", "Port", "Protocol", "SslPolicy",
    }),
    "elbv2:CreateLoadBalancer": frozenset({
        "IpAddressType", "Name", "Scheme", "SecurityGroups", "Subnets", "Tags", "Type",
    }),
    "elbv2:CreateTargetGroup": frozenset({*_HEALTH_CHECK, *_TARGET_GROUP}),
    "elbv2:ModifyListener": frozenset({
        "Certificates", "DefaultActions", "ListenerArn", "Port", "Protocol", "SslPolicy",
    }),
    "elbv2:ModifyTargetGroup": frozenset({*_HEALTH_CHECK, "TargetGroupArn"}),
    "elbv2:SetSecurityGroups": frozenset({"LoadBalancerArn", "SecurityGroups"}),
    "elbv2:SetSubnets": frozenset({"LoadBalancerArn", "Subnets"}),
}  # fmt: skip
"""The parameters that moto and this layer honour, by operation."""


def _of(service: str) -> tuple[str, ...]:
    return tuple(name.partition(":")[2] for name in HONOURED if name.startswith(f"{service}:"))


@departure("autoscaling", *_of("autoscaling"))
@departure("ec2", *_of("ec2"))
@departure("elbv2", *_of("elbv2"))
def nothing_else_is_ignored(call: Call, _world: World, proceed: Proceed) -> object:
    """A parameter that is ignored would be drift that can never be mended."""
    unknown = sorted(set(call.parameters) - HONOURED[call.name])
    if unknown:
        raise NotEmulatedError(f"the parameter {unknown[0]}")
    return proceed()
