"""Who may do what: every form of the console, sent by everybody who may not."""

import importlib
import pkgutil
from types import MappingProxyType
from typing import Final

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute

from syndication.domain.roles import Role
from syndication.web import admin
from tests.support.console import colleague
from tests.support.website import Website

# For who is not logged in yet.
ARRIVING: Final = frozenset(
    {"/admin/login", "/admin/setup/{secret}", "/admin/invite/{secret}", "/admin/reset/{secret}"}
)
# What concerns nobody but oneself.
ONESELF: Final = frozenset({"/admin/logout", "/admin/people/password", "/admin/people/log-ins/{mark}/end"})
OWNERS: Final = frozenset(
    {
        "/admin/live/",
        "/admin/people/invite",
        "/admin/people/invitations/{token_id}/withdraw",
        "/admin/people/{admin_id}/remove",
        "/admin/people/{admin_id}/role",
        "/admin/subscribers/export",
        "/admin/subscribers/{subscriber_id}/erase",
        "/admin/tokens/",
        "/admin/tokens/{token_id}/revoke",
    }
)
EXAMPLES: Final = MappingProxyType(
    {"name": "weekly", "newsletter": "weekly", "mail": "digest", "act": "pause", "action": "pause", "mark": "x"}
)


def forms() -> set[str]:
    """The addresses of the console that take a form, as the router has them."""
    found = set()
    for module in pkgutil.iter_modules(admin.__path__, f"{admin.__name__}."):
        router = getattr(importlib.import_module(module.name), "router", None)
        for route in router.routes if isinstance(router, APIRouter) else ():
            if isinstance(route, APIRoute) and (route.methods or set()) - {"GET", "HEAD"}:
                found.add(route.path)
    return found


def example(template: str) -> str:
    """An address of that kind; numbers are 1."""
    parts = [EXAMPLES.get(part[1:-1], "1") if part.startswith("{") else part for part in template.split("/")]
    return "/".join(parts)


def test_the_addresses_named_here_exist() -> None:
    assert forms() >= ARRIVING | ONESELF | OWNERS
    assert len(forms()) > 40


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_a_form_of_a_higher_role_is_refused_and_leaves_no_trace(website: Website, role: Role) -> None:
    somebody = colleague(website, "vera", role)
    closed = forms() - ARRIVING - ONESELF if role is Role.VIEWER else OWNERS
    before = somebody.words("/admin/log/")
    answers = {path: somebody.post(example(path), word="erase", sure="1") for path in closed}
    assert {path: answer.status_code for path, answer in answers.items() if answer.status_code != 403} == {}
    needed = {path: "owner" if path in OWNERS else "editor" for path in closed}
    assert [path for path in closed if f"this needs an {needed[path]}" not in answers[path].text] == []
    assert somebody.words("/admin/log/") == before


def test_without_a_log_in_every_form_leads_to_the_log_in(website: Website) -> None:
    found = {path: website.visitor().post(example(path)) for path in forms() - ARRIVING - {"/admin/logout"}}
    assert {path: one.status_code for path, one in found.items() if one.status_code != 303} == {}
    assert {one.headers["location"] for one in found.values()} == {"/admin/login"}


def test_a_form_from_another_site_is_refused_even_to_an_owner(website: Website) -> None:
    headers = {"cookie": colleague(website).cookie, "origin": "https://evil.example"}
    found = {path: website.visitor().post(example(path), headers=headers) for path in forms()}
    assert {path: one.status_code for path, one in found.items() if one.status_code != 403} == {}
