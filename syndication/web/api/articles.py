"""`POST /api/v1/articles`: programs hand us articles. Sent twice, an article is there once."""

from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator, model_validator
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from syndication.collect.pushed import Pushed
from syndication.domain.errors import SourceError
from syndication.jobs.push import PushedArticle, PushStatus, push_articles
from syndication.store.tokens import USE_IS_NOTED_EVERY, ApiToken, note_use, source_named
from syndication.web.api.access import ArticleWriter
from syndication.web.api.problems import PREFIX, Problem
from syndication.web.deps import deps_of

router = APIRouter(prefix=PREFIX)

MOST_ARTICLES: Final = 100
_Name = Annotated[str, Field(max_length=100)]


class ArticleIn(BaseModel):
    """One article. `id` is yours and names it for good: the same id again updates it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1, max_length=1000, examples=["2026-11-agents-in-production"])
    url: str = Field(default="", max_length=2000, examples=["https://news.example.org/agents"])
    title: str = Field(default="", max_length=1000)
    summary: str = Field(default="", max_length=10_000)
    content_html: str = Field(default="", description="HTML; it is sanitised.")
    content_text: str = Field(default="", description="Plain text, used when there is no content_html.")
    language: str = Field(default="", max_length=35, pattern=r"^$|^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", examples=["en"])
    published_at: AwareDatetime | None = None
    updated_at: AwareDatetime | None = None
    image_url: str = Field(default="", max_length=2000)
    authors: tuple[_Name, ...] = Field(default=(), max_length=32)
    tags: tuple[_Name, ...] = Field(default=(), max_length=32)
    ai_generated: bool | None = None

    @field_validator("url", "image_url")
    @classmethod
    def _absolute(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in {"http", "https"} or not parts.hostname):
            message = "must be an absolute address, such as https://news.example.org/article"
            raise ValueError(message)
        return value


class PushIn(BaseModel):
    """Articles for one source. `source` may be left out when the token is bound to one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str = Field(default="", max_length=64, examples=["newsroom"])
    articles: tuple[ArticleIn, ...] = Field(min_length=1, max_length=MOST_ARTICLES)

    @model_validator(mode="after")
    def _each_once(self) -> "PushIn":
        if len({article.id for article in self.articles}) < len(self.articles):
            message = "an id stands twice in 'articles'"
            raise ValueError(message)
        return self


class ArticleOut(BaseModel):
    """What became of one article. repairs: what was mended, such as a date in the future."""

    id: str
    status: Literal["created", "updated", "unchanged"]
    uid: str
    url: str
    repairs: tuple[str, ...]


class PushOut(BaseModel):
    """The articles in the order they were sent."""

    articles: tuple[ArticleOut, ...]


@router.post(
    "/articles",
    response_model=PushOut,
    summary="Hand over articles",
    responses={201: {"description": "At least one article is new."}, 200: {"description": "None is new."}},
)
def post_articles(request: Request, token: ArticleWriter, push: PushIn) -> Response:
    """Store up to 100 articles of one source, 1 MiB in all; they are in the feeds within seconds."""
    deps = deps_of(request)
    now = deps.clock()
    source_id = _source(request, token, push.source)
    try:
        done = push_articles(deps.database, deps.enqueue, source_id, [_pushed(one) for one in push.articles], now)
    except SourceError as error:
        raise Problem(422, str(error)) from error
    if token.used_at is None or now - token.used_at > USE_IS_NOTED_EVERY:
        with deps.database.write() as session:
            note_use(session, token.token_id, now)
    is_new = any(one.status is PushStatus.CREATED for one in done)
    articles = [_out(one, deps.site.public_url) for one in done]
    return JSONResponse({"articles": articles}, 201 if is_new else 200)


def _source(request: Request, token: ApiToken, slug: str) -> int:
    """The source that is meant and allowed. Raises Problem."""
    if token.source_id is not None:
        if slug not in {"", token.source}:
            raise Problem(403, f"This token may write to the source '{token.source}' only.")
        return token.source_id
    if not slug:
        raise Problem(
            422,
            'Name the source the articles belong to: "source": "…".',
            errors=[{"pointer": "/source", "detail": "is missing"}],
        )
    with deps_of(request).database.read() as session:
        found = source_named(session, slug)
    if found is None:
        words = f"There is no source '{slug}'. Add one of kind push in the console."
        raise Problem(422, words, errors=[{"pointer": "/source", "detail": "is unknown"}])
    return found


def _pushed(article: ArticleIn) -> Pushed:
    written = article.model_dump(exclude={"published_at", "updated_at"})
    published = article.published_at.isoformat() if article.published_at else ""
    updated = article.updated_at.isoformat() if article.updated_at else ""
    return Pushed(**written, published=published, updated=updated)


def _out(one: PushedArticle, public_url: str) -> dict[str, Any]:
    url = f"{public_url}/articles/{one.uid}" if one.uid else ""
    return {"id": one.id, "status": one.status.value, "uid": one.uid, "url": url, "repairs": list(one.repairs)}
