"""What the settings of disks, load balancers and Auto Scaling groups must be."""

from typing import Any

from tests.crds.case import Rule
from tests.crds.manifests import Manifest, of_resource

NOTHING: Manifest = {"fixedResponseConfig": {"statusCode": "404"}}
FORWARD: Manifest = {"targetGroup": {"ref": "web"}}
CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/1"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1"


def of(kind: str, **settings: Any) -> Manifest:
    """An Application of one thing."""
    return of_resource("awsQueue", **{kind: settings})


def of_volume(**settings: Any) -> Manifest:
    """An Application of one volume."""
    return of("awsVolume", **{"availabilityZone": "eu-west-1a", "size": 8, **settings})


def of_group(**settings: Any) -> Manifest:
    """An Application of one target group."""
    return of("awsTargetGroup", **{"protocol": "HTTP", "port": 80, "vpc": {"ref": "net"}, **settings})


def of_balancer(**settings: Any) -> Manifest:
    """An Application of one load balancer."""
    return of("awsLoadBalancer", **{"subnets": [{"ref": "a"}, {"ref": "b"}], **settings})


def of_listener(**settings: Any) -> Manifest:
    """An Application of one load balancer with one listener."""
    return of_balancer(listeners=[{"port": 80, "protocol": "HTTP", "defaultAction": NOTHING, **settings}])


def of_scaling(**settings: Any) -> Manifest:
    """An Application of one Auto Scaling group."""
    template = {"launchTemplate": {"ref": "web"}}
    given = {"minSize": 1, "maxSize": 3, "launchTemplate": template, "subnets": [{"ref": "a"}], **settings}
    return of("awsAutoScalingGroup", **given)


VOLUMES: dict[str, Rule] = {
    "a size, or a snapshot that has one": Rule(
        of("awsVolume", availabilityZone="eu-west-1a"),
        ("awsVolume", "size: give it, or a snapshotID"),
        of("awsVolume", availabilityZone="eu-west-1a", snapshotID="snap-1"),
        "EC2 refuses it",
    ),
    "the speed of provisioned disks": Rule(
        of_volume(volumeType="io2"),
        ("awsVolume", "iops: give it, volumes of type io1 and io2 need it"),
        of_volume(volumeType="io2", iops=500),
        "EC2 refuses it",
    ),
    "the speed of general disks": Rule(
        of_volume(iops=500),
        ("awsVolume", "iops: leave it out, or choose the volumeType gp3, io1 or io2"),
        of_volume(iops=3_000, volumeType="gp3"),
        "it follows from the size",
    ),
    "throughput": Rule(
        of_volume(throughput=125, volumeType="io1", iops=500),
        ("awsVolume", "throughput: leave it out, or choose the volumeType gp3"),
        of_volume(throughput=125, volumeType="gp3"),
        "EC2 refuses it",
    ),
    "a key for what is encrypted": Rule(
        of_volume(kmsKeyID=KEY),
        ("awsVolume", "kmsKeyID: leave it out, or set encrypted to true"),
        of_volume(kmsKeyID=KEY, encrypted=True),
        "EC2 refuses it",
    ),
}

TARGET_GROUPS: dict[str, Rule] = {
    "what only HTTP has": Rule(
        of_group(protocol="TCP", slowStartDurationSeconds=30),
        ("awsTargetGroup", "slowStartDurationSeconds, loadBalancingAlgorithmType: leave them out, or choose HTTP"),
        of_group(protocol="HTTPS", slowStartDurationSeconds=30),
        "the API refuses it",
    ),
    "targets of the target type": Rule(
        of_group(targets=[{"ip": "10.0.0.1"}]),
        ("awsTargetGroup", "targets: give instances with targetType instance, addresses with targetType ip"),
        of_group(targetType="ip", targets=[{"ip": "10.0.0.1"}]),
        "the API refuses it",
    ),
    "a target is one thing": Rule(
        of_group(targets=[{"port": 8080}]),
        ("awsTargetGroup.targets[0]", "give exactly one of instance and ip"),
        of_group(targets=[{"port": 8080, "instance": {"ref": "web"}}]),
        "nothing can be registered",
    ),
    "one way to match": Rule(
        of_group(matcher={"httpCode": "200", "grpcCode": "0"}),
        ("awsTargetGroup.matcher", "give exactly one of httpCode and grpcCode"),
        of_group(matcher={"httpCode": "200"}),
        "the API refuses it",
    ),
    "a cookie with a name": Rule(
        of_group(stickiness={"type": "app_cookie"}),
        ("awsTargetGroup.stickiness", "cookieName: give it with type app_cookie, leave it out otherwise"),
        of_group(stickiness={"type": "app_cookie", "cookieName": "session"}),
        "the API refuses it",
    ),
    "an address lasts as long as it lasts": Rule(
        of_group(stickiness={"type": "source_ip", "durationSeconds": 60}),
        ("awsTargetGroup.stickiness", "durationSeconds: leave it out with type source_ip"),
        of_group(stickiness={"type": "lb_cookie", "durationSeconds": 60}),
        "the API has no such attribute",
    ),
}

LOAD_BALANCERS: dict[str, Rule] = {
    "protocols of the type": Rule(
        of_listener(protocol="TCP"),
        ("awsLoadBalancer", "listeners: give HTTP and HTTPS with type application"),
        of_balancer(type="network", listeners=[{"port": 80, "protocol": "TCP", "defaultAction": FORWARD}]),
        "the API refuses it",
    ),
    "what only application load balancers have": Rule(
        of_balancer(type="network", idleTimeoutSeconds=30),
        ("awsLoadBalancer", "dropInvalidHeaderFieldsEnabled: leave them out with type network"),
        of_balancer(idleTimeoutSeconds=30),
        "the API refuses it",
    ),
    "zones are always crossed": Rule(
        of_balancer(loadBalancingCrossZoneEnabled=True),
        ("awsLoadBalancer", "loadBalancingCrossZoneEnabled: leave it out, or choose the type network"),
        of_balancer(loadBalancingCrossZoneEnabled=True, type="network"),
        "the API refuses it",
    ),
    "a certificate where it is secure": Rule(
        of_listener(protocol="HTTPS"),
        ("listeners[0]", "certificateARN: give it with HTTPS and TLS, leave it out otherwise"),
        of_listener(protocol="HTTPS", certificateARN=CERTIFICATE),
        "the API refuses it",
    ),
    "ciphers where it is secure": Rule(
        of_listener(sslPolicy="ELBSecurityPolicy-2016-08"),
        ("listeners[0]", "sslPolicy: leave it out, or choose the protocol HTTPS or TLS"),
        of_listener(sslPolicy="ELBSecurityPolicy-2016-08", protocol="HTTPS", certificateARN=CERTIFICATE),
        "the API refuses it",
    ),
    "one thing becomes of a request": Rule(
        of_listener(defaultAction={**NOTHING, **FORWARD}),
        ("defaultAction", "give exactly one of targetGroup, redirectConfig and fixedResponseConfig"),
        of_listener(defaultAction=FORWARD),
        "which of them is meant?",
    ),
}

SCALING: dict[str, Rule] = {
    "groups of a network interface": Rule(
        of("awsLaunchTemplate", securityGroups=[{"ref": "web"}], networkInterfaces=[{"deviceIndex": 0}]),
        ("awsLaunchTemplate", "securityGroups: give them as groups of networkInterfaces"),
        of("awsLaunchTemplate", networkInterfaces=[{"deviceIndex": 0, "groups": [{"ref": "web"}]}]),
        "EC2 refuses the launch",
    ),
    "no more at least than at most": Rule(
        of_scaling(minSize=4),
        ("awsAutoScalingGroup", "maxSize: give at least minSize"),
        of_scaling(minSize=3),
        "Auto Scaling refuses it",
    ),
    "a size within its bounds": Rule(
        of_scaling(desiredCapacity=9),
        ("awsAutoScalingGroup", "desiredCapacity: give at least minSize and at most maxSize, or leave it out"),
        of_scaling(desiredCapacity=2),
        "Auto Scaling refuses it",
    ),
}
