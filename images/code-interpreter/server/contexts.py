"""Contexts: each a language, a folder and a kernel of its own."""

import asyncio
import os
import uuid

from kernel import Deliver, Kernel, KernelRefused
from languages import Language, languages, normal_name

MAX_CONTEXTS = 64
# Cells of one context that wait for its kernel.
MAX_WAITING = 64


class Refusal(Exception):
    """What a request is refused with."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Context:
    def __init__(self, name: str, language: Language, cwd: str) -> None:
        self.id = str(uuid.uuid4())
        self.language = name
        self.cwd = cwd
        self._language = language
        self._turn = asyncio.Lock()
        self._kernel: Kernel | None = None
        self._env: dict[str, str] = {}
        self._count = 0
        self._waiting = 0
        self._is_closed = False

    def described(self) -> dict[str, str]:
        return {"id": self.id, "language": self.language, "cwd": self.cwd}

    async def warm(self) -> None:
        async with self._turn:
            await self._living()

    async def restart(self) -> None:
        """What runs ends with its kernel."""
        if self._kernel is not None:
            self._kernel.kill()
            await self._kernel.ended()
        await self.warm()

    def close(self) -> None:
        self._is_closed = True
        if self._kernel is not None:
            self._kernel.kill()

    def admit(self) -> None:
        if self._waiting >= MAX_WAITING:
            raise Refusal(429, f"{MAX_WAITING} cells wait for this context already")

    async def run(self, code: str, env: dict[str, str], capsule: dict[str, str], deliver: Deliver) -> None:
        """Runs a cell when it is its turn. Who cancels this interrupts the cell, and waits until it is over."""
        self._waiting += 1
        try:
            await self._turn.acquire()
        finally:
            self._waiting -= 1
        try:
            self._env = capsule
            kernel = await self._living()
            self._count += 1
            await deliver({"type": "number_of_executions", "execution_count": self._count})
            cell = asyncio.create_task(kernel.run(code, self._count, env, capsule, deliver))
            try:
                came_to_its_end = await asyncio.shield(cell)
            except asyncio.CancelledError:
                kernel.interrupt()
                await cell
                raise
        except (OSError, RuntimeError, TimeoutError, KernelRefused) as error:
            await _tell_lost(deliver, f"the kernel could not be started: {error}")
            return
        finally:
            self._turn.release()
        if came_to_its_end:
            await deliver({"type": "end_of_execution"})
        else:
            await _tell_lost(deliver, "the kernel ended while the cell ran; the next cell starts a new one")

    async def _living(self) -> Kernel:
        if self._is_closed:
            raise RuntimeError("the context was deleted")
        if self._kernel is None or not self._kernel.is_alive:
            self._kernel = await Kernel.start(self._language, self.cwd, self._env)
            self._count = 0
            if self._is_closed:
                self._kernel.kill()
        return self._kernel


async def _tell_lost(deliver: Deliver, why: str) -> None:
    await deliver({"type": "error", "name": "KernelDied", "value": why, "traceback": ""})
    await deliver({"type": "unexpected_end_of_execution"})


class Contexts:
    def __init__(self, home: str, node: str) -> None:
        self._home = home
        self._languages = languages(node)
        self._contexts: dict[str, Context] = {}
        self._defaults: dict[str, asyncio.Task[Context]] = {}

    def all(self) -> list[Context]:
        return list(self._contexts.values())

    def get(self, context_id: str) -> Context:
        context = self._contexts.get(context_id)
        if context is None:
            raise Refusal(404, f"there is no context {context_id}")
        return context

    async def default_for(self, language: str | None) -> Context:
        """The context of cells that name none; who asks at the same time gets the same."""
        name, _ = self._named(language)
        task = self._defaults.get(name)
        known = task is not None and task.done() and not task.exception() and task.result().id in self._contexts
        if task is None or (task.done() and not known):
            task = asyncio.create_task(self.create(name, None))
            self._defaults[name] = task
        return await asyncio.shield(task)

    async def create(self, language: str | None, cwd: str | None) -> Context:
        name, kind = self._named(language)
        folder = os.path.join(self._home, cwd or "")
        if "\0" in folder or not os.path.isdir(folder):
            raise Refusal(400, f"there is no folder {folder[:256]!r}")
        if len(self._contexts) >= MAX_CONTEXTS:
            raise Refusal(429, f"there are {MAX_CONTEXTS} contexts already: delete one")
        context = Context(name, kind, folder)
        self._contexts[context.id] = context
        try:
            await context.warm()
        except BaseException as error:
            self.delete(context)
            if isinstance(error, KernelRefused):
                raise Refusal(400, str(error)) from error
            if isinstance(error, (OSError, RuntimeError, TimeoutError)):
                raise Refusal(500, f"the kernel could not be started: {error}") from error
            raise
        return context

    def _named(self, language: str | None) -> tuple[str, Language]:
        name = normal_name(language or "python")
        kind = self._languages.get(name)
        if kind is None:
            raise Refusal(400, f"there is no language {name[:64]!r} here: there are {', '.join(self._languages)}")
        return name, kind

    def delete(self, context: Context) -> None:
        self._contexts.pop(context.id, None)
        context.close()

    def close(self) -> None:
        for context in self.all():
            self.delete(context)
