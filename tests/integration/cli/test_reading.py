"""What the plugin shows is what a real API server stores."""

import json
from pathlib import Path

import pytest
import yaml

from tests.cluster.rights import Right, until_allowed
from tests.cluster.running import RunningCluster, User
from tests.integration.cli.conftest import Objects, Typed
from tests.unit.cli import samples

pytestmark = pytest.mark.cluster


def test_kubectl_finds_the_plugin_and_gives_it_its_kubeconfig(objects: Objects) -> None:
    objects.pair()
    shown = objects.cluster.kubectl("pilothouse", "plan", "checkout", "-n", objects.namespace)
    assert shown.stdout.startswith(
        f"Plan {objects.namespace}/{samples.PLAN_NAME}, revision 12 of Application checkout\n"
    )
    assert "Plan: 2 to create, 1 to change, 2 to destroy, 1 to release" in shown.stdout
    assert "\x1b" not in shown.stdout


def test_the_command_shown_for_approval_works_as_it_stands(objects: Objects, typed: Typed) -> None:
    objects.pair()
    shown = typed("plan", "checkout").out
    (line,) = (line.strip() for line in shown.split("\n") if line.startswith("  kubectl pilothouse approve"))
    program, *words = line.split()
    assert program == "kubectl"
    approved = objects.cluster.kubectl(*words, "--yes")
    assert f"Plan {objects.namespace}/{samples.PLAN_NAME} is approved." in approved.stderr
    assert objects.approval() == samples.APPROVAL_HASH
    assert typed("plan", "checkout").out.endswith("\nApproved.")


def test_a_plan_for_programs_is_the_stored_one(objects: Objects, typed: Typed) -> None:
    objects.pair()
    stored = json.loads(
        objects.cluster.kubectl("get", "plan", samples.PLAN_NAME, "-n", objects.namespace, "-ojson").stdout
    )
    assert json.loads(typed("plan", "checkout", "-o", "json").out) == stored
    assert yaml.safe_load(typed("plan", samples.PLAN_NAME, "-o", "yaml").out) == stored


def test_the_exit_code_tells_changes_from_none_and_from_not_known(objects: Objects, typed: Typed) -> None:
    well = {"conditions": [{"type": "Ready", "status": "True", "reason": "Converged"}]}
    owner = objects.application()
    objects.plan(owner)
    assert typed("plan", "checkout").code == 0
    assert typed("plan", "checkout", "--detailed-exitcode").code == 2
    objects.status("plan", samples.PLAN_NAME, {"state": "Complete"})
    assert typed("plan", "checkout", "--detailed-exitcode").code == 0
    objects.application("idle", status={**well, "observedGeneration": 1})
    assert typed("plan", "idle", "--detailed-exitcode").code == 0
    assert typed("plan", "idle", "-o", "json").out == "null"
    objects.application("new", status={})
    ended = typed("plan", "new", "--detailed-exitcode")
    assert (ended.code, ended.out[:12]) == (1, "No Plan yet.")
    assert ended.err == (
        f"error: Application {objects.namespace}/new: whether there are changes is not known: "
        "its newest spec has not been looked at: see its status, and ask again"
    )


def test_status_shows_the_tree_and_the_table(objects: Objects, typed: Typed) -> None:
    objects.pair()
    objects.application("another", status={})
    tree = typed("status", "checkout").out
    assert tree.startswith(
        f"Application {objects.namespace}/checkout: Progressing\n├── Ready Unknown WaitingForApproval"
    )
    assert "│   │   │   ├── Deployment checkout-web-eu-1-a: Ready\n" in tree
    heading, *rows = typed("status").out.split("\n")
    assert heading.split()[:3] == ["NAME", "READY", "STATUS"]
    assert [row.split()[:3] for row in rows] == [
        ["another", "Unknown", "Pending"],
        ["checkout", "Unknown", "WaitingForApproval"],
    ]
    everywhere = typed("status", "-A").out.split("\n")
    assert [objects.namespace, "another"] in [row.split()[:2] for row in everywhere]


def test_status_tells_which_cells_nobody_looks_at_any_more(objects: Objects, typed: Typed, cell: str) -> None:
    queue = {"name": "q", "type": "awsQueue", "cell": cell}
    well = {"type": "Ready", "status": "True", "reason": "Converged"}
    objects.application("another", status={"observedGeneration": 1, "resources": [queue], "conditions": [well]})
    objects.status("cell", cell, {"observedAt": "2026-10-31T12:34:56Z"})
    told = f"Cell {cell} was last looked at"
    assert told in typed("status", "another").out
    table = typed("status")
    assert f"warning: {told}" in table.err
    assert table.out.split("\n")[1].split()[:3] == ["another", "Unknown", "Unknown"]


def test_status_for_programs_is_what_is_stored(objects: Objects, typed: Typed) -> None:
    objects.application()
    one = json.loads(typed("status", "checkout", "-ojson").out)
    listing = yaml.safe_load(typed("status", "-oyaml").out)
    assert one["status"]["plan"]["name"] == samples.PLAN_NAME
    assert (listing["kind"], listing["items"]) == ("List", [one])


def test_an_empty_namespace_is_said_to_be_empty(objects: Objects, typed: Typed) -> None:
    ended = typed("status")
    assert (ended.code, ended.out, ended.err) == (0, "", f"No Applications found in namespace {objects.namespace}.")


def test_why_finds_the_application_by_its_workload(objects: Objects, typed: Typed) -> None:
    objects.application()
    objects.application("payment", spec__workloads=samples.APPLICATION["spec"]["workloads"][:1])
    assert "eu-1-a   1          Ready   most room left" in typed("why", "worker").out
    ambiguous = typed("why", "web")
    assert (ambiguous.code, ambiguous.out) == (1, "")
    assert "2 Applications have one" in ambiguous.err
    assert typed("why", "web", "-a", "payment").out.startswith(
        f"Workload web of Application {objects.namespace}/payment: 3 replicas wanted"
    )
    summary = json.loads(typed("why", "web", "-a", "checkout", "-ojson").out)
    assert [each["cell"] for each in summary["placements"]] == ["eu-1-a", "eu-1-b"]


def test_the_fleet_is_shown_drawn_and_given_to_programs(
    objects: Objects, typed: Typed, cell: str, tmp_path: Path
) -> None:
    objects.status("cell", cell, {"capacity": {"cpu": "8"}, "reserved": {"cpu": "6"}})
    (row,) = (row for row in typed("fleet").out.split("\n") if cell in row.split())
    assert row.split() == [cell, cell, "Unknown", "████████░░", "75%", *row.split()[5:]]
    assert cell in [each["metadata"]["name"] for each in json.loads(typed("fleet", "-ojson").out)["items"]]
    drawing = tmp_path / "fleet.svg"
    assert typed("fleet", "--svg", str(drawing)).err == f"drawn in {drawing}"
    assert cell in drawing.read_text(encoding="utf-8")
    missing = typed("fleet", "--svg", str(tmp_path / "none" / "fleet.svg"))
    assert (missing.code, missing.out) == (1, "")
    assert "cannot be written: No such file or directory: name a file in a folder of yours" in missing.err
    assert typed("fleet", "--svg", str(drawing), "-ojson").code == 1


def test_long_listings_are_read_to_the_end(objects: Objects, typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"app-{number}" for number in range(5)]
    for name in names:
        objects.application(name, status={})
    monkeypatch.setattr("pilothouse.cli.cluster.PAGE", 2)
    assert [row.split()[0] for row in typed("status").out.split("\n")[1:]] == names


def test_text_of_a_tenant_can_not_act_on_the_terminal(objects: Objects, typed: Typed) -> None:
    hostile = "\x1b]0;mine\x07\x1b[2J[red]b[/red]\u202e"
    objects.application(status__placements=[{"workload": "web", "cell": "a", "replicas": 1, "reason": hostile}])
    for words in (["status", "checkout"], ["why", "web"], ["status", "-oyaml"], ["status", "-ojson"]):
        text = typed(*words).out
        assert "[red]b[/red]" in text
        assert all(letter.isprintable() or letter == "\n" for letter in text)


def test_a_name_that_is_not_there_gets_names_that_are(objects: Objects, typed: Typed) -> None:
    objects.application()
    ended = typed("plan", "chekout")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        f"error: Application or Plan {objects.namespace}/chekout: there is none: did you mean checkout? "
        "look elsewhere with -n or -A"
    )


def test_who_may_not_read_learns_the_verb_and_the_role(objects: Objects, typed: Typed) -> None:
    jane = objects.cluster.kubeconfig_for(User("jane"))
    for words in (["status", f"--kubeconfig={jane}"], ["status", "--as=jane"]):
        ended = typed(*words)
        assert ended.code == 1
        assert ended.err.startswith(
            f"error: Applications in namespace {objects.namespace}: you may not list applications.pilothouse.dev: "
        )
        assert ended.err.endswith("reading needs the verb list, which the ClusterRole pilothouse-viewer gives")
        assert 'User "jane"' in ended.err


def test_every_group_that_is_given_counts(objects: Objects, typed: Typed) -> None:
    where = f"--namespace={objects.namespace}"
    objects.cluster.kubectl("create", "role", "reader", "--verb=list", "--resource=applications.pilothouse.dev", where)
    objects.cluster.kubectl("create", "rolebinding", "reader", "--role=reader", "--group=readers", where)
    reading = Right("list", "applications.pilothouse.dev", objects.namespace)
    until_allowed(objects.cluster, [reading], "jane", ["readers"])
    assert typed("status", "--as=jane", "--as-group=readers", "--as-group=others").code == 0
    assert typed("status", "--as=jane", "--as-group=others", "--as-group=readers").code == 0
    assert typed("status", "--as=jane", "--as-group=others").code == 1


def test_no_answer_is_said_in_one_line(objects: Objects, typed: Typed) -> None:
    config = objects.cluster.kubeconfig.read_text(encoding="utf-8").replace(objects.cluster.url, "https://127.0.0.1:1")
    broken = objects.cluster.folder / "no-answer.kubeconfig"
    broken.write_text(config, encoding="utf-8")
    ended = typed("status", f"--kubeconfig={broken}")
    assert ended.err == (
        "error: cluster 127.0.0.1:1: no answer: Failed to establish a new connection: [Errno 111] Connection refused: "
        "check that it is up and that --context, --kubeconfig and --request-timeout are as you mean them"
    )


def test_an_answer_that_takes_too_long_is_not_waited_for(typed: Typed) -> None:
    ended = typed("status", "--request-timeout=1ms")
    assert ended.code == 1
    assert "no answer: " in ended.err


def test_wrong_credentials_are_told_from_missing_rights(kinds: RunningCluster, typed: Typed) -> None:
    stranger = kinds.folder / "stranger.kubeconfig"
    content = yaml.safe_load(kinds.kubeconfig.read_text(encoding="utf-8"))
    content["users"][0]["user"] = {"token": "nobody's"}
    stranger.write_text(yaml.safe_dump(content), encoding="utf-8")
    ended = typed("status", f"--kubeconfig={stranger}")
    assert ended.err.startswith("error: cluster https://127.0.0.1:")
    assert "it does not know who you are (Unauthorized): log in again" in ended.err


def test_the_history_is_every_plan_that_is_left_oldest_first(objects: Objects, typed: Typed) -> None:
    owner = objects.application()
    objects.plan(owner, spec__revision=12)
    objects.plan(owner, "checkout-9-aaaaaa", spec__revision=9, status__state="Superseded")
    ended = typed("history", "checkout")
    assert ended.code == 0
    assert [line.split()[:5] for line in ended.out.split("\n")][1:] == [
        ["9", "checkout-9-aaaaaa", "SpecChanged", "Superseded", "1/5"],
        ["12", samples.PLAN_NAME, "SpecChanged", "WaitingForApproval", "1/5"],
    ]
    assert "no Plan is kept of revisions 1 to 8, 10 to 11: " in ended.err
    names = ["plan.pilothouse.dev/checkout-9-aaaaaa", f"plan.pilothouse.dev/{samples.PLAN_NAME}"]
    assert typed("history", "checkout", "-o", "name").out.split("\n") == names
    assert [
        plan["spec"]["revision"] for plan in json.loads(typed("history", "checkout", "-o", "json").out)["items"]
    ] == [
        9,
        12,
    ]


def test_names_are_printed_for_the_next_command(objects: Objects, typed: Typed) -> None:
    objects.pair()
    assert typed("plan", "checkout", "-o", "name").out == f"plan.pilothouse.dev/{samples.PLAN_NAME}"
    assert typed("status", "-o", "name").out == "application.pilothouse.dev/checkout"
    assert typed("why", "web", "-o", "name").out == "application.pilothouse.dev/checkout"


def test_two_plans_are_compared_with_the_exit_codes_of_kubectl_diff(objects: Objects, typed: Typed) -> None:
    owner = objects.application()
    objects.plan(owner)
    objects.plan(owner, "checkout-13-aaaaaa", spec__steps=samples.PLAN["spec"]["steps"][1:])
    different = typed("diff", "checkout", "checkout-13-aaaaaa")
    assert different.code == 1
    assert "<   + awsQueue audit in aws-eu-west-1 will be created" in different.out
    assert different.out.endswith("Steps: 1 only in the first, 0 only in the second, 0 different, 4 the same")
    assert typed("diff", samples.PLAN_NAME, "checkout").code == 0
    unknown = typed("diff", "checkout", "chekout")
    assert (unknown.code, unknown.out) == (2, "")
    assert "did you mean checkout?" in unknown.err


def test_an_application_without_a_plan_has_nothing_to_compare(objects: Objects, typed: Typed) -> None:
    objects.application(status__plan={})
    ended = typed("diff", "checkout", "checkout")
    assert ended.code == 2
    assert ended.err.endswith("it has no active Plan: name one that `kubectl pilothouse history checkout` shows")
