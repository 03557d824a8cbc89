"""What the benchmarks load a capsule with: downloads without an end at /bulk and a WebSocket that echoes at /ws.

All in one thread: with a thread for each client, Python hands its lock to some of them for a minute and more.
"""

import asyncio
import base64
import hashlib
import sys

PIECE = b"10000\r\n" + b"x" * 65536 + b"\r\n"


async def bulk(writer):
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(PIECE)
        await writer.drain()
        # Where the client takes as fast as this writes, nothing above lets the others have a turn.
        await asyncio.sleep(0)


async def web_socket(key, reader, writer):
    accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    writer.write(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )
    while True:
        kind, length = await reader.readexactly(2)
        length &= 127
        mask = await reader.readexactly(4)
        masked = await reader.readexactly(length)
        if kind & 15 == 8 or length > 125:
            return
        writer.write(bytes([kind, length]) + bytes(byte ^ mask[at % 4] for at, byte in enumerate(masked)))
        await writer.drain()


async def answer(reader, writer):
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        lines = [line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if line]
        key = {line[0].lower(): line[1] for line in lines}.get(b"sec-websocket-key")
        if key is not None:
            await web_socket(key, reader, writer)
        elif head.split(b" ")[1] == b"/bulk":
            await bulk(writer)
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(answer, "127.0.0.1", int(sys.argv[1]), backlog=256)
    await server.serve_forever()


asyncio.run(main())
