"""awsAutoScalingGroup without AWS: what it reads, how it follows its template, and what it leaves to others."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from pilothouse.dataplane.aws import marks
from pilothouse.dataplane.aws.types.auto_scaling_group import AutoScalingGroup
from pilothouse.dataplane.errors import NotFound
from pilothouse.dataplane.types import Call, Health, HealthState, Reading, Ref
from tests.unit.dataplane.aws.replies import MARK, OWNER, changes, drive, want

GROUP = AutoScalingGroup()
NAME = GROUP.name(OWNER, "orders")
THIS = {"AutoScalingGroupName": NAME}
V1 = {"launchTemplate": {"id": "lt-1"}, "version": {"id": "1"}}
V2 = {"launchTemplate": {"id": "lt-1"}, "version": {"id": "2"}}
MINIMAL: dict[str, Any] = {"minSize": 1, "maxSize": 3, "launchTemplate": V1, "subnets": [{"id": "subnet-1"}]}
REFRESH = {"preferences": {"minHealthyPercentage": 50, "autoRollback": True}}
DESCRIBED = Call("autoscaling", "DescribeInstanceRefreshes", {**THIS, "MaxRecords": 1})
TO_V2 = {"LaunchTemplate": {"LaunchTemplateId": "lt-1", "Version": "2"}}


def pairs(tags: dict[str, str], *, propagate: bool) -> list[dict[str, Any]]:
    """Tags as Auto Scaling shows them."""
    return [{**pair, "PropagateAtLaunch": propagate, "ResourceId": NAME} for pair in marks.as_pairs(tags)]


def describe(serving: int = 1, **more: Any) -> dict[str, Any]:
    """A group as Auto Scaling shows it."""
    return {
        "AutoScalingGroupName": NAME,
        "AutoScalingGroupARN": "arn:group",
        "MinSize": 1,
        "MaxSize": 3,
        "DesiredCapacity": 2,
        "LaunchTemplate": {"LaunchTemplateId": "lt-1", "Version": "1"},
        "VPCZoneIdentifier": "subnet-1",
        "HealthCheckType": "EC2",
        "HealthCheckGracePeriod": 300,
        "DefaultCooldown": 300,
        "CapacityRebalance": False,
        "NewInstancesProtectedFromScaleIn": False,
        "Instances": [{"LifecycleState": "InService"}] * serving + [{"LifecycleState": "Pending"}],
        "Tags": pairs({"team": "orders"}, propagate=False) + pairs(marks.mark_tags(MARK), propagate=False),
        **more,
    }


def read(serving: int = 1, refresh: tuple[str, str, str] | None = None, **more: Any) -> Reading:
    """One group; refresh: status of its last refresh, the version that it was to bring, and why it ended."""
    last = {}
    if refresh:
        status, version, reason = refresh
        wanted = {"LaunchTemplate": {"LaunchTemplateId": "lt-1", "Version": version}}
        last = {"InstanceRefreshes": [{"Status": status, "StatusReason": reason, "DesiredConfiguration": wanted}]}

    def answer(call: Call) -> Any:
        return (
            last
            if call.operation == "DescribeInstanceRefreshes"
            else {"AutoScalingGroups": [describe(serving, **more)]}
        )

    reading, _ = drive(GROUP.read(NAME), answer)
    assert isinstance(reading, Reading)
    return reading


def update(have: Reading, applied: frozenset[str] = frozenset(), **settings: Any) -> tuple[Call, ...]:
    """What an update sends."""
    return GROUP.update(have, want(GROUP, **{**MINIMAL, "tags": {"team": "orders"}, **settings}), applied)


def test_a_create_sends_all_and_never_gives_the_mark_to_instances() -> None:
    settings = {**MINIMAL, "subnets": [{"id": "subnet-1"}, {"id": "subnet-2"}], "targetGroups": [{"id": "arn:web"}]}
    call = GROUP.create(want(GROUP, **settings, tags={"team": "orders"}, propagateAtLaunch=True))
    tags = call.parameters["Tags"]
    assert {tag["Key"] for tag in tags if tag["PropagateAtLaunch"]} == {"team"}
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"team": "orders", **marks.mark_tags(MARK)}
    assert {key: value for key, value in call.parameters.items() if key != "Tags"} == {
        **THIS,
        "MinSize": 1,
        "MaxSize": 3,
        "LaunchTemplate": {"LaunchTemplateId": "lt-1", "Version": "1"},
        "VPCZoneIdentifier": "subnet-1,subnet-2",
        "TargetGroupARNs": ["arn:web"],
        "HealthCheckType": "EC2",
        "HealthCheckGracePeriod": 300,
        "DefaultCooldown": 300,
        "CapacityRebalance": False,
        "NewInstancesProtectedFromScaleIn": False,
    }


def test_the_reply_to_a_create_is_empty_and_the_name_is_the_identifier() -> None:
    assert GROUP.identified(want(GROUP, **MINIMAL), {}) == NAME
    with pytest.raises(NotImplementedError, match="is empty"):
        GROUP.created({})


def version(launch_template: dict[str, Any]) -> Any:
    """The version of a template that a group launches."""
    return GROUP.create(want(GROUP, **{**MINIMAL, "launchTemplate": launch_template})).parameters["LaunchTemplate"]


def test_a_template_of_this_application_is_followed_and_any_other_is_left_to_its_default() -> None:
    followed = version({"launchTemplate": {"ref": "web"}})
    assert followed == {"LaunchTemplateId": Ref("web", "id"), "Version": Ref("web", "defaultVersion")}
    assert version({"launchTemplate": {"ref": "web"}, "version": {"id": "7"}})["Version"] == "7"
    assert version({"launchTemplate": {"id": "lt-1"}})["Version"] == "$Default"


def test_a_reading_shows_settings_mark_and_outputs_and_differs_from_them_in_nothing() -> None:
    reading = read(TargetGroupARNs=["arn:b", "arn:a"], MaxInstanceLifetime=0, PlacementGroup="")
    assert (reading.id, reading.mark, reading.health) == (NAME, MARK, Health())
    assert reading.outputs == {"name": NAME, "arn": "arn:group"}
    settings = {"targetGroups": [{"id": "arn:a"}, {"id": "arn:b"}], "tags": {"team": "orders"}, "desiredCapacity": 2}
    assert changes(GROUP, want(GROUP, **MINIMAL, **settings), reading) == {}


def test_of_one_that_does_not_exist_an_empty_list_is_shown() -> None:
    assert drive(GROUP.read(NAME), lambda _: {"AutoScalingGroups": []})[0] is None
    found, asked = drive(GROUP.find(want(GROUP, **MINIMAL)), lambda _: {})
    assert (found, asked[-1].parameters) == ((), {"AutoScalingGroupNames": [NAME]})


def test_one_whose_refreshes_are_not_found_is_gone() -> None:
    assert drive(GROUP.read(NAME), lambda _: NotFound("gone")) == (None, [DESCRIBED])


def test_a_refresh_that_succeeds_while_the_group_is_read_is_not_begun_again() -> None:
    """Whichever moment it ends at: what is read of the group is never older than what is read of the refresh."""
    _, asked = drive(GROUP.read(NAME), lambda _: {"AutoScalingGroups": [describe()]})
    assert [call.operation for call in asked] == ["DescribeInstanceRefreshes", "DescribeAutoScalingGroups"]


def test_a_listing_is_by_mark_and_shows_marks() -> None:
    assert GROUP.listing("control-plane-1").parameters["Filters"][0]["Name"] == "tag:pilothouse.dev/control-plane"
    (line,) = GROUP.listed({"AutoScalingGroups": [describe()]})
    assert (line.id, line.mark) == (NAME, MARK)
    (scaled,) = GROUP.listed({"AutoScalingGroups": [describe() | {"Instances": []}]})
    assert scaled == line, "instances come and go"
    (changed,) = GROUP.listed({"AutoScalingGroups": [describe() | {"MaxSize": 77}]})
    assert changed != line
    assert list(GROUP.listed({})) == []


FAILED = "the instance refresh to version 2 is Cancelled: by hand; change the launch template, or start one by hand"
HEALTH: dict[str, tuple[dict[str, Any], Health]] = {
    "too few": ({"serving": 0}, Health(HealthState.PROGRESSING, "0 of at least 1 instances are in service")),
    "going": (
        {"Status": "Delete in progress", "refresh": ("InProgress", "2", "")},
        Health(HealthState.DELETING, "the group is in state Delete in progress"),
    ),
    "replacing": (
        {"refresh": ("InProgress", "2", "")},
        Health(HealthState.PROGRESSING, "the instance refresh to version 2 is InProgress"),
    ),
    "could not replace": ({"refresh": ("Cancelled", "2", "by hand")}, Health(HealthState.FAILED, FAILED)),
    "failed without a word": (
        {"refresh": ("Failed", "2", "")},
        Health(HealthState.FAILED, FAILED.replace("Cancelled: by hand", "Failed")),
    ),
    "could not, but has it since": ({"refresh": ("Failed", "1", "")}, Health()),
    "has replaced": ({"refresh": ("Successful", "2", "")}, Health()),
    "somebody replaced what there is": ({"refresh": ("Failed", "", "")}, Health()),
}


@pytest.mark.parametrize(("seen", "health"), HEALTH.values(), ids=HEALTH)
def test_health_is_what_it_is_doing(seen: dict[str, Any], health: Health) -> None:
    assert read(**seen).health == health


CHANGES: dict[str, tuple[dict[str, Any], tuple[Call, ...]]] = {
    "as wanted": ({}, ()),
    "sizes and subnets go in one call": (
        {"maxSize": 5, "desiredCapacity": 4, "subnets": [{"id": "subnet-2"}, {"id": "subnet-1"}]},
        (
            Call(
                "autoscaling",
                "UpdateAutoScalingGroup",
                {**THIS, "MaxSize": 5, "DesiredCapacity": 4, "VPCZoneIdentifier": "subnet-1,subnet-2"},
            ),
        ),
    ),
    "another version for new instances": (
        {"launchTemplate": V2},
        (Call("autoscaling", "UpdateAutoScalingGroup", {**THIS, **TO_V2}),),
    ),
    "another version for all instances": (
        {"launchTemplate": V2, "instanceRefresh": REFRESH},
        (
            Call(
                "autoscaling",
                "StartInstanceRefresh",
                {
                    **THIS,
                    "Strategy": "Rolling",
                    "DesiredConfiguration": TO_V2,
                    "Preferences": {"MinHealthyPercentage": 50, "AutoRollback": True},
                },
            ),
        ),
    ),
    "target groups": (
        {"targetGroups": [{"id": "arn:web"}]},
        (Call("autoscaling", "AttachLoadBalancerTargetGroups", {**THIS, "TargetGroupARNs": ["arn:web"]}),),
    ),
    "no target groups": ({"targetGroups": []}, ()),
    "tags": (
        {"tags": {"tier": "prod"}},
        (
            Call(
                "autoscaling",
                "CreateOrUpdateTags",
                {
                    "Tags": [
                        {
                            "ResourceId": NAME,
                            "ResourceType": "auto-scaling-group",
                            "PropagateAtLaunch": False,
                            "Key": "tier",
                            "Value": "prod",
                        }
                    ]
                },
            ),
            Call(
                "autoscaling",
                "DeleteTags",
                {"Tags": [{"ResourceId": NAME, "ResourceType": "auto-scaling-group", "Key": "team"}]},
            ),
        ),
    ),
}


@pytest.mark.parametrize(("settings", "calls"), CHANGES.values(), ids=CHANGES)
def test_each_setting_has_its_call(settings: dict[str, Any], calls: tuple[Call, ...]) -> None:
    assert update(read(), **settings) == calls


def test_without_preferences_a_refresh_is_as_auto_scaling_has_it() -> None:
    (call,) = update(read(), launchTemplate=V2, instanceRefresh={})
    assert "Preferences" not in call.parameters


@pytest.mark.parametrize("status", ["Pending", "InProgress", "Failed", "RollbackSuccessful"])
def test_a_refresh_is_begun_once(status: str) -> None:
    assert update(read(refresh=(status, "2", "")), launchTemplate=V2, instanceRefresh={}) == ()


def test_a_refresh_to_another_version_is_begun_after_one_that_failed() -> None:
    (call,) = update(read(refresh=("Failed", "9", "")), launchTemplate=V2, instanceRefresh={})
    assert call.operation == "StartInstanceRefresh"


def test_the_size_is_left_to_others_while_it_is_not_asked_for() -> None:
    assert update(read(DesiredCapacity=3), frozenset({"desiredCapacity"})) == ()


def test_what_a_group_need_not_have_is_taken_away_again() -> None:
    policies = ["OldestInstance"]
    have = read(DefaultInstanceWarmup=30, MaxInstanceLifetime=86_400, PlacementGroup="x", TerminationPolicies=policies)
    assert update(have) == ()
    applied = frozenset({"defaultInstanceWarmup", "maxInstanceLifetime", "placementGroup", "terminationPolicies"})
    (call,) = update(have, applied)
    assert call.parameters == {
        **THIS,
        "DefaultInstanceWarmup": -1,
        "MaxInstanceLifetime": 0,
        "PlacementGroup": "",
        "TerminationPolicies": ("Default",),
    }


def test_tags_are_given_to_instances_all_or_none() -> None:
    (call,) = update(read(), propagateAtLaunch=True)
    assert [(tag["Key"], tag["PropagateAtLaunch"]) for tag in call.parameters["Tags"]] == [("team", True)]
    mixed = pairs({"team": "orders"}, propagate=True) + pairs({"tier": "prod"}, propagate=False)
    (mended,) = update(read(Tags=mixed), tags={"team": "orders", "tier": "prod"})
    assert {tag["PropagateAtLaunch"] for tag in mended.parameters["Tags"]} == {False}
    assert update(read(Tags=[]), tags={}, propagateAtLaunch=True) == (), "there is nothing to give"


def test_a_group_without_a_launch_template_differs_rather_than_fails() -> None:
    have = read(LaunchTemplate=None, VPCZoneIdentifier="")
    assert changes(GROUP, want(GROUP, **MINIMAL, tags={"team": "orders"}), have).keys() == {"launchTemplate", "subnets"}
    assert read(LaunchTemplate=None, refresh=("Failed", "2", "")).health == Health()


def test_deleting_takes_the_instances_once() -> None:
    assert GROUP.delete(read()) == (Call("autoscaling", "DeleteAutoScalingGroup", {**THIS, "ForceDelete": True}),)
    going = read(Status="Delete in progress")
    assert (GROUP.delete(going), update(going, maxSize=9)) == ((), ())


def test_adopting_writes_the_mark_on_the_group_alone() -> None:
    (call,) = GROUP.adopt(read(), want(GROUP, **MINIMAL))
    assert call.parameters["Tags"] == [
        {**pair, "ResourceId": NAME, "ResourceType": "auto-scaling-group", "PropagateAtLaunch": False}
        for pair in marks.as_pairs(marks.mark_tags(MARK))
    ]


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"minSize": 4}, "maxSize: give at least minSize"), ({"desiredCapacity": 9}, "desiredCapacity: give at least")],
)
def test_sizes_that_cannot_be_are_refused_with_the_mend(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        GROUP.model.model_validate({**MINIMAL, **settings})
