"""An informer knows what there is, whatever becomes of its streams, and what a deletion nobody told it took away."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from pilothouse.dataplane.errors import NotNow
from pilothouse.dataplane.kubernetes.answers import Busy
from pilothouse.dataplane.kubernetes.client import KubernetesProvider
from pilothouse.dataplane.kubernetes.types.identity import Selection
from pilothouse.dataplane.kubernetes.watching import Informer, Informers, Timing
from tests.unit.dataplane.kubernetes.fake import DISCOVERY, Answered, FakeApi

MAPS = Selection("v1", "ConfigMap")
QUICK = Timing(relist=60.0, stream=30.0, silence=10.0, first_backoff=0.01, last_backoff=0.05)
SECONDS = 20.0

Change = tuple[str | None, str | None]


def value(live: dict[str, Any]) -> str | None:
    """Project a ConfigMap onto name=value; those called `hidden` are left out."""
    name = live["metadata"]["name"]
    return None if name == "hidden" else f"{name}={live['data']['value']}"


async def until(true: Callable[[], object]) -> None:
    """Wait until something is true."""
    async with asyncio.timeout(SECONDS):
        while not true():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0.005)


class Watched:
    """An informer of all ConfigMaps, and the changes that it reported."""

    def __init__(self, informers: Informers) -> None:
        self.changes: list[Change] = []
        self.informers = informers
        self.informer: Informer[str] = informers.want(MAPS, value, lambda old, new: self.changes.append((old, new)))

    @property
    def items(self) -> list[str]:
        return sorted(self.informer.items.values())

    async def reports(self, *changes: Change) -> None:
        """Wait for exactly these changes, in any order, and forget them."""
        await until(lambda: len(self.changes) >= len(changes))
        assert sorted(self.changes, key=str) == sorted(changes, key=str)
        self.changes.clear()


@pytest.fixture
def timing() -> Timing:
    return QUICK


@pytest.fixture
async def watched(api: FakeApi, provider: KubernetesProvider, timing: Timing) -> AsyncIterator[Watched]:
    """An informer that has listed two ConfigMaps and now watches."""
    api.put("a", "1")
    api.put("b", "1")
    async with Informers(provider, timing) as informers:
        found = Watched(informers)
        await until(lambda: api.streams)
        await found.reports((None, "a=1"), (None, "b=1"))
        yield found


async def test_changes_are_reported_as_they_happen(api: FakeApi, watched: Watched) -> None:
    api.put("c", "1")
    api.put("a", "2")
    api.remove("b")
    await watched.reports((None, "c=1"), ("a=1", "a=2"), ("b=1", None))
    assert watched.items == ["a=2", "c=1"]


async def test_what_does_not_show_in_the_projection_is_not_reported(api: FakeApi, watched: Watched) -> None:
    api.put("a", "1")
    api.put("hidden", "1")
    api.remove("hidden")
    api.put("c", "1")
    await watched.reports((None, "c=1"))


async def test_what_leaves_the_projection_is_reported_as_gone(provider: KubernetesProvider, api: FakeApi) -> None:
    changes: list[Change] = []
    api.put("a", "1")
    async with Informers(provider, QUICK) as informers:
        informers.want(MAPS, lambda live: live["data"]["value"] or None, lambda old, new: changes.append((old, new)))
        await until(lambda: changes)
        api.put("a", "")
        await until(lambda: len(changes) == 2)
    assert changes == [(None, "1"), ("1", None)]


async def test_a_broken_stream_is_taken_up_where_it_broke(api: FakeApi, watched: Watched) -> None:
    api.hang_up()
    api.remove("a")
    await watched.reports(("a=1", None))
    assert len(api.asked(limit="250")) == 1, "nothing was lost, so nothing needs to be listed again"


async def test_a_forgotten_version_means_listing_anew_and_finding_what_went(api: FakeApi, watched: Watched) -> None:
    api.remove("a", told=False)
    api.put("b", "2")
    api.forget()
    api.hang_up()
    await watched.reports(("a=1", None), ("b=1", "b=2"))
    assert len(api.asked(limit="250")) == 2


async def test_a_bookmark_saves_a_listing(api: FakeApi, watched: Watched) -> None:
    api.bookmark()
    version = str(api.version)
    contact = watched.informer.last_contact
    await until(lambda: watched.informer.last_contact > contact)
    api.remembered_since = api.version
    api.hang_up()
    await until(lambda: api.asked(watch="true", resourceVersion=version))
    assert len(api.asked(limit="250")) == 1


class TestRelisting:
    """With a listing every fifth of a second."""

    @pytest.fixture
    def timing(self) -> Timing:
        return Timing(relist=0.2, stream=30.0, silence=10.0, first_backoff=0.01, last_backoff=0.05)

    async def test_a_deletion_that_no_watch_told_is_found(self, api: FakeApi, watched: Watched) -> None:
        api.remove("a", told=False)
        await watched.reports(("a=1", None))
        assert watched.items == ["b=1"]

    async def test_a_listing_that_fails_removes_nothing(self, api: FakeApi, watched: Watched) -> None:
        for key in list(api.objects):
            api.objects.pop(key)
        api.answers = [Answered(503, {"message": "starting"})] * 3
        listed = watched.informer.listed_at
        await until(lambda: not api.answers)
        assert watched.informer.listed_at == listed
        assert watched.items == ["a=1", "b=1"]
        await watched.reports(("a=1", None), ("b=1", None))

    async def test_a_listing_that_breaks_off_removes_nothing(
        self, api: FakeApi, watched: Watched, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = {"metadata": {"resourceVersion": "99", "continue": "99/1"}, "items": [api.objects["shop", "b"]]}
        api.objects.pop(("shop", "a"))
        seen: list[list[str]] = []
        pause = Informer._pause

        async def noted(self: Informer[str], failures: int, error: Any) -> None:
            seen.append(sorted(self.items.values()))
            await pause(self, failures, error)

        monkeypatch.setattr(Informer, "_pause", noted)
        api.answers = [Answered(body=first), Answered(410, {"reason": "Expired", "message": "too old"})]
        await watched.reports(("a=1", None))
        assert seen[0] == ["a=1", "b=1"]


class TestSilence:
    """With streams that must say something every quarter of a second."""

    @pytest.fixture
    def timing(self) -> Timing:
        return Timing(relist=60.0, stream=30.0, silence=0.25, first_backoff=0.01, last_backoff=0.05)

    async def test_a_silent_stream_is_given_up(self, api: FakeApi, watched: Watched) -> None:
        api.deaf = True
        api.put("c", "1")
        await until(lambda: watched.informer.error)
        assert isinstance(watched.informer.error, NotNow)
        assert MAPS in watched.informers.errors
        api.deaf = False
        await watched.reports((None, "c=1"))
        assert watched.informers.errors == {}


class TestStreams:
    """With streams that the server ends after a second."""

    @pytest.fixture
    def timing(self) -> Timing:
        return Timing(relist=60.0, stream=1.0, silence=10.0, first_backoff=20.0, last_backoff=20.0)

    async def test_a_stream_that_ends_in_good_order_is_followed_by_the_next_at_once(
        self, api: FakeApi, watched: Watched
    ) -> None:
        api.bookmark()
        await until(lambda: len(api.asked(watch="true")) == 2)
        api.put("c", "1")
        await watched.reports((None, "c=1"))


async def test_a_server_that_refuses_is_asked_less_and_less_often(api: FakeApi, provider: KubernetesProvider) -> None:
    timing = Timing(first_backoff=0.02, last_backoff=0.08)
    api.answers = [Answered(403, {"message": 'User "x" cannot list'})] * 6
    started = asyncio.get_running_loop().time()
    async with Informers(provider, timing) as informers:
        found = Watched(informers)
        await informers.wait_synced()
        assert asyncio.get_running_loop().time() - started > 0.75 * (0.02 + 0.04 + 4 * 0.08)
        assert found.informer.error is None


async def test_a_server_is_left_alone_for_as_long_as_it_asks(api: FakeApi, provider: KubernetesProvider) -> None:
    api.answers = [Answered(429, {"message": "slow down"}, {"Retry-After": "1"})]
    started = asyncio.get_running_loop().time()
    async with Informers(provider, QUICK) as informers:
        Watched(informers)
        await until(lambda: informers.errors)
        assert all(isinstance(error, Busy) for error in informers.errors.values())
        await informers.wait_synced()
    assert asyncio.get_running_loop().time() - started >= 1.0


async def test_streams_that_end_at_once_are_not_opened_in_a_rush(api: FakeApi, provider: KubernetesProvider) -> None:
    timing = Timing(first_backoff=0.05, last_backoff=0.05)
    async with Informers(provider, timing) as informers:
        Watched(informers)
        await informers.wait_synced()
        api.answers = [Answered(body="")] * 1000
        api.hang_up()
        await until(lambda: len(api.answers) < 999)
        before = len(api.answers)
        await asyncio.sleep(0.5)
        assert before - len(api.answers) < 20


async def test_one_object_that_cannot_be_read_does_not_stop_the_others(
    api: FakeApi, watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    api.say("MODIFIED", {"metadata": {"name": "a", "namespace": "shop", "resourceVersion": "50"}})
    api.put("c", "1")
    await watched.reports((None, "c=1"))
    assert watched.items == ["a=1", "b=1", "c=1"]
    assert "cannot read ConfigMap shop/a" in caplog.text


@pytest.mark.parametrize(
    "nonsense", [{}, {"metadata": {}}, {"metadata": {"resourceVersion": "1"}, "items": [{}]}, "[]"]
)
async def test_a_listing_that_makes_no_sense_is_asked_for_again(
    api: FakeApi, provider: KubernetesProvider, nonsense: Any
) -> None:
    """One cluster that talks nonsense, or a proxy before it, must not end the informer: the process goes with it."""
    api.put("a", "1")
    api.answers = [Answered(body=DISCOVERY), *[Answered(body=nonsense)] * 2]
    async with Informers(provider, QUICK) as informers:
        watched = Watched(informers)
        await watched.reports((None, "a=1"))
        assert informers.alive


@pytest.mark.parametrize(
    "nonsense", [{}, {"metadata": {"name": 5, "resourceVersion": "50"}}, {"metadata": {"name": "a"}}]
)
async def test_a_watch_that_makes_no_sense_is_begun_again(
    api: FakeApi, watched: Watched, nonsense: dict[str, Any]
) -> None:
    api.say("MODIFIED", nonsense)
    await until(lambda: watched.informer.error)
    assert "the answer makes no sense" in str(watched.informer.error)
    assert watched.informers.alive
    assert watched.items == ["a=1", "b=1"], "nothing is concluded from it"


async def test_a_listener_that_fails_does_not_stop_the_news(
    api: FakeApi, provider: KubernetesProvider, caplog: pytest.LogCaptureFixture
) -> None:
    def listen(old: str | None, new: str | None) -> None:
        raise RuntimeError(f"no use for {old} or {new}")

    api.put("a", "1")
    async with Informers(provider, QUICK) as informers:
        informer = informers.want(MAPS, value, listen)
        await informers.wait_synced()
        api.put("b", "1")
        await until(lambda: len(informer.items) == 2)
        assert informers.alive
    assert "cannot pass on a change of ConfigMap shop/a" in caplog.text


async def test_kinds_are_added_and_dropped_while_others_run(api: FakeApi, watched: Watched) -> None:
    informers, shop = watched.informers, Selection("v1", "ConfigMap", label_selector="a=b")
    other = informers.want(shop, value, lambda _old, _new: None)
    assert [informers.synced] == [False]
    await informers.wait_synced()
    assert informers.synced
    assert informers.want(shop, value, lambda _old, _new: None) is other, "a second wish starts nothing"
    assert api.asked(labelSelector="a=b")
    await informers.drop(shop)
    await informers.drop(shop)
    await until(lambda: api.streams == 1)
    assert watched.changes == []


async def test_the_probe_is_told_how_long_the_server_has_been_silent(api: FakeApi, watched: Watched) -> None:
    assert watched.informers.silence < SECONDS
    await asyncio.sleep(0.05)
    assert watched.informers.silence >= 0.05
    contact = watched.informer.last_contact
    api.bookmark()
    await until(lambda: watched.informer.last_contact > contact)
    assert watched.informers.silence < SECONDS


async def test_before_the_first_answer_the_silence_is_endless(api: FakeApi, provider: KubernetesProvider) -> None:
    async with Informers(provider) as informers:
        assert informers.silence == 0.0, "nothing is wanted yet"
        api.answers = [Answered(hang=0.2)]
        Watched(informers)
        assert informers.silence == float("inf")
        assert not informers.synced


async def test_an_informer_that_ended_by_a_fault_of_ours_is_noticed(provider: KubernetesProvider) -> None:
    async def broken(*_arguments: object) -> AsyncIterator[Any]:
        for page in list[Any]():
            yield page
        raise RuntimeError("a fault of ours")

    provider.list_pages = broken  # type: ignore[method-assign, assignment]
    informers = Informers(provider, QUICK)
    Watched(informers)
    await until(lambda: not informers.alive)
    with pytest.raises(RuntimeError, match="a fault of ours"):
        await informers.close()


async def test_large_listings_come_in_pages_and_let_others_work(api: FakeApi, provider: KubernetesProvider) -> None:
    for number in range(600):
        api.put(f"m{number:03}", "1")
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with Informers(provider, QUICK) as informers:
        found = Watched(informers)
        task = asyncio.create_task(others())
        await informers.wait_synced()
        task.cancel()
        assert len(found.items) == 600
    assert len(api.asked(limit="250")) == 3
    assert turns > 600 / 25


async def test_warnings_are_not_repeated_while_nothing_changes(
    api: FakeApi, provider: KubernetesProvider, caplog: pytest.LogCaptureFixture
) -> None:
    api.answers = [Answered(503, {"message": "starting"})] * 4
    async with Informers(provider, QUICK) as informers:
        Watched(informers)
        await informers.wait_synced()
    assert [record.levelno for record in caplog.records if "starting" in record.message] == [logging.WARNING]


async def test_a_server_that_answers_again_is_believed_before_it_has_anything_to_tell(
    api: FakeApi, watched: Watched
) -> None:
    """An API server that was started again refuses for a moment, and its first bookmark is a minute away."""
    api.answers = [Answered(403, {"message": "not yet"})] * 5
    api.hang_up()
    await until(lambda: watched.informer.error)
    await until(lambda: watched.informer.error is None)
    assert watched.items == ["a=1", "b=1"]
