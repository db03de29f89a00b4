"""One look must tell whether an Application is well, and where it is not."""

from typing import Any

import pytest

from pilothouse.cli import objects
from pilothouse.cli.objects import CellObject
from pilothouse.cli.views import status as status_view
from tests.unit.cli import samples
from tests.unit.cli.drawing import drawn

TREE = """\
Application shop/checkout: Progressing
├── Ready Unknown WaitingForApproval: 2 steps need approval
├── Reconciling True Applying: 1 of 5 steps done
├── Stalled False Progressing
├── PlanApproved False Waiting
├── Drifted True FieldsDiffer: 1 field
├── Plan checkout-12-3f9a2c: WaitingForApproval, 1/5 steps done
│   ├── waits for approval of replace-cache-node, delete-old
│   └── in flight: create-audit, Create aws-eu-west-1/awsQueue/audit, sent 34s ago
├── Workloads: 1/2 ready
│   ├── web: 3 of 3 replicas placed
│   │   ├── eu-1-a: 2 replicas, first of 2 failure domains
│   │   │   ├── Deployment checkout-web-eu-1-a: Ready
│   │   │   └── Service web: Ready
│   │   └── eu-1-b: 1 replica, second failure domain
│   │       └── Deployment checkout-web-eu-1-b: Progressing, 0 of 1 pods are ready
│   └── worker: 1 of 1 replicas placed
│       └── eu-1-a: 1 replica, most room left
│           └── Deployment checkout-worker-eu-1-a: Ready
├── Cloud resources: 1/3 ready
│   ├── awsQueue orders in aws-eu-west-1: Ready (https://sqs/orders)
│   │   └── drift: visibilityTimeoutSeconds: wanted 30, found 60, for 10m
│   ├── awsInstance cache-node in aws-eu-west-1: Failed, stopped by its owner (i-1)
│   └── audit in aws-eu-west-1: not made yet
└── Other Kubernetes objects
    └── ConfigMap orders in eu-1-a: Ready"""


def tree(**changes: Any) -> str:
    return drawn(status_view.tree(samples.application(**changes), samples.NOW))


def test_the_tree_shows_all_that_is_known() -> None:
    assert tree() == TREE


def test_a_new_application_is_pending_with_nothing_made() -> None:
    assert tree(status={}) == (
        "Application shop/checkout: Pending\n"
        "├── generation 7 has not been looked at yet\n"
        "├── Plan: none, nothing is to be changed\n"
        "├── Workloads\n"
        "│   ├── web: 0 of 3 replicas placed\n"
        "│   └── worker: 0 of 1 replicas placed\n"
        "└── Cloud resources\n"
        "    ├── orders in aws-eu-west-1: not made yet\n"
        "    ├── audit in aws-eu-west-1: not made yet\n"
        "    └── cache-node in aws-eu-west-1: not made yet"
    )


def test_a_deployment_in_a_cell_that_the_workload_has_left_stays_with_the_workload() -> None:
    leaving = {"name": "checkout-worker-eu-1-c", "type": "Deployment", "cell": "eu-1-c", "state": "Deleting"}
    text = tree(status__resources=[leaving])
    assert "│   └── worker: 1 of 1 replicas placed\n" in text
    assert "Deployment checkout-worker-eu-1-c in eu-1-c: Deleting" in text
    assert "Other Kubernetes objects" not in text


def test_an_application_of_manifests_alone_has_no_empty_branches() -> None:
    text = tree(
        spec={},
        status={"observedGeneration": 7, "conditions": [{"type": "Ready", "status": "True", "reason": "Ready"}]},
    )
    assert text == "Application shop/checkout: Ready\n├── Ready True Ready\n└── Plan: none, nothing is to be changed"


def test_steps_in_flight_are_shown_even_when_their_plan_is_superseded() -> None:
    assert "├── in flight: create-audit" in tree(status__plan={})


def test_a_suspended_application_says_so() -> None:
    assert "suspended: nothing is changed until spec.suspend is false" in tree(spec__suspend=True)


TROUBLE = [
    {"type": "Ready", "status": "False", "reason": "ApplyFailed", "message": "m"},
    {"type": "Stalled", "status": "True", "reason": "ApplyFailed", "message": "m"},
]
WELL = [{"type": "Ready", "status": "True", "reason": "Converged"}]


@pytest.mark.parametrize(
    ("changes", "row"),
    [
        ({}, ["shop", "checkout", "Unknown", "WaitingForApproval", "checkout-12-3f9a2c", "1/5", "1/2", "1/3", "3h"]),
        (
            {"status__conditions": WELL, "status__plan": {}},
            ["shop", "checkout", "True", "Converged", "1/2", "1/3", "3h"],
        ),
        (
            {"status__conditions": TROUBLE, "status__plan": {}},
            ["shop", "checkout", "False", "ApplyFailed", "1/2", "1/3", "3h"],
        ),
        ({"status": {}}, ["shop", "checkout", "Unknown", "Pending", "3h"]),
        (
            {"metadata__deletionTimestamp": "2026-10-31T12:34:56Z", "status__plan": {}},
            ["shop", "checkout", "Unknown", "Deleting", "1/2", "1/3", "3h"],
        ),
    ],
    ids=["waiting", "well", "stalled", "new", "deleting"],
)
def test_the_table_has_a_line_for_each(changes: dict[str, Any], row: list[str]) -> None:
    heading, line = drawn(status_view.table([samples.application(**changes)], samples.NOW, namespaces=True)).split("\n")
    assert heading.split() == list(status_view.COLUMNS)
    assert line.split() == row


def test_the_table_is_sorted_and_names_no_namespace_unless_there_are_several() -> None:
    applications = [samples.application(metadata__name=name) for name in ("b", "a")]
    heading, *rows = drawn(status_view.table(applications, samples.NOW, namespaces=False)).split("\n")
    assert heading.startswith("NAME ")
    assert [row.split()[0] for row in rows] == ["a", "b"]


@pytest.mark.parametrize(
    ("condition", "colour"),
    [
        (("Ready", "True"), "32"),
        (("Ready", "Unknown"), "33"),
        (("Ready", "False"), "31"),
        (("Stalled", "True"), "31"),
        (("Stalled", "False"), "32"),
        (("Reconciling", "True"), "33"),
        (("Drifted", "True"), "33"),
    ],
)
def test_colours_tell_good_news_from_bad(condition: tuple[str, str], colour: str) -> None:
    kind, status = condition
    only = samples.application(status__conditions=[{"type": kind, "status": status, "reason": "R"}])
    text = drawn(status_view.tree(only, samples.NOW), colours=True)
    assert f"{kind} \x1b[{colour}m{status}\x1b[0m R" in text


def seen(observed_at: str, name: str = "aws-eu-west-1") -> CellObject:
    return objects.cell({"metadata": {"name": name}, "status": {"observedAt": observed_at}})


LONG_AGO, JUST_NOW = "2026-10-31T09:34:56Z", "2026-10-31T12:33:56Z"
DOUBT = "was last looked at 3h ago: what is told of it may be over; see its status, and whether the operator runs"


def test_ready_is_doubted_when_nobody_looks_at_its_cells_any_more() -> None:
    well = samples.application(status__conditions=WELL)
    doubted = drawn(status_view.tree(well, samples.NOW, [seen(LONG_AGO), seen(JUST_NOW, "eu-1-a")])).split("\n")
    assert doubted[:2] == ["Application shop/checkout: Unknown", f"├── Cell aws-eu-west-1 {DOUBT}"]
    sure = drawn(status_view.tree(well, samples.NOW, [seen(JUST_NOW), seen(LONG_AGO, "elsewhere"), seen("", "eu-1-a")]))
    assert sure.startswith("Application shop/checkout: Ready\n├── Ready True"), "others' Cells are no concern of it"


def test_the_table_doubts_as_the_tree_does() -> None:
    well = samples.application(status__conditions=WELL, status__plan={})
    cells = [seen(LONG_AGO), seen(JUST_NOW, "eu-1-a")]
    _, doubted = drawn(status_view.table([well], samples.NOW, cells, namespaces=False)).split("\n")
    assert doubted.split() == ["checkout", "Unknown", "Unknown", "1/2", "1/3", "3h"]
    _, sure = drawn(status_view.table([well], samples.NOW, [seen(LONG_AGO, "elsewhere")], namespaces=False)).split("\n")
    assert sure.split()[1:3] == ["True", "Converged"]
    stuck = samples.application(status__conditions=TROUBLE)
    _, same = drawn(status_view.table([stuck], samples.NOW, cells, namespaces=False)).split("\n")
    assert same.split()[1:3] == ["False", "ApplyFailed"]


def test_what_is_not_ready_stays_so_in_doubt() -> None:
    text = drawn(status_view.tree(samples.application(status__conditions=TROUBLE), samples.NOW, [seen(LONG_AGO)]))
    assert text.startswith(f"Application shop/checkout: Stalled\n├── Cell aws-eu-west-1 {DOUBT}\n")
