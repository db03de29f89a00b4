"""The model holds, and fails without each of its rules. Minutes: TLC tries every order of events."""

import pytest

from tests.model import page
from tests.model.configurations import ALL, Configuration
from tests.model.running import run


@pytest.mark.slow
@pytest.mark.timeout(660)
@pytest.mark.parametrize("configuration", ALL, ids=lambda configuration: configuration.name)
def test_it_is_found_what_must_be_and_the_page_says_so(configuration: Configuration) -> None:
    found = run(configuration)
    assert found.wrong == ""
    assert page.row(found) in page.committed(), "run `make model` and commit what it writes"


def test_the_page_tells_of_every_configuration_and_of_no_other() -> None:
    told = [line.split(" | ")[0].removeprefix("| ") for line in page.committed() if not line.startswith("| ---")]
    titles = {"The true model", *page.TITLES.values()}
    assert [name for name in told if name not in titles] == [one.name for one in ALL]
