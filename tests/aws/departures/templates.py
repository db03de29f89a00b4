"""Launch templates: what moto mixes up, cuts off or forgets."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

from moto.ec2.utils import parse_user_data

from tests.aws.departures import Proceed, departure
from tests.aws.wire import AwsError, Call
from tests.aws.world import World, ec2

LARGEST_USER_DATA = 16_384


@departure("ec2", "CreateLaunchTemplate", "CreateLaunchTemplateVersion")
def user_data_is_limited(call: Call, _world: World, proceed: Proceed) -> object:
    """User data has at most 16384 bytes before it is encoded."""
    encoded = call.parameters.get("LaunchTemplateData", {}).get("UserData", "")
    if len(base64.b64decode(encoded)) > LARGEST_USER_DATA:
        raise AwsError("InvalidParameterValue", f"User data is limited to {LARGEST_USER_DATA} bytes")
    return proceed()


@departure("ec2", "CreateLaunchTemplate", "CreateLaunchTemplateVersion")
def a_version_holds_what_it_was_given(call: Call, _world: World, proceed: Proceed) -> object:
    """moto puts the template's own tags among those of its instances, and cannot launch a later version's user data."""
    reply = proceed()
    if reply.ok:
        templates: Any = ec2(call).launch_templates
        identifier = call.parameters.get("LaunchTemplateId") or next(reversed(templates))
        version = templates[identifier].latest_version()
        given = call.parameters.get("LaunchTemplateData", {})
        version.data = {**given, **({"UserData": parse_user_data(given["UserData"])} if "UserData" in given else {})}
    return reply


@departure("ec2", "DescribeLaunchTemplates")
def all_templates_are_shown_as_they_are(call: Call, _world: World, _proceed: Proceed) -> object:
    """moto shows 15, with the tags that they were made with, and none for an id that does not exist."""
    given, backend = call.parameters, ec2(call)
    filters = {each["Name"]: each["Values"] for each in given.get("Filters", ())}
    for each in given.get("LaunchTemplateIds", ()):
        if each not in backend.launch_templates:
            raise AwsError(
                "InvalidLaunchTemplateId.NotFound", f"The specified launch template, {each}, does not exist."
            )
    found = backend.describe_launch_templates(
        template_names=given.get("LaunchTemplateNames"), template_ids=given.get("LaunchTemplateIds"), filters=filters
    )
    return {"LaunchTemplates": [_shown(call, each) for each in found]}


@departure("ec2", "CreateLaunchTemplateVersion", "DeleteLaunchTemplate", "ModifyLaunchTemplate")
def an_absent_id_is_not_found(call: Call, _world: World, proceed: Proceed) -> object:
    """moto speaks of names although it was given an id."""
    _check(call, [call.parameters["LaunchTemplateId"]] if "LaunchTemplateId" in call.parameters else ())
    return proceed()


def _check(call: Call, ids: Iterable[str]) -> None:
    for each in ids:
        if each not in ec2(call).launch_templates:
            raise AwsError(
                "InvalidLaunchTemplateId.NotFound", f"The specified launch template, {each}, does not exist."
            )


def _shown(call: Call, template: Any) -> dict[str, Any]:
    tags = ec2(call).tags.get(template.id, {})
    return {
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "CreateTime": template.create_time,
        "DefaultVersionNumber": template.default_version_number,
        "LatestVersionNumber": template.latest_version_number,
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
    }
