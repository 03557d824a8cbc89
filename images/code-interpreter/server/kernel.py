"""A process that runs one cell after the other and keeps what they defined."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress

from languages import Cell, Language
from output import ENDED, Event, Output

# A guest whose processor is emulated takes its time to import what a kernel needs.
START_SECONDS = 180
# What does not stop for a signal is killed.
INTERRUPT_SECONDS = 5
# A kernel that takes all of the memory is what goes, not the server.
OUT_OF_MEMORY_SCORE = "600"

Deliver = Callable[[Event], Awaitable[None]]


class KernelRefused(Exception):
    """The kernel says itself that it cannot be one here."""


class Kernel:
    """Runs one cell at a time; who asks for the next waits for its turn. Everything is released when the process ends."""

    def __init__(self, language: Language, cwd: str, env: dict[str, str]) -> None:
        self._language = language
        self._deliver: Deliver | None = None
        self._over: asyncio.Future[bool] | None = None
        self._started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._descriptors = ExitStack()
        self._requests: asyncio.WriteTransport | None = None
        # After a cell that asked it to.
        self._is_leaving = False
        # The capsule's variables as this kernel has them.
        self._env = dict(env)
        with ExitStack() as childs:
            stdout, stdout_end = self._pipe(childs)
            stderr, stderr_end = self._pipe(childs)
            events, events_end = self._pipe(childs)
            requests, self._requests_end = os.pipe()
            childs.callback(os.close, requests)
            try:
                self._process = subprocess.Popen(
                    [*language.argv, str(requests), str(events_end)],
                    cwd=cwd,
                    env={**os.environ, **env},
                    stdin=subprocess.DEVNULL,
                    stdout=stdout_end,
                    stderr=stderr_end,
                    pass_fds=(requests, events_end),
                    start_new_session=True,
                )
            except BaseException:
                os.close(self._requests_end)
                self._descriptors.close()
                raise
        ended = os.pidfd_open(self._process.pid)
        self._descriptors.callback(os.close, ended)
        self._pump = asyncio.create_task(self._read(Output(stdout, stderr, events, ended)))
        with suppress(OSError), open(f"/proc/{self._process.pid}/oom_score_adj", "w") as score:
            score.write(OUT_OF_MEMORY_SCORE)

    @classmethod
    async def start(cls, language: Language, cwd: str, env: dict[str, str]) -> "Kernel":
        kernel = cls(language, cwd, env)
        try:
            loop = asyncio.get_running_loop()
            pipe = os.fdopen(kernel._requests_end, "wb", buffering=0)
            kernel._requests, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, pipe)
            async with asyncio.timeout(START_SECONDS):
                await asyncio.shield(kernel._started)
            return kernel
        except BaseException:
            kernel.kill()
            raise

    @property
    def is_alive(self) -> bool:
        return not self._is_leaving and not self._pump.done()

    async def ended(self) -> None:
        await asyncio.wait({self._pump})

    async def run(self, code: str, count: int, env: dict[str, str], capsule: dict[str, str], deliver: Deliver) -> bool:
        """Whether the cell came to its end; otherwise the process did."""
        if not self.is_alive or self._requests is None:
            return False
        lasting: dict[str, str | None] = {name: None for name in self._env if name not in capsule}
        lasting |= {name: value for name, value in capsule.items() if self._env.get(name) != value}
        self._env = dict(capsule)
        self._over = asyncio.get_running_loop().create_future()
        self._deliver = deliver
        self._requests.write(self._language.encode(Cell(code, count, env, lasting)))
        try:
            return await self._over
        finally:
            self._deliver = None
            self._over = None

    def interrupt(self) -> None:
        """Ends the cell that runs: by a signal, or else with the process."""
        over = self._over
        if over is None:
            return
        self._signal(signal.SIGINT)
        loop = asyncio.get_running_loop()
        timer = loop.call_later(INTERRUPT_SECONDS, self.kill)
        over.add_done_callback(lambda _: timer.cancel())

    def kill(self) -> None:
        """With all that it started and did not put into a session of its own."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        # It is waited for by nobody else: its number is not another's.
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def _pipe(self, childs: ExitStack) -> tuple[int, int]:
        ours, childs_end = os.pipe()
        self._descriptors.callback(os.close, ours)
        childs.callback(os.close, childs_end)
        return ours, childs_end

    async def _read(self, output: Output) -> None:
        try:
            while True:
                for event in await output.next():
                    if event is ENDED:
                        return
                    await self._take(event)
        except ValueError as error:
            print(f"a kernel is killed: {error}", file=sys.stderr)
        finally:
            self.kill()
            # Until the signal is acted on: it has been sent, and no process outlives it.
            self._process.wait()
            self._descriptors.close()
            if self._requests is not None and not self._requests.is_closing():
                self._requests.abort()
            if not self._started.done():
                self._started.set_exception(RuntimeError(f"the kernel ended with {self._process.returncode}"))
                self._started.exception()
            if self._over is not None and not self._over.done():
                self._over.set_result(False)

    async def _take(self, event: Event) -> None:
        if event["type"] == "ready" or event["type"] == "refused":
            if not self._started.done():
                self._tell_start(event)
        elif event["type"] == "end":
            self._is_leaving = event.get("leaves") is True
            if self._over is not None and not self._over.done():
                self._over.set_result(True)
        # What is written between two cells belongs to neither.
        elif self._deliver is not None:
            await self._deliver(event)
        elif not self._started.done():
            print(f"a kernel that starts: {event.get('text')}", file=sys.stderr)

    def _tell_start(self, event: Event) -> None:
        if event["type"] == "ready":
            self._started.set_result(None)
        else:
            self._started.set_exception(KernelRefused(str(event.get("reason"))))
            self._started.exception()
