"""AWS IAM roles. Named: a create that is repeated is told that there is one. IAM is global, see `Role.regional`.

Source for settings, limits and defaults: the AWS IAM API Reference, CreateRole.
"""

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Final

from pydantic import AfterValidator, Field

from pilothouse.api.merging import keyed_by, set_of
from pilothouse.api.meta import Rules
from pilothouse.api.plan import Change
from pilothouse.dataplane.aws import documents, marks, names, roles, trust
from pilothouse.dataplane.aws.policies import PolicyDocument, normal
from pilothouse.dataplane.aws.roles import InlinePolicy, Policies, Profile, call
from pilothouse.dataplane.aws.tagged import TaggedSpec
from pilothouse.dataplane.aws.trust import ServiceAccount
from pilothouse.dataplane.errors import NotFound
from pilothouse.dataplane.types import (
    Call,
    Creation,
    Flow,
    Listed,
    Owner,
    Reading,
    ResourceSpec,
    ResourceType,
    Want,
    field_changes,
)

_POLICY_ARN: Final = r"^arn:aws[a-z-]*:iam::(aws|[0-9]{12}):policy/\S+$"
_MAX_NAME: Final = 64
_PAGE: Final = 1000
_BOUNDARY: Final = "permissionsBoundary"


class RoleSpec(TaggedSpec):
    """Settings of a role. What somebody else attaches to it is drift."""

    rules: ClassVar[Rules] = (
        *TaggedSpec.rules,
        (
            "has(self.assumeRolePolicyDocument) != has(self.serviceAccount)",
            "give exactly one of assumeRolePolicyDocument and serviceAccount",
        ),
    )

    assume_role_policy_document: PolicyDocument | None = Field(
        None, description="Who may take the role, as JSON text. Exactly one of this and serviceAccount."
    )
    service_account: ServiceAccount | None = Field(
        None, description="Let the pods of a ServiceAccount take the role (IAM roles for service accounts)."
    )
    description: str = Field("", max_length=1000, pattern=r"^[\t\n\r -~¡-ÿ]*$", description="What the role is for.")
    max_session_duration: int = Field(3600, ge=3600, le=43_200, description="Seconds that a session lasts at most.")
    permissions_boundary: str | None = Field(
        None, pattern=_POLICY_ARN, max_length=2048, description="ARN of the policy that bounds what the role may do."
    )
    managed_policy_arns: Annotated[tuple[str, ...], AfterValidator(lambda arns: tuple(sorted(arns)))] = Field(
        (),
        max_length=20,
        description="ARNs of managed policies: these and no others are attached.",
        json_schema_extra=set_of(2048, _POLICY_ARN),
    )
    inline_policies: Annotated[
        tuple[InlinePolicy, ...],
        AfterValidator(lambda each: tuple(sorted(each, key=lambda one: one.policy_name))),
    ] = Field((), max_length=10, description="Policies of its own.", json_schema_extra=keyed_by("policyName"))
    instance_profile: bool = Field(
        False, description="Have an instance profile of the same name, so that instances can have the role."
    )
    tags: marks.UserTags = Field(default_factory=dict, description="Tags of the role.")

    def holds(self) -> tuple[bool, ...]:
        """Tell of each of `rules` whether it holds."""
        return *super().holds(), (self.assume_role_policy_document is None) != (self.service_account is None)

    @property
    def policies(self) -> Policies:
        """What the role may do."""
        return Policies(self.managed_policy_arns, self.inline_policies)


class SeenRole(RoleSpec):
    """Settings as they are, and how it stands with the instance profile of the same name."""

    profile: Profile


class Role(ResourceType[RoleSpec]):
    """A role. Its identifier is its name, under the path of its control plane, by which it is listed."""

    kind, provider = "awsRole", "aws"
    model: ClassVar[type[ResourceSpec]] = RoleSpec
    outputs: ClassVar[tuple[str, ...]] = ("arn", "name", "roleID", "instanceProfileName")
    creation = Creation.NAMED
    regional: ClassVar[bool] = False

    def name(self, owner: Owner, resource: str) -> str:
        """Return the role's name."""
        return names.cloud_name(owner, resource, _MAX_NAME)

    def listing(self, control_plane: str) -> Call:
        """List by path: a listing shows no tags, so whose they are is only told by reading them."""
        return Call("iam", "ListRoles", {"PathPrefix": _path(control_plane), "MaxItems": _PAGE})

    def listed(self, page: Any) -> Iterable[Listed]:
        """Read one page: whose a role is only its tags tell."""
        return (Listed(role["RoleName"], digest=documents.digest(role)) for role in page["Roles"])

    def find(self, want: Want[RoleSpec]) -> Flow[tuple[Reading, ...]]:
        """Look by name."""
        found = yield from self.read(want.name)
        return () if found is None else (found,)

    def read(self, identifier: str) -> Flow[Reading | None]:
        """Read the role, what it may do, and its instance profile."""
        try:
            role = (yield call("GetRole", identifier))["Role"]
            policies = yield from roles.policies(identifier)
        except NotFound:
            return None
        tags = marks.from_pairs(role.get("Tags", ()))
        profile = yield from roles.profile(identifier, marks.mark_in(tags))
        spec = SeenRole.model_construct(
            assume_role_policy_document=normal(role["AssumeRolePolicyDocument"]),
            service_account=None,
            description=role.get("Description", ""),
            max_session_duration=role["MaxSessionDuration"],
            permissions_boundary=role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
            managed_policy_arns=policies.attached,
            inline_policies=policies.inline,
            instance_profile=profile.holds,
            tags=marks.user_tags(tags),
            profile=profile,
        )
        return Reading(identifier, marks.mark_in(tags), spec, _outputs(role, profile))

    def create(self, want: Want[RoleSpec]) -> Call:
        """Create it with its mark, and bounded from the first moment; what it may do is set by an update."""
        spec = want.spec
        optional = {
            "AssumeRolePolicyDocument": _trust(spec),
            "Description": spec.description,
            "PermissionsBoundary": spec.permissions_boundary,
        }
        return call(
            "CreateRole",
            want.name,
            Path=_path(want.mark.owner.control_plane),
            MaxSessionDuration=spec.max_session_duration,
            **{name: value for name, value in optional.items() if value},
            Tags=marks.as_pairs(spec.tags | marks.mark_tags(want.mark)),
        )

    def created(self, reply: Any) -> str:
        """Return the role's name."""
        return str(reply["Role"]["RoleName"])

    def diff(self, want: RoleSpec, have: Reading, applied_keys: frozenset[str]) -> tuple[Change, ...]:
        """Compare field by field; of what can be left out, only the boundary can be taken away."""
        seen = have.settings(SeenRole)
        update: dict[str, Any] = {}
        if seen.profile.is_left_over:
            update["instance_profile"] = not want.instance_profile
        if want.service_account is not None:
            same = seen.assume_role_policy_document == _trust(want, have.outputs["arn"])
            update["service_account"] = want.service_account if same else seen.assume_role_policy_document
        return field_changes(want, seen.model_copy(update=update), applied_keys & {_BOUNDARY})

    def update(self, have: Reading, want: Want[RoleSpec], applied_keys: frozenset[str]) -> tuple[Call, ...]:
        """Narrow what the role may do before anything else, and widen it last."""
        role, seen, spec = have.id, have.settings(SeenRole), want.spec
        paths = {change.path for change in self.diff(spec, have, applied_keys)}
        bounded = (call("PutRolePermissionsBoundary", role, PermissionsBoundary=spec.permissions_boundary),)
        unbounded = (call("DeleteRolePermissionsBoundary", role),)
        return (
            *(bounded if _BOUNDARY in paths and spec.permissions_boundary else ()),
            *roles.narrowed(role, seen.policies, spec.policies),
            *self._settings(have, spec, paths),
            *self._profile(have, want, paths),
            *roles.widened(role, seen.policies, spec.policies),
            *(unbounded if _BOUNDARY in paths and not spec.permissions_boundary else ()),
        )

    def _settings(self, have: Reading, spec: RoleSpec, paths: set[str]) -> tuple[Call, ...]:
        role, (set_, removed) = have.id, marks.changed_tags(have.settings(SeenRole).tags, spec.tags)
        trusted = _trust(spec, have.outputs["arn"])
        plain = {"Description": spec.description, "MaxSessionDuration": spec.max_session_duration}
        calls = (
            (
                paths & {"assumeRolePolicyDocument", "serviceAccount"},
                call("UpdateAssumeRolePolicy", role, PolicyDocument=trusted),
            ),
            (paths & {"description", "maxSessionDuration"}, call("UpdateRole", role, **plain)),
            (set_, call("TagRole", role, Tags=marks.as_pairs(set_))),
            (removed, call("UntagRole", role, TagKeys=removed)),
        )
        return tuple(each for needed, each in calls if needed)

    def _profile(self, have: Reading, want: Want[RoleSpec], paths: set[str]) -> tuple[Call, ...]:
        if "instanceProfile" not in paths:
            return ()
        profile, path = have.settings(SeenRole).profile, _path(want.mark.owner.control_plane)
        wanted = want.spec.instance_profile
        return (
            roles.with_profile(have.id, profile, path, want.mark) if wanted else roles.without_profile(have.id, profile)
        )

    def delete(self, have: Reading) -> tuple[Call, ...]:
        """Take everything from it that IAM wants gone first; IAM refuses while others use it."""
        nothing, seen = Policies((), ()), have.settings(SeenRole)
        return (
            *roles.without_profile(have.id, seen.profile),
            *roles.narrowed(have.id, seen.policies, nothing),
            call("DeleteRole", have.id),
        )

    def adopt(self, have: Reading, want: Want[RoleSpec]) -> tuple[Call, ...]:
        """Write the mark over whatever mark it bears, and on the instance profile that was made for it."""
        tags, profile = marks.as_pairs(marks.mark_tags(want.mark)), have.settings(SeenRole).profile
        marked = (roles.profile_call("TagInstanceProfile", have.id, Tags=tags),) if profile.ours else ()
        return (call("TagRole", have.id, Tags=tags), *marked)


def _path(control_plane: str) -> str:
    return f"/pilothouse/{names.name_prefix(control_plane).removesuffix('-')}/"


def _trust(spec: RoleSpec, arn: str = "") -> str | None:
    account = spec.service_account
    return spec.assume_role_policy_document if account is None else trust.policy(account, arn)


def _outputs(role: roles.Described, profile: Profile) -> dict[str, str]:
    name = role["RoleName"]
    held = name if profile.holds else ""
    return {"arn": role["Arn"], "name": name, "roleID": role["RoleId"], "instanceProfileName": held}
