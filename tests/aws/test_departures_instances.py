"""EC2 instances as the API Reference has them; each test fails on bare moto."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.aws.comparing import corrects, refused
from tests.aws.departures import instance_settings, launch, lifecycle, listings
from tests.aws.server import AwsServer
from tests.aws.steps import IMAGE, arrive, found, launch_stopped, look, pace, state, wait_for
from tests.aws.steps import launch as launch_one

ABSENT = "i-00000000000000000"


@corrects(launch.launch_begins_pending, lifecycle.instances_take_their_time)
def test_an_instance_passes_through_every_state_of_its_life(cloud: AwsServer) -> None:
    """A controller that takes `stopping` for `stopped` breaks on AWS only, unless the states are seen here."""
    pace(cloud, 60.0)
    ec2 = cloud.client("ec2")
    instance_id = launch_one(cloud)
    assert arrive(cloud, instance_id) == ("pending", "running")
    ec2.stop_instances(InstanceIds=[instance_id])
    assert arrive(cloud, instance_id) == ("stopping", "stopped")
    ec2.start_instances(InstanceIds=[instance_id])
    assert arrive(cloud, instance_id) == ("pending", "running")
    ec2.terminate_instances(InstanceIds=[instance_id])
    assert arrive(cloud, instance_id) == ("shutting-down", "terminated")


def test_a_transition_that_the_control_path_saw_end_shows_in_listings_too(aws: AwsServer) -> None:
    """The list of live resources lets time pass as any request does: what was listed before must not be shown again."""
    aws.configure(transition_seconds=1.0)
    launch_one(aws)
    listed = aws.client("ec2").describe_instances
    assert listed()["Reservations"][0]["Instances"][0]["State"]["Name"] == "pending"
    time.sleep(1.1)
    assert [each.state for each in aws.live_resources()] == ["running"]
    assert listed()["Reservations"][0]["Instances"][0]["State"]["Name"] == "running"


def test_a_transition_ends_by_itself(aws: AwsServer) -> None:
    """A controller that waits must not wait for ever."""
    aws.configure(transition_seconds=0.05)
    wait_for(aws, launch_one(aws), "running")


def test_a_terminated_instance_vanishes_with_its_tags(aws: AwsServer) -> None:
    """After about an hour AWS no longer knows a terminated instance; a listing without it is not an error."""
    aws.configure(transition_seconds=0.01, terminated_visible_seconds=0.02)
    tags: Any = [{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}]}]
    instance_id = launch_one(aws, TagSpecifications=tags)
    aws.client("ec2").terminate_instances(InstanceIds=[instance_id])
    wait_for(aws, instance_id, "gone")
    assert found(aws, "tag:a", "b") == []
    assert aws.client("ec2").describe_tags(Filters=[{"Name": "key", "Values": ["a"]}])["Tags"] == []


@corrects(lifecycle.instances_take_their_time)
def test_the_dead_cannot_be_started_or_stopped(cloud: AwsServer) -> None:
    """moto brings terminated instances back to life."""
    ec2 = cloud.client("ec2")
    instance_id = launch_one(cloud)
    ec2.terminate_instances(InstanceIds=[instance_id])
    refused("IncorrectInstanceState", ec2.stop_instances, InstanceIds=[instance_id])
    refused("IncorrectInstanceState", ec2.start_instances, InstanceIds=[instance_id])


@corrects(lifecycle.instances_take_their_time)
def test_stopping_what_is_stopped_changes_nothing(cloud: AwsServer) -> None:
    """Repeating a call must be safe, and say that nothing moved."""
    instance_id = launch_stopped(cloud)
    (change,) = cloud.client("ec2").stop_instances(InstanceIds=[instance_id])["StoppingInstances"]
    assert change["PreviousState"]["Name"] == change["CurrentState"]["Name"] == "stopped"


@corrects(lifecycle.instances_take_their_time)
def test_one_protected_instance_protects_all_that_are_named_with_it(cloud: AwsServer) -> None:
    """TerminateInstances is all or nothing."""
    ec2 = cloud.client("ec2")
    plain, protected = launch_one(cloud), launch_one(cloud)
    ec2.modify_instance_attribute(InstanceId=protected, DisableApiTermination={"Value": True})
    wait_for(cloud, plain, "running")
    refused("OperationNotPermitted", ec2.terminate_instances, InstanceIds=[plain, protected])
    assert state(cloud, plain) == "running"


@corrects(lifecycle.only_running_instances_reboot)
def test_only_running_instances_reboot(cloud: AwsServer) -> None:
    """moto starts a stopped instance when it is asked to reboot it."""
    reboot = cloud.client("ec2").reboot_instances
    refused("IncorrectState", reboot, InstanceIds=[launch_stopped(cloud)])


@corrects(lifecycle.instance_ids_are_checked)
def test_a_malformed_instance_id_is_called_malformed(cloud: AwsServer) -> None:
    """NotFound means gone; malformed means a mistake: the two must not look alike."""
    ec2 = cloud.client("ec2")
    refused("InvalidInstanceID.Malformed", ec2.describe_instances, InstanceIds=["web-1"])


@corrects(lifecycle.instance_ids_are_checked)
def test_tagging_an_absent_instance_is_refused(cloud: AwsServer) -> None:
    """moto keeps tags of instances that do not exist."""
    tag = cloud.client("ec2").create_tags
    refused("InvalidInstanceID.NotFound", tag, Resources=[ABSENT], Tags=[{"Key": "a", "Value": "b"}])


def test_an_absent_instance_is_not_found_by_any_operation(aws: AwsServer) -> None:
    """Only this answer proves that an instance is gone."""
    ec2 = aws.client("ec2")
    refused("InvalidInstanceID.NotFound", ec2.describe_instances, InstanceIds=[ABSENT])
    refused("InvalidInstanceID.NotFound", ec2.terminate_instances, InstanceIds=[ABSENT])
    refused("InvalidInstanceID.NotFound", ec2.monitor_instances, InstanceIds=[ABSENT])


@corrects(lifecycle.the_dead_are_left_alone)
def test_nothing_of_a_terminated_instance_can_be_changed(cloud: AwsServer) -> None:
    """A change that comes too late must fail, not seem to work."""
    ec2 = cloud.client("ec2")
    instance_id = launch_one(cloud)
    ec2.terminate_instances(InstanceIds=[instance_id])
    options = ec2.modify_instance_metadata_options
    refused("IncorrectInstanceState", options, InstanceId=instance_id, HttpTokens="required")


@corrects(listings.listings_stay_true)
def test_the_client_token_finds_its_instance(cloud: AwsServer) -> None:
    """After a lost reply this filter is how the instance is found."""
    instance_id = launch_one(cloud, ClientToken="token-1")
    launch_one(cloud, ClientToken="token-2")
    assert found(cloud, "client-token", "token-1") == [instance_id]
    assert look(cloud, instance_id)["ClientToken"] == "token-1"


@corrects(listings.listings_stay_true)
def test_pages_survive_an_instance_that_leaves_the_filter(cloud: AwsServer) -> None:
    """A sweep that pages over what runs must not break because something stops meanwhile."""
    ec2 = cloud.client("ec2")
    ids = [launch_one(cloud) for _ in range(7)]
    for each in ids:
        wait_for(cloud, each, "running")
    running: Any = [{"Name": "instance-state-name", "Values": ["running"]}]
    first = ec2.describe_instances(Filters=running, MaxResults=5)
    last = first["Reservations"][-1]["Instances"][0]["InstanceId"]
    ec2.stop_instances(InstanceIds=[last])
    second = ec2.describe_instances(Filters=running, MaxResults=5, NextToken=first["NextToken"])
    assert [each["Instances"][0]["InstanceId"] for each in second["Reservations"]] == ids[5:]


@corrects(listings.listings_stay_true)
def test_a_page_has_at_least_five_instances(cloud: AwsServer) -> None:
    """DescribeInstances takes 5 to 1000."""
    refused("InvalidParameterValue", cloud.client("ec2").describe_instances, MaxResults=4)


@corrects(launch.launch_shows_what_is_kept)
def test_the_reply_of_a_launch_shows_the_groups_it_got(cloud: AwsServer) -> None:
    """The reply and a later look must agree, or every launch looks like drift."""
    ec2 = cloud.client("ec2")
    reply = ec2.run_instances(ImageId=IMAGE, InstanceType="t3.small", MinCount=1, MaxCount=1)["Instances"][0]
    assert [each["GroupName"] for each in reply["SecurityGroups"]] == ["default"]
    assert reply["State"]["Name"] == "pending"


@corrects(launch.default_security_group_is_shown)
def test_an_instance_without_groups_has_the_default_group(cloud: AwsServer) -> None:
    """AWS puts it there; moto shows none."""
    assert [each["GroupName"] for each in look(cloud, launch_one(cloud))["SecurityGroups"]] == ["default"]


@corrects(launch.launch_keeps_every_setting)
def test_termination_protection_holds_from_the_launch_on(cloud: AwsServer) -> None:
    """moto forgets DisableApiTermination."""
    instance_id = launch_one(cloud, DisableApiTermination=True)
    refused("OperationNotPermitted", cloud.client("ec2").terminate_instances, InstanceIds=[instance_id])


@corrects(launch.launch_keeps_every_setting)
def test_a_volume_keeps_its_speed(cloud: AwsServer) -> None:
    """moto forgets IOPS and throughput of a launch's volumes."""
    ebs: Any = {"VolumeSize": 20, "VolumeType": "gp3", "Iops": 4000, "Throughput": 250, "DeleteOnTermination": True}
    launch_one(cloud, BlockDeviceMappings=[{"DeviceName": "/dev/sda1", "Ebs": ebs}])
    (volume,) = cloud.client("ec2").describe_volumes()["Volumes"]
    assert (volume["Iops"], volume["Throughput"]) == (4000, 250)


@corrects(launch.nothing_is_ignored)
def test_a_launch_parameter_that_nobody_honours_is_an_error_of_the_emulator(cloud: AwsServer) -> None:
    """A parameter that is silently ignored would be drift that can never be mended."""
    wanted: Any = {"CpuOptions": {"CoreCount": 1, "ThreadsPerCore": 1}}
    message = refused("NotEmulated", launch_one, cloud=cloud, **wanted)
    assert "ec2:RunInstances" in message
    assert "CpuOptions" in message
    assert cloud.take_failures() == [message]


@corrects(launch.launch_is_checked)
def test_a_launch_with_bad_input_is_refused(cloud: AwsServer) -> None:
    """What AWS refuses must be refused here, or a plan that cannot work looks well."""
    for code, more in {
        "InvalidAMIID.Malformed": {"ImageId": "ubuntu"},
        "InvalidAMIID.NotFound": {"ImageId": "ami-00000000"},
        "InvalidParameterValue": {"InstanceType": "t3.gigantic"},
        "InvalidKeyPair.NotFound": {"KeyName": "nobody"},
    }.items():
        wanted: Any = {"ImageId": IMAGE, "MinCount": 1, "MaxCount": 1, **more}
        refused(code, cloud.client("ec2").run_instances, **wanted)
    assert cloud.client("ec2").describe_instances()["Reservations"] == []


@corrects(launch.launch_is_checked)
def test_an_absent_instance_profile_is_an_invalid_parameter(cloud: AwsServer) -> None:
    """moto answers NoSuchEntity, which is IAM's word."""
    wanted: Any = {"ImageId": IMAGE, "MinCount": 1, "MaxCount": 1, "IamInstanceProfile": {"Name": "nobody"}}
    refused("InvalidParameterValue", cloud.client("ec2").run_instances, **wanted)


@corrects(instance_settings.one_attribute_is_changed_and_no_other)
def test_the_type_changes_only_while_the_instance_is_stopped(cloud: AwsServer) -> None:
    """This is why a change of type is disruptive."""
    modify = cloud.client("ec2").modify_instance_attribute
    instance_id = launch_one(cloud)
    wait_for(cloud, instance_id, "running")
    refused("IncorrectInstanceState", modify, InstanceId=instance_id, InstanceType={"Value": "t3.large"})
    assert look(cloud, instance_id)["InstanceType"] == "t3.small"
    cloud.client("ec2").stop_instances(InstanceIds=[instance_id])
    wait_for(cloud, instance_id, "stopped")
    refused("InvalidInstanceAttributeValue", modify, InstanceId=instance_id, InstanceType={"Value": "t3.gigantic"})
    modify(InstanceId=instance_id, InstanceType={"Value": "t3.large"})
    assert look(cloud, instance_id)["InstanceType"] == "t3.large"


@corrects(instance_settings.one_attribute_is_changed_and_no_other)
def test_changing_the_shutdown_behaviour_leaves_the_groups_alone(cloud: AwsServer) -> None:
    """moto empties the security groups and does not change the behaviour."""
    ec2 = cloud.client("ec2")
    group = ec2.create_security_group(GroupName="g", Description="g", VpcId=_vpc(cloud))["GroupId"]
    instance_id = launch_one(cloud, SecurityGroupIds=[group])
    ec2.modify_instance_attribute(InstanceId=instance_id, InstanceInitiatedShutdownBehavior={"Value": "terminate"})
    shown = ec2.describe_instance_attribute(InstanceId=instance_id, Attribute="instanceInitiatedShutdownBehavior")
    assert shown["InstanceInitiatedShutdownBehavior"] == {"Value": "terminate"}
    assert [each["GroupId"] for each in look(cloud, instance_id)["SecurityGroups"]] == [group]


@corrects(instance_settings.one_attribute_is_changed_and_no_other)
def test_new_groups_reach_the_network_interface_and_replace_the_old(cloud: AwsServer) -> None:
    """moto leaves the old groups on the network interface."""
    ec2 = cloud.client("ec2")
    first, second = (
        ec2.create_security_group(GroupName=name, Description=name, VpcId=_vpc(cloud))["GroupId"] for name in ("a", "b")
    )
    instance_id = launch_one(cloud, SecurityGroupIds=[first])
    ec2.modify_instance_attribute(InstanceId=instance_id, Groups=[second])
    shown = look(cloud, instance_id)
    assert [each["GroupId"] for each in shown["SecurityGroups"]] == [second]
    assert [each["GroupId"] for each in shown["NetworkInterfaces"][0]["Groups"]] == [second]


@corrects(instance_settings.one_attribute_is_changed_and_no_other)
def test_an_absent_group_is_refused(cloud: AwsServer) -> None:
    """moto takes it and breaks at the next look."""
    modify = cloud.client("ec2").modify_instance_attribute
    refused("InvalidGroup.NotFound", modify, InstanceId=launch_one(cloud), Groups=["sg-00000000"])


@corrects(instance_settings.one_attribute_is_changed_and_no_other)
def test_two_attributes_in_one_call_are_refused(cloud: AwsServer) -> None:
    """moto changes the first and says nothing of the second."""
    modify = cloud.client("ec2").modify_instance_attribute
    two: Any = {"SourceDestCheck": {"Value": False}, "DisableApiStop": {"Value": True}}
    refused("InvalidParameterCombination", modify, InstanceId=launch_one(cloud), **two)


@corrects(instance_settings.one_attribute_is_changed_and_no_other)
def test_user_data_can_be_changed(cloud: AwsServer) -> None:
    """moto takes what boto3 sends for malformed."""
    ec2 = cloud.client("ec2")
    instance_id = launch_stopped(cloud, UserData="first")
    ec2.modify_instance_attribute(InstanceId=instance_id, UserData={"Value": b"second"})
    shown = ec2.describe_instance_attribute(InstanceId=instance_id, Attribute="userData")
    assert shown["UserData"] == {"Value": "c2Vjb25k"}


@pytest.mark.parametrize(
    ("attribute", "value", "needs_stop"),
    [
        ("DisableApiTermination", True, False),
        ("DisableApiStop", True, False),
        ("SourceDestCheck", False, False),
        ("InstanceInitiatedShutdownBehavior", "terminate", False),
        ("EbsOptimized", True, True),
        ("InstanceType", "t3.large", True),
    ],
)
def test_every_attribute_can_be_changed_and_read_back(
    aws: AwsServer, attribute: str, value: object, *, needs_stop: bool
) -> None:
    """These are the fields an instance type manages: each must come back as it was set."""
    aws.configure(transition_seconds=0.0)
    ec2: Any = aws.client("ec2")
    instance_id = launch_stopped(aws) if needs_stop else launch_one(aws)
    ec2.modify_instance_attribute(InstanceId=instance_id, **{attribute: {"Value": value}})
    name = attribute[0].lower() + attribute[1:]
    shown = ec2.describe_instance_attribute(InstanceId=instance_id, Attribute=name)
    assert shown[attribute] == {"Value": value}


@corrects(instance_settings.block_devices_can_be_read)
def test_the_block_devices_can_be_read(cloud: AwsServer) -> None:
    """moto answers nothing to this attribute."""
    shown = cloud.client("ec2").describe_instance_attribute(
        InstanceId=launch_one(cloud), Attribute="blockDeviceMapping"
    )
    assert [each["DeviceName"] for each in shown["BlockDeviceMappings"]] == ["/dev/sda1"]


@corrects(instance_settings.monitoring_can_be_switched)
def test_monitoring_can_be_switched_on_and_off(cloud: AwsServer) -> None:
    """moto has neither operation."""
    ec2 = cloud.client("ec2")
    instance_id = launch_one(cloud)
    ec2.monitor_instances(InstanceIds=[instance_id])
    assert look(cloud, instance_id)["Monitoring"] == {"State": "enabled"}
    ec2.unmonitor_instances(InstanceIds=[instance_id])
    assert look(cloud, instance_id)["Monitoring"] == {"State": "disabled"}


@corrects(instance_settings.other_metadata_options_stay)
def test_changing_one_metadata_option_keeps_the_others(cloud: AwsServer) -> None:
    """moto resets every option that is not named: that would undo HttpTokens=required."""
    options: Any = {"HttpTokens": "required", "HttpPutResponseHopLimit": 2}
    instance_id = launch_one(cloud, MetadataOptions=options)
    cloud.client("ec2").modify_instance_metadata_options(InstanceId=instance_id, HttpPutResponseHopLimit=3)
    shown = look(cloud, instance_id)["MetadataOptions"]
    assert (shown["HttpTokens"], shown["HttpPutResponseHopLimit"]) == ("required", 3)
    assert shown["State"] == "applied"


@corrects(instance_settings.credits_can_be_read)
def test_the_credit_option_is_the_one_of_the_type_or_of_the_launch(cloud: AwsServer) -> None:
    """t3 is unlimited unless told otherwise, t2 is standard; moto says standard always."""
    ids = [
        launch_one(cloud),
        launch_one(cloud, InstanceType="t2.small"),
        launch_one(cloud, CreditSpecification={"CpuCredits": "standard"}),
    ]
    shown = cloud.client("ec2").describe_instance_credit_specifications(InstanceIds=ids)
    credits_of = {each["InstanceId"]: each["CpuCredits"] for each in shown["InstanceCreditSpecifications"]}
    assert [credits_of[each] for each in ids] == ["unlimited", "standard", "standard"]


@corrects(instance_settings.credits_can_be_changed)
def test_the_credit_option_can_be_changed_where_there_are_credits(cloud: AwsServer) -> None:
    """moto does not have the operation; AWS reports success and failure of each instance."""
    ec2 = cloud.client("ec2")
    burstable, other = launch_one(cloud), launch_one(cloud, InstanceType="m5.large")
    wanted = [{"InstanceId": each, "CpuCredits": "standard"} for each in (burstable, other)]
    reply = ec2.modify_instance_credit_specification(InstanceCreditSpecifications=wanted)  # type: ignore[arg-type]
    assert [each["InstanceId"] for each in reply["SuccessfulInstanceCreditSpecifications"]] == [burstable]
    (failed,) = reply["UnsuccessfulInstanceCreditSpecifications"]
    assert failed["Error"]["Code"] == "InstanceCreditSpecification.NotSupported"
    shown = ec2.describe_instance_credit_specifications(InstanceIds=[burstable])["InstanceCreditSpecifications"]
    assert [each["CpuCredits"] for each in shown] == ["standard"]


@corrects(instance_settings.profile_is_shown_by_its_own_id)
def test_the_instance_profile_is_shown_by_its_own_id_and_follows_a_replacement(cloud: AwsServer) -> None:
    """moto shows the id of the association, and after a replacement still the old profile."""
    iam, ec2 = cloud.client("iam"), cloud.client("ec2")
    first, second = (
        iam.create_instance_profile(InstanceProfileName=name)["InstanceProfile"] for name in ("first", "second")
    )
    instance_id = launch_one(cloud, IamInstanceProfile={"Name": "first"})
    wait_for(cloud, instance_id, "running")
    expected = {"Arn": first["Arn"], "Id": first["InstanceProfileId"]}
    assert look(cloud, instance_id)["IamInstanceProfile"] == expected
    ours: Any = [{"Name": "instance-id", "Values": [instance_id]}, {"Name": "state", "Values": ["associated"]}]
    (association,) = ec2.describe_iam_instance_profile_associations(Filters=ours)["IamInstanceProfileAssociations"]
    ec2.replace_iam_instance_profile_association(
        AssociationId=association["AssociationId"], IamInstanceProfile={"Name": "second"}
    )
    assert look(cloud, instance_id)["IamInstanceProfile"]["Arn"] == second["Arn"]
    ec2.disassociate_iam_instance_profile(AssociationId=association["AssociationId"])
    assert "IamInstanceProfile" not in look(cloud, instance_id)
    assert ec2.describe_iam_instance_profile_associations(Filters=ours)["IamInstanceProfileAssociations"] == []


@corrects(instance_settings.profile_must_exist)
def test_a_profile_is_associated_only_with_an_instance_that_left_pending(cloud: AwsServer) -> None:
    """AWS refuses it while the instance is pending; an absent profile is an invalid parameter."""
    cloud.client("iam").create_instance_profile(InstanceProfileName="p")
    associate = cloud.client("ec2").associate_iam_instance_profile
    pace(cloud, 60.0)
    instance_id = launch_one(cloud)
    profile: Any = {"Name": "p"}
    refused("IncorrectInstanceState", associate, InstanceId=instance_id, IamInstanceProfile=profile)
    arrive(cloud, instance_id)
    refused("InvalidParameterValue", associate, InstanceId=instance_id, IamInstanceProfile={"Name": "nobody"})
    associate(InstanceId=instance_id, IamInstanceProfile=profile)
    refused("IncorrectState", associate, InstanceId=instance_id, IamInstanceProfile=profile)


def _vpc(cloud: AwsServer) -> str:
    return cloud.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
