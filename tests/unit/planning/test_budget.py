"""The budget of destructive steps: never more than so many in any hour, whenever they are begun."""

from hypothesis import given
from hypothesis import strategies as st

from pilothouse.planning.budget import HOUR, MINUTE, granted, minute, recent
from tests.unit.planning.things import NOW, quick

WISHES = st.lists(st.tuples(st.integers(0, 2 * HOUR), st.integers(0, 9), st.integers(0, 3)), max_size=60)


@quick
@given(st.integers(1, 12), WISHES)
def test_no_hour_has_more_than_the_budget(most: int, wishes: list[tuple[int, int, int]]) -> None:
    tallies, begun = dict[int, int](), list[float]()
    for after, wanted, ahead in sorted(wishes):
        now = NOW + after
        tallies = recent(tallies, now)
        number = granted(most, sum(tallies.values()), ahead, wanted)
        assert 0 <= number <= wanted
        tallies[minute(now)] = tallies.get(minute(now), 0) + number
        begun += [now] * number
    for start in begun:
        assert sum(start <= each < start + HOUR for each in begun) <= most


@quick
@given(st.integers(1, 100), st.integers(1, 100))
def test_what_was_destroyed_an_hour_ago_counts_no_more(most: int, wanted: int) -> None:
    spent = {minute(NOW): most}
    assert granted(most, sum(recent(spent, NOW + HOUR - 1).values()), 0, wanted) == 0
    assert granted(most, sum(recent(spent, NOW + HOUR + MINUTE).values()), 0, wanted) == min(most, wanted)
