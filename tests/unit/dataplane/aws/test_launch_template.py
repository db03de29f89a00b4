"""awsLaunchTemplate without AWS: what a version holds, and when a new one is made."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from pydantic import ValidationError

from pilothouse.dataplane.aws import marks
from pilothouse.dataplane.aws.types.launch_template import LaunchTemplate
from pilothouse.dataplane.types import Call, Reading, Sensitive
from tests.unit.dataplane.aws.replies import MARK, OWNER, changes, drive, want

TEMPLATE = LaunchTemplate()
ID = "lt-1"
SCRIPT = base64.b64encode(b"#!/bin/sh").decode()
SMALL = {"ImageId": "ami-1", "InstanceType": "t3.small"}
LARGE = {"ImageId": "ami-1", "InstanceType": "t3.large"}
FULL: dict[str, Any] = {
    "imageID": "ami-1",
    "securityGroups": [{"id": "sg-1"}],
    "userData": "#!/bin/sh",
    "iamInstanceProfile": {"id": "reader"},
    "monitoring": True,
    "cpuCredits": "unlimited",
    "metadataOptions": {},
    "blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"volumeSize": 20}}],
    "tagSpecifications": [{"resourceType": "instance", "tags": {"team": "orders"}}],
}
FULL_DATA: dict[str, Any] = {
    "ImageId": "ami-1",
    "SecurityGroupIds": ["sg-1"],
    "UserData": SCRIPT,
    "IamInstanceProfile": {"Name": "reader"},
    "Monitoring": {"Enabled": True},
    "CreditSpecification": {"CpuCredits": "unlimited"},
    "MetadataOptions": {"HttpTokens": "required", "HttpEndpoint": "enabled", "HttpPutResponseHopLimit": 1},
    "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 20}}],
    "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "orders"}]}],
}


def read(default: dict[str, Any], newest: dict[str, Any] | None = None) -> Reading:
    """One template as EC2 describes it, with its default version and perhaps a newer one."""
    versions = [{"VersionNumber": 1, "DefaultVersion": True, "LaunchTemplateData": default}]
    if newest is not None:
        versions.append({"VersionNumber": 2, "DefaultVersion": False, "LaunchTemplateData": newest})
    shown = {
        "LaunchTemplateId": ID,
        "LaunchTemplateName": "ph-web",
        "DefaultVersionNumber": 1,
        "LatestVersionNumber": len(versions),
        "Tags": marks.as_pairs({"Name": "ph-web", **marks.mark_tags(MARK)}),
    }

    def answer(call: Call) -> Any:
        if call.operation == "DescribeLaunchTemplateVersions":
            return {"LaunchTemplateVersions": versions}
        return {"LaunchTemplates": [shown]}

    reading, _ = drive(TEMPLATE.read(ID), answer)
    assert isinstance(reading, Reading)
    return reading


def update(have: Reading, applied: frozenset[str] = frozenset(), **settings: Any) -> tuple[Call, ...]:
    """What an update sends."""
    return TEMPLATE.update(have, want(TEMPLATE, imageID="ami-1", **settings), applied)


def test_a_create_holds_the_first_version_and_is_marked() -> None:
    made = want(TEMPLATE, **FULL)
    call = TEMPLATE.create(made)
    tags = {"Name": made.name, **marks.mark_tags(MARK)}
    assert call.parameters == {
        "LaunchTemplateName": TEMPLATE.name(OWNER, "orders"),
        "ClientToken": "token-1",
        "LaunchTemplateData": FULL_DATA,
        "TagSpecifications": [{"ResourceType": "launch-template", "Tags": marks.as_pairs(tags)}],
    }
    assert isinstance(call.parameters["LaunchTemplateData"]["UserData"], Sensitive), "else a Plan would show it"
    assert TEMPLATE.created({"LaunchTemplate": {"LaunchTemplateId": ID}}) == ID


def test_a_reading_shows_the_default_version_and_differs_from_what_wrote_it_in_nothing() -> None:
    reading = read({**FULL_DATA, "MetadataOptions": {**FULL_DATA["MetadataOptions"], "State": "pending"}})
    assert changes(TEMPLATE, want(TEMPLATE, **FULL), reading) == {}
    assert (reading.mark, reading.outputs) == (
        MARK,
        {"id": ID, "name": "ph-web", "defaultVersion": "1", "latestVersion": "1"},
    )
    assert "#!/bin/sh" not in repr(reading)


def test_a_profile_may_be_told_by_its_arn() -> None:
    arn = {"Arn": "arn:aws:iam::123456789012:instance-profile/teams/reader"}
    assert (
        changes(TEMPLATE, want(TEMPLATE, iamInstanceProfile={"id": "reader"}), read({"IamInstanceProfile": arn})) == {}
    )


def test_what_is_not_wanted_in_the_default_version_is_seen_although_we_never_set_it() -> None:
    assert changes(TEMPLATE, want(TEMPLATE, imageID="ami-1"), read({**SMALL, "KeyName": "blue"})) == {
        "instanceType": ("t3.small", None),
        "keyName": ("blue", None),
    }


def test_a_change_makes_a_version_whose_token_is_of_its_number() -> None:
    assert update(read(SMALL), instanceType="t3.large") == (
        Call(
            "ec2",
            "CreateLaunchTemplateVersion",
            {"LaunchTemplateId": ID, "ClientToken": "lt-1-2", "LaunchTemplateData": LARGE},
        ),
    )


def test_a_version_that_is_there_already_becomes_the_default() -> None:
    assert update(read(SMALL, LARGE), instanceType="t3.large") == (
        Call("ec2", "ModifyLaunchTemplate", {"LaunchTemplateId": ID, "DefaultVersion": "2"}),
    )
    (made,) = update(read(SMALL, {"ImageId": "ami-9"}), instanceType="t3.large")
    assert made.parameters["ClientToken"] == "lt-1-3"


def test_tags_make_no_version() -> None:
    (call,) = update(read(SMALL), instanceType="t3.small", tags={"team": "orders"})
    assert call.operation == "CreateTags"


def test_user_data_that_was_never_ours_is_carried_on_and_ours_is_taken_out() -> None:
    have = read({"ImageId": "ami-1", "UserData": SCRIPT})
    assert update(have) == ()
    (carried,) = update(have, instanceType="t3.large")
    assert carried.parameters["LaunchTemplateData"] == {**LARGE, "UserData": SCRIPT}
    (bare,) = update(have, frozenset({"userData"}))
    assert bare.parameters["LaunchTemplateData"] == {"ImageId": "ami-1"}


def test_it_is_looked_for_by_mark_and_by_name_and_listed_in_pages_that_ec2_makes() -> None:
    _, asked = drive(TEMPLATE.find(want(TEMPLATE)), lambda _: {"LaunchTemplates": []})
    assert [call.parameters["Filters"][-1]["Name"] for call in asked] == [
        "tag:pilothouse.dev/resource",
        "launch-template-name",
    ]
    assert TEMPLATE.listing("control-plane-1").parameters["MaxResults"] == 200
    page = {"LaunchTemplates": [{"LaunchTemplateId": ID, "Tags": marks.as_pairs(marks.mark_tags(MARK))}]}
    (line,) = TEMPLATE.listed(page)
    assert (line.id, line.reading, line.mark) == (ID, None, MARK)


def test_deleting_is_one_call() -> None:
    assert TEMPLATE.delete(read(SMALL)) == (Call("ec2", "DeleteLaunchTemplate", {"LaunchTemplateId": ID}),)


def test_security_groups_stand_in_one_place() -> None:
    with pytest.raises(ValidationError, match="securityGroups: give them as groups of networkInterfaces"):
        TEMPLATE.model.model_validate({"securityGroups": [{"id": "sg-1"}], "networkInterfaces": [{}]})
