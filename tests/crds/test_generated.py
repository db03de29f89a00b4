"""The committed files are what the models, and Kubernetes itself, say today."""

import json

import pytest

from pilothouse.catalog import crds, podtemplate
from pilothouse.catalog.__main__ import CHART, TEMPLATE, helm_template
from tests.cluster import RunningCluster
from tests.operating import CRDS

APPLY_LIMIT = 262_144
"""Bytes that fit into the annotation of a client-side apply (apimachinery, TotalAnnotationSizeLimitB)."""


def test_the_committed_definitions_are_those_of_the_models() -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in CRDS.glob("*.yaml")}
    assert committed == crds.files(), "run `make crds` and commit what it writes"


def test_the_chart_installs_these_definitions() -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in (CRDS.parent / CHART).glob("*.yaml")}
    made = {name: helm_template(text) for name, text in crds.files().items()}
    assert committed == made, "run `make crds` and commit what it writes"


@pytest.mark.parametrize("kind", crds.KINDS, ids=lambda kind: kind.name)
def test_a_definition_is_small_enough_for_every_way_to_apply_it(kind: crds.Kind) -> None:
    size = len(json.dumps(crds.definition(kind)))
    assert size < APPLY_LIMIT, "a client-side apply would fail: say so in the documentation and in the chart"


@pytest.mark.cluster
def test_the_pod_template_is_the_api_servers_own(cluster: RunningCluster) -> None:
    openapi = json.loads(cluster.kubectl("get", "--raw", "/openapi/v3/api/v1").stdout)
    assert json.loads(TEMPLATE.read_text(encoding="utf-8")) == podtemplate.extract(openapi), (
        "Kubernetes has moved on: kubectl get --raw /openapi/v3/api/v1 | python -m pilothouse.catalog podtemplate"
    )
