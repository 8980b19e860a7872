"""The process that compiles and tries out templates: `python -m syndication.compose.worker`.

Reads a JSON list of sources, answers a JSON list of `{"html": …}` or `{"message": …, "line": …, "part": …}`. Whatever a
template does, it does it here, with little memory and little time.
"""

import json
import resource
import sys
from typing import Any, Final

from syndication.compose.check import compile_checked
from syndication.domain.errors import TemplateError
from syndication.domain.templates import TemplateSource

MEMORY_LIMIT: Final = 256 * 1024 * 1024
"""Address space; the shipped templates take 40 MB."""

CPU_LIMIT_S: Final = 3
"""For each template; the shipped ones take half a second together, the start of the process included."""


def main() -> None:
    """Read, compile, answer."""
    sources = json.load(sys.stdin)
    limit(len(sources))
    json.dump([_answer(TemplateSource(**source)) for source in sources], sys.stdout)


def limit(templates: int) -> None:
    """From now on this process has little memory, and little time for this many templates."""
    seconds = CPU_LIMIT_S * templates
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _answer(source: TemplateSource) -> dict[str, Any]:
    try:
        return {"html": compile_checked(source)}
    except TemplateError as error:
        return {"message": str(error), "line": error.line, "part": error.part}


if __name__ == "__main__":
    main()
