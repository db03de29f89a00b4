"""What can be measured, by the names that dashboards for controller-runtime and workqueue know, and our own.

Buckets and labels follow sigs.k8s.io/controller-runtime, pkg/metrics and pkg/internal/controller/metrics.
"""

from collections.abc import Callable, Iterable
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from pilothouse.controller.queue import Result

CONTROLLER: Final = "application"
_QUEUE_BUCKETS: Final = tuple(10.0**power for power in range(-8, 4))
_PASS_BUCKETS: Final = (
    0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9,
    1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0,
    60.0,
)  # fmt: skip
_CALL_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_STEP_BUCKETS: Final = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
_SWEEP_BUCKETS: Final = (0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """Every metric of this process, in a registry of its own."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # nobody reads those series
        self.registry = CollectorRegistry()
        self._queue()
        self._controller()
        self._pilothouse()

    def expose(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry)

    def gauge(self, name: str, text: str, read: Callable[[], float]) -> None:
        """Add a gauge whose value is asked for when it is scraped."""
        Gauge(name, text, registry=self.registry).set_function(read)

    def family(self, name: str, text: str, labels: tuple[str, ...], read: Callable[[], "Samples"]) -> None:
        """Add a gauge with labels whose samples are asked for when it is scraped."""
        self.registry.register(_Family(name, text, labels, read))

    def of_queue(
        self, depth: Callable[[], float], unfinished: Callable[[], float], longest: Callable[[], float]
    ) -> None:
        """Let the gauges of the queue ask the queue."""
        for name, text, read in (
            ("workqueue_depth", "Keys in line.", depth),
            (
                "workqueue_unfinished_work_seconds",
                "Seconds that passes under way have taken so far, together.",
                unfinished,
            ),
            ("workqueue_longest_running_processor_seconds", "Seconds that the longest pass has taken so far.", longest),
        ):
            gauge = Gauge(name, text, ("name", "controller"), registry=self.registry)
            gauge.labels(CONTROLLER, CONTROLLER).set_function(read)

    def of_controller(self, active: Callable[[], float], most: int) -> None:
        """Let the gauges of the Controller ask how many passes are under way, of at most `most`."""
        workers = Gauge(
            "controller_runtime_active_workers", "Passes under way.", ("controller",), registry=self.registry
        )
        workers.labels(CONTROLLER).set_function(active)
        text = "Passes that may be under way at once."
        limit = Gauge("controller_runtime_max_concurrent_reconciles", text, ("controller",), registry=self.registry)
        limit.labels(CONTROLLER).set(most)

    def _queue(self) -> None:
        labels, registry = ("name", "controller"), self.registry
        text = "Keys put in line."
        self._adds = Counter("workqueue_adds_total", text, labels, registry=registry).labels(CONTROLLER, CONTROLLER)
        text = "Keys put back because of a failure."
        self._retries = Counter("workqueue_retries_total", text, labels, registry=registry).labels(
            CONTROLLER, CONTROLLER
        )
        text = "Seconds that a key waits in line."
        self._waits = Histogram(
            "workqueue_queue_duration_seconds", text, labels, buckets=_QUEUE_BUCKETS, registry=registry
        ).labels(CONTROLLER, CONTROLLER)
        text = "Seconds that a pass takes."
        self._works = Histogram(
            "workqueue_work_duration_seconds", text, labels, buckets=_QUEUE_BUCKETS, registry=registry
        ).labels(CONTROLLER, CONTROLLER)

    def _controller(self) -> None:
        registry, name = self.registry, "controller_runtime_reconcile"
        passes = Counter(f"{name}_total", "Passes by result.", ("controller", "result"), registry=registry)
        results: tuple[Result, ...] = ("success", "requeue", "requeue_after", "error")
        self._results = {result: passes.labels(CONTROLLER, result) for result in results}
        errors = Counter(f"{name}_errors_total", "Passes that ended by an error.", ("controller",), registry=registry)
        self._errors = errors.labels(CONTROLLER)
        text = "Seconds that a pass takes."
        times = Histogram(f"{name}_time_seconds", text, ("controller",), buckets=_PASS_BUCKETS, registry=registry)
        self._times = times.labels(CONTROLLER)

    def _pilothouse(self) -> None:
        registry = self.registry
        self.plans = Counter("pilothouse_plans_total", "Plans made.", ("reason",), registry=registry)
        text = "Steps that ended, by what came of them."
        self.steps = Counter("pilothouse_steps_total", text, ("action", "outcome"), registry=registry)
        text = "Seconds from the first call of a step to its end."
        self.step_seconds = Histogram(
            "pilothouse_step_duration_seconds", text, ("action",), buckets=_STEP_BUCKETS, registry=registry
        )
        text = "Calls to providers, by what came of them."
        calls = ("cell", "service", "operation")
        self.calls = Counter("pilothouse_api_calls_total", text, (*calls, "code"), registry=registry)
        text = "Seconds that a call to a provider takes."
        self.call_seconds = Histogram(
            "pilothouse_api_call_duration_seconds", text, calls, buckets=_CALL_BUCKETS, registry=registry
        )
        text = "Seconds that a sweep of a Cell takes."
        self.sweep_seconds = Histogram(
            "pilothouse_sweep_duration_seconds", text, ("cell",), buckets=_SWEEP_BUCKETS, registry=registry
        )

        text = "Moves of replicas between Cells that rebalancing began."
        self.moves = Counter("pilothouse_moves_total", text, ("trigger",), registry=registry)
        text = "Points of utilisation that these moves were to gain."
        self.gains = Counter("pilothouse_moves_gain_points_total", text, ("trigger",), registry=registry)
        text = "Notifications, by receiver and what came of each attempt."
        self.notified = Counter("pilothouse_notifications_total", text, ("receiver", "result"), registry=registry)
        text = "Notifications that no receiver will get, and why: full, exhausted, refused or removed."
        self.notices_dropped = Counter(
            "pilothouse_notifications_dropped_total", text, ("receiver", "reason"), registry=registry
        )

    def added(self) -> None:
        """Count a key that was put in line."""
        self._adds.inc()

    def started(self, waited: float) -> None:
        """Count a pass that begins, its key having waited in line."""
        self._waits.observe(waited)

    def finished(self, took: float, result: Result) -> None:
        """Count a pass that ended."""
        self._works.observe(took)
        self._times.observe(took)
        self._results[result].inc()
        if result == "error":
            self._errors.inc()

    def retried(self) -> None:
        """Count a key that was put back because of a failure."""
        self._retries.inc()

    def called(self, cell: str, service: str, operation: str, code: str, seconds: float) -> None:
        """Count a call to a provider."""
        self.calls.labels(cell, service, operation, code).inc()
        self.call_seconds.labels(cell, service, operation).observe(seconds)

    def moved(self, trigger: str, gain: float) -> None:
        """Count a move that rebalancing begins."""
        self.moves.labels(trigger).inc()
        self.gains.labels(trigger).inc(gain)

    def swept(self, cell: str, seconds: float) -> None:
        """Count a sweep of a Cell."""
        self.sweep_seconds.labels(cell).observe(seconds)


Samples = Iterable[tuple[tuple[str, ...], float]]
"""Label values and value of each sample."""


class _Family(Collector):
    def __init__(self, name: str, text: str, labels: tuple[str, ...], read: Callable[[], Samples]) -> None:
        self._name, self._text, self._labels, self._read = name, text, labels, read

    def collect(self) -> Iterable[GaugeMetricFamily]:
        family = GaugeMetricFamily(self._name, self._text, labels=self._labels)
        for labels, value in self._read():
            family.add_metric(labels, value)
        yield family
