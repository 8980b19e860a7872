"""Compiling in a process of its own: whatever a template does, it ends in an answer."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from syndication.compose.check import compile_checked
from syndication.compose.templates import (
    MAILS,
    SOURCE_LIMIT,
    compile_all,
    compile_template,
    load_source,
    load_sources,
    source_hash,
)
from syndication.domain.errors import TemplateError
from syndication.domain.templates import Template, TemplateSource

SHIPPED = Path(__file__).parents[3] / "templates" / "email"
DIGEST = load_source(SHIPPED, "digest")


def with_text(words: str) -> TemplateSource:
    """The shipped digest with more in its first text."""
    return replace(
        DIGEST, mjml=DIGEST.mjml.replace("{{ newsletter.title }}</h1>", "{{ newsletter.title }}</h1>" + words)
    )


def refusal(source: TemplateSource) -> TemplateError:
    with pytest.raises(TemplateError) as caught:
        compile_template(source)
    return caught.value


def complaint(source: TemplateSource) -> TemplateError:
    """The same in this process, which it cannot harm: a worker takes a third of a second to start."""
    with pytest.raises(TemplateError) as caught:
        compile_checked(source)
    return caught.value


def line_of(source: TemplateSource, words: str) -> int:
    return next(number for number, line in enumerate(source.mjml.split("\n"), 1) if words in line)


def test_the_shipped_templates_compile() -> None:
    sources = load_sources(SHIPPED)

    compiled = compile_all(list(sources.values()))

    assert [template.name for template in compiled if isinstance(template, Template)] == list(MAILS)
    for template in compiled:
        assert isinstance(template, Template)
        assert "<mj-" not in template.html
        assert template.hash == source_hash(sources[template.name])


def test_one_template_comes_back_compiled() -> None:
    assert compile_template(DIGEST).hash == source_hash(DIGEST)


def test_the_hash_changes_with_every_part() -> None:
    changed = [replace(DIGEST, **{part: "x"}) for part in ("name", "subject", "text", "mjml")]

    assert len({source_hash(source) for source in (DIGEST, *changed)}) == 5


@pytest.mark.parametrize("depth", [12_000, 400])
def test_tags_nested_deeply_are_refused_or_compiled_and_never_end_us(depth: int) -> None:
    source = with_text("<b>" * depth + "</b>" * depth)

    (answer,) = compile_all([source])

    assert isinstance(answer, Template if depth == 400 else TemplateError)
    assert depth == 400 or "nested" in str(answer)


def test_a_template_that_kills_the_compiler_does_not_spoil_the_others() -> None:
    deadly = with_text("<b>" * 12_000 + "</b>" * 12_000)

    answers = compile_all([DIGEST, deadly, load_source(SHIPPED, "link")])

    assert [type(answer) for answer in answers] == [Template, TemplateError, Template]


@pytest.fixture
def children() -> Iterator[list[int]]:
    """Kills the first process that this one starts, as soon as it sees it."""
    seen: list[int] = []
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            for pid in (
                Path(f"/proc/{os.getpid()}/task/{threading.main_thread().native_id}/children").read_text().split()
            ):
                if "syndication.compose.worker" in Path(f"/proc/{pid}/cmdline").read_text():
                    seen.append(int(pid))
                    os.kill(int(pid), signal.SIGKILL)
                    return
            time.sleep(0.001)

    watcher = threading.Thread(target=watch)
    watcher.start()
    yield seen
    stop.set()
    watcher.join()


def test_a_killed_compiler_is_a_template_error(children: list[int]) -> None:
    error = refusal(DIGEST)

    assert len(children) == 1
    assert "SIGKILL" in str(error)


@pytest.mark.parametrize(
    "words",
    [
        "{% set a = 'xxxxxxxxxx' %}" + "{% set a = a ~ a %}" * 40 + "{{ a }}",
        "{% set a = 'xxxxxxxxxx' %}" + "{% set a = a ~ a %}" * 25,
        "{% macro m0() %}xxxxxxxxxx{% endmacro %}"
        + "".join(f"{{% macro m{n}() %}}{f'{{{{ m{n - 1}() }}}}' * 10}{{% endmacro %}}" for n in range(1, 11))
        + "{{ m10() }}",
        "".join(f"{{% for s{n} in sections %}}{{% for t{n} in s{n}.stories %}}" for n in range(6))
        + "{% endfor %}" * 12,
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    ],
)
def test_templates_that_fill_memory_or_never_end_are_stopped(words: str) -> None:
    refusal(with_text(words))


def test_the_limits_hold_for_what_the_sandbox_does_not_see() -> None:
    memory, endless = (
        subprocess.run(  # noqa: S603 - the text stands above
            [sys.executable, "-c", f"from syndication.compose.worker import limit; limit(1)\n{code}"],
            capture_output=True,
            text=True,
            check=False,
        )
        for code in ("'x' * 10**9", "while True: pass")
    )

    assert "MemoryError" in memory.stderr
    assert endless.returncode == -signal.SIGXCPU


def test_too_large_a_template_is_refused_without_a_process() -> None:
    assert "characters" in str(refusal(with_text("x" * SOURCE_LIMIT)))


def test_a_mail_that_would_be_cut_off_is_refused() -> None:
    card = '<h3 style="margin:22px 0 5px'
    assert card in DIGEST.mjml

    error = refusal(replace(DIGEST, mjml=DIGEST.mjml.replace(card, "<p>" + "x" * 8_000 + "</p>" + card)))

    assert "make the rows smaller" in str(error)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("<p>never closed</div>", "</div> closes nothing"),
        ("1 < 2", "begins no tag"),
        ("{{ newsletter.titel }}", "'dict object' has no attribute 'titel'"),
        ("{{ t.nothing }}", "no attribute 'nothing'"),
        ("{% for s in sections %}{{ s.stories.0.titel }}{% endfor %}", "no attribute 'titel'"),
        ("{{ nobody }}", "'nobody' is not known here"),
        ("{{ 1 + 'a' }}", "unsupported operand"),
        ("{% if subject %}{% endfor %}", "unknown tag 'endfor'"),
    ],
)
def test_an_error_names_the_line_that_the_author_wrote(words: str, message: str) -> None:
    source = with_text("\n" + words)

    error = complaint(source)

    assert message in str(error)
    assert error.part == "mjml"
    assert error.line == line_of(source, words)


def test_an_error_in_the_text_part_names_its_line() -> None:
    error = refusal(replace(DIGEST, text="one\n" + DIGEST.text + "\n{{ newsletter.titel }}"))

    assert (error.part, error.line) == ("text", DIGEST.text.count("\n") + 3)


@pytest.mark.parametrize("part", ["text", "mjml"])
@pytest.mark.parametrize(
    "needed", ["{{ links.unsubscribe }}", "{{ links.preferences }}", "{{ newsletter.postal_address"]
)
def test_what_every_mail_must_have_is_required_in_both_parts(part: str, needed: str) -> None:
    text = getattr(DIGEST, part)
    assert needed in text

    error = complaint(
        replace(DIGEST, **{part: text.replace(needed, "{{ links.home" + needed.removeprefix(needed.rstrip(" }")))})
    )

    assert "is missing" in str(error)
    assert error.part == part


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ('<a href="javascript:alert(1)">x</a>', "leads nowhere"),
        ('<a href="{{ links.confirm }}">x</a>', "leads nowhere"),
        ('<img alt="" src="https://www.mailjet.com/a.png" />', "tell strangers"),
    ],
)
def test_links_and_addresses_are_looked_at(words: str, message: str) -> None:
    assert message in str(complaint(with_text(words)))


def test_an_empty_subject_is_refused() -> None:
    error = refusal(replace(DIGEST, subject="{% if more == 'never' %}x{% endif %}"))

    assert (error.part, str(error)) == ("subject", "the subject is empty")


def test_the_compiler_gets_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SYNDICATION_MAIL__TRANSPORT", "smtp://user:secret@relay")
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nenv > {tmp_path}/seen\necho "[]"\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))

    with pytest.raises(ValueError, match="zip"):
        compile_all([DIGEST])

    assert "secret" not in (tmp_path / "seen").read_text()


def test_a_compiler_that_fails_otherwise_says_how(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho broken installation >&2\nexit 3\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))

    assert str(refusal(DIGEST)) == "the compiler ended with code 3: broken installation"


def test_the_worker_answers_in_the_order_it_was_asked() -> None:
    sources = [with_text("{{ nobody }}"), DIGEST]
    asked = json.dumps([{"name": s.name, "subject": s.subject, "text": s.text, "mjml": s.mjml} for s in sources])

    done = subprocess.run(
        [sys.executable, "-m", "syndication.compose.worker"], input=asked, capture_output=True, text=True, check=True
    )

    assert [sorted(answer) for answer in json.loads(done.stdout)] == [["line", "message", "part"], ["html"]]
