"""scripts/setup does what is missing and nothing else. A stand-in for Python writes down what it is asked for."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.tracked import ROOT

PYTHON = """#!/bin/bash
case "$*" in
*ensurepip*) exit {has_venv} ;;
'-m venv --clear .venv')
    rm -rf .venv && mkdir -p .venv/bin && cp "$0" .venv/bin/python && echo "VIRTUAL_ENV='$PWD/.venv'" >.venv/bin/activate
    echo venv >>calls ;;
*'pip install'*'--no-index --find-links wheels '*) echo "wheels: ${{@: -1}}" >>calls ;;
*'pip install'*) echo "${{@: -1}}" >>calls ;;
esac
"""
TOOLS = ("bash", "cat", "cp", "dirname", "env", "find", "flock", "grep", "mkdir", "readlink", "rm", "sed", "sha256sum")
PACKAGE_STEPS = ["requirements/build.txt", "requirements/{kind}.txt", "."]


@dataclass
class Checkout:
    """A folder with the script and the lock files, on a machine without apt."""

    folder: Path
    path: Path

    def setup(self, *kinds: str) -> subprocess.CompletedProcess[str]:
        command = ["bash", "scripts/setup", *kinds]
        environment = {"PATH": str(self.path)}
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own script

    def calls(self) -> list[str]:
        """What Python was asked for since the last look."""
        log = self.folder / "calls"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    path = tmp_path / "tools"
    path.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found
        (path / tool).symlink_to(found)
    folder = tmp_path / "a folder with spaces"
    shutil.copytree(ROOT / "requirements", folder / "requirements")
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    shutil.copy(ROOT / "pyproject.toml", folder)
    _install_python(path, has_venv=True)
    return Checkout(folder, path)


def _install_python(path: Path, *, has_venv: bool) -> None:
    (path / "python3").write_text(PYTHON.format(has_venv=0 if has_venv else 1))
    (path / "python3").chmod(0o755)


def _steps(kind: str) -> list[str]:
    return [step.format(kind=kind) for step in PACKAGE_STEPS]


def test_the_first_time_installs_from_the_lock_files_and_the_second_time_does_nothing(checkout: Checkout) -> None:
    assert checkout.setup("run").returncode == 0
    assert checkout.calls() == ["venv", *_steps("run")]
    again = checkout.setup("run")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert checkout.calls() == []


def test_tools_for_tests_are_added_and_hold_what_the_service_needs(checkout: Checkout) -> None:
    checkout.setup("run")
    checkout.calls()
    checkout.setup("dev")
    assert checkout.calls() == _steps("dev")
    checkout.setup("run")
    assert checkout.calls() == []


@pytest.mark.parametrize("name", ["requirements/run.txt", "requirements/build.txt", "pyproject.toml"])
def test_a_change_of_what_is_asked_for_installs_again(checkout: Checkout, name: str) -> None:
    checkout.setup("run")
    checkout.calls()
    (checkout.folder / name).write_text("changed")
    checkout.setup("run")
    assert checkout.calls() == _steps("run")


def test_a_moved_folder_is_set_up_anew(checkout: Checkout) -> None:
    checkout.setup("run")
    checkout.calls()
    moved = Checkout(checkout.folder.rename(checkout.folder.parent / "moved"), checkout.path)
    moved.setup("run")
    assert moved.calls() == ["venv", *_steps("run")]


def test_an_installation_that_failed_half_way_is_done_again(checkout: Checkout) -> None:
    checkout.setup("run")
    checkout.calls()
    (checkout.folder / "requirements/run.txt").write_text("changed")
    python = checkout.folder / ".venv/bin/python"
    whole = python.read_text()
    python.write_text(whole.replace("*'pip install'*)", "*'pip install'*) exit 1 ;; never)"))
    assert checkout.setup("run").returncode == 1
    python.write_text(whole)
    checkout.setup("run")
    assert checkout.calls() == _steps("run")


def test_who_cannot_install_system_packages_is_told_all_of_them_and_the_command(checkout: Checkout) -> None:
    _install_python(checkout.path, has_venv=False)
    done = checkout.setup("dev", "browser")
    assert done.returncode == 1
    assert "sudo apt-get install" in done.stderr
    assert {"python3-venv", "chromium"} <= set(done.stderr.split())
    assert not (checkout.folder / ".venv").exists()


def test_a_python_that_is_too_old_is_not_used(checkout: Checkout) -> None:
    (checkout.path / "python3").write_text("#!/bin/bash\nexit 1\n")
    done = checkout.setup("run")
    assert done.returncode == 1
    assert {"python3", "python3-venv"} <= set(done.stderr.split())


@pytest.mark.parametrize("words", [[], ["everything"], ["run", "everything"]])
def test_wrong_use_shows_the_right_use(checkout: Checkout, words: list[str]) -> None:
    done = checkout.setup(*words)
    assert done.returncode == 2
    assert "scripts/setup run" in done.stderr


def test_collected_wheels_are_used_for_the_service_alone_and_nothing_is_fetched(checkout: Checkout) -> None:
    (checkout.folder / "wheels").mkdir()
    (checkout.folder / "wheels" / "a-1-py3-none-any.whl").touch()
    done = checkout.setup("run")
    assert "without a network" in done.stdout
    *locks, ourselves = _steps("run")
    assert checkout.calls() == ["venv", *(f"wheels: {lock}" for lock in locks), ourselves]
    checkout.setup("dev")
    assert checkout.calls() == _steps("dev")
