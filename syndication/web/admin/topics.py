"""The console's pages of topics: words and rules, with what a change would do before it is saved."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Form, HTTPException
from pydantic import BaseModel
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from syndication.domain.errors import StoreError
from syndication.domain.seams import Task
from syndication.domain.topics import Topic
from syndication.jobs.entry_faults import topic_faults
from syndication.jobs.topic_effect import SPAN, Effect, effect_of
from syndication.store.admins import Admin, audit
from syndication.store.classifying import save_topic
from syndication.store.topics import TopicLine, move_topic, rename_topic, topic_line, topic_lines
from syndication.web.admin.access import Editor, SignedIn
from syndication.web.admin.forms import Filled, changes, mark_of, overtaken
from syndication.web.deps import deps_of
from syndication.web.render import private_page

router = APIRouter(prefix="/admin/topics")

_LABELS: Final = {
    "title": "Title",
    "slug": "Short name",
    "description": "Description",
    "rule": "Rule",
    "enabled": "In use",
}


class TopicForm(BaseModel):
    """mark: of the topic as it was when the form was opened. shown: mark of the rule whose effect was shown last."""

    title: str = ""
    slug: str = ""
    description: str = ""
    rule: str = ""
    enabled: bool = False
    mark: str = ""
    shown: str = ""
    show: str = ""

    def values(self) -> dict[str, object]:
        """What was typed, tidied."""
        return {
            "title": self.title.strip(),
            "slug": self.slug.strip(),
            "description": self.description.strip(),
            "rule": self.rule.replace("\r\n", "\n").strip(),
            "enabled": self.enabled,
        }


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the page of a topic shows beside the form."""

    effect: Effect | None = None
    notice: str = ""


@router.get("/")
def topics_page(request: Request, admin: SignedIn) -> Response:
    """All topics in their order."""
    deps = deps_of(request)
    with deps.database.read() as session:
        lines = topic_lines(session, deps.clock() - SPAN)
    return private_page(request, "admin/topics.html", admin=admin, topics=lines)


@router.get("/new")
def new_page(request: Request, admin: Editor) -> Response:
    """The form of a new topic."""
    return _page(request, admin, None, Filled(TopicForm(enabled=True).values(), ""))


@router.post("/new")
def create(request: Request, admin: Editor, form: Annotated[TopicForm, Form()]) -> Response:
    """Show what a new topic would take, or add it."""
    return _submit(request, admin, None, form)


@router.get("/{topic_id}")
def topic_page(request: Request, admin: SignedIn, topic_id: int) -> Response:
    """The form of a topic."""
    line = _line(request, topic_id)
    values = _values(line)
    return _page(request, admin, line, Filled(values, mark_of(values)))


@router.post("/{topic_id}")
def save(request: Request, admin: Editor, topic_id: int, form: Annotated[TopicForm, Form()]) -> Response:
    """Show what a change would do, or save it."""
    return _submit(request, admin, _line(request, topic_id), form)


@router.post("/{topic_id}/move")
def move(request: Request, admin: Editor, topic_id: int, way: Annotated[str, Form()] = "up") -> Response:
    """Move a topic up or down."""
    deps = deps_of(request)
    now = deps.clock()
    with deps.database.write() as session:
        if move_topic(session, topic_id, up=way == "up"):
            audit(session, admin.login, "topic.move", f"topic {topic_id}", now, ({}, {"way": way}))
    return RedirectResponse("/admin/topics/", 303)


def _submit(request: Request, admin: Admin, line: TopicLine | None, form: TopicForm) -> Response:
    values = form.values()
    faults = topic_faults(_topic(values))
    filled = Filled(values, form.mark, faults)
    if faults:
        return _page(request, admin, line, filled)
    rule = str(values["rule"])
    is_other_rule = line is None or line.value.rule.strip() != rule or line.enabled != values["enabled"]
    if form.show or (is_other_rule and form.shown != mark_of({"rule": rule})):
        deps = deps_of(request)
        effect = effect_of(deps.database, line.topic_id if line else None, rule, deps.clock())
        notice = (
            "" if form.show else "Nothing is saved yet. This is what the rule would change; save again if you want it."
        )
        return _page(request, admin, line, filled, _Shown(effect, notice))
    return _save(request, admin, line, filled)


def _save(request: Request, admin: Admin, line: TopicLine | None, filled: Filled) -> Response:
    deps = deps_of(request)
    now = deps.clock()
    try:
        with deps.database.write() as session:
            current = topic_line(session, line.topic_id, lock=True) if line else None
            before = _values(current) if current else {}
            if current and mark_of(before) != filled.mark:
                filled = overtaken(session, filled, before, _LABELS, f"topic {current.topic_id}")
            else:
                _write(session, admin, current, filled, now)
    except StoreError as error:
        return _page(request, admin, line, replace(filled, faults={"slug": str(error)}))
    if filled.differences:
        return _page(request, admin, line, filled)
    deps.enqueue(Task.CLASSIFY, "classify")
    deps.enqueue(Task.PUBLISH, "publish")
    return RedirectResponse("/admin/topics/", 303)


def _write(session: Session, admin: Admin, current: TopicLine | None, filled: Filled, now: datetime) -> None:
    values = filled.values
    slug = str(values["slug"])
    if current and current.value.slug != slug:
        rename_topic(session, current.topic_id, slug)
    elif current is None and any(one.value.slug == slug for one in topic_lines(session, now)):
        message = f"Another topic has the short name '{slug}' already."
        raise StoreError(message)
    rule = str(values["rule"])
    if current and current.value.rule.strip() == rule:
        rule = current.value.rule  # other white space is no other rule: nothing is looked at again
    save_topic(session, replace(_topic(values), rule=rule), enabled=bool(values["enabled"]))
    number = (
        current.topic_id
        if current
        else next(one.topic_id for one in topic_lines(session, now) if one.value.slug == slug)
    )
    action = "topic.change" if current else "topic.create"
    audit(session, admin.login, action, f"topic {number}", now, changes(_values(current) if current else {}, values))


def _topic(values: Mapping[str, object]) -> Topic:
    return Topic(str(values["slug"]), str(values["title"]), str(values["description"]), str(values["rule"]))


def _values(line: TopicLine) -> dict[str, object]:
    value = line.value
    return {
        "title": value.title,
        "slug": value.slug,
        "description": value.description,
        "rule": value.rule.strip(),
        "enabled": line.enabled,
    }


def _line(request: Request, topic_id: int) -> TopicLine:
    with deps_of(request).database.read() as session:
        found = topic_line(session, topic_id)
    if found is None:
        raise HTTPException(404)
    return found


def _page(
    request: Request, admin: Admin, line: TopicLine | None, form: Filled, shown: _Shown | None = None
) -> Response:
    shown = shown or _Shown()
    return private_page(
        request,
        "admin/topic.html",
        status=form.status,
        admin=admin,
        line=line,
        form=form,
        effect=shown.effect,
        notice=shown.notice,
        shown=mark_of({"rule": form.values["rule"]}) if shown.effect else "",
    )
