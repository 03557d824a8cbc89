"""The languages there are, and how their kernels are started and spoken to."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

KERNELS = Path(__file__).resolve().parent / "kernels"
ALIASES = {"js": "javascript", "ts": "typescript", "py": "python", "sh": "bash"}


@dataclass(frozen=True)
class Cell:
    """What a kernel is asked to run."""

    code: str
    count: int
    # Only while the cell runs.
    env: dict[str, str]
    # From now on; None removes a variable.
    lasting: dict[str, str | None]


@dataclass(frozen=True)
class Language:
    # What follows it are two descriptors: of requests, and of events.
    argv: tuple[str, ...]
    encode: Callable[[Cell], bytes]


def _json_line(cell: Cell) -> bytes:
    return json.dumps(cell.__dict__).encode() + b"\n"


def _nul_fields(cell: Cell) -> bytes:
    """Bash reads up to a NUL: lasting variables, the cell's, each list with its length before it, and the code."""
    fields = [str(len(cell.lasting))]
    for name, value in cell.lasting.items():
        fields += [name, "" if value is None else f"={value}"]
    fields.append(str(len(cell.env)))
    for name, value in cell.env.items():
        fields += [name, value]
    fields.append(cell.code.replace("\0", ""))
    return b"".join(field.encode(errors="surrogatepass") + b"\0" for field in fields)


def languages(node: str) -> dict[str, Language]:
    javascript = (node, "--no-warnings", str(KERNELS / "javascript" / "kernel.cjs"))
    return {
        "python": Language((sys.executable, str(KERNELS / "python_kernel.py")), _json_line),
        "javascript": Language((*javascript, "javascript"), _json_line),
        "typescript": Language((*javascript, "typescript"), _json_line),
        "bash": Language(("bash", "--noprofile", "--norc", str(KERNELS / "bash_kernel.sh")), _nul_fields),
    }


def normal_name(language: str) -> str:
    name = language.strip().lower()
    return ALIASES.get(name, name)
