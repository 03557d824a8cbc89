"""What a kernel writes: text on its two outputs, and events, in the order in which it wrote them."""

import asyncio
import codecs
import json
import os
from datetime import datetime, timezone

# What a pipe holds: who reads so much has read all that was in it when the reading began.
PIPE_BYTES = 64 * 1024
# Text is gathered for so long, so that a line is not told in pieces.
GATHER_SECONDS = 0.05
MAX_EVENT_BYTES = 48 * 1024 * 1024

Event = dict[str, object]
ENDED: Event = {"type": "ended"}


class Output:
    """Reads as fast as it is asked to: whoever takes its time makes the kernel wait, and nothing piles up here."""

    def __init__(self, stdout: int, stderr: int, events: int, ended: int) -> None:
        """`ended` is a descriptor that can be read once the process has ended: children may hold its pipes open."""
        self._texts = {"stdout": _Text(stdout), "stderr": _Text(stderr)}
        self._events = events
        self._ended = ended
        self._line = bytearray()
        self._events_closed = False
        self._has_ended = False
        for descriptor in (stdout, stderr, events):
            os.set_blocking(descriptor, False)

    async def next(self) -> list[Event]:
        """What was written, ENDED as its last when nothing will follow. Raises ValueError for what is no event."""
        until = None
        while True:
            woken = await self._wait(until)
            # Events first: what was printed before one of them is in its pipe by then.
            events = self._take_events()
            for text in self._texts.values():
                text.take()
            is_full = any(text.pending >= PIPE_BYTES for text in self._texts.values())
            if events or self._has_ended or is_full or not woken:
                break
            if until is None and any(text.pending for text in self._texts.values()):
                until = asyncio.get_running_loop().time() + GATHER_SECONDS
        told = [
            {"type": name, "text": text, "timestamp": datetime.now(timezone.utc).isoformat()}
            for name, of in self._texts.items()
            if (text := of.decoded(whole=bool(events) or self._has_ended)) != ""
        ]
        return [*told, *events, *([ENDED] if self._has_ended else [])]

    async def _wait(self, until: float | None) -> bool:
        """Whether there is something to read before that time."""
        loop = asyncio.get_running_loop()
        awake = asyncio.Event()
        readers = [text.descriptor for text in self._texts.values() if not text.is_closed]
        if not self._events_closed:
            readers.append(self._events)
        for descriptor in readers:
            loop.add_reader(descriptor, awake.set)
        loop.add_reader(self._ended, self._see_end, awake)
        try:
            async with asyncio.timeout_at(until):
                await awake.wait()
            return True
        except TimeoutError:
            return False
        finally:
            for descriptor in (*readers, self._ended):
                loop.remove_reader(descriptor)

    def _see_end(self, awake: asyncio.Event) -> None:
        self._has_ended = True
        awake.set()

    def _take_events(self) -> list[Event]:
        try:
            chunk = os.read(self._events, PIPE_BYTES)
            self._events_closed = chunk == b""
            self._line += chunk
        except BlockingIOError:
            pass
        *lines, rest = self._line.split(b"\n")
        if len(rest) > MAX_EVENT_BYTES:
            raise ValueError("an event is too long")
        self._line = bytearray(rest)
        return [_event(line) for line in lines]


class _Text:
    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.is_closed = False
        self._bytes = bytearray()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    @property
    def pending(self) -> int:
        return len(self._bytes)

    def take(self) -> None:
        try:
            taken = 0
            while taken < PIPE_BYTES and not self.is_closed:
                chunk = os.read(self.descriptor, PIPE_BYTES)
                self.is_closed = chunk == b""
                self._bytes += chunk
                taken += len(chunk)
        except BlockingIOError:
            pass

    def decoded(self, *, whole: bool) -> str:
        text = self._decoder.decode(bytes(self._bytes), whole)
        self._bytes.clear()
        return text


def _event(line: bytes) -> Event:
    event = json.loads(line)
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        raise ValueError("what the kernel wrote is no event")
    return event
