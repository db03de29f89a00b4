"""An approval reaches the API server only for what its giver has seen, and only when they say so."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.rights import Right, until_allowed
from tests.cluster.running import User
from tests.integration.cli.conftest import Objects, Typed, WhileAsking
from tests.unit.cli import samples

pytestmark = pytest.mark.cluster
PLUGIN = Path(sys.executable).parent / "kubectl-pilothouse"


def test_yes_on_the_line_approves_after_showing_what(objects: Objects, typed: Typed) -> None:
    objects.pair()
    ended = typed("approve", "checkout", "--yes")
    assert ended.code == 0
    assert "-/+ awsInstance cache-node" in ended.out
    assert "awsQueue audit" not in ended.out
    assert ended.err == (
        f"Plan {objects.namespace}/{samples.PLAN_NAME} is approved. Follow it with: kubectl pilothouse status checkout "
        f"--namespace={objects.namespace} --kubeconfig={objects.cluster.kubeconfig}"
    )
    assert objects.approval() == samples.APPROVAL_HASH


def test_approving_twice_is_harmless(objects: Objects, typed: Typed) -> None:
    objects.pair()
    typed("approve", "checkout", "--yes")
    ended = typed("approve", samples.PLAN_NAME, "--yes")
    assert (ended.code, ended.out) == (0, "")
    assert ended.err == f"Plan {objects.namespace}/{samples.PLAN_NAME} is already approved."


def test_without_a_terminal_nothing_is_approved_by_accident(objects: Objects, typed: Typed) -> None:
    objects.pair()
    ended = typed("approve", "checkout")
    assert ended.code == 1
    assert ended.err.endswith("there is no terminal to ask on: repeat with --yes if you mean it")
    assert objects.approval() is None


@pytest.mark.parametrize(("answer", "code"), [("yes", 0), ("no", 1)])
def test_a_terminal_is_asked(objects: Objects, answer: str, code: int) -> None:
    objects.pair()
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "wb", buffering=0) as keyboard, os.fdopen(theirs, "rb") as terminal:
        keyboard.write(f"{answer}\n".encode())
        ended = subprocess.run(
            [PLUGIN, "approve", "checkout", "-n", objects.namespace],
            stdin=terminal,
            env=objects.cluster.environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert f"Approve what Plan {objects.namespace}/{samples.PLAN_NAME} would do? [y/N]" in ended.stderr
    assert ended.returncode == code
    assert objects.approval() == (None if code else samples.APPROVAL_HASH)


def test_a_plan_that_was_superseded_is_refused(objects: Objects, typed: Typed) -> None:
    owner = objects.application(status__plan={"name": "checkout-13-aaaaaa"})
    objects.plan(owner)
    objects.plan(owner, "checkout-13-aaaaaa")
    ended = typed("approve", "checkout", f"--plan={samples.PLAN_NAME}", "--yes")
    assert (ended.code, ended.out) == (1, "")
    assert "its active Plan is checkout-13-aaaaaa: look with" in ended.err
    assert typed("approve", samples.PLAN_NAME, "--yes").code == 1
    assert (objects.approval(), objects.approval("checkout-13-aaaaaa")) == (None, None)


def test_a_plan_with_nothing_gated_needs_no_approval(objects: Objects, typed: Typed) -> None:
    steps = [each for each in samples.PLAN["spec"]["steps"] if not each.get("gated")]
    objects.plan(objects.application(), spec__steps=steps, spec__approvalHash="")
    ended = typed("approve", "checkout", "--yes")
    assert (ended.code, ended.out) == (0, "")
    assert ended.err.startswith("Nothing to approve: no step of Plan ")


def test_progress_written_while_a_person_thinks_does_not_spoil_the_approval(
    objects: Objects, typed: Typed, while_asking: WhileAsking
) -> None:
    objects.pair()
    while_asking(lambda: objects.status("plan", samples.PLAN_NAME, {"progress": "2/5"}))
    assert typed("approve", "checkout").code == 0
    assert objects.approval() == samples.APPROVAL_HASH


def test_a_plan_superseded_while_a_person_thinks_is_refused(
    objects: Objects, typed: Typed, while_asking: WhileAsking
) -> None:
    owner = objects.application()
    objects.plan(owner)

    def supersede() -> None:
        objects.plan(owner, "checkout-13-aaaaaa")
        objects.status("application", "checkout", {"plan": {"name": "checkout-13-aaaaaa"}})
        objects.status("plan", samples.PLAN_NAME, {"state": "Superseded"})

    while_asking(supersede)
    ended = typed("approve", "checkout")
    assert ended.code == 1
    assert "its active Plan is checkout-13-aaaaaa" in ended.err
    assert (objects.approval(), objects.approval("checkout-13-aaaaaa")) == (None, None)


def test_a_plan_of_the_same_name_made_anew_is_refused(
    objects: Objects, typed: Typed, while_asking: WhileAsking
) -> None:
    owner = objects.application()
    objects.plan(owner)

    def remake() -> None:
        objects.delete_plan()
        objects.plan(owner)

    while_asking(remake)
    ended = typed("approve", "checkout")
    assert (ended.code, objects.approval()) == (1, None)
    assert ended.err.endswith("it has changed meanwhile: look at it again")


def test_a_plan_deleted_while_a_person_thinks_is_refused(
    objects: Objects, typed: Typed, while_asking: WhileAsking
) -> None:
    objects.pair()
    while_asking(objects.delete_plan)
    ended = typed("approve", "checkout")
    assert ended.code == 1
    assert ended.err == f"error: Plan {objects.namespace}/{samples.PLAN_NAME}: there is none"


def test_who_may_read_but_not_approve_learns_the_verbs_and_the_role(objects: Objects, typed: Typed) -> None:
    objects.pair()
    where = f"--namespace={objects.namespace}"
    kinds = "--resource=applications.pilothouse.dev,plans.pilothouse.dev"
    objects.cluster.kubectl("create", "role", "reader", "--verb=get", kinds, where)
    objects.cluster.kubectl("create", "rolebinding", "reader", "--role=reader", "--user=jane", where)
    until_allowed(objects.cluster, [Right("get", "plans.pilothouse.dev", objects.namespace)], "jane")
    jane = objects.cluster.kubeconfig_for(User("jane"))
    ended = typed("approve", "checkout", "--yes", f"--kubeconfig={jane}")
    assert ended.code == 1
    assert ended.err.endswith(
        "approving needs the verbs patch and approve on plans.pilothouse.dev, "
        "which the ClusterRole pilothouse-approver gives"
    )
    assert objects.approval() is None
