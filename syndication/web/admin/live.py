"""The console's page of going live: the doctor's findings, each with its remedy."""

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from syndication.domain.findings import Finding, Verdict
from syndication.domain.plural import plural
from syndication.web.admin.access import Owner, SignedIn
from syndication.web.deps import deps_of
from syndication.web.render import private_page

router = APIRouter(prefix="/admin/live")

_WORDS: Final = {Verdict.OK: "well", Verdict.WARNING: "better", Verdict.FAULT: "missing", Verdict.OFF: "not asked"}


@router.get("/")
def live_page(request: Request, admin: SignedIn) -> Response:
    """What will be looked at. Looking asks servers and takes seconds, so it waits for the button."""
    return private_page(request, "admin/live.html", admin=admin, findings=None)


@router.post("/")
def look(request: Request, admin: Owner) -> Response:
    """Look, ask and try; changes nothing."""
    deps = deps_of(request)
    findings = deps.examine() if deps.examine else ()
    return private_page(
        request,
        "admin/live.html",
        admin=admin,
        findings=findings,
        verdict=_verdict(findings),
        words=_WORDS,
        now=deps.clock(),
    )


def _verdict(findings: tuple[Finding, ...]) -> str:
    """The page in one line."""
    faults = sum(finding.verdict is Verdict.FAULT for finding in findings)
    if faults:
        return f"{plural(faults, 'thing stands', 'things stand')} between you and your readers."
    advice = sum(finding.verdict is Verdict.WARNING for finding in findings)
    return (
        f"Ready. {plural(advice, 'thing', 'things')} could be better."
        if advice
        else "Ready: nothing stands in the way."
    )
