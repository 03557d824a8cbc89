"""Runs cells of Python in IPython: requests are lines of JSON on the first descriptor given, events on the second."""

import asyncio
import base64
import io
import json
import math
import os
import select
import signal
import sys

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.formatters import BaseFormatter
from IPython.core.interactiveshell import InteractiveShell
from traitlets import ObjectName, Type, Unicode
from traitlets.config import Config

MAX_EVENT_BYTES = 32 * 1024 * 1024
MAX_REQUEST_BYTES = 256 * 1024 * 1024
MAX_TABLE_CELLS = 100_000
TABLE = "application/x-wrenn-table"

FORMATS = {
    "text/plain": "text",
    "text/html": "html",
    "text/markdown": "markdown",
    "image/svg+xml": "svg",
    "image/png": "png",
    "image/jpeg": "jpeg",
    "application/pdf": "pdf",
    "text/latex": "latex",
    "application/json": "json",
    "application/javascript": "javascript",
    TABLE: "data",
}


class WaitingOutput(io.RawIOBase):
    """Waits for the reader. A child may have made the pipe, which it shares, one that does not wait by itself."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor

    def fileno(self) -> int:
        return self._descriptor

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:
        rest = memoryview(data).cast("B")
        while rest:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:
                select.select([], [self._descriptor], [])
        return len(data)

    @classmethod
    def text(cls, descriptor: int) -> io.TextIOWrapper:
        return io.TextIOWrapper(cls(descriptor), "utf-8", "backslashreplace", write_through=True)


class Events:
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def tell(self, event: dict) -> None:
        line = _line(event)
        if len(line) > MAX_EVENT_BYTES:
            print(f"what has {len(line)} bytes is not shown", file=sys.stderr)
            kept = {name: value for name, value in event.items() if len(_line({name: value})) < 64 * 1024}
            line = _line(kept)
        rest = memoryview(line)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def tell_result(self, bundle: dict, *, is_main: bool) -> None:
        event: dict = {"type": "result", "is_main_result": is_main}
        extra = {}
        for mime, value in bundle.items():
            if isinstance(value, bytes):
                value = base64.b64encode(value).decode()
            name = FORMATS.get(mime)
            if name is None:
                extra[mime] = value
            else:
                event[name] = value
        text = event.get("text")
        # A text is shown as it is, not as it is written in Python.
        if isinstance(text, str) and len(text) > 1 and text[0] == text[-1] == "'":
            event["text"] = text[1:-1]
        if extra:
            event["extra"] = extra
        self.tell(event)


def _line(event: dict) -> bytes:
    try:
        return json.dumps(event, default=str, allow_nan=False).encode() + b"\n"
    except ValueError:
        return json.dumps(_finite(event), default=str).encode() + b"\n"


def _finite(value: object) -> object:
    """Without the numbers that JSON does not have."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(name): _finite(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value


class MainResults(DisplayHook):
    """What a cell's last expression is."""

    def start_displayhook(self) -> None:
        pass

    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: dict, md_dict: dict | None = None) -> None:
        self.shell.events_out.tell_result(format_dict, is_main=True)

    def finish_displayhook(self) -> None:
        pass


class Displayed(DisplayPublisher):
    def publish(self, data: dict, metadata: dict | None = None, *_: object, **__: object) -> None:
        self.shell.events_out.tell_result(data, is_main=False)

    def clear_output(self, wait: bool = False) -> None:
        pass


class TableFormatter(BaseFormatter):
    """Tables of pandas by column."""

    format_type = Unicode(TABLE)
    print_method = ObjectName("_repr_table_")
    _return_type = dict


def _columns(table: object) -> dict | None:
    return table.to_dict(orient="list") if table.size <= MAX_TABLE_CELLS else None


class Shell(InteractiveShell):
    displayhook_class = Type(MainResults)
    display_pub_class = Type(Displayed)
    events_out: Events
    wants_to_exit = False
    was_interrupted = False

    def init_display_formatter(self) -> None:
        super().init_display_formatter()
        formatter = TableFormatter(parent=self.display_formatter)
        # Where it was made, and where newer ones say that they are from.
        for module in ("pandas.core.frame", "pandas"):
            formatter.for_type_by_name(module, "DataFrame", _columns)
        self.display_formatter.formatters[TABLE] = formatter
        self.display_formatter.active_types = [*self.display_formatter.active_types, TABLE]

    def system(self, cmd: str) -> None:
        """What `!` runs writes to this process's own outputs."""
        self.system_raw(cmd)

    def ask_exit(self) -> None:
        self.wants_to_exit = True

    def _showtraceback(self, etype: type, evalue: BaseException, stb: list[str]) -> None:
        name = etype.__name__
        if self.was_interrupted and issubclass(etype, asyncio.CancelledError):
            name = "KeyboardInterrupt"
        traceback = "\n".join(stb) if isinstance(stb, list) else str(stb)
        self.events_out.tell({"type": "error", "name": name, "value": _text_of(evalue), "traceback": traceback})


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return "an error that cannot be shown"


def make_shell(events: Events) -> Shell:
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "NoColor"
    config.InteractiveShell.cache_size = 100
    Shell.events_out = events
    shell = Shell.instance(config=config)

    def show_page(_: object, data: object, start: int = 0, screen_lines: int = 0) -> None:
        events.tell_result(data if isinstance(data, dict) else {"text/plain": str(data)}, is_main=False)

    shell.set_hook("show_in_pager", show_page, 99)
    return shell


class Runner:
    """One cell after the other, on a loop that goes on between them as background tasks expect."""

    def __init__(self, shell: Shell, events: Events) -> None:
        self._shell = shell
        self._events = events
        self._loop = asyncio.get_running_loop()
        self._cell: asyncio.Task | None = None
        # Not to be ignored: what a cell starts would ignore it as well.
        signal.signal(signal.SIGINT, self._on_interrupt)

    def _on_interrupt(self, *_: object) -> None:
        if self._cell is None:
            return
        self._shell.was_interrupted = True
        if asyncio.current_task(self._loop) is not None:
            raise KeyboardInterrupt
        self._loop.call_soon_threadsafe(self._cell.cancel)

    async def run(self, code: str, count: int, env: dict, lasting: dict) -> None:
        _set_env(lasting)
        before = {name: os.environ.get(name) for name in env}
        _set_env(env)
        self._shell.execution_count = count
        self._shell.was_interrupted = False
        try:
            self._cell = self._loop.create_task(self._run_cell(code))
            await asyncio.wait({self._cell})
        finally:
            self._cell = None
            _set_env(before)
        self._events.tell({"type": "end", "leaves": self._shell.wants_to_exit})

    async def _run_cell(self, code: str) -> None:
        shell = self._shell
        failure = None
        try:
            transformed = shell.transform_cell(code)
        except Exception:
            transformed, failure = code, sys.exc_info()
        result = await shell.run_cell_async(
            code, store_history=True, transformed_cell=transformed, preprocessing_exc_tuple=failure
        )
        # Figures are shown by who listens to it.
        shell.events.trigger("post_execute")
        shell.events.trigger("post_run_cell", result)


def _set_env(variables: dict) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


async def serve(requests: int, events: Events) -> None:
    shell = make_shell(events)
    runner = Runner(shell, events)
    reader = asyncio.StreamReader(limit=MAX_REQUEST_BYTES)
    pipe = os.fdopen(requests, "rb", buffering=0)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    events.tell({"type": "ready"})
    while not shell.wants_to_exit and (line := await reader.readline()):
        await runner.run(**json.loads(line))


def main() -> None:
    requests, events = int(sys.argv[1]), int(sys.argv[2])
    for descriptor in (requests, events):
        os.set_inheritable(descriptor, False)
    # As in a Python that is used by hand: modules come from the folder that the cell is in.
    sys.path[0] = ""
    sys.argv = [""]
    sys.stdout, sys.stderr = WaitingOutput.text(1), WaitingOutput.text(2)
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(serve(requests, Events(events)))


if __name__ == "__main__":
    main()
