"""The capsule's own environment variables, which its guest daemon knows."""

import asyncio
import json
import sys
from urllib.parse import urlsplit

# A cell waits for so long at most. What is on this machine answers at once, or there is nobody.
DEADLINE_SECONDS = 2
MAX_BYTES = 4 * 1024 * 1024


class CapsuleEnv:
    """Asked before each cell: a capsule that comes from a snapshot has other variables than the one it was made of."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._host = address.hostname or "localhost"
        self._port = address.port or 80
        self._known: dict[str, str] = {}
        self._complaint = ""

    async def read(self, access_token: str | None) -> dict[str, str]:
        """What is known now; what was known last, where nobody answers."""
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                self._known = _variables(await self._ask(access_token))
        except ConnectionRefusedError:
            pass
        except (OSError, ValueError, TimeoutError) as error:
            self._complain(f"reading the capsule's variables: {error!r}")
        return self._known

    def _complain(self, complaint: str) -> None:
        """Once: the next cell would say the same."""
        if complaint != self._complaint:
            print(complaint, file=sys.stderr)
        self._complaint = complaint

    async def _ask(self, access_token: str | None) -> bytes:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            token = "" if access_token is None else f"X-Access-Token: {access_token}\r\n"
            # In HTTP/1.0 an answer is over when the connection is.
            writer.write(f"GET /envs HTTP/1.0\r\nHost: {self._host}\r\n{token}\r\n".encode("latin-1"))
            answer = bytearray()
            while chunk := await reader.read(64 * 1024):
                answer += chunk
                if len(answer) > MAX_BYTES:
                    raise ValueError("the answer is too long")
            return bytes(answer)
        finally:
            writer.close()


def _variables(answer: bytes) -> dict[str, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    status = head.split(b"\r\n", 1)[0].split(b" ")
    if len(status) < 2 or status[1] != b"200":
        raise ValueError(f"answered {status[1:2]}")
    variables = json.loads(body)
    if not isinstance(variables, dict):
        raise ValueError("answered with something else")
    return {name: value for name, value in variables.items() if is_variable(name, value)}


def is_variable(name: object, value: object) -> bool:
    """Whether an environment can hold it."""
    if not isinstance(name, str) or not isinstance(value, str):
        return False
    if name == "" or "=" in name or "\0" in name + value:
        return False
    # JSON can spell half a character.
    return all(not "\ud800" <= character <= "\udfff" for character in name + value)
