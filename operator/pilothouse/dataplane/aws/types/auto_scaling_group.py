"""Amazon EC2 Auto Scaling groups. Named, so a create that is repeated finds the first.

Source: the Amazon EC2 Auto Scaling API Reference, CreateAutoScalingGroup, UpdateAutoScalingGroup, StartInstanceRefresh.
"""

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from pilothouse.api.plan import Change
from pilothouse.dataplane.aws import documents, marks, names, references, refreshing, scaling
from pilothouse.dataplane.aws.auto_scaling_group_spec import AutoScalingGroupSpec, SeenGroup
from pilothouse.dataplane.aws.ec2 import given, tagged
from pilothouse.dataplane.aws.shapes import member
from pilothouse.dataplane.errors import NotFound
from pilothouse.dataplane.types import (
    Call,
    Creation,
    Flow,
    HealthState,
    Listed,
    Owner,
    Reading,
    ResourceSpec,
    ResourceType,
    Want,
    field_changes,
)

_MAX_NAME: Final = 255
_PAGE: Final = 100
_OPTIONS: Final = frozenset({"instanceRefresh"})
"""Fields that say how changes are made, and that Auto Scaling does not keep."""


class AutoScalingGroup(ResourceType[AutoScalingGroupSpec]):
    """A group. Its identifier is its name; its instances go with it."""

    kind = "awsAutoScalingGroup"
    provider = "aws"
    model: ClassVar[type[ResourceSpec]] = AutoScalingGroupSpec
    outputs: ClassVar[tuple[str, ...]] = ("name", "arn")
    creation = Creation.NAMED

    def name(self, owner: Owner, resource: str) -> str:
        """Return the name."""
        return names.cloud_name(owner, resource, _MAX_NAME)

    def listing(self, control_plane: str) -> Call:
        """List by mark."""
        filters = [tagged(marks.CONTROL_PLANE, control_plane)]
        return Call("autoscaling", "DescribeAutoScalingGroups", {"Filters": filters, "MaxRecords": _PAGE})

    def listed(self, page: Any) -> Iterable[Listed]:
        """Read one page."""
        for group in page.get("AutoScalingGroups", ()):
            mark, digest = marks.mark_in(scaling.tags_of(group)), documents.digest(group, "Instances")
            yield Listed(group["AutoScalingGroupName"], mark=mark, digest=digest)

    def find(self, want: Want[AutoScalingGroupSpec]) -> Flow[tuple[Reading, ...]]:
        """Look by name."""
        reading = yield from self.read(want.name)
        return () if reading is None else (reading,)

    def read(self, identifier: str) -> Flow[Reading | None]:
        """Read it by its name; of one that does not exist Auto Scaling shows an empty list.

        Its last refresh is asked for first: else one that succeeds meanwhile would look as if it had brought nothing.
        """
        try:
            last = yield from refreshing.last_refresh(identifier)
        except NotFound:
            return None
        page = yield Call("autoscaling", "DescribeAutoScalingGroups", {"AutoScalingGroupNames": [identifier]})
        group = next(iter(page.get("AutoScalingGroups", ())), None)
        if group is None:
            return None
        outputs = {"name": identifier, "arn": group["AutoScalingGroupARN"]}
        health = scaling.with_refresh(scaling.health(group), last, refreshing.template(group))
        spec = SeenGroup.model_construct(**scaling.settings(group), instance_refresh=None, last_refresh=last)
        return Reading(identifier, marks.mark_in(scaling.tags_of(group)), spec, outputs, health)

    def create(self, want: Want[AutoScalingGroupSpec]) -> Call:
        """Make it. Instances never get the mark: it would make them ours one by one."""
        spec, own = want.spec, marks.mark_tags(want.mark)
        parameters = {
            "AutoScalingGroupName": want.name,
            **{member(field): getattr(spec, field) for field in scaling.PLAIN},
            "LaunchTemplate": spec.launch_template.parameters(),
            "VPCZoneIdentifier": _zones(spec),
            "TargetGroupARNs": [each.value for each in spec.target_groups or ()] or None,
            "Tags": [
                *scaling.tagged(want.name, spec.tags, propagate=spec.propagate_at_launch),
                *scaling.tagged(want.name, own, propagate=False),
            ],
        }
        return Call("autoscaling", "CreateAutoScalingGroup", given(parameters))

    def created(self, reply: Any) -> str:
        """Raise NotImplementedError: see `identified`."""
        raise NotImplementedError(f"the reply to a create of {self.kind} is empty: {reply}")

    def identified(self, want: Want[AutoScalingGroupSpec], reply: Any) -> str:
        """Return the name: the reply is empty."""
        del reply
        return want.name

    def diff(self, want: AutoScalingGroupSpec, have: Reading, applied_keys: frozenset[str]) -> tuple[Change, ...]:
        """Compare field by field but for options."""
        seen = have.settings(SeenGroup)
        changes = field_changes(_settled(want, seen, applied_keys), seen, applied_keys & _REMOVABLE)
        return tuple(change for change in changes if change.path not in _OPTIONS)

    def update(self, have: Reading, want: Want[AutoScalingGroupSpec], applied_keys: frozenset[str]) -> tuple[Call, ...]:
        """Change settings at once; what instances are launched from by replacing them, where that is asked for.

        A replacement under way is waited for. One that failed is not begun again: only another version is.
        """
        if have.health.state is HealthState.DELETING:
            return ()
        seen, this = have.settings(SeenGroup), {"AutoScalingGroupName": have.id}
        spec = _settled(want.spec, seen, applied_keys)
        paths = {change.path for change in self.diff(want.spec, have, applied_keys)}
        changed = {
            member(field): scaling.CLEARED.get(field) if getattr(spec, field) is None else getattr(spec, field)
            for field in scaling.PLAIN
            if _path(field) in paths
        }
        if "subnets" in paths:
            changed["VPCZoneIdentifier"] = _zones(spec)
        template = "launchTemplate" in paths
        if template and spec.instance_refresh is None:
            changed["LaunchTemplate"] = spec.launch_template.parameters()
        calls = [Call("autoscaling", "UpdateAutoScalingGroup", {**this, **changed})] if changed else []
        if "targetGroups" in paths:
            calls += scaling.attached(have.id, _arns(seen), _arns(spec))
        flags = seen.propagate_at_launch, spec.propagate_at_launch
        calls += scaling.tagging(have.id, seen.tags, spec.tags, flags)
        last, version = seen.last_refresh, str(spec.launch_template.version.value)
        if template and spec.instance_refresh and not (last.under_way or last.ended_without(version)):
            calls.append(refreshing.start_refresh(have.id, spec.launch_template, spec.instance_refresh))
        return tuple(calls)

    def delete(self, have: Reading) -> tuple[Call, ...]:
        """Delete it and its instances."""
        if have.health.state is HealthState.DELETING:
            return ()
        return (Call("autoscaling", "DeleteAutoScalingGroup", {"AutoScalingGroupName": have.id, "ForceDelete": True}),)

    def adopt(self, have: Reading, want: Want[AutoScalingGroupSpec]) -> tuple[Call, ...]:
        """Write the mark over whatever mark it bears."""
        return scaling.tag(have.id, marks.mark_tags(want.mark), propagate=False)


def _path(field: str) -> str:
    return AutoScalingGroupSpec.model_fields[field].alias or field


_REMOVABLE: Final = frozenset(map(_path, scaling.CLEARED))


def _settled(want: AutoScalingGroupSpec, seen: SeenGroup, applied_keys: frozenset[str]) -> AutoScalingGroupSpec:
    """Return what is wanted as it is read: in order, and with defaults where what was set is left out again."""
    settled: dict[str, Any] = {"subnets": references.ordered(want.subnets)}
    if want.target_groups is not None:
        ordered = references.ordered(want.target_groups)
        settled["target_groups"] = ordered or (() if seen.target_groups else None)
    if want.termination_policies is None and "terminationPolicies" in applied_keys:
        settled["termination_policies"] = scaling.USUAL_POLICIES
    if not (want.tags or seen.tags):
        settled["propagate_at_launch"] = seen.propagate_at_launch
    return want.model_copy(update=settled)


def _zones(spec: AutoScalingGroupSpec) -> str:
    return ",".join(str(each.value) for each in spec.subnets)


def _arns(spec: AutoScalingGroupSpec) -> set[str]:
    return {str(each.value) for each in spec.target_groups or ()}
