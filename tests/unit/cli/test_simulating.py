"""What a person is told of a change that was only reckoned, and of one that cannot be."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest
import yaml

from pilothouse.cli import simulating
from pilothouse.cli.errors import NotFound, PluginError
from pilothouse.cli.flags import Flags
from pilothouse.cli.main import run
from pilothouse.cli.refusals import Request, error

NODES = [{"count": 1, "allocatable": {"cpu": "4", "pods": "110"}}]
READY = [{"type": "Ready", "status": "True", "reason": "Reachable", "message": ""}]


def cell(name: str, price: str = "1", **spec: Any) -> dict[str, Any]:
    whole = {
        "kubernetes": {},
        "allow": [{"namespaceSelector": {"matchLabels": {"team": "shop"}}}],
        "price": price,
        **spec,
    }
    status = {"conditions": READY, "nodeClasses": NODES}
    return {"kind": "Cell", "metadata": {"name": name}, "spec": whole, "status": status}


def application(name: str, replicas: int, at: dict[str, int], **workload: Any) -> dict[str, Any]:
    container = {"name": "main", "image": "app", "resources": {"requests": {"cpu": "1"}}}
    web = {"name": "web", "replicas": replicas, "template": {"spec": {"containers": [container]}}, **workload}
    placed = [{"workload": "web", "cell": place, "replicas": count} for place, count in at.items()]
    return {
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"workloads": [web]},
        "status": {"placements": placed},
    }


class Api:
    """An API server that may only be read."""

    namespace = "shop"

    def __init__(self) -> None:
        self.cells = [cell("a"), cell("b", "2")]
        self.applications = [application("one", 2, {"a": 2})]
        self.policy: dict[str, Any] | None = {"placement": {"rebalancing": {"destinationPercent": 100}}}
        self.refused: PluginError | None = None

    def __call__(self, flags: Flags) -> Self:
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def get(self, plural: str, namespace: str, name: str) -> dict[str, Any]:
        assert (plural, name) == ("fleetpolicies", "default")
        if self.policy is None:
            raise NotFound("there is none")
        return {"spec": self.policy}

    def list(self, plural: str, namespace: str) -> Iterator[dict[str, Any]]:
        if plural == "namespaces":
            if self.refused is not None:
                raise self.refused
            return iter([{"metadata": {"name": "shop", "labels": {"team": "shop"}}}])
        return iter({"cells": self.cells, "applications": self.applications}[plural])


Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    made = Api()
    monkeypatch.setattr(simulating, "Cluster", made)
    return made


@pytest.fixture
def typed(api: Api, capsys: pytest.CaptureFixture[str]) -> Typed:
    def typed(*words: str) -> tuple[int, str, str]:
        code = run(["simulate", *words])
        out, err = capsys.readouterr()
        return code, "\n".join(line.rstrip() for line in out.rstrip("\n").split("\n")), err.rstrip("\n")

    return typed


def test_a_drain_shows_who_goes_where_and_what_it_costs(typed: Typed) -> None:
    code, out, err = typed("--drain", "a")
    assert code == 0
    assert out.split("\n") == [
        "If Cell a were drained (nothing was changed):",
        "",
        "APPLICATION   WORKLOAD   REPLICAS   FROM   TO",
        "shop/one      web        2          a      b",
        "",
        "Of the replicas 2 move: a Plan for 1 Application.",
        "",
        "Cost an hour: 2.0000 before, 4.0000 after (+2.0000)",
        "Afterwards these failure domains may not be lost, for so many replicas would not fit: b (2)",
    ]
    assert err == ""


def test_who_would_not_fit_or_has_to_stay_is_told_and_gives_an_exit_code_of_its_own(api: Api, typed: Typed) -> None:
    api.applications = [application("one", 9, {"a": 4, "b": 4}), application("two", 1, {"a": 1}, kind="StatefulSet")]
    code, out, _ = typed("--drain", "a")
    assert code == 2
    assert "5 of shop/one web would not fit (1 of them fit nowhere now either):\n" in out
    assert "\n  b: its nodes hold no more than 4 of them, counted node by node\n" in out
    assert "\n1 of shop/two web would stay in a: it is a StatefulSet: its pods have data, or run to an end\n" in out
    assert "Nothing would move." in out


def test_growth_and_its_end_are_counted_as_such(typed: Typed) -> None:
    assert "Of the replicas 2 be new: a Plan for 1 Application." in typed("--grow", "one=2x")[1]
    assert "Of the replicas 1 end: a Plan for 1 Application." in typed("--grow", "shop/one=0.5")[1]
    assert "Afterwards any one failure domain may be lost" in typed("--grow", "one=1x")[1]


def test_for_programs_it_is_one_object(typed: Typed) -> None:
    code, out, _ = typed("--lose", "a", "-o", "json")
    found = json.loads(out)
    assert code == 0
    assert found == {
        "change": {"lose": "a"},
        "fits": True,
        "moves": [
            {"namespace": "shop", "application": "one", "workload": "web", "from": "a", "to": "b", "replicas": 2}
        ],
        "unplaced": [],
        "stays": [],
        "costAnHour": {"before": 2.0, "after": 4.0},
        "ifDomainIsLost": {"b": 2},
    }
    assert yaml.safe_load(typed("--lose", "a", "-o", "yaml")[1]) == found
    assert typed("--drain", "a", "-o", "name")[1] == "application.pilothouse.dev/one"


def test_without_prices_the_cost_is_not_known(api: Api, typed: Typed) -> None:
    for one in api.cells:
        del one["spec"]["price"]
    assert "Cost: not known, for no Cell has a price." in typed("--drain", "a")[1]


def test_what_the_fleet_would_not_do_by_itself_is_said(api: Api, typed: Typed, tmp_path: Path) -> None:
    file = tmp_path / "cell.yaml"
    file.write_text(yaml.safe_dump(cell("c")), encoding="utf-8")
    assert "nothing leaves a lost Cell" in typed("--lose", "a")[2]
    assert "is not moved to a new Cell" in typed("--add-cell", str(file))[2]
    api.policy = {"placement": {"rebalancing": {"mode": "Automatic"}}}
    assert typed("--lose", "a")[2] == ""
    api.policy = None
    assert "nothing leaves a lost Cell" in typed("--lose", "a")[2]


def test_another_cell_like_one_that_there_is_is_simulated_from_what_kubectl_prints(
    api: Api, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.applications = [application("one", 9, {"a": 4, "b": 4})]
    silent = {**cell("c"), "status": {"conditions": [], "nodeClasses": NODES}}
    monkeypatch.setattr("sys.stdin", io.StringIO(yaml.safe_dump(silent)))
    code, out, _ = typed("--add-cell", "-")
    assert code == 0
    assert "shop/one      web        1          -      c" in out


def test_who_may_not_list_namespaces_is_told_what_for(typed: Typed, api: Api) -> None:
    api.refused = error(Request("list", "namespaces", ""), 403, b"no", "here")
    code, out, err = typed("--drain", "a")
    assert (code, out) == (1, "")
    assert err.startswith("error: Namespaces in all namespaces: you may not list them: no: who may use which Cell")


def test_what_is_old_or_tells_nothing_of_nodes_is_doubted(api: Api, typed: Typed) -> None:
    api.cells[1]["status"] = {"conditions": READY, "observedAt": "2020-01-01T00:00:00Z"}
    code, out, err = typed("--drain", "a")
    assert (code, "  b: it has no nodes" in out) == (2, True)
    assert "Cell b was last looked at" in err
    assert "warning: Cell b: its status tells of no nodes, so nothing fits there" in err


WRONG = {
    "none": ([], "found none: give one of --drain, --add-cell, --grow and --lose"),
    "two": (["--drain=a", "--lose=a"], "found --drain and --lose: give one of"),
    "a Cell that is not there": (["--drain=aa"], "--drain aa: there is no such Cell: did you mean a? name one that"),
    "a Cell of a cloud": (["--drain=sky"], "--drain sky: no workloads run in that Cell"),
    "a domain nobody has": (["--lose=z"], "--lose z: no Cell is in it: there are a, b: it is spec.failureDomain"),
    "no growth": (["--grow=one"], "--grow one: expected an Application and how many times its replicas"),
    "an unknown one": (["--grow=on=2x"], "there is no Application shop/on: did you mean one?"),
    "nothing to grow": (["--grow=daemon=2x"], "Application shop/daemon has no workload with replicas"),
    "no file": (["--add-cell=/nowhere"], "--add-cell /nowhere: cannot be read: No such file or directory"),
}


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_what_cannot_be_simulated_says_why(api: Api, typed: Typed, case: tuple[list[str], str]) -> None:
    sky = {"aws": {"accountID": "1" * 12, "region": "eu-west-1"}}
    api.cells.append({"kind": "Cell", "metadata": {"name": "sky"}, "spec": sky})
    daemon = application("daemon", 1, {}, kind="DaemonSet")
    del daemon["spec"]["workloads"][0]["replicas"]
    api.applications.append(daemon)
    words, told = case
    code, out, err = typed(*words)
    assert (code, out) == (1, "")
    assert told in err


FILES = {
    "no YAML": ("a: [", "is no YAML: "),
    "several": ("- a\n- b\n", "found no single object with a kind, expected one Cell"),
    "another kind": ("kind: Pod\n", "found kind Pod, expected one Cell"),
    "no name": ("kind: Cell\n", "metadata.name: found nothing"),
    "a name that is taken": (yaml.safe_dump(cell("a")), "there is a Cell a already: give this one another name"),
    "no spec": ("kind: Cell\nmetadata: {name: c}\n", "spec.kubernetes: found nothing"),
    "a wrong spec": ("kind: Cell\nmetadata: {name: c}\nspec: {kubernetes: 1}\n", "Cell c: kubernetes: found 1: "),
    "no nodes": (
        "kind: Cell\nmetadata: {name: c}\nspec: {kubernetes: {}}\n",
        "status.nodeClasses: found nothing: tell what its nodes offer, as kubectl get phcell a -o yaml shows",
    ),
    "no quantity": (
        yaml.safe_dump({**cell("c"), "status": {"nodeClasses": [{"count": 1, "allocatable": {"cpu": "x"}}]}}),
        "Cell c: status.nodeClasses[0].allocatable.cpu: found 'x'",
    ),
}


@pytest.mark.parametrize("case", FILES.values(), ids=FILES)
def test_what_is_no_manifest_of_a_new_cell_says_why(typed: Typed, tmp_path: Path, case: tuple[str, str]) -> None:
    file = tmp_path / "cell.yaml"
    file.write_text(case[0], encoding="utf-8")
    code, out, err = typed("--add-cell", str(file))
    assert (code, out) == (1, "")
    assert case[1] in err


def test_a_policy_that_this_plugin_does_not_know_is_not_guessed(api: Api, typed: Typed) -> None:
    api.policy = {"placement": {"headroomPercent": "much"}}
    assert typed("--drain", "a")[0] == 1
