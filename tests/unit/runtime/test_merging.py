"""A status travels as the smallest patch that makes the new one of the old one."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pilothouse.api.application import ApplicationStatus, LedgerEntry, PlanSummary
from pilothouse.runtime.merging import merge_patch, wire

LEAVES = st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2)
NAMES = st.sampled_from("abc")
STATUSES = st.recursive(
    st.dictionaries(NAMES, LEAVES, max_size=3),
    lambda inner: st.dictionaries(NAMES, LEAVES | inner, max_size=3),
    max_leaves=6,
)


def merged(target: Any, patch: Any) -> Any:
    """RFC 7386, section 2, word by word: what the API server does with a merge patch."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


@given(STATUSES, STATUSES)
def test_the_patch_makes_the_new_one_of_the_old_one(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert merged(old, merge_patch(old, new)) == new


@given(STATUSES)
def test_nothing_is_sent_where_nothing_changed(status: dict[str, Any]) -> None:
    assert merge_patch(status, status) == {}


def test_defaults_take_no_room_and_a_field_that_was_cleared_is_cleared() -> None:
    entry = LedgerEntry(name="web", type="Service", cell="eu-1")
    before = ApplicationStatus(plan_revision=3, plan=PlanSummary(name="p-3", state="Applying"), resources=(entry,))
    after = ApplicationStatus(plan_revision=3, plan=PlanSummary(state="Applying"))
    assert wire(ApplicationStatus()) == {}
    assert wire(before)["resources"] == [{"name": "web", "type": "Service", "cell": "eu-1"}]
    assert merge_patch(wire(before), wire(after)) == {"plan": {"name": None}, "resources": None}
