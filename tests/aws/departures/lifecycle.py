"""EC2: instances take their time to start, stop and go; moto moves them in no time and out of any state."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from moto.ec2.models.instances import Instance

from tests.aws.departures import Proceed, departure
from tests.aws.wire import AwsError, Call
from tests.aws.world import (
    PENDING,
    RUNNING,
    SHUTTING_DOWN,
    STOPPED,
    STOPPING,
    TERMINATED,
    World,
    ec2,
    set_state,
)

INSTANCE_ID = re.compile(r"^i-([0-9a-f]{8}|[0-9a-f]{17})$")
ON_LIVING_INSTANCES = (
    "AssociateIamInstanceProfile",
    "ModifyInstanceAttribute",
    "ModifyInstanceCreditSpecification",
    "ModifyInstanceMetadataOptions",
    "MonitorInstances",
    "UnmonitorInstances",
)


@dataclass(frozen=True)
class Move:
    """What one operation does to an instance: which states refuse it, which it leaves alone, where the others go."""

    result: str
    refused: tuple[str, ...]
    stays: tuple[str, ...]
    through: tuple[str, int]
    to: tuple[str, int]
    word: str


MOVES = {
    "StartInstances": Move(
        "StartingInstances",
        ("stopping", "shutting-down", "terminated"),
        ("pending", "running"),
        PENDING,
        RUNNING,
        "started",
    ),
    "StopInstances": Move(
        "StoppingInstances",
        ("pending", "shutting-down", "terminated"),
        ("stopping", "stopped"),
        STOPPING,
        STOPPED,
        "stopped",
    ),
    "TerminateInstances": Move(
        "TerminatingInstances", (), ("shutting-down", "terminated"), SHUTTING_DOWN, TERMINATED, "terminated"
    ),
}


@departure("ec2", "*")
def instance_ids_are_checked(call: Call, _world: World, proceed: Proceed) -> object:
    """A malformed id is InvalidInstanceID.Malformed; tagging an instance that does not exist is refused."""
    ids = named_instances(call)
    for each in ids:
        if not INSTANCE_ID.match(each):
            raise AwsError("InvalidInstanceID.Malformed", f'Invalid id: "{each}"')
    known = {instance.id for instance in ec2(call).all_instances()}
    missing = [each for each in ids if each not in known]
    if len(missing) > 1:
        raise AwsError("InvalidInstanceID.NotFound", f"The instance IDs '{', '.join(missing)}' do not exist")
    if missing:
        raise AwsError("InvalidInstanceID.NotFound", f"The instance ID '{missing[0]}' does not exist")
    return proceed()


def named_instances(call: Call) -> list[str]:
    """The instance ids a call names, in any of the members EC2 has for them."""
    given = call.parameters
    ids: list[str] = [*given.get("InstanceIds", ())]
    if "InstanceId" in given:
        ids.append(given["InstanceId"])
    ids += [each["InstanceId"] for each in given.get("InstanceCreditSpecifications", ())]
    if call.operation == "CreateTags":
        ids += [each for each in given.get("Resources", ()) if each.startswith("i-")]
    return list(dict.fromkeys(ids))


def instances(call: Call) -> list[Instance]:
    """The instances a call names."""
    by_id = {instance.id: instance for instance in ec2(call).all_instances()}
    return [by_id[each] for each in named_instances(call)]


@departure("ec2", *ON_LIVING_INSTANCES)
def the_dead_are_left_alone(call: Call, _world: World, proceed: Proceed) -> object:
    """Nothing of a terminated instance can be changed (IncorrectInstanceState)."""
    for instance in instances(call):
        if instance.state in {"shutting-down", "terminated"}:
            raise AwsError("IncorrectInstanceState", f"The instance '{instance.id}' is not in a valid state.")
    return proceed()


@departure("ec2", *MOVES)
def instances_take_their_time(call: Call, world: World, proceed: Proceed) -> object:
    """Instances pass through pending, stopping and shutting-down.

    A state that does not allow the move refuses it, one that is its goal already stays; nothing happens to any of
    several when one is refused.
    """
    move, chosen = MOVES[call.operation], instances(call)
    for instance in chosen:
        _check_move(move, instance)
    before = {instance.id: (instance.state, instance.state_code) for instance in chosen}
    moving = [instance for instance in chosen if instance.state not in move.stays]
    if moving or call.parameters.get("DryRun"):
        reply = proceed()
        if not reply.ok:
            return reply
    for instance in chosen:
        if instance in moving:
            set_state(instance, move.through)
            world.move(ec2(call), instance, move.to)
        else:
            set_state(instance, before[instance.id])
    return {move.result: [_changed(instance, before[instance.id]) for instance in chosen]}


def _check_move(move: Move, instance: Instance) -> None:
    if instance.state in move.refused:
        raise AwsError(
            "IncorrectInstanceState",
            f"The instance '{instance.id}' is not in a state from which it can be {move.word}.",
        )
    protections = {"terminated": "disableApiTermination", "stopped": "disableApiStop"}
    protected = {"terminated": instance.disable_api_termination, "stopped": instance.disable_api_stop}
    if protected.get(move.word) and instance.state not in move.stays:
        raise AwsError(
            "OperationNotPermitted",
            f"The instance '{instance.id}' may not be {move.word}. "
            f"Modify its '{protections[move.word]}' instance attribute and try again.",
        )


def _changed(instance: Instance, before: tuple[str, int]) -> dict[str, Any]:
    return {
        "InstanceId": instance.id,
        "PreviousState": {"Name": before[0], "Code": before[1]},
        "CurrentState": {"Name": instance.state, "Code": instance.state_code},
    }


@departure("ec2", "RebootInstances")
def only_running_instances_reboot(call: Call, _world: World, proceed: Proceed) -> object:
    """Rebooting an instance that does not run is refused; moto sets it running, be it stopped or terminated."""
    for instance in instances(call):
        if instance.state != "running":
            raise AwsError("IncorrectState", f"The instance '{instance.id}' is not in the 'running' state.")
    return proceed()
