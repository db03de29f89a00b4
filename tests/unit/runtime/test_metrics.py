"""Dashboards made for controller-runtime and workqueue find what they look for."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pilothouse.runtime.metrics import Metrics

APPLICATION = frozenset({"application"})
THEIRS = {
    "controller_runtime_active_workers",
    "controller_runtime_max_concurrent_reconciles",
    "controller_runtime_reconcile_errors_total",
    "controller_runtime_reconcile_time_seconds_bucket",
    "controller_runtime_reconcile_total",
    "workqueue_adds_total",
    "workqueue_depth",
    "workqueue_longest_running_processor_seconds",
    "workqueue_queue_duration_seconds_bucket",
    "workqueue_retries_total",
    "workqueue_unfinished_work_seconds",
    "workqueue_work_duration_seconds_bucket",
}


def samples(metrics: Metrics) -> dict[tuple[str, frozenset[str]], float]:
    families = text_string_to_metric_families(metrics.expose().decode())
    return {(each.name, frozenset(each.labels.values())): each.value for family in families for each in family.samples}


@pytest.fixture
def metrics() -> Metrics:
    made = Metrics()
    made.of_queue(lambda: 3, lambda: 1.5, lambda: 1.0)
    made.of_controller(lambda: 2, 16)
    return made


def test_the_names_are_theirs(metrics: Metrics) -> None:
    assert {name for name, _ in samples(metrics)} >= THEIRS


def test_a_pass_is_counted_where_it_belongs(metrics: Metrics) -> None:
    metrics.added()
    metrics.started(0.2)
    metrics.finished(0.3, "error")
    metrics.finished(0.3, "success")
    metrics.retried()
    found = samples(metrics)
    assert found["controller_runtime_reconcile_total", frozenset({"application", "error"})] == 1
    assert found["controller_runtime_reconcile_total", frozenset({"application", "success"})] == 1
    assert found["controller_runtime_reconcile_errors_total", APPLICATION] == 1
    assert found["workqueue_adds_total", APPLICATION] == 1
    assert found["workqueue_retries_total", APPLICATION] == 1
    assert found["workqueue_depth", APPLICATION] == 3
    assert found["controller_runtime_max_concurrent_reconciles", APPLICATION] == 16


def test_calls_are_told_apart_by_cell_operation_and_outcome(metrics: Metrics) -> None:
    metrics.called("aws", "sqs", "CreateQueue", "OK", 0.1)
    metrics.called("aws", "sqs", "CreateQueue", "NotNow", 0.1)
    found = samples(metrics)
    assert found["pilothouse_api_calls_total", frozenset({"aws", "sqs", "CreateQueue", "NotNow"})] == 1
    assert found["pilothouse_api_call_duration_seconds_count", frozenset({"aws", "sqs", "CreateQueue"})] == 2


def test_moves_are_told_apart_by_what_they_are_for(metrics: Metrics) -> None:
    metrics.moved("Hot", 50.0)
    metrics.moved("Hot", 12.5)
    metrics.moved("Missing", 100.0)
    found = samples(metrics)
    assert found["pilothouse_moves_total", frozenset({"Hot"})] == 2
    assert found["pilothouse_moves_total", frozenset({"Missing"})] == 1
    assert found["pilothouse_moves_gain_points_total", frozenset({"Hot"})] == 62.5
    assert found["pilothouse_moves_gain_points_total", frozenset({"Missing"})] == 100


def test_gauges_ask_when_they_are_scraped(metrics: Metrics) -> None:
    ready = {"eu-1": 1.0}
    text = "1 while a Cell is Ready."
    metrics.family(
        "pilothouse_cell_ready", text, ("cell",), lambda: [((name,), value) for name, value in ready.items()]
    )
    assert samples(metrics)["pilothouse_cell_ready", frozenset({"eu-1"})] == 1
    ready.clear()
    assert ("pilothouse_cell_ready", frozenset({"eu-1"})) not in samples(metrics)
