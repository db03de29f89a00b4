"""Example settings of awsLaunchTemplate."""

from __future__ import annotations

from typing import Any

from pilothouse.dataplane.aws.types.launch_template import LaunchTemplate
from pilothouse.dataplane.types import Call
from tests.contract.aws.example import Example, Setting

IMAGE = "ami-12345678"


def version(**data: Any) -> tuple[Call, ...]:
    """Somebody makes another version the default one."""
    this = {"LaunchTemplateId": "$id"}
    return (
        Call("ec2", "CreateLaunchTemplateVersion", {**this, "LaunchTemplateData": {"ImageId": IMAGE, **data}}),
        Call("ec2", "ModifyLaunchTemplate", {**this, "DefaultVersion": "2"}),
    )


EXAMPLE = Example(
    type=LaunchTemplate(),
    minimal={"imageID": IMAGE},
    settings={
        "imageID": Setting(IMAGE, "ami-87654321", version(ImageId="ami-11111111")),
        "instanceType": Setting("t3.small", "t3.medium", version(InstanceType="t3.large")),
        "keyName": Setting("blue", "green", version()),
        "securityGroups": Setting([{"id": "$group-a"}, {"id": "$group-b"}], [{"id": "$group-a"}], version()),
        "userData": Setting("#!/bin/sh\necho first", "#!/bin/sh\necho second", version()),
        "iamInstanceProfile": Setting(
            {"id": "reader"}, {"id": "writer"}, version(IamInstanceProfile={"Name": "nobody"})
        ),
        "monitoring": Setting(first=True, second=False, behind=version(Monitoring={"Enabled": False})),
        "ebsOptimized": Setting(first=True, second=False, behind=version(EbsOptimized=False)),
        "disableAPITermination": Setting(first=True, second=False, behind=version(DisableApiTermination=False)),
        "instanceInitiatedShutdownBehavior": Setting("terminate", "stop", version()),
        "cpuCredits": Setting("unlimited", "standard", version(CreditSpecification={"CpuCredits": "standard"})),
        "instanceMarketOptions": Setting(
            {"marketType": "spot"},
            {"marketType": "spot", "spotOptions": {"maxPrice": "0.05", "spotInstanceType": "one-time"}},
            version(),
        ),
        "metadataOptions": Setting(
            {"httpPutResponseHopLimit": 2},
            {"httpTokens": "optional"},
            version(MetadataOptions={"HttpTokens": "optional"}),
        ),
        "placement": Setting({"tenancy": "dedicated"}, {"groupName": "close"}, version()),
        "blockDeviceMappings": Setting(
            [{"deviceName": "/dev/xvda", "ebs": {"volumeSize": 20, "volumeType": "gp3", "encrypted": True}}],
            [{"deviceName": "/dev/xvda", "ebs": {"volumeSize": 30}}, {"deviceName": "/dev/sdb", "noDevice": ""}],
            version(),
        ),
        "networkInterfaces": Setting(
            [{"associatePublicIPAddress": True, "groups": [{"id": "$group-a"}]}],
            [{"associatePublicIPAddress": False, "subnetID": {"id": "$subnet-a"}}],
            version(),
        ),
        "tagSpecifications": Setting(
            [{"resourceType": "instance", "tags": {"team": "orders"}}, {"resourceType": "volume", "tags": {"a": "b"}}],
            [{"resourceType": "instance", "tags": {"team": "payments"}}],
            version(),
        ),
        "tags": Setting(
            {"team": "orders", "Name": "mine"},
            {"team": "payments", "tier": "prod"},
            (Call("ec2", "CreateTags", {"Resources": ["$id"], "Tags": [{"Key": "team", "Value": "nobody"}]}),),
        ),
    },
    fixed={},
    wrong={"imageID": IMAGE, "userData": "é" * 16_000},
    in_use="EC2 deletes a launch template whoever launches from it",
)
