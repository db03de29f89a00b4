"""Selectors choose what kubectl would choose. Source: k8s.io/apimachinery, pkg/labels."""

from typing import Any, NamedTuple

import pytest

from pilothouse.api.selectors import LabelSelector

LABELS = {"tier": "prod", "zone": "a"}


class Case(NamedTuple):
    selector: dict[str, Any]
    matches: bool
    reason: str


def expression(operator: str, *values: str, key: str = "tier") -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


CASES = {
    "empty": Case({}, matches=True, reason="an empty selector selects everything"),
    "label": Case({"matchLabels": {"tier": "prod"}}, matches=True, reason="the value is the same"),
    "other value": Case({"matchLabels": {"tier": "dev"}}, matches=False, reason="the value is another"),
    "other label": Case({"matchLabels": {"team": "x"}}, matches=False, reason="there is no such label"),
    "all labels": Case({"matchLabels": {**LABELS, "team": "x"}}, matches=False, reason="every label has to match"),
    "in": Case(expression("In", "dev", "prod"), matches=True, reason="one of them"),
    "not in those": Case(expression("In", "dev"), matches=False, reason="none of them"),
    "in, without the label": Case(expression("In", "x", key="team"), matches=False, reason="no value is in no list"),
    "not in": Case(expression("NotIn", "dev"), matches=True, reason="none of them"),
    "not not in": Case(expression("NotIn", "prod"), matches=False, reason="one of them"),
    "not in, without the label": Case(
        expression("NotIn", "x", key="team"), matches=True, reason="as Kubernetes has it"
    ),
    "exists": Case(expression("Exists"), matches=True, reason="whatever its value"),
    "exists not": Case(expression("Exists", key="team"), matches=False, reason="there is no such label"),
    "does not exist": Case(expression("DoesNotExist", key="team"), matches=True, reason="there is no such label"),
    "does exist": Case(expression("DoesNotExist"), matches=False, reason="there is one"),
    "label and expression": Case(
        {"matchLabels": {"tier": "prod"}, **expression("In", "b", key="zone")},
        matches=False,
        reason="both have to match",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_selector_matches(case: Case) -> None:
    assert LabelSelector.model_validate(case.selector).matches(LABELS) == case.matches, case.reason
