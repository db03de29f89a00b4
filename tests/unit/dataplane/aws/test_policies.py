"""Two policies that say the same are the same text; two that do not are not."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from pilothouse.dataplane.aws.policies import normal

ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


class Case(NamedTuple):
    one: dict[str, Any]
    other: dict[str, Any]
    reason: str


SAME = {
    "order of keys": Case(ALLOW, dict(reversed(ALLOW.items())), "JSON objects have no order"),
    "one or a list": Case(ALLOW, {**ALLOW, "Action": ["s3:GetObject"]}, "IAM takes both, and services return either"),
    "order of a list": Case(
        {"NotAction": ["a:B", "a:C"], "NotResource": ["x", "y"]},
        {"NotAction": ["a:C", "a:B"], "NotResource": ["y", "x", "y"]},
        "IAM keeps no order, and counts nothing twice",
    ),
    "account or its root": Case(
        {"Principal": {"AWS": ["111111111111", "arn:aws:iam::222222222222:role/a"]}},
        {"Principal": {"AWS": ["arn:aws:iam::222222222222:role/a", "arn:aws:iam::111111111111:root"]}},
        "IAM stores an account as the ARN of its root user",
    ),
    "conditions": Case(
        {"Condition": {"Bool": {"aws:SecureTransport": True}, "NumericLessThan": {"s3:max-keys": ["10"]}}},
        {"Condition": {"Bool": {"aws:SecureTransport": "true"}, "NumericLessThan": {"s3:max-keys": 10}}},
        "IAM compares texts, whatever JSON has",
    ),
}
DIFFERENT = {
    "effect": Case(ALLOW, {**ALLOW, "Effect": "Deny"}, "the opposite"),
    "an action more": Case(ALLOW, {**ALLOW, "Action": ["s3:GetObject", "s3:PutObject"]}, "it may do more"),
    "whose": Case({"Principal": "*"}, {"Principal": {"Service": "*"}}, "anybody is not any service"),
    "root of a resource": Case(
        {**ALLOW, "Resource": "111111111111"}, {**ALLOW, "Resource": "arn:aws:iam::111111111111:root"}, "no principal"
    ),
}
ODD = [{"Statement": "odd"}, {"Statement": [1]}, {"Statement": [{"Condition": 1}, {"Condition": {"Bool": 1}}]}, {}]


def policy(statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.mark.parametrize("case", SAME.values(), ids=SAME)
def test_the_same_in_other_words_is_the_same(case: Case) -> None:
    assert normal(policy(case.one)) == normal(policy(case.other)), case.reason


@pytest.mark.parametrize("case", DIFFERENT.values(), ids=DIFFERENT)
def test_what_says_something_else_differs(case: Case) -> None:
    assert normal(policy(case.one)) != normal(policy(case.other)), case.reason


def test_a_single_statement_is_a_list_of_one() -> None:
    assert normal({"Statement": ALLOW}) == normal({"Statement": [ALLOW]})


def test_the_order_of_statements_stays() -> None:
    """People read them in their order, and AWS keeps it."""
    other = {**ALLOW, "Effect": "Deny"}
    assert normal({"Statement": [ALLOW, other]}) != normal({"Statement": [other, ALLOW]})


@pytest.mark.parametrize("document", ODD, ids=str)
def test_what_is_no_policy_is_left_for_aws_to_refuse(document: dict[str, Any]) -> None:
    assert normal(normal(document)) == normal(document)
