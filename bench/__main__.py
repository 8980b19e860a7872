"""`python -m bench [NAME …] [--json]`: run benchmarks, all of them by default."""

import argparse
import ast
import gc
import importlib
import json
import pkgutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import bench
from bench._memory import peak_mb


def main() -> int:
    """Run what is asked for; 2 when a name is unknown, 1 when a benchmark fails."""
    names = sorted(module.name for module in pkgutil.iter_modules(bench.__path__) if not module.name.startswith("_"))
    parser = argparse.ArgumentParser("python -m bench", description=_contents(names), formatter_class=_Formatter)
    parser.add_argument("name", nargs="*", metavar="NAME", help="which; all when none is named")
    parser.add_argument("--json", action="store_true", help="one JSON line a case")
    wanted = parser.parse_args()
    for name in set(wanted.name) - set(names):
        parser.error(f"there is no benchmark '{name}'; there are: {', '.join(names)}")
    if len(wanted.name) == 1:
        _run(wanted.name[0], as_json=wanted.json)
        return 0
    # One process each, so that memory is a benchmark's own.
    options = ["--json"] if wanted.json else []
    codes = [
        subprocess.run([sys.executable, "-m", "bench", name, *options], check=False).returncode  # noqa: S603 - ourselves
        for name in wanted.name or names
    ]
    return max(codes, default=0)


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Keeps the list of benchmarks in lines."""


def _contents(names: list[str]) -> str:
    return "\n".join(["benchmarks:", *(f"  {name:<12} {_docstring(name).splitlines()[0]}" for name in names)])


def _docstring(name: str) -> str:
    """Of a benchmark that is not imported: what the others import would count as memory of the one that runs."""
    source = Path(__file__).with_name(f"{name}.py").read_text("utf-8")
    return ast.get_docstring(ast.parse(source)) or ""


def _run(name: str, *, as_json: bool) -> None:
    benchmark = importlib.import_module(f"bench.{name}")
    gc.freeze()  # as the service does
    for case in benchmark.run():
        memory_mb = round(peak_mb(), 1)
        values: dict[str, Any] = {
            "bench": name,
            "case": case.case,
            "value": round(case.value, 3),
            "unit": case.unit,
            "limit": None if case.limit is None else round(case.limit, 3),
            "ratio": None if case.ratio is None else round(case.ratio, 4),
            "memory_mb": memory_mb,
        }
        print(json.dumps(values) if as_json else _in_words(values), flush=True)


def _in_words(values: dict[str, Any]) -> str:
    limit = "" if values["ratio"] is None else f"{values['ratio']:7.1%} of {values['limit']:,.0f}"
    return f"{values['bench']:<10} {values['case']:<34} {values['value']:>12,.0f} {values['unit']:<12} {limit:<22} {values['memory_mb']:>6.0f} MB"


if __name__ == "__main__":
    sys.exit(main())
