"""awsInstance without AWS: the calls it makes in each state, and how descriptions are read."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from pydantic import ValidationError

from pilothouse.dataplane.aws import marks
from pilothouse.dataplane.aws.references import InstanceProfile
from pilothouse.dataplane.aws.types.instance import Instance, InstanceSpec, SeenInstance
from pilothouse.dataplane.errors import NotFound
from pilothouse.dataplane.types import Call, Health, HealthState, Listed, Reading, Ref, Sensitive
from tests.unit.dataplane.aws.replies import MARK, OWNER, changes, drive, want

INSTANCE = Instance()
ID = "i-0123456789abcdef0"
MINIMAL = {"instanceType": "t3.small", "imageID": "ami-1"}
PROFILE = {"Arn": "arn:aws:iam::123456789012:instance-profile/teams/web/reader", "Id": "AIPA"}
TAGS = marks.as_pairs({"Name": INSTANCE.name(OWNER, "orders"), **marks.mark_tags(MARK)})
OPTIONS = {"HttpTokens": "required", "HttpEndpoint": "enabled", "HttpPutResponseHopLimit": 1}


def describe(state: str = "running", **more: Any) -> dict[str, Any]:
    """An instance as DescribeInstances shows it."""
    shown = {
        "InstanceId": ID,
        "State": {"Name": state},
        "InstanceType": "t3.small",
        "ImageId": "ami-1",
        "SubnetId": "subnet-1",
        "SecurityGroups": [{"GroupId": "sg-2"}, {"GroupId": "sg-1"}],
        "PrivateIpAddress": "10.0.0.5",
        "PrivateDnsName": "ip-10-0-0-5",
        "PublicDnsName": "",
        "Placement": {"AvailabilityZone": "eu-west-1a"},
        "Monitoring": {"State": "disabled"},
        "EbsOptimized": False,
        "SourceDestCheck": True,
        "MetadataOptions": OPTIONS,
        "Tags": TAGS,
    }
    return {**shown, **more}


def page(*instances: dict[str, Any]) -> dict[str, Any]:
    """One page of DescribeInstances."""
    return {"Reservations": [{"Instances": [instance]} for instance in instances]}


def answering(*instances: dict[str, Any], user_data: str | None = None, association: str = "assoc-1") -> Any:
    """Answer every call of a read or find."""
    attributes = {
        "userData": {"UserData": {"Value": base64.b64encode(user_data.encode()).decode()} if user_data else {}},
        "disableApiTermination": {"DisableApiTermination": {"Value": False}},
        "instanceInitiatedShutdownBehavior": {"InstanceInitiatedShutdownBehavior": {"Value": "stop"}},
    }

    def answer(call: Call) -> Any:
        match call.operation:
            case "DescribeInstances":
                return page(*instances)
            case "DescribeInstanceAttribute":
                return attributes[call.parameters["Attribute"]]
            case _:
                tied = [{"AssociationId": association}] if association else []
                return {"IamInstanceProfileAssociations": tied}

    return answer


def read(state: str = "running", user_data: str | None = None, association: str = "assoc-1", **more: Any) -> Reading:
    """Read an instance that EC2 describes so."""
    answer = answering(describe(state, **more), user_data=user_data, association=association)
    reading, _ = drive(INSTANCE.read(ID), answer)
    assert isinstance(reading, Reading)
    return reading


def test_a_create_says_everything_that_ec2_takes() -> None:
    call = INSTANCE.create(
        want(
            INSTANCE,
            **MINIMAL,
            subnet={"ref": "private-a"},
            securityGroups=[{"id": "sg-1"}],
            keyName="blue",
            userData="#!/bin/sh",
            iamInstanceProfile={"id": "reader"},
            privateIPAddress="10.0.0.5",
            ebsOptimized=True,
            metadataOptions={},
            availabilityZone="eu-west-1a",
            tags={"team": "orders"},
        )
    )
    tags = {"Name": INSTANCE.name(OWNER, "orders"), "team": "orders", **marks.mark_tags(MARK)}
    assert call == Call(
        "ec2",
        "RunInstances",
        {
            "ImageId": "ami-1",
            "InstanceType": "t3.small",
            "MinCount": 1,
            "MaxCount": 1,
            "ClientToken": "token-1",
            "SubnetId": Ref("private-a", "id"),
            "SecurityGroupIds": ["sg-1"],
            "KeyName": "blue",
            "UserData": "#!/bin/sh",
            "IamInstanceProfile": {"Name": "reader"},
            "PrivateIpAddress": "10.0.0.5",
            "Monitoring": {"Enabled": False},
            "DisableApiTermination": False,
            "EbsOptimized": True,
            "InstanceInitiatedShutdownBehavior": "stop",
            "MetadataOptions": OPTIONS,
            "Placement": {"AvailabilityZone": "eu-west-1a"},
            "TagSpecifications": [{"ResourceType": "instance", "Tags": marks.as_pairs(tags)}],
        },
    )
    assert isinstance(call.parameters["UserData"], Sensitive), "else a Plan would show it"
    assert INSTANCE.created({"Instances": [{"InstanceId": ID}]}) == ID
    assert INSTANCE.identified(want(INSTANCE, **MINIMAL), {"Instances": [{"InstanceId": ID}]}) == ID


def test_a_create_leaves_out_what_is_left_to_ec2() -> None:
    assert set(INSTANCE.create(want(INSTANCE, **MINIMAL)).parameters) == {
        "ImageId",
        "InstanceType",
        "MinCount",
        "MaxCount",
        "ClientToken",
        "Monitoring",
        "DisableApiTermination",
        "InstanceInitiatedShutdownBehavior",
        "TagSpecifications",
    }


def test_a_reading_shows_settings_mark_and_outputs() -> None:
    reading = read(user_data="#!/bin/sh", IamInstanceProfile=PROFILE, KeyName="blue", PublicIpAddress="192.0.2.1")
    assert reading.mark == MARK
    assert reading.health == Health(HealthState.READY)
    assert reading.outputs == {
        "id": ID,
        "privateIPAddress": "10.0.0.5",
        "privateDNSName": "ip-10-0-0-5",
        "publicIPAddress": "192.0.2.1",
        "publicDNSName": "",
        "availabilityZone": "eu-west-1a",
    }
    assert isinstance(reading.spec, SeenInstance)
    assert reading.spec.user_data == "#!/bin/sh"
    assert reading.spec.iam_instance_profile == InstanceProfile(id="reader")
    assert reading.spec.profile_association == "assoc-1"
    assert "#!/bin/sh" not in repr(reading)


def test_a_reading_differs_from_what_it_shows_in_nothing() -> None:
    wanted = want(
        INSTANCE,
        **MINIMAL,
        subnet={"id": "subnet-1"},
        securityGroups=[{"id": "sg-1"}, {"id": "sg-2"}],
        privateIPAddress="10.0.0.5",
        ebsOptimized=False,
        metadataOptions={},
        availabilityZone="eu-west-1a",
    )
    assert changes(INSTANCE, wanted, read()) == {}


def test_a_bare_description_can_be_read() -> None:
    """An instance of EC2-Classic, or one just launched, shows little."""
    bare = {"InstanceId": ID, "State": {"Name": "pending"}, "InstanceType": "t3.small", "ImageId": "ami-1"}
    reading, _ = drive(INSTANCE.read(ID), answering({**bare, "Placement": {"AvailabilityZone": "eu-west-1a"}}))
    assert reading.mark is None
    assert reading.health == Health(HealthState.PROGRESSING, "the instance is pending")
    assert changes(INSTANCE, want(INSTANCE, **MINIMAL), reading) == {}


@pytest.mark.parametrize("reply", [NotFound("gone"), page(), page(describe("terminated"))])
def test_what_is_terminated_or_unknown_is_gone(reply: Any) -> None:
    found, asked = drive(INSTANCE.read(ID), lambda _: reply)
    assert (found, len(asked)) == (None, 1)


def test_one_that_vanishes_while_it_is_read_is_gone() -> None:
    def answer(call: Call) -> Any:
        return page(describe()) if call.operation == "DescribeInstances" else NotFound("gone")

    assert drive(INSTANCE.read(ID), answer)[0] is None
    assert drive(INSTANCE.find(want(INSTANCE, **MINIMAL)), answer)[0] == ()


def test_it_is_looked_for_by_mark_and_by_token_among_the_living() -> None:
    found, asked = drive(INSTANCE.find(want(INSTANCE, **MINIMAL)), answering(describe()))
    assert [reading.id for reading in found] == [ID], "found twice, it is still one"
    by_mark, by_token = [
        {each["Name"]: each["Values"] for each in call.parameters["Filters"]}
        for call in asked
        if call.operation == "DescribeInstances"
    ]
    assert by_mark == {
        "tag:pilothouse.dev/control-plane": ["control-plane-1"],
        "tag:pilothouse.dev/owner": ["shop/checkout"],
        "tag:pilothouse.dev/resource": ["orders"],
        "instance-state-name": ["pending", "running", "shutting-down", "stopping", "stopped"],
    }
    assert by_token["client-token"] == ["token-1"]


def test_a_listing_is_by_mark_and_shows_marks() -> None:
    call = INSTANCE.listing("control-plane-1")
    assert call.parameters["Filters"][0] == {"Name": "tag:pilothouse.dev/control-plane", "Values": ["control-plane-1"]}
    (line,) = INSTANCE.listed(page(describe()))
    assert (line.id, line.reading, line.mark) == (ID, None, MARK)
    assert list(INSTANCE.listed({})) == []
    assert INSTANCE.ours(Listed(ID), "control-plane-1"), "EC2 shows nothing else"


@pytest.mark.parametrize("state", ["pending", "stopping", "shutting-down"])
def test_nothing_is_sent_to_one_in_transition(state: str) -> None:
    wanted = want(INSTANCE, **{**MINIMAL, "instanceType": "t3.large"}, monitoring=True)
    assert INSTANCE.update(read(state), wanted, frozenset()) == ()


def sent(state: str, **settings: Any) -> list[str]:
    """The operations that an update sends in a state."""
    return [
        call.operation for call in INSTANCE.update(read(state), want(INSTANCE, **{**MINIMAL, **settings}), frozenset())
    ]


STEPS: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "as wanted and running": ("running", {}, []),
    "what can be changed at any time is": ("running", {"monitoring": True}, ["MonitorInstances"]),
    "another type needs a stop": (
        "running",
        {"instanceType": "t3.large", "sourceDestCheck": False},
        ["ModifyInstanceAttribute", "StopInstances"],
    ),
    "stopped, it gets its type": ("stopped", {"instanceType": "t3.large"}, ["ModifyInstanceAttribute"]),
    "stopped, it gets both": (
        "stopped",
        {"instanceType": "t3.large", "ebsOptimized": True},
        ["ModifyInstanceAttribute", "ModifyInstanceAttribute"],
    ),
    "stopped and as wanted it is started": ("stopped", {}, ["StartInstances"]),
    "stopped, the rest is changed before the start": (
        "stopped",
        {"tags": {"team": "orders"}},
        ["CreateTags", "StartInstances"],
    ),
}


@pytest.mark.parametrize(("state", "settings", "operations"), STEPS.values(), ids=STEPS)
def test_the_next_step_follows_from_the_reading_alone(
    state: str, settings: dict[str, Any], operations: list[str]
) -> None:
    assert sent(state, **settings) == operations


@pytest.mark.parametrize("state", ["stopping", "stopped"])
def test_one_that_does_not_run_differs(state: str) -> None:
    assert changes(INSTANCE, want(INSTANCE, **MINIMAL), read(state)) == {"state": (state, "running")}
    assert INSTANCE.impact("state") == "None"
    assert not INSTANCE.immutable("state")


def test_a_change_that_stops_it_shows_that_from_the_beginning() -> None:
    """A Plan stands while what still differs is part of it: else each stage would be a new Plan, approved anew."""
    wanted = want(INSTANCE, **{**MINIMAL, "instanceType": "t3.large"})
    stages = [read(), read("stopping"), read("stopped"), read("stopped", InstanceType="t3.large")]
    seen = [{(path, new) for path, (_, new) in changes(INSTANCE, wanted, stage).items()} for stage in stages]
    assert seen[0] == {("instanceType", "t3.large"), ("state", "running")}
    assert all(later <= seen[0] for later in seen)
    assert seen[-1] == {("state", "running")}
    assert changes(INSTANCE, wanted, read("pending", InstanceType="t3.large")) == {}


CHANGES: dict[str, tuple[dict[str, Any], Call]] = {
    "security groups": (
        {"securityGroups": [{"id": "sg-9"}, {"id": "sg-1"}]},
        Call("ec2", "ModifyInstanceAttribute", {"InstanceId": ID, "Groups": ["sg-9", "sg-1"]}),
    ),
    "protection": (
        {"disableAPITermination": True},
        Call("ec2", "ModifyInstanceAttribute", {"InstanceId": ID, "DisableApiTermination": {"Value": True}}),
    ),
    "metadata options": (
        {"metadataOptions": {"httpTokens": "optional"}},
        Call("ec2", "ModifyInstanceMetadataOptions", {"InstanceId": ID, **OPTIONS, "HttpTokens": "optional"}),
    ),
    "a first profile": (
        {"iamInstanceProfile": {"id": "reader"}},
        Call("ec2", "AssociateIamInstanceProfile", {"InstanceId": ID, "IamInstanceProfile": {"Name": "reader"}}),
    ),
}


@pytest.mark.parametrize(("settings", "call"), CHANGES.values(), ids=CHANGES)
def test_each_setting_has_its_call(settings: dict[str, Any], call: Call) -> None:
    assert INSTANCE.update(read(), want(INSTANCE, **MINIMAL, **settings), frozenset()) == (call,)


def test_a_profile_is_replaced_or_taken_away_by_what_ties_it() -> None:
    have = read(IamInstanceProfile=PROFILE)
    (replaced,) = INSTANCE.update(have, want(INSTANCE, **MINIMAL, iamInstanceProfile={"id": "writer"}), frozenset())
    assert replaced.parameters == {"AssociationId": "assoc-1", "IamInstanceProfile": {"Name": "writer"}}
    (removed,) = INSTANCE.update(have, want(INSTANCE, **MINIMAL), frozenset({"iamInstanceProfile"}))
    assert removed == Call("ec2", "DisassociateIamInstanceProfile", {"AssociationId": "assoc-1"})


def test_a_profile_that_is_just_being_taken_away_needs_nothing() -> None:
    have = read(association="", IamInstanceProfile=PROFILE)
    assert INSTANCE.update(have, want(INSTANCE, **MINIMAL), frozenset({"iamInstanceProfile"})) == ()


def test_tags_of_people_are_compared_without_the_mark_and_a_name_nobody_asked_for() -> None:
    have = read(Tags=[*TAGS, {"Key": "team", "Value": "orders"}, {"Key": "aws:autoscaling", "Value": "x"}])
    assert changes(INSTANCE, want(INSTANCE, **MINIMAL, tags={"team": "orders"}), have) == {}
    assert INSTANCE.update(have, want(INSTANCE, **MINIMAL, tags={"Name": "mine"}), frozenset()) == (
        Call("ec2", "CreateTags", {"Resources": [ID], "Tags": [{"Key": "Name", "Value": "mine"}]}),
        Call("ec2", "DeleteTags", {"Resources": [ID], "Tags": [{"Key": "team"}]}),
    )


def test_what_ec2_chose_is_left_alone_where_nothing_is_asked_for() -> None:
    """Leaving the subnet out again must not replace the instance: EC2 would choose one just the same."""
    applied = frozenset({"subnet", "securityGroups", "privateIPAddress", "availabilityZone", "metadataOptions"})
    assert changes(INSTANCE, want(INSTANCE, **MINIMAL), read(), applied) == {}


def test_what_an_instance_need_not_have_is_removed_when_left_out() -> None:
    have = read(KeyName="blue", user_data="secret", IamInstanceProfile=PROFILE)
    found = changes(INSTANCE, want(INSTANCE, **MINIMAL), have, frozenset({"keyName", "userData", "iamInstanceProfile"}))
    assert found == {
        "keyName": ("blue", None),
        "userData": ("(sensitive)", None),
        "iamInstanceProfile": ("reader", None),
    }


def test_user_data_that_is_no_text_differs_rather_than_fails() -> None:
    reading, _ = drive(INSTANCE.read(ID), _binary_user_data)
    assert changes(INSTANCE, want(INSTANCE, **MINIMAL, userData="x"), reading)["userData"] == ("(sensitive)",) * 2


def _binary_user_data(call: Call) -> Any:
    if call.parameters.get("Attribute") == "userData":
        return {"UserData": {"Value": base64.b64encode(b"\x1f\x8b\x08\xff").decode()}}
    return answering(describe())(call)


def test_deleting_terminates_once() -> None:
    assert INSTANCE.delete(read()) == (Call("ec2", "TerminateInstances", {"InstanceIds": [ID]}),)
    assert INSTANCE.delete(read("shutting-down")) == ()


def test_adopting_writes_the_mark_alone() -> None:
    (call,) = INSTANCE.adopt(read(Tags=[]), want(INSTANCE, **MINIMAL))
    assert call.parameters == {"Resources": [ID], "Tags": marks.as_pairs(marks.mark_tags(MARK))}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"StateReason": {"Message": "Server.SpotInstanceTermination"}}, "the instance is stopped: Server.Spot"),
        ({"StateTransitionReason": "User initiated"}, "the instance is stopped: User initiated"),
    ],
)
def test_the_health_says_why_it_does_not_run(more: dict[str, Any], message: str) -> None:
    assert read("stopped", **more).health.message.startswith(message)


def test_impacts_and_replacements_are_as_documented() -> None:
    paths = [info.alias or "" for info in InstanceSpec.model_fields.values()]
    assert {path for path in paths if INSTANCE.immutable(path)} == {
        "imageID",
        "subnet",
        "keyName",
        "userData",
        "privateIPAddress",
        "availabilityZone",
    }
    assert {path for path in paths if INSTANCE.impact(path) == "Disruptive"} == {"instanceType", "ebsOptimized"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tags": {"pilothouse.dev/x": ""}}, "tags: remove"),
        ({"instanceType": "huge"}, "instanceType"),
        ({"imageID": "resolve:ssm:/x"}, "imageID"),
        ({"securityGroups": []}, "securityGroups"),
        ({"subnet": {"id": "a", "ref": "b"}}, "exactly one of ref and id"),
        ({"userData": "x" * 16_385}, "userData"),
    ],
)
def test_wrong_settings_are_refused_by_name(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        InstanceSpec.model_validate({**MINIMAL, **settings})
