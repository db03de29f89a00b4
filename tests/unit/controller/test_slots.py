"""The fleet's budget of Plans under way holds at every instant, and nobody waits who need not."""

from pilothouse.controller.ports import Key
from pilothouse.controller.slots import Slots

A, B, C = (Key("shop", name) for name in "abc")


class Fleet:
    """A budget that can change, and whom it woke."""

    def __init__(self, most: int) -> None:
        self.most, self.woken = most, list[Key]()
        self.slots = Slots(lambda: self.most, self.woken.append)


def test_no_more_than_the_budget_have_a_slot() -> None:
    fleet = Fleet(2)
    assert [fleet.slots.take(key) for key in (A, B, C)] == [True, True, False]
    assert fleet.slots.take(A), "who has one keeps it"


def test_who_waits_longest_is_woken_first_and_has_the_slot_already() -> None:
    fleet = Fleet(1)
    assert [fleet.slots.take(key) for key in (A, B, C)] == [True, False, False]
    fleet.slots.give_back(A)
    assert fleet.woken == [B]
    assert not fleet.slots.take(A), "the one that was woken must find its slot"
    assert fleet.slots.take(B)


def test_one_of_a_namespace_waits_for_one_of_another_and_not_for_all() -> None:
    fleet = Fleet(1)
    crowd, guest = [Key("crowd", str(number)) for number in range(100)], Key("guest", "only")
    for key in (*crowd, guest):
        fleet.slots.take(key)
    for key in (*crowd[:2], guest):
        fleet.slots.give_back(key)
    assert fleet.woken == [crowd[1], guest, crowd[2]]


def test_who_leaves_the_line_is_not_woken() -> None:
    fleet = Fleet(1)
    assert [fleet.slots.take(key) for key in (A, B, C)] == [True, False, False]
    fleet.slots.give_back(B)
    fleet.slots.give_back(A)
    assert fleet.woken == [C]


def test_a_smaller_budget_takes_no_slot_away_and_gives_none_out() -> None:
    fleet = Fleet(2)
    assert [fleet.slots.take(key) for key in (A, B, C)] == [True, True, False]
    fleet.most = 1
    fleet.slots.give_back(A)
    assert fleet.woken == []
    fleet.slots.give_back(B)
    assert fleet.woken == [C]


def test_what_a_former_process_began_counts_and_nothing_else_begins_before_it_ends() -> None:
    fleet = Fleet(1)
    fleet.slots.hold([A, B])
    assert [fleet.slots.take(key) for key in (A, B, C)] == [True, True, False]
    fleet.slots.give_back(A)
    assert fleet.woken == []
    fleet.slots.give_back(B)
    assert fleet.woken == [C]
