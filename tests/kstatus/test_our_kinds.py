"""What tools that know kstatus, and not us, make of our objects is what we mean."""

import pytest

from pilothouse.dataplane.kubernetes.types.kstatus import health
from tests.kstatus import STATES, Kstatus
from tests.kstatus.ours import applications, everything


def test_our_own_rules_read_every_status_as_it_is_meant() -> None:
    wrong = [told for told in everything() if health(told.live).state is not STATES[told.meant]]
    assert wrong == []


@pytest.mark.slow
def test_kstatus_reads_every_status_as_it_is_meant(kstatus: Kstatus) -> None:
    wrong = [(found, told) for told in everything() if (found := kstatus(told.live)) != told.meant]
    assert wrong == []


def test_conditions_come_in_three_combinations() -> None:
    """Done, on its way, or stuck: nothing is not Ready without a person being needed, and nothing is both."""
    allowed = {("True", "False", "False"), ("Unknown", "True", "False"), ("False", "False", "True")}
    found = {tuple(each["status"] for each in told.live["status"]["conditions"][:3]) for told in applications()}
    assert found == allowed
