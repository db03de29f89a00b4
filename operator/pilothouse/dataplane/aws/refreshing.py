"""What an Auto Scaling group launches, and how it replaces what it has launched.

Source: the Amazon EC2 Auto Scaling API Reference, InstanceRefresh, RefreshPreferences, DesiredConfiguration.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import Field, model_validator

from pilothouse.api.meta import Wire
from pilothouse.dataplane.aws import references, shapes
from pilothouse.dataplane.types import Call, Flow

_UNDER_WAY: Final = frozenset({"Pending", "InProgress", "Cancelling", "RollbackInProgress", "Baking"})


class TemplateVersion(Wire):
    """What instances are launched from.

    With a template of this Application the version is its newest, as a number, so that a new one is a change of the
    group; with any other it is the template's default version, whatever that is at a launch.
    """

    launch_template: references.LaunchTemplate = Field(description="The template.")
    version: references.LaunchTemplateVersion = Field(
        references.LaunchTemplateVersion(id="$Default"),
        description="Its version: by id a number, $Latest or $Default; the newest of a template of this Application "
        "when absent.",
    )

    @model_validator(mode="before")
    @classmethod
    def _follow(cls, given: Any) -> Any:
        """Follow the newest version of a template that is told by its name here."""
        match given:
            case {"launchTemplate": {"ref": str(name)}, **rest} if "version" not in rest:
                return {**given, "version": {"ref": name}}
            case _:
                return given

    def parameters(self) -> dict[str, Any]:
        """Return it as the API takes it."""
        return {"LaunchTemplateId": self.launch_template.value, "Version": self.version.value}


class RefreshPreferences(Wire):
    """How instances are replaced."""

    min_healthy_percentage: int | None = Field(None, ge=0, le=100, description="Part that stays in service.")
    max_healthy_percentage: int | None = Field(None, ge=100, le=200, description="Part that may be there at most.")
    instance_warmup: int | None = Field(None, ge=0, le=86_400, description="Seconds until a new one counts.")
    checkpoint_percentages: tuple[int, ...] | None = Field(
        None, min_length=1, max_length=20, description="Where to pause, in percent of the instances."
    )
    checkpoint_delay: int | None = Field(None, ge=0, le=172_800, description="Seconds of such a pause.")
    bake_time: int | None = Field(None, ge=0, le=172_800, description="Seconds to wait at the end.")
    skip_matching: bool | None = Field(None, description="Leave alone what has the new settings already.")
    auto_rollback: bool | None = Field(None, description="Go back when it fails. Needs a version that is a number.")
    scale_in_protected_instances: Literal["Refresh", "Ignore", "Wait"] | None = Field(
        None, description="What becomes of instances that are protected."
    )
    standby_instances: Literal["Terminate", "Ignore", "Wait"] | None = Field(
        None, description="What becomes of instances on standby."
    )


class InstanceRefresh(Wire):
    """How instances are replaced when the launch template or its version changes. Without it they stay as they are."""

    strategy: Literal["Rolling"] = Field("Rolling", description="A few at a time.")
    preferences: RefreshPreferences | None = Field(None, description="How few, and how.")


@dataclass(frozen=True, slots=True)
class Refresh:
    """The last replacement of a group's instances: its status, and the version that it was to bring."""

    status: str = ""
    version: str = ""
    reason: str = ""

    @property
    def under_way(self) -> bool:
        """Whether it goes on."""
        return self.status in _UNDER_WAY

    def ended_without(self, version: str) -> bool:
        """Tell whether it was to bring `version`, and ended without."""
        return bool(self.status) and not self.under_way and self.status != "Successful" and self.version == version


def last_refresh(name: str) -> Flow[Refresh]:
    """Ask for the last replacement of a group's instances."""
    reply = yield Call("autoscaling", "DescribeInstanceRefreshes", {"AutoScalingGroupName": name, "MaxRecords": 1})
    found = next(iter(reply.get("InstanceRefreshes", ())), None)
    if found is None:
        return Refresh()
    template = found.get("DesiredConfiguration", {}).get("LaunchTemplate", {})
    return Refresh(found["Status"], template.get("Version", ""), found.get("StatusReason", ""))


def start_refresh(name: str, to: TemplateVersion, how: InstanceRefresh) -> Call:
    """Return the call that replaces the instances; the group has the new version when that has succeeded."""
    parameters = {
        "AutoScalingGroupName": name,
        "Strategy": how.strategy,
        "DesiredConfiguration": {"LaunchTemplate": to.parameters()},
        **({"Preferences": shapes.written(how.preferences)} if how.preferences else {}),
    }
    return Call("autoscaling", "StartInstanceRefresh", parameters)


def template(group: Mapping[str, Any]) -> TemplateVersion | None:
    """Read what a group launches from; None where that is no launch template."""
    found = group.get("LaunchTemplate")
    if not found:
        return None
    return TemplateVersion.model_construct(
        launch_template=references.LaunchTemplate(id=found["LaunchTemplateId"]),
        version=references.LaunchTemplateVersion(id=found.get("Version", "$Default")),
    )
