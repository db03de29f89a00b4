"""A cloud that only answers: from what it answered once, or by asking the real one and taking note."""

import json
from collections.abc import AsyncIterator, Iterable
from typing import Any

from pilothouse.dataplane import errors
from pilothouse.dataplane.types import Call, Provider
from tests.golden.state import Answer


class Unanswered(Exception):
    """The code asks what the version that the state is of did not ask. The message says what to do about it."""


class Answers:
    """The provider of a Cell of which every answer is on record."""

    def __init__(self, answers: Iterable[Answer], version: str) -> None:
        self._known, self._version = {answer.call: answer for answer in answers}, version

    async def send(self, call: Call) -> Any:
        """Answer as it was answered."""
        return self._answer(call).reply

    async def pages(self, call: Call) -> AsyncIterator[Any]:
        """Answer with the pages that there were."""
        for page in self._answer(call).pages or ():
            yield page

    def _answer(self, call: Call) -> Answer:
        answer = self._known.get(spelled(call))
        if answer is None:
            raise Unanswered(
                f"{spelled(call)}: {self._version} did not ask that. A read: add to its answers.json what the provider "
                "answers of a thing that this version made. Anything else: the upgrade changes something by itself"
            )
        if answer.error is not None:
            name, message = answer.error
            raise getattr(errors, name)(message)
        return answer


class Noted:
    """A real provider, whose answers are taken down."""

    def __init__(self, provider: Provider) -> None:
        self._provider, self.answers = provider, dict[str, Answer]()

    async def send(self, call: Call) -> Any:
        """Ask, and take down the answer or the error."""
        try:
            reply = await self._provider.send(call)
        except errors.DataplaneError as error:
            self._note(Answer(spelled(call), error=(type(error).__name__, str(error))))
            raise
        self._note(Answer(spelled(call), reply=reply))
        return reply

    async def pages(self, call: Call) -> AsyncIterator[Any]:
        """Ask for all pages, and take them down."""
        found = [page async for page in self._provider.pages(call)]
        self._note(Answer(spelled(call), pages=[_told(page) for page in found]))
        for page in found:
            yield page

    def _note(self, answer: Answer) -> None:
        self.answers[answer.call] = answer


def spelled(call: Call) -> str:
    """Return what tells a call from others."""
    return f"{call.service}:{call.operation} {json.dumps(call.parameters, sort_keys=True, default=str)}"


def _told(page: Any) -> Any:
    return {name: value for name, value in page.items() if name != "ResponseMetadata"}
