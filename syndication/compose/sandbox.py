"""The Jinja that e-mail templates run in: two environments that know nothing but their values.

Jinja's sandbox alone allows a gigabyte of text ('x' * 10**9, measured) and as much by a dozen methods and filters. So
here templates cannot multiply, cannot call anything but `once` and their own macros, have a short list of filters, and pay
for what they do (`budget`).
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, wraps
from textwrap import wrap
from types import MappingProxyType
from typing import Any, ClassVar, Final, NoReturn, Self

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, nodes, pass_eval_context
from jinja2.exceptions import SecurityError
from jinja2.filters import do_join
from jinja2.nodes import EvalContext
from jinja2.runtime import Context, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment

from syndication.compose.budget import LONGEST, Meters, added, joined, metered, spend, spend_turn, turns
from syndication.domain.errors import TemplateError

TEXT_WIDTH: Final = 74
_FILTERS: Final = frozenset(
    [
        "capitalize",
        "count",
        "default",
        "e",
        "escape",
        "first",
        "int",
        "join",
        "last",
        "length",
        "list",
        "lower",
        "reject",
        "rejectattr",
        "reverse",
        "round",
        "select",
        "selectattr",
        "sort",
        "string",
        "title",
        "trim",
        "truncate",
        "unique",
        "upper",
    ]
)
FILTERS: Final = _FILTERS | {"wrap", "underline"}
PARTS: Final = MappingProxyType({"subject": False, "text": False, "mjml": True, "html": True})
"""The parts of a template, and whether their values are escaped for HTML."""


class Gap(str):
    """A value that is filled in later (`sketch`). It can be printed and is true; whoever looks into it is told no."""

    __slots__ = ()
    OPEN: ClassVar = "\x0e"
    CLOSE: ClassVar = "\x0f"

    def __new__(cls, name: str) -> Self:
        """A gap by this name. Its marks are control characters, which no text of ours holds."""
        return super().__new__(cls, f"{cls.OPEN}{name}{cls.CLOSE}")

    def __bool__(self) -> bool:
        """Only what is not empty gets a gap."""
        return True

    def _refuse(self, *_: object) -> NoReturn:
        message = "this value is not known yet"
        raise SecurityError(message)

    __contains__ = __eq__ = __ge__ = __getitem__ = __gt__ = __iter__ = __le__ = __len__ = __lt__ = __ne__ = _refuse
    __hash__ = str.__hash__


class Once:
    """`{% call once(row) %}…{% endcall %}`: renders what it holds once a row, and answers the same ever after.

    A row is a story or a section. kept: the texts by the rows' keys. leaves_gaps: answer a gap by the name of the key.
    """

    def __init__(self, *, leaves_gaps: bool = False) -> None:
        self.kept: dict[str, str] = {}
        self._leaves_gaps = leaves_gaps

    def __call__(self, row: Mapping[str, Any], caller: Macro) -> str:
        """The block's text; Markup where values are escaped."""
        key: str = row["key"]
        if type(key) is Gap:
            return key
        if key not in self.kept:
            self.kept[key] = caller()
        return Gap(key) if self._leaves_gaps else self.kept[key]


class _Sandbox(ImmutableSandboxedEnvironment):
    """Refuses growth by operators and calls."""

    intercepted_binops = frozenset({"*", "**", "%", "+"})
    concat = staticmethod(joined)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        """As Jinja, with meters."""
        tree: nodes.Template = Meters().visit(super()._parse(source, name, filename))
        tree.set_environment(self)
        return tree

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: ANN401 - as Jinja
        """Refuse the intercepted operators, but for +, which is paid for."""
        if operator == "+":
            added(left, right)
            return super().call_binop(context, operator, left, right)
        message = f"templates may not use the operator {operator}"
        raise SecurityError(message)

    def getattr(self, obj: Any, attribute: str) -> Any:  # noqa: ANN401 - as Jinja
        """What values are made of, dicts, answers by key alone: that is safe, and half the price."""
        if type(obj) is dict and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as Jinja
        """Call a macro or `once`; the latter directly, as it is called for each row of each digest."""
        if type(obj) is Once:
            return obj(args[0], kwargs["caller"])
        spend_turn()
        return super().call(context, obj, *args, **kwargs)

    def is_safe_callable(self, obj: Any) -> bool:  # noqa: ANN401 - as Jinja
        """Macros of the template and `once`, nothing else."""
        return isinstance(obj, Macro | Once)


def _whole(filter_: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that refuses a gap."""

    @wraps(filter_)  # with Jinja's own marks on it
    def guarded(*values: Any, **options: Any) -> Any:  # noqa: ANN401 - as Jinja
        for value in values:
            if type(value) is Gap:
                return len(value)
        result = filter_(*values, **options)
        spend(result)
        return result

    return guarded


@pass_eval_context
def _join(context: EvalContext, values: Iterable[Any], between: str = "") -> str:
    """Jinja's own, whose result is measured before it is made."""
    items = list(values)
    if sum(len(str(item)) + len(between) for item in items) > LONGEST:
        message = f"a text of more than {LONGEST // 1000} KB comes out"
        raise SecurityError(message)
    text: str = do_join(context, items, between)
    return text


def _printed(value: Any) -> Any:  # noqa: ANN401 - as Jinja
    """Every value that is printed is paid for."""
    spend(value)
    return value


def _underline(text: str, mark: str = "-") -> str:
    return text + "\n" + mark[:1] * min(len(text), TEXT_WIDTH)


@lru_cache(maxsize=1_000)  # the same few sentences stand in all digests of an issue
def _wrap(text: str) -> str:
    """Prose in lines of 74 characters; never breaks within a word, so links stay whole."""
    return "\n".join(wrap(text, TEXT_WIDTH, break_long_words=False, break_on_hyphens=False))


@lru_cache(maxsize=2)
def environment(*, escaped: bool) -> _Sandbox:
    """The environment for HTML (escaped) or for plain text."""
    made = _Sandbox(
        autoescape=escaped, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_printed
    )
    made.globals.clear()
    filters = {name: filter_ for name, filter_ in made.filters.items() if name in _FILTERS}
    filters |= {"wrap": _wrap, "underline": _underline, "join": _join}
    made.filters = {name: _whole(filter_) for name, filter_ in filters.items()}
    made.filters["turns"] = turns
    return made


class Loaded(Template):
    """A part of a template ready to render. places: how many brackets open in it; at least as many as Jinja acts in."""

    places: int


def load(text: str, part: str) -> Loaded:
    """A part of a template ready to render. Raises TemplateError with the line when its Jinja does not parse."""
    sandbox = environment(escaped=PARTS[part])
    try:
        code = sandbox.compile(text, name=part, filename=part)
    except TemplateSyntaxError as error:
        raise TemplateError(str(error.message), error.lineno, part) from error
    except RecursionError as error:
        message = "blocks are nested too deeply"
        raise TemplateError(message, None, part) from error
    loaded = Loaded.from_code(sandbox, code, sandbox.make_globals(None))
    assert isinstance(loaded, Loaded)  # noqa: S101 - Jinja makes what it is asked of
    loaded.places = text.count("{")
    return loaded


def run(template: Loaded, values: Mapping[str, Any]) -> str:
    """The rendered text. Raises TemplateError, which names part and line, for whatever a template does wrong."""
    try:
        with metered(template.places):
            return str(template.render(values))
    except Exception as error:  # a template can raise anything
        raise TemplateError(str(error) or type(error).__name__, *_place(error)) from error


def _place(error: BaseException) -> tuple[int | None, str | None]:
    """The line and part of the innermost frame that belongs to a template."""
    line, part, trace = None, None, error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename in PARTS:
            line, part = trace.tb_lineno, trace.tb_frame.f_code.co_filename
        trace = trace.tb_next
    return line, part
