"""One request of HTTP/1.1 on a connection, and its answer, after which the connection is closed."""

import asyncio
import json
import socket
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus

from contexts import Refusal
from output import Event

MAX_BODY_BYTES = 16 * 1024 * 1024
REQUEST_SECONDS = 60
# A client that went without a word, as all of them do when a capsule comes from a snapshot, is gone after so long.
GONE_MS = 120_000


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    # By name in lower case.
    headers: dict[str, str]
    body: bytes


class Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read_request(self) -> Request:
        try:
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except asyncio.LimitOverrunError as error:
            raise Refusal(431, "the head of the request is too long") from error
        first, *lines = head.rstrip("\r\n").split("\r\n")
        method, _, rest = first.partition(" ")
        target, _, version = rest.partition(" ")
        if not version.startswith("HTTP/1."):
            raise Refusal(400, "this is not HTTP/1.1")
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        if headers.get("expect", "").lower() == "100-continue":
            self._writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return Request(method, target.partition("?")[0], headers, await self._read_body(headers))

    async def _read_body(self, headers: dict[str, str]) -> bytes:
        if "chunked" not in headers.get("transfer-encoding", "").lower():
            return await self._read_exactly(headers.get("content-length", "0"), 10, 0)
        body = bytearray()
        while True:
            size = (await self._reader.readline()).partition(b";")[0].strip().decode("latin-1")
            chunk = await self._read_exactly(size, 16, len(body))
            # The end of a chunk, or one of the fields that may follow the last.
            line = await self._reader.readline()
            if chunk == b"":
                while line not in (b"\r\n", b"\n", b""):
                    line = await self._reader.readline()
                return bytes(body)
            body += chunk

    async def _read_exactly(self, size: str, base: int, before: int) -> bytes:
        if not size.isalnum():
            raise Refusal(400, "the body has no length")
        try:
            length = int(size, base)
        except ValueError as error:
            raise Refusal(400, "the body has no length") from error
        if before + length > MAX_BODY_BYTES:
            raise Refusal(413, f"the body has more than {MAX_BODY_BYTES} bytes")
        return await self._reader.readexactly(length)

    async def respond(self, status: int, content_type: str, body: bytes) -> None:
        self._writer.write(_head(status, content_type, f"Content-Length: {len(body)}") + body)
        await self._writer.drain()

    async def respond_json(self, value: object) -> None:
        await self.respond(200, "application/json", json.dumps(value).encode())

    def stream(self) -> "JsonLines":
        self._writer.write(_head(200, "application/json", "Transfer-Encoding: chunked"))
        return JsonLines(self._writer)

    async def gone(self) -> None:
        """Until the client is: what it still says is not listened to."""
        try:
            while await self._reader.read(4096):
                pass
        except OSError:
            pass


class JsonLines:
    """An answer in lines of JSON. Who sends waits for the client to read; after it is gone nothing is sent."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    async def send(self, event: Event) -> None:
        if self._writer.transport.is_closing():
            return
        line = json.dumps(event).encode() + b"\n"
        self._writer.write(b"%x\r\n%b\r\n" % (len(line), line))
        try:
            await self._writer.drain()
        except OSError:
            self._writer.close()

    async def keep_alive(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            # To who does not read what there is, nothing has to be said.
            if self._writer.transport.get_write_buffer_size() == 0:
                await self.send({"type": "keepalive"})

    async def end(self) -> None:
        if not self._writer.transport.is_closing():
            self._writer.write(b"0\r\n\r\n")

    def abandon(self) -> None:
        self._writer.transport.abort()


def _head(status: int, content_type: str, length: str) -> bytes:
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        f"Content-Type: {content_type}",
        length,
        "Connection: close",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


Answer = Callable[[Request, Connection], Awaitable[None]]


async def serve_connection(answer: Answer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    peer = writer.get_extra_info("socket")
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, GONE_MS)
    connection = Connection(reader, writer)
    try:
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                request = await connection.read_request()
            await answer(request, connection)
        except Refusal as refusal:
            await connection.respond(refusal.status, "text/plain; charset=utf-8", refusal.message.encode())
    except (OSError, asyncio.IncompleteReadError, TimeoutError):
        # The client went, or says nothing.
        pass
    except Exception as error:
        print(f"answering a request: {error!r}", file=sys.stderr)
        writer.transport.abort()
    finally:
        writer.close()
