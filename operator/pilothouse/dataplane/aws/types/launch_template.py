"""Amazon EC2 launch templates. Tokened: a create that is repeated with its token gets the first one again.

Source: the Amazon EC2 API Reference, CreateLaunchTemplate, CreateLaunchTemplateVersion, ModifyLaunchTemplate.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Final

from pilothouse.api.meta import Rules
from pilothouse.api.plan import Change
from pilothouse.dataplane.aws import marks, templates
from pilothouse.dataplane.aws.ec2 import Described, Ec2Type, marked, tags_of
from pilothouse.dataplane.aws.tagged import TaggedSpec
from pilothouse.dataplane.aws.templates import LaunchTemplateData
from pilothouse.dataplane.types import Call, Creation, Flow, Reading, ResourceSpec, Want, field_changes

_LARGEST_PAGE: Final = 200


class LaunchTemplateSpec(TaggedSpec, LaunchTemplateData):
    """Settings of a launch template. Any change of how instances are launched makes a new default version."""

    rules: ClassVar[Rules] = (*TaggedSpec.rules, *LaunchTemplateData.rules)

    def holds(self) -> tuple[bool, ...]:
        """Tell of each of `rules` whether it holds."""
        return (*super().holds(), self.security_groups is None or self.network_interfaces is None)


class SeenLaunchTemplate(LaunchTemplateSpec):
    """The settings of the default version, and what the newest one holds. numbers: of the default and the newest."""

    numbers: tuple[int, int]
    newest: Mapping[str, Any]


class LaunchTemplate(Ec2Type[LaunchTemplateSpec]):
    """A launch template. What its default version holds is wholly ours: what is not wanted there is taken out."""

    kind = "awsLaunchTemplate"
    model: ClassVar[type[ResourceSpec]] = LaunchTemplateSpec
    outputs: ClassVar[tuple[str, ...]] = ("id", "name", "defaultVersion", "latestVersion")
    creation = Creation.TOKENED
    describe, member, id_key, tag_type = (
        "DescribeLaunchTemplates",
        "LaunchTemplates",
        "LaunchTemplateId",
        "launch-template",
    )
    listed_in_full: ClassVar[bool] = False

    def listing(self, control_plane: str) -> Call:
        """List by mark, in pages as long as EC2 makes them here."""
        call = super().listing(control_plane)
        return replace(call, parameters={**call.parameters, "MaxResults": _LARGEST_PAGE})

    def find(self, want: Want[LaunchTemplateSpec]) -> Flow[tuple[Reading, ...]]:
        """Look by mark, of whatever incarnation, and by name: EC2 makes no second of that name."""
        return (yield from self.found(marked(want.mark), [{"Name": "launch-template-name", "Values": [want.name]}]))

    def details(self, thing: Described) -> Flow[Mapping[str, Any]]:
        """Ask for the default version and the newest."""
        asked = {"LaunchTemplateId": thing["LaunchTemplateId"], "Versions": ["$Default", "$Latest"]}
        found = (yield Call("ec2", "DescribeLaunchTemplateVersions", asked))["LaunchTemplateVersions"]
        newest = max(found, key=lambda version: version["VersionNumber"])
        default = next((version for version in found if version["DefaultVersion"]), newest)
        return {"default": default["LaunchTemplateData"], "newest": newest["LaunchTemplateData"]}

    def settings(self, thing: Described, details: Mapping[str, Any]) -> SeenLaunchTemplate:
        """Read it."""
        return SeenLaunchTemplate.model_construct(
            **templates.read(details["default"]),
            tags=marks.user_tags(tags_of(thing)),
            numbers=(thing["DefaultVersionNumber"], thing["LatestVersionNumber"]),
            newest=templates.read(details["newest"]),
        )

    def shown(self, thing: Described) -> Mapping[str, str]:
        """Return its name and the numbers of its versions."""
        return {
            "id": thing["LaunchTemplateId"],
            "name": thing["LaunchTemplateName"],
            "defaultVersion": str(thing["DefaultVersionNumber"]),
            "latestVersion": str(thing["LatestVersionNumber"]),
        }

    def create(self, want: Want[LaunchTemplateSpec]) -> Call:
        """Make it with its first version."""
        parameters = {
            "LaunchTemplateName": want.name,
            "ClientToken": want.token,
            "LaunchTemplateData": templates.written(want.spec),
            "TagSpecifications": self.specifications(want),
        }
        return Call("ec2", "CreateLaunchTemplate", parameters)

    def diff(self, want: LaunchTemplateSpec, have: Reading, applied_keys: frozenset[str]) -> tuple[Change, ...]:
        """Compare with the default version, what it should not hold included.

        Only user data that we never set stays: nobody who takes a template over is shown it.
        """
        return field_changes(want, self.comparable(have, want), _DATA - _HIDDEN | applied_keys & _HIDDEN)

    def update(self, have: Reading, want: Want[LaunchTemplateSpec], applied_keys: frozenset[str]) -> tuple[Call, ...]:
        """Make a new version, or the newest the default one where it is what is wanted: a lost reply makes no second.

        The token is of the template and the version's number, so that a create that is repeated makes one version.
        """
        seen = have.settings(SeenLaunchTemplate)
        tagging = self.tagging(have, want)
        if not self.paths(have, want, applied_keys) & _DATA:
            return tagging
        this, (_, newest) = {"LaunchTemplateId": have.id}, seen.numbers
        kept = want.spec.user_data is None and not applied_keys & _HIDDEN
        spec = want.spec.model_copy(update={"user_data": seen.user_data}) if kept else want.spec
        if all(getattr(spec, field) == value for field, value in seen.newest.items()):
            return (Call("ec2", "ModifyLaunchTemplate", {**this, "DefaultVersion": str(newest)}), *tagging)
        made = {"ClientToken": f"{have.id}-{newest + 1}", "LaunchTemplateData": templates.written(spec)}
        return (Call("ec2", "CreateLaunchTemplateVersion", {**this, **made}), *tagging)

    def delete(self, have: Reading) -> tuple[Call, ...]:
        """Delete it with all its versions."""
        return (Call("ec2", "DeleteLaunchTemplate", {"LaunchTemplateId": have.id}),)


_HIDDEN: Final = frozenset({"userData"})
_DATA: Final = frozenset(LaunchTemplateSpec.model_fields[field].alias or field for field in templates.FIELDS)
