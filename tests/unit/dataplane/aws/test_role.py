"""awsRole without AWS: the calls it makes, in their order, and the rules of its settings."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest
from pydantic import ValidationError

from pilothouse.dataplane.aws import marks, trust
from pilothouse.dataplane.aws.policies import normal
from pilothouse.dataplane.aws.types.role import Role, RoleSpec
from pilothouse.dataplane.errors import NotFound
from pilothouse.dataplane.types import Call, Reading
from tests.unit.dataplane.aws.replies import MARK, OWNER, changes, drive, want

ROLE = Role()
NAME = ROLE.name(OWNER, "orders")
PATH = ROLE.listing(OWNER.control_plane).parameters["PathPrefix"]
ARN = f"arn:aws-cn:iam::123456789012:role{PATH}{NAME}"
TRUST = json.dumps({"Statement": {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "a:B"}})
ISSUER = "oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE"
READER = {"oidcProvider": f"https://{ISSUER}", "namespace": "shop", "name": "reader"}
WIDE, NARROW = (f"arn:aws:iam::123456789012:policy/{name}" for name in ("wide", "narrow"))
OURS = marks.mark_tags(MARK)


def document(*actions: str) -> str:
    return normal({"Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]})


class Iam:
    """IAM's replies about one role. `profile` is the instance profile of its name: who is in it, and its tags."""

    def __init__(self, **role: Any) -> None:
        tags = role.pop("tags", OURS)
        self.role: dict[str, Any] = {
            "RoleName": NAME,
            "RoleId": "AROA1",
            "Arn": ARN,
            "AssumeRolePolicyDocument": json.loads(TRUST),
            "MaxSessionDuration": 3600,
            "Tags": marks.as_pairs(tags),
            **role,
        }
        self.attached: list[str] = []
        self.inline: dict[str, str] = {}
        self.profile: tuple[list[str], dict[str, str]] | None = None

    def __call__(self, call: Call) -> Any:
        match call.operation:
            case "GetRole":
                return {"Role": self.role}
            case "ListAttachedRolePolicies":
                return {"AttachedPolicies": [{"PolicyArn": arn} for arn in self.attached]}
            case "ListRolePolicies":
                return {"PolicyNames": list(self.inline)}
            case "GetRolePolicy":
                text = self.inline[call.parameters["PolicyName"]]
                return {"PolicyDocument": json.loads(text)} if text else NotFound("NoSuchEntity")
            case _:
                if self.profile is None:
                    return NotFound("NoSuchEntity")
                roles, tags = self.profile
                return {
                    "InstanceProfile": {"Roles": [{"RoleName": name} for name in roles], "Tags": marks.as_pairs(tags)}
                }

    def read(self) -> Reading:
        reading, _ = drive(ROLE.read(NAME), self)
        assert isinstance(reading, Reading)
        return reading


def trusting(**settings: Any) -> dict[str, Any]:
    return {"assumeRolePolicyDocument": TRUST, **settings}


def operations(calls: tuple[Call, ...]) -> list[str]:
    return [call.operation for call in calls]


def test_a_create_says_what_it_can() -> None:
    call = ROLE.create(want(ROLE, **trusting(description="reads", permissionsBoundary=NARROW, tags={"team": "orders"})))
    assert call == Call(
        "iam",
        "CreateRole",
        {
            "RoleName": NAME,
            "Path": PATH,
            "AssumeRolePolicyDocument": normal(TRUST),
            "MaxSessionDuration": 3600,
            "Description": "reads",
            "PermissionsBoundary": NARROW,
            "Tags": marks.as_pairs({"team": "orders", **OURS}),
        },
    )
    assert ROLE.created({"Role": {"RoleName": NAME}}) == NAME


def test_a_create_leaves_out_what_is_not_set() -> None:
    parameters = ROLE.create(want(ROLE, **trusting())).parameters
    assert not {"Description", "PermissionsBoundary"} & set(parameters)


def test_a_listing_is_of_the_control_planes_own_path() -> None:
    """IAM lists no tags, and an account can have thousands of roles of others."""
    assert ROLE.listing("a").parameters["PathPrefix"] != ROLE.listing("b").parameters["PathPrefix"]
    assert PATH.startswith("/pilothouse/")
    (line,) = ROLE.listed({"Roles": [{"RoleName": NAME}]})
    assert (line.id, line.reading, line.mark) == (NAME, None, None)
    assert not ROLE.regional


def test_a_read_tells_everything() -> None:
    iam = Iam(Description="reads", PermissionsBoundary={"PermissionsBoundaryArn": NARROW}, tags={"team": "a", **OURS})
    iam.attached, iam.inline, iam.profile = [WIDE, NARROW], {"b": document("b:C"), "a": document("a:B")}, ([NAME], OURS)
    wanted = trusting(
        description="reads",
        permissionsBoundary=NARROW,
        managedPolicyARNs=[WIDE, NARROW],
        inlinePolicies=[{"policyName": name, "policyDocument": iam.inline[name]} for name in "ab"],
        instanceProfile=True,
        tags={"team": "a"},
    )
    have = iam.read()
    assert changes(ROLE, want(ROLE, **wanted), have) == {}
    assert have.mark == MARK
    assert have.outputs == {"arn": ARN, "name": NAME, "roleID": "AROA1", "instanceProfileName": NAME}
    assert drive(ROLE.find(want(ROLE, **wanted)), iam)[0] == (have,)


def test_what_is_not_there_reads_as_nothing() -> None:
    def nothing(_call: Call) -> NotFound:
        return NotFound("NoSuchEntity")

    assert drive(ROLE.read(NAME), nothing)[0] is None
    assert drive(ROLE.find(want(ROLE, **trusting())), nothing)[0] == ()


def test_a_policy_that_goes_while_it_is_read_does_not_make_the_role_go() -> None:
    iam = Iam()
    iam.inline = {"gone": "", "stays": document("a:B")}
    spec = iam.read().spec
    assert isinstance(spec, RoleSpec)
    assert [each.policy_name for each in spec.inline_policies] == ["stays"]


def test_without_an_instance_profile_its_name_is_empty() -> None:
    """Then whoever refers to it waits, rather than be given one that does not exist."""
    assert Iam().read().outputs["instanceProfileName"] == ""


def test_a_service_account_is_trusted_alone() -> None:
    account = trust.ServiceAccount.model_validate(READER | {"oidcProvider": f"https://{ISSUER}/"})
    assert json.loads(trust.policy(account, ARN)) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": f"arn:aws-cn:iam::123456789012:oidc-provider/{ISSUER}"},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {
                        f"{ISSUER}:aud": "sts.amazonaws.com",
                        f"{ISSUER}:sub": "system:serviceaccount:shop:reader",
                    }
                },
            }
        ],
    }


def test_a_provider_by_its_arn_is_trusted_from_the_first_moment() -> None:
    provider = f"arn:aws:iam::999999999999:oidc-provider/{ISSUER}"
    created = ROLE.create(want(ROLE, serviceAccount={**READER, "oidcProvider": provider})).parameters
    statement = json.loads(created["AssumeRolePolicyDocument"])["Statement"][0]
    assert statement["Principal"] == {"Federated": provider}


def test_a_provider_by_its_url_is_trusted_once_the_roles_own_arn_tells_the_account() -> None:
    wanted = want(ROLE, serviceAccount=READER)
    created = ROLE.create(wanted).parameters["AssumeRolePolicyDocument"]
    assert created == trust.NOBODY
    have = Iam(AssumeRolePolicyDocument=json.loads(created)).read()
    assert changes(ROLE, wanted, have) == {"serviceAccount": (trust.NOBODY, {**READER})}
    (call,) = ROLE.update(have, wanted, frozenset())
    trusted = Iam(AssumeRolePolicyDocument=json.loads(call.parameters["PolicyDocument"])).read()
    assert changes(ROLE, wanted, trusted, frozenset({"assumeRolePolicyDocument"})) == {}


def test_what_a_role_may_do_is_narrowed_first_and_widened_last() -> None:
    """In between it may do less than before and after, never more than either."""
    iam = Iam()
    iam.attached, iam.inline = [WIDE], {"old": document("old:*"), "same": document("a:B")}
    inline = [{"policyName": name, "policyDocument": document("a:B")} for name in ("new", "same")]
    wanted = trusting(managedPolicyARNs=[NARROW], inlinePolicies=inline, permissionsBoundary=NARROW, description="x")
    calls = ROLE.update(iam.read(), want(ROLE, **wanted), frozenset())
    assert operations(calls) == [
        "PutRolePermissionsBoundary",
        "DetachRolePolicy",
        "DeleteRolePolicy",
        "UpdateRole",
        "AttachRolePolicy",
        "PutRolePolicy",
    ]


def test_a_boundary_goes_last_and_only_if_it_was_ours() -> None:
    have = Iam(PermissionsBoundary={"PermissionsBoundaryArn": NARROW}).read()
    wanted = want(ROLE, **trusting(maxSessionDuration=7200))
    assert operations(ROLE.update(have, wanted, frozenset())) == ["UpdateRole"]
    applied = frozenset({"permissionsBoundary", "serviceAccount"})
    assert operations(ROLE.update(have, wanted, applied)) == ["UpdateRole", "DeleteRolePermissionsBoundary"]


def test_tags_and_trust_are_changed_by_calls_of_their_own() -> None:
    have = Iam(tags={"a": "1", "b": "1", **OURS}).read()
    other = TRUST.replace("ec2", "ecs")
    calls = ROLE.update(have, want(ROLE, assumeRolePolicyDocument=other, tags={"a": "2"}), frozenset())
    assert [(call.operation, call.parameters) for call in calls] == [
        ("UpdateAssumeRolePolicy", {"RoleName": NAME, "PolicyDocument": normal(other)}),
        ("TagRole", {"RoleName": NAME, "Tags": [{"Key": "a", "Value": "2"}]}),
        ("UntagRole", {"RoleName": NAME, "TagKeys": ["b"]}),
    ]


class Profiled(NamedTuple):
    profile: tuple[list[str], dict[str, str]] | None
    with_one: list[str]
    without: list[str]
    deleted: list[str]
    reason: str


ADD, REMOVE, MAKE, DROP = (
    "AddRoleToInstanceProfile",
    "RemoveRoleFromInstanceProfile",
    "CreateInstanceProfile",
    "DeleteInstanceProfile",
)
PROFILES = {
    "none": Profiled(None, [MAKE, ADD], [], [], "nothing is there"),
    "ours": Profiled(([NAME], OURS), [], [REMOVE, DROP], [REMOVE, DROP], "made for the role"),
    "begun": Profiled(([], OURS), [ADD], [DROP], [DROP], "a change of ours was interrupted"),
    "a person's": Profiled(([NAME], {}), [], [REMOVE], [REMOVE], "what bears no mark of ours is not deleted"),
    "a stranger's": Profiled((["x"], {}), [MAKE, ADD], [], [], "IAM refuses the name, and the person is told"),
}


@pytest.mark.parametrize("case", PROFILES.values(), ids=PROFILES)
def test_an_instance_profile_is_made_and_taken_away(case: Profiled) -> None:
    iam = Iam()
    iam.profile = case.profile
    have = iam.read()
    with_one, without = want(ROLE, **trusting(instanceProfile=True)), want(ROLE, **trusting())
    assert operations(ROLE.update(have, with_one, frozenset())) == case.with_one, case.reason
    assert operations(ROLE.update(have, without, frozenset())) == case.without, case.reason
    assert operations(ROLE.delete(have)) == [*case.deleted, "DeleteRole"], case.reason
    assert ("instanceProfile" in changes(ROLE, with_one, have)) == bool(case.with_one), case.reason
    assert ("instanceProfile" in changes(ROLE, without, have)) == bool(case.without), case.reason


def test_a_delete_takes_away_first_what_iam_wants_gone() -> None:
    iam = Iam()
    iam.attached, iam.inline = [WIDE], {"a": document("a:B")}
    assert operations(ROLE.delete(iam.read())) == ["DetachRolePolicy", "DeleteRolePolicy", "DeleteRole"]


def test_adopting_marks_the_role_and_its_profile() -> None:
    iam = Iam()
    assert operations(ROLE.adopt(iam.read(), want(ROLE, **trusting()))) == ["TagRole"]
    iam.profile = ([NAME], OURS)
    calls = ROLE.adopt(iam.read(), want(ROLE, **trusting()))
    assert operations(calls) == ["TagRole", "TagInstanceProfile"]
    assert {json.dumps(call.parameters["Tags"]) for call in calls} == {json.dumps(marks.as_pairs(OURS))}


WRONG = {
    "neither": ({}, "give exactly one of assumeRolePolicyDocument and serviceAccount"),
    "both": (trusting(serviceAccount=READER), "give exactly one of assumeRolePolicyDocument and serviceAccount"),
    "no JSON": ({"assumeRolePolicyDocument": "{"}, "assumeRolePolicyDocument"),
    "provider": ({"serviceAccount": {**READER, "oidcProvider": "http://issuer"}}, "oidcProvider"),
    "policy's name": (trusting(inlinePolicies=[{"policyName": "a b", "policyDocument": TRUST}]), "policyName"),
    "our own tags": (trusting(tags={"pilothouse.dev/owner": "me"}), "reserved"),
}


@pytest.mark.parametrize(("settings", "message"), WRONG.values(), ids=WRONG)
def test_wrong_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        want(ROLE, **settings)
