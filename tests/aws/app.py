"""The layer itself: a WSGI application around moto's, through which every request to the emulated cloud goes.

The order for each call: count it, check its credentials, strike it with faults; then, one call at a time: let time
pass, answer a repeated token, photograph, let departures and moto answer, write the journal.
"""

from __future__ import annotations

import sys
import threading
import time
import traceback
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tests.aws import departures
from tests.aws.faults import Fault, hides_silently, hiding_fault, refusal, refuse_before
from tests.aws.journal import Journal, affected_ids
from tests.aws.repeats import Repeats
from tests.aws.serving import ReplyDroppedError
from tests.aws.settings import Settings
from tests.aws.staleness import Album, shown, thinned
from tests.aws.tokens import Tokens
from tests.aws.wire import (
    AwsError,
    Call,
    NotEmulatedError,
    Reply,
    moto_application,
    parsed,
    read_call,
    refuse,
    run_wsgi,
)
from tests.aws.world import World

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

WRONG_KEY = "AKIAWRONG"
LONG_POLL = "sqs:ReceiveMessage"  # moto is not made for threads, but a long poll must not hold up the others


@dataclass
class Cloud:
    """The emulated cloud: everything it remembers, and how it answers a call."""

    settings: Settings
    moto: WSGIApplication = field(default_factory=moto_application)
    journal: Journal = field(default_factory=Journal)
    tokens: Tokens = field(default_factory=Tokens)
    album: Album = field(default_factory=Album)
    repeats: Repeats = field(default_factory=Repeats)
    faults: list[Fault] = field(default_factory=list)
    world: World = field(init=False)
    era: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        """Begin with an empty world."""
        departures.load()
        self.world = World(self.settings)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one HTTP request."""
        try:
            call = read_call(environ)
        except Exception as error:
            self.journal.failures.append(f"the emulator cannot read {environ.get('HTTP_AUTHORIZATION')!r}: {error!r}")
            raise
        reply = run_wsgi(self.moto, environ) if call is None else self.answer(call)
        start_response(f"{reply.status} -", reply.headers)
        return [reply.body]

    def answer(self, call: Call) -> Reply:
        """Answer one AWS call; raises `ReplyDroppedError` when the client is to learn nothing."""
        with self.lock:
            era = self.era
            self.journal.counts[call.name] += 1
            struck = [fault for fault in self.faults if fault.strikes(call)]
        time.sleep(sum(fault.seconds or 0.0 for fault in struck if fault.kind == "latency"))
        try:
            _check_credentials(call)
            refuse_before(call, struck)
        except AwsError as error:
            return self._refused(call, error, replied=True)
        hiding = hiding_fault(struck)
        reply = self._executed(call, struck, era, replied=hiding is None)
        if hiding is None:
            return reply
        if hiding.kind == "error":
            return refuse(call, refusal(hiding, call))
        raise ReplyDroppedError

    def _executed(self, call: Call, struck: list[Fault], era: int, *, replied: bool) -> Reply:
        """The reply of the call's execution, whatever it is; a call that slept through a reset is not executed."""
        try:
            if call.name == LONG_POLL:
                return self._ask(call)
            with self.lock:
                return self._execute(call, struck, era, replied=replied)
        except AwsError as error:
            return self._refused(call, error, replied=replied)
        except (NotImplementedError, NotEmulatedError) as error:
            return self._fail(call, f"the emulator does not do {call.name}: {error}", 501)
        except ReplyDroppedError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever breaks inside moto must be heard of
            traceback.print_exc(file=sys.stderr)
            return self._fail(call, f"the emulator broke on {call.name}: {error!r}", 500)

    def _refused(self, call: Call, error: AwsError, *, replied: bool) -> Reply:
        if call.mutates:
            self.journal.write(call, "refused", ids=[], error=error.code, replied=replied)
        return refuse(call, error)

    def _fail(self, call: Call, message: str, status: int) -> Reply:
        sys.stderr.write(f"tests.aws: {message}\n")
        self.journal.failures.append(message)
        return refuse(call, AwsError("NotEmulated" if status == 501 else "EmulatorBroke", message, status))

    def _execute(self, call: Call, struck: list[Fault], era: int, *, replied: bool) -> Reply:
        if era != self.era:
            raise ReplyDroppedError
        if self.world.settle() or call.mutates:
            self.repeats.changed()
        forgets = any(fault.kind == "forget" for fault in struck)
        first = None if forgets else self.tokens.replay(call)
        if first is not None:
            self.journal.write(call, "replayed", ids=affected_ids(call, first), error="", replied=replied)
            return first
        if call.mutates and any(fault.kind == "stale" for fault in self.faults):
            self.album.add(call)
        reply = self._listed(call, struck) if struck else self.repeats.answer(call, self._ask)
        if call.mutates:
            self._record(call, reply, replied=replied)
        return reply

    def _listed(self, call: Call, struck: list[Fault]) -> Reply:
        stale = next((fault for fault in struck if fault.kind == "stale"), None)
        photo = self.album.as_of(call, stale.behind, stale.seconds) if stale else None
        if photo is None:
            reply = self._ask(call)
        else:
            with shown(call, photo):
                reply = self._ask(call)
        for fault in struck:
            if reply.ok and (fault.kind in {"empty", "short"} or hides_silently(fault, call)):
                reply = thinned(call, reply, fault.probability if fault.kind == "short" else 1.0, fault.seed)
        return reply

    def _ask(self, call: Call) -> Reply:
        return departures.answer(call, self.world, lambda: self._ask_moto(call))

    def _ask_moto(self, call: Call) -> Reply:
        environ = {**call.environ, "HTTP_X_MOTO_ACCOUNT_ID": call.account}
        environ["wsgi.input"].seek(0)
        return run_wsgi(self.moto, environ)

    def _record(self, call: Call, reply: Reply, *, replied: bool) -> None:
        ids = affected_ids(call, reply)
        self.tokens.remember(call, reply, ids)
        if reply.ok:
            for fault in self.faults:
                fault.made(ids)
        self.journal.write(
            call,
            "executed" if reply.ok else "refused",
            ids=ids,
            error="" if reply.ok else parsed(call, reply)["Error"]["Code"],
            replied=replied,
        )

    def inject(self, fault: Fault) -> None:
        """Let a fault strike from now on."""
        with self.lock:
            self.faults.append(fault)

    def clear_faults(self) -> None:
        """Let nothing strike any more, and forget the photos that stale listings were shown from."""
        with self.lock:
            self.faults.clear()
            self.album.photos.clear()

    def configure(self, **changes: float) -> None:
        """Change delays until the next reset."""
        with self.lock:
            self.world.settings = replace(self.world.settings, **changes)

    def reset(self) -> None:
        """Back to an empty cloud without faults, with the delays it was started with."""
        with self.lock:
            self.era += 1
            self.clear_faults()
            self.tokens.clear()
            self.repeats.changed()
            self.journal.clear()
            self.world.reset(self.settings)


def _check_credentials(call: Call) -> None:
    if not call.access_key.startswith(WRONG_KEY):
        return
    if call.service == "ec2":
        raise AwsError("AuthFailure", "AWS was not able to validate the provided access credentials", 401)
    as_query = call.protocol == "query" or call.service == "sqs"
    code = "InvalidClientTokenId" if as_query else "UnrecognizedClientException"
    raise AwsError(code, "The security token included in the request is invalid.", 403)
