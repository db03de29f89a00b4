"""A Plan being carried out, step by step: lines that move on a terminal, a line for each change elsewhere."""

import time
from types import TracebackType
from typing import Final, Self

from rich.live import Live
from rich.text import Text

from pilothouse.api.plan import Step
from pilothouse.cli.objects import PlanObject
from pilothouse.cli.views.colours import of_state
from pilothouse.cli.views.plan import SIGNS
from tests.demo.stage import Stage

PENDING: Final = "Pending"
NO_TIME: Final = " " * len("  0.0 s")
WIDEST_STATE: Final = len("Succeeded")


class Progress:
    """Shows Plans while they are carried out. The seconds it shows are counted from its making."""

    def __init__(self, stage: Stage) -> None:
        self._stage, self._began = stage, time.monotonic()
        self._live = Live(console=stage.console, refresh_per_second=8) if stage.terminal else None
        self._rows: dict[str, tuple[Step, str, str]] = {}

    def __enter__(self) -> Self:
        if self._live is not None:
            self._stage.progress()
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, plan: PlanObject) -> None:
        """Show how far the steps of a Plan are."""
        states = {record.name: record.state for record in plan.status.steps}
        for step in plan.spec.steps:
            self._take(f"{plan.metadata.name}/{step.name}", step, states.get(step.name, PENDING))
        if self._live is not None:
            self._live.update(Text("\n").join(self._line(key) for key in self._rows))

    def _take(self, key: str, step: Step, state: str) -> None:
        known = self._rows.get(key)
        if known is not None and known[1] == state:
            return
        passed = NO_TIME if state == PENDING else f"{time.monotonic() - self._began:5.1f} s"
        self._rows[key] = step, state, passed
        if self._live is None and state != PENDING:
            self._stage.progress(self._line(key))

    def _line(self, key: str) -> Text:
        step, state, passed = self._rows[key]
        sign, colour, _ = SIGNS[step.action]
        target = step.target
        words = (passed, "  ", (state.ljust(WIDEST_STATE), of_state(state)), (sign, colour))
        return Text.assemble(*words, f" {target.type} {target.resource} in {target.cell}")
