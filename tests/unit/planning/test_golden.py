"""The Plan of one whole Application, as people see it, from its spec through placement, references and types."""

from tests.unit.planning.golden_plan import GOLDEN, golden_plan, rendered


def test_the_plan_of_the_example_is_the_one_that_was_reviewed() -> None:
    """A difference here is one in every installation. Write it anew as golden_plan says, and look at it."""
    assert rendered(golden_plan()) == (GOLDEN / "plan.json").read_text()


def test_the_reviewed_plan_tells_no_secret() -> None:
    text = (GOLDEN / "plan.json").read_text()
    assert "hunter2" in (GOLDEN / "application.json").read_text()
    assert "hunter2" not in text
    assert '"${orders' not in text, "outputs that are known are shown as they are sent"
