"""What each refusal of an API server means to the Controller, and that people are told what to do, and no secret."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from pilothouse.dataplane.errors import (
    Conflict,
    DataplaneError,
    Denied,
    Exhausted,
    NotFound,
    OutcomeUnknown,
    Refused,
)
from pilothouse.dataplane.kubernetes.answers import (
    Answer,
    Asked,
    Busy,
    Cause,
    Expired,
    NamespaceMissing,
    NamespaceTerminating,
    Unacceptable,
    UnknownKind,
    error_of,
)

READ = Asked("eu-1-a", "get Deployment shop/web")
WRITE = Asked("eu-1-a", "apply Deployment shop/web", has_effect=True)
UNFIT = "failed to create typed patch object"
NAMED = {"name": "web", "kind": "deployments"}


@dataclass(frozen=True)
class Case:
    """A refusal, the error it means, and words that the message must hold."""

    status: int
    error: type[DataplaneError]
    says: str
    body: dict[str, Any] = field(default_factory=dict)
    asked: Asked = READ


CASES = {
    "no credentials": Case(401, Denied, "Renew the credentials", {"reason": "Unauthorized", "message": "Unauthorized"}),
    "no right": Case(
        403,
        Denied,
        "Grant this to the user",
        {"reason": "Forbidden", "message": 'User "system:anonymous" cannot get resource "deployments"'},
    ),
    "refused by admission": Case(
        403, Denied, "violates PodSecurity", {"reason": "Forbidden", "message": 'violates PodSecurity "restricted"'}
    ),
    "over quota": Case(
        403, Exhausted, "Raise the ResourceQuota", {"message": "exceeded quota: small, requested: pods=1"}
    ),
    "a namespace that is going": Case(
        403,
        NamespaceTerminating,
        "Wait until the namespace is gone",
        {"message": "is being terminated", "details": {"causes": [{"reason": "NamespaceTerminating"}]}},
    ),
    "a namespace that is not there": Case(
        404,
        NamespaceMissing,
        "createNamespace",
        {"message": 'namespaces "shop" not found', "details": {"name": "shop", "kind": "namespaces"}},
    ),
    "no such object": Case(404, NotFound, "404 NotFound", {"reason": "NotFound", "details": NAMED}),
    "no such path": Case(404, UnknownKind, "CustomResourceDefinition", {"message": "404 page not found"}),
    "a name that is taken": Case(409, Conflict, "409 AlreadyExists", {"reason": "AlreadyExists", "details": NAMED}),
    "an old version": Case(410, Expired, "410 Expired", {"reason": "Expired"}),
    "too many requests": Case(429, Busy, "429", {"details": {"retryAfterSeconds": 3}}, WRITE),
    "a read that failed": Case(500, Busy, "500", {"message": "etcdserver: leader changed"}),
    "a write that failed": Case(500, OutcomeUnknown, "500", {"message": "etcdserver: request timed out"}, WRITE),
    "a write that timed out": Case(504, OutcomeUnknown, "504 Timeout", {"reason": "Timeout"}, WRITE),
    "a webhook that is down": Case(
        500, Busy, "webhook", {"message": 'Internal error occurred: failed calling webhook "x"'}, WRITE
    ),
    "a manifest with a typo": Case(
        500,
        Unacceptable,
        ".spec.replicsa: field not declared in schema. Mend the manifest.",
        {"message": f"{UNFIT} (shop/web; apps/v1, Kind=Deployment): .spec.replicsa: field not declared in schema"},
        WRITE,
    ),
    "a manifest of wrong types": Case(
        500,
        Unacceptable,
        "quantities must match",
        {"message": "failed to convert new object (shop/web; /v1, Kind=Pod) to proper version: quantities must match"},
        WRITE,
    ),
    "a wrong value": Case(
        422, Unacceptable, "422 Invalid: spec", {"reason": "Invalid", "message": "spec: Invalid value"}
    ),
    "a body that cannot be read": Case(400, Unacceptable, "400 BadRequest", {"reason": "BadRequest"}),
    "a body that is too large": Case(413, Unacceptable, "413 without a reason: no explanation"),
    "another object of this name": Case(
        422,
        Conflict,
        "another object of this name has been made since",
        {"details": {"causes": [{"field": "metadata.uid", "reason": "FieldValueInvalid"}]}},
        WRITE,
    ),
    "a redirect": Case(301, Refused, "301"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_refusal_means_one_error_and_tells_what_to_do(case: Case) -> None:
    error = error_of(case.asked, Answer(case.status, case.body))
    assert type(error) is case.error
    assert str(error).startswith(f"cell eu-1-a: {case.asked.what}: ")
    assert case.says in str(error)


def test_the_fields_that_are_wrong_are_kept() -> None:
    causes = [{"field": "spec.replicas", "reason": "FieldValueInvalid", "message": "must be at least 0"}, {}]
    error = error_of(WRITE, Answer(422, {"details": {"causes": causes}}))
    assert isinstance(error, Unacceptable)
    assert error.causes == (Cause("spec.replicas", "FieldValueInvalid", "must be at least 0"), Cause("", "", ""))


def test_the_fields_of_a_manifest_that_does_not_fit_its_schema_are_kept() -> None:
    message = f"{UNFIT} (a/b; v1, Kind=Pod): errors:\n  .spec.x: field not declared\n  .data: expected map"
    error = error_of(WRITE, Answer(500, {"message": message}))
    assert isinstance(error, Unacceptable)
    assert [(cause.field, cause.message) for cause in error.causes] == [
        ("spec.x", "field not declared"),
        ("data", "expected map"),
    ]


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (Answer(429, {}, retry_after=7.0), 7.0),
        (Answer(429, {"details": {"retryAfterSeconds": 3}}), 3.0),
        (Answer(503, {}), 0.0),
    ],
)
def test_a_busy_server_says_when_to_come_again(answer: Answer, seconds: float) -> None:
    error = error_of(READ, answer)
    assert isinstance(error, Busy)
    assert error.retry_after == seconds


def test_no_message_and_no_cause_holds_a_secret_of_what_was_sent() -> None:
    sent = {"kind": "Secret", "stringData": {"password": "hunter2"}}
    asked = Asked("eu-1-a", "apply Secret shop/db", has_effect=True, sent=sent)
    causes = [{"field": "data", "message": 'Invalid value: "hunter2"'}]
    error = error_of(asked, Answer(422, {"message": "hunter2 is wrong", "details": {"causes": causes}}))
    assert isinstance(error, Unacceptable)
    assert "hunter2" not in f"{error} {error.causes}"
    typo = "failed to create typed patch object (a/b; v1, Kind=Secret): .data.a: expected string, got hunter2"
    wrong = error_of(asked, Answer(500, {"message": typo}))
    assert isinstance(wrong, Unacceptable)
    assert "hunter2" not in f"{wrong} {wrong.causes}"
