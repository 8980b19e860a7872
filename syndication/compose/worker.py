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

MEMORY_LIMIT: Final = 512 * 1024 * 1024
CPU_LIMIT_S: Final = 3
"""For each template; the shipped ones take a tenth of a second together."""


def main() -> None:
    """Read, compile, answer."""
    sources = json.load(sys.stdin)
    seconds = CPU_LIMIT_S * len(sources)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    json.dump([_answer(TemplateSource(**source)) for source in sources], sys.stdout)


def _answer(source: TemplateSource) -> dict[str, Any]:
    try:
        return {"html": compile_checked(source)}
    except TemplateError as error:
        return {"message": str(error), "line": error.line, "part": error.part}


if __name__ == "__main__":
    main()
