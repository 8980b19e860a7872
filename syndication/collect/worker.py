"""The process that parses documents: `python -m syndication.collect.worker`.

Reads pickled documents from standard input, each behind its length, and answers likewise. Whatever a document does, it
does it here, with little memory and little time.
"""

import pickle
import resource
import struct
import sys
from typing import Any, BinaryIO, Final

from syndication.collect.parse import parse_document
from syndication.domain.sources import FetchFailed, RawDocument

MEMORY_LIMIT: Final = 768 * 1024 * 1024
"""Address space; an honest document of 15 MiB takes 300 MB."""

CPU_LIMIT_S: Final = 2
"""For each document; an honest one of 1 MiB takes a third of a second."""

LENGTH: Final = struct.Struct("!Q")


def main() -> None:
    """Read, parse, answer, until nobody asks any more."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while (body := read(sys.stdin.buffer)) is not None:
        document = pickle.loads(body)  # noqa: S301 - our own process wrote it
        _allow(_seconds(document))
        answer = pickle.dumps(_answer(document), pickle.HIGHEST_PROTOCOL)
        sys.stdout.buffer.write(LENGTH.pack(len(answer)) + answer)
        sys.stdout.buffer.flush()


def read(stream: BinaryIO) -> bytes | None:
    """One message, None at the end of the stream."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    body = stream.read(length)
    return body if len(body) == length else None


def _seconds(document: RawDocument) -> int:
    """Two seconds of processor time for each MiB begun, so that the load of the machine does not count."""
    return CPU_LIMIT_S * (1 + len(document.body) // (1024 * 1024))


def _allow(seconds: int) -> None:
    """So much processor time from now on; the kernel ends the process that takes more."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = used.ru_utime + used.ru_stime
    resource.setrlimit(resource.RLIMIT_CPU, (int(spent) + 1 + seconds, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _answer(document: RawDocument) -> Any:  # noqa: ANN401 - a result of domain.sources.Parse
    try:
        return parse_document(document)
    except MemoryError:
        return FetchFailed("the document needs more memory than one may have: ask the publisher for a smaller one")
    except Exception as error:  # noqa: BLE001 - no document may end the worker
        return FetchFailed(f"reading the document failed by a fault of this program ({type(error).__name__})")


if __name__ == "__main__":
    main()
