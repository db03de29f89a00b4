"""`python -m tests.bench.reads`: count calls to AWS, and write docs/reads.md."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from textwrap import fill
from typing import Final

from pilothouse.api.fleetpolicy import Budgets
from pilothouse.controller.clouds import LONGEST_UNREAD
from tests.bench.reads.creating import Made, made
from tests.bench.reads.watching import Counts, an_hour, polled

PAGE: Final = Path(__file__).parents[3] / "docs" / "reads.md"
NUMBERS: Final = (10, 100, 1_000, 10_000)
JUDGED: Final = 1_000
MINUTE, TEN_MINUTES, HOUR = 60.0, 600.0, 3600.0
MOST_TO_CREATE, MOST_SHARE = 3, 2.0
ACK_CREATE, ACK_CHECK = 7.6, 4.3
QUEUE, SUBNET = "awsQueue", "awsSubnet"

INTRODUCTION: Final = """\
# Reads

What it takes to make things in AWS, and to watch them, in calls. Written by `make reads`, which lets the real
Controller work against the emulated AWS: passes, executor, gates, and the custodian with its sweeps, an hour of virtual
time for each number. Nothing here depends on the machine.
"""

MAKING: Final = """\
## To make one

Calls until an Application with one such thing is Ready, settings at their minimum, AWS at rest at once; each look at a
thing that AWS still works on is one check more.

| Type | Calls | Of these, the most frequent first | Calls to check one |
| --- | --- | --- | --- |
"""

WATCHING: Final = """\
## To watch them

Calls an hour in which nothing changes, the same things read one by one beside them, by the calls that a check takes us:
each minute as Crossplane does by default, every ten minutes as Config Connector does, every hour as Azure Service
Operator does. A sweep a minute lists each type of which there is something, and every fourth each of the others:
{empty} calls an hour where there is nothing at all.

| Things | How many | Our sweeps | Each minute | Every ten minutes | Every hour | Ours, of each minute |
| --- | --- | --- | --- | --- | --- | --- |
"""

EACH: Final = """\
### Each type by itself

{number:,} of one type and nothing of any other, for an hour.

| Type | A listing shows | Our sweeps | Each minute | Ours, of each minute |
| --- | --- | --- | --- | --- |
"""

VERDICT: Final = """\
**To make one.** A queue takes {create} calls; the aim is at most {most}, which is {said}. AWS Controllers for
Kubernetes took {ack_create}. Nothing is looked for first where the newest listing shows nothing of its name: the
create of a named thing makes nothing where one exists, and what it answers with is ours only if it bears our mark. What
is left is the create, and a read of the attributes and one of the tags, for Ready is only said of what was read since
our last write, and SQS tells attributes and tags apart.

**To watch them.** The aim is at most {share:g} % of a look each minute at {number:,} things. It is met for {good}{bad}.
What a listing shows in full costs the same however many there are, up to a page, and what others change there is seen
within a minute. So it is with all that is gone, and with the part that listings show of the rest: it is read in full as
soon as that part is another. What no listing shows is seen when a thing is read in its turn:
`budgets.readsPerSweepPerCell` of the FleetPolicy says how many that are, {per_sweep} unless it says otherwise, but
each at least once in {longest:g} minutes. More is sooner: at {five} a minute, each of {number:,} is read every five
minutes.

At the {ack_check} calls that AWS Controllers for Kubernetes took for every check of a queue, a look each minute at
{number:,} queues is {ack:,} calls an hour, of which ours are {ack_share}.
"""
LINE: Final = 120


def main() -> int:
    """Count, and write the page."""
    things = made()
    PAGE.write_text("\n".join(_page(things)), encoding="utf-8")
    sys.stderr.write(f"written: {PAGE}\n")
    return 0


def _page(things: Sequence[Made]) -> Iterator[str]:
    yield INTRODUCTION
    yield MAKING + "\n".join(_making(things)) + "\n"
    empty = an_hour(things, {})
    yield WATCHING.format(empty=f"{empty:,}") + "\n".join(_watching(things)) + "\n"
    alone = {each.type.kind: _alone(things, each.type.kind) for each in things}
    yield EACH.format(number=JUDGED) + "\n".join(_each(things, alone)) + "\n"
    yield _why(things, alone)


def _making(things: Iterable[Made]) -> Iterator[str]:
    for each in things:
        ranked = sorted(each.calls.items(), key=lambda item: (-item[1], item[0]))
        which = ", ".join(f"{count} `{name.partition(':')[2]}`" for name, count in ranked)
        yield f"| {each.type.kind} | {sum(each.calls.values())} | {which} | {each.check} |"


def _watching(things: Sequence[Made]) -> Iterator[str]:
    for title, kinds in (
        (f"{SUBNET}, listed in full", [SUBNET]),
        (f"{QUEUE}, listed by name", [QUEUE]),
        ("every type, as many of each", [each.type.kind for each in things]),
    ):
        for number in NUMBERS:
            counts = _even(kinds, number)
            ours, rest = an_hour(things, counts), [polled(things, counts, each) for each in (MINUTE, TEN_MINUTES, HOUR)]
            columns = " | ".join(f"{calls:,}" for calls in (number, ours, *rest))
            yield f"| {title} | {columns} | {_share(ours, rest[0])} |"


def _even(kinds: Sequence[str], number: int) -> Counts:
    whole, more = divmod(number, len(kinds))
    return {kind: whole + (place < more) for place, kind in enumerate(kinds)}


def _alone(things: Sequence[Made], kind: str) -> tuple[int, int]:
    """Return the calls of our sweeps and of a look each minute, for things of one type alone."""
    counts = {kind: JUDGED}
    return an_hour(things, counts), polled(things, counts, MINUTE)


def _each(things: Iterable[Made], alone: dict[str, tuple[int, int]]) -> Iterator[str]:
    for each in things:
        ours, minute = alone[each.type.kind]
        shown = "everything" if each.listed_in_full else "a part"
        yield f"| {each.type.kind} | {shown} | {ours:,} | {minute:,} | {_share(ours, minute)} |"


def _why(things: Iterable[Made], alone: dict[str, tuple[int, int]]) -> str:
    create = sum(next(each for each in things if each.type.kind == QUEUE).calls.values())
    good = [kind for kind, (ours, minute) in alone.items() if 100 * ours <= MOST_SHARE * minute]
    bad = [kind for kind in alone if kind not in good]
    ack = round(JUDGED * HOUR / MINUTE * ACK_CHECK)
    text = VERDICT.format(
        create=create,
        most=MOST_TO_CREATE,
        said="met" if create <= MOST_TO_CREATE else "missed",
        share=MOST_SHARE,
        number=JUDGED,
        good=", ".join(good) or "none of them" if bad else "every type",
        bad=f", and missed for {', '.join(bad)}" if bad else "",
        ack_create=ACK_CREATE,
        ack_check=ACK_CHECK,
        ack=ack,
        per_sweep=Budgets().reads_per_sweep_per_cell,
        longest=LONGEST_UNREAD / MINUTE,
        five=JUDGED // 5,
        ack_share=_share(alone[QUEUE][0], ack),
    )
    paragraphs = [fill(each, LINE, break_long_words=False, break_on_hyphens=False) for each in text.split("\n\n")]
    return "## What the numbers say\n\n" + "\n\n".join(paragraphs) + "\n"


def _share(ours: int, theirs: int) -> str:
    return f"{100 * ours / theirs:.1f} %"


if __name__ == "__main__":
    sys.exit(main())
