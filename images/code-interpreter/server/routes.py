"""What can be asked of the code interpreter."""

import asyncio
import json
from dataclasses import dataclass

from capsule_env import CapsuleEnv, is_variable
from contexts import Context, Contexts, Refusal
from http_connection import Connection, Request

KEEPALIVE_SECONDS = 5


@dataclass(frozen=True)
class ExecuteBody:
    code: str
    context_id: str | None
    language: str | None
    env_vars: dict[str, str]


class Routes:
    def __init__(self, contexts: Contexts, capsule_env: CapsuleEnv) -> None:
        self._contexts = contexts
        self._capsule_env = capsule_env

    async def answer(self, request: Request, connection: Connection) -> None:
        match request.method, request.path.strip("/").split("/"):
            case "GET", ["health"]:
                await connection.respond(200, "text/plain; charset=utf-8", b"OK")
            case "POST", ["execute"]:
                await self._execute(request, connection)
            case "GET", ["contexts"]:
                await connection.respond_json([context.described() for context in self._contexts.all()])
            case "POST", ["contexts"]:
                body = _json_object(request)
                language, cwd = _text(body, "language"), _text(body, "cwd")
                context = await self._contexts.create(language, cwd)
                await connection.respond_json(context.described())
            case "DELETE", ["contexts", context_id]:
                self._contexts.delete(self._contexts.get(context_id))
                await connection.respond_json(None)
            case "POST", ["contexts", context_id, "restart"]:
                await self._restart(self._contexts.get(context_id))
                await connection.respond_json(None)
            case _:
                raise Refusal(404, f"there is no {request.method[:16]} {request.path[:256]}")

    async def _restart(self, context: Context) -> None:
        try:
            await context.restart()
        except (OSError, RuntimeError, TimeoutError) as error:
            raise Refusal(500, f"the kernel could not be started: {error}") from error

    async def _execute(self, request: Request, connection: Connection) -> None:
        body = _execute_body(request)
        context = await self._context_for(body)
        context.admit()
        capsule = await self._capsule_env.read(request.headers.get("x-access-token"))
        lines = connection.stream()
        cell = asyncio.create_task(context.run(body.code, body.env_vars, capsule, lines.send))
        gone = asyncio.create_task(connection.gone())
        keepalive = asyncio.create_task(lines.keep_alive(KEEPALIVE_SECONDS))
        try:
            await asyncio.wait({cell, gone}, return_when=asyncio.FIRST_COMPLETED)
            if cell.done():
                cell.result()
                await lines.end()
                return
            # Nobody is there to read: what is printed is thrown away until the cell is over.
            lines.abandon()
            cell.cancel()
            await asyncio.wait({cell})
        finally:
            for task in (cell, gone, keepalive):
                task.cancel()

    async def _context_for(self, body: ExecuteBody) -> Context:
        if body.context_id is None:
            return await self._contexts.default_for(body.language)
        if body.language is not None:
            raise Refusal(400, "context_id and language exclude each other: a context has its language")
        return self._contexts.get(body.context_id)


def _execute_body(request: Request) -> ExecuteBody:
    body = _json_object(request)
    code = _text(body, "code")
    if code is None:
        raise Refusal(400, "code is missing")
    env_vars = body.get("env_vars")
    if env_vars is None:
        env_vars = {}
    if not isinstance(env_vars, dict) or not all(is_variable(*pair) for pair in env_vars.items()):
        raise Refusal(400, "env_vars is not an object of texts that an environment can hold")
    return ExecuteBody(code, _text(body, "context_id"), _text(body, "language"), env_vars)


def _json_object(request: Request) -> dict[str, object]:
    try:
        body = json.loads(request.body or b"{}")
    except (ValueError, RecursionError) as error:
        raise Refusal(400, f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise Refusal(400, "the body is not an object")
    return body


def _text(body: dict[str, object], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise Refusal(400, f"{name} is not a text")
    return value or (value if name == "code" else None)
