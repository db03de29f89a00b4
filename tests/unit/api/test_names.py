"""A Deployment's name is readable, fits a label, and is no other's."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.api.names import workload_name

WORDS = st.text("ab-", min_size=1, max_size=40).map(lambda text: f"x{text}x")


def test_a_name_is_made_of_its_parts() -> None:
    assert workload_name("checkout", "web", "eu-1-a") == "checkout-web-eu-1-a"


@given(WORDS, WORDS, WORDS)
@settings(max_examples=100)
def test_a_name_fits_a_label(application: str, workload: str, cell: str) -> None:
    name = workload_name(application, workload, cell)
    assert len(name) <= 63
    assert name.startswith(application[:10])
    assert name[-1].isalnum()


def test_long_names_that_begin_alike_stay_apart() -> None:
    long = "a" * 60
    assert workload_name(long, "web", "one") != workload_name(long, "web", "two")


def test_a_long_name_never_changes() -> None:
    """Another one would be another Deployment: the first would be deleted."""
    assert (
        workload_name("a" * 40, "b" * 20, "cell") == "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbbbbbbbbbbbb-155a7947"
    )
