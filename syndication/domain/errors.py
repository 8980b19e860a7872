"""The one error tree.

    SyndicationError
    ├── ConfigError      a file or variable of the admin is wrong: names place, fault and remedy
    ├── SourceError      something we read from cannot be read at all
    ├── TemplateError    an e-mail template does not compile or render: names the line
    ├── PictureError     bytes that are no picture which mails can show
    ├── RuleError        a topic's rule does not parse: names the position
    ├── CronError        a schedule's words do not parse or never fire
    ├── ScheduleError    a newsletter does not offer what a reader chose
    ├── IssueError       an issue cannot be started, paused, resumed or cancelled as it stands
    ├── AddressError     not an address mail can be sent to
    ├── TokenError       a link is forged, foreign, truncated or made by a forgotten key
    └── StoreError       the database is unreachable, unmigrated or held by another runner

Expected failures inside a batch are values (`FetchFailed`, `Outcome`), never exceptions.
"""


class SyndicationError(Exception):
    """Something the user can understand and mend; the text says what, where and how."""


class ConfigError(SyndicationError):
    """A setting is missing, unknown or wrong."""


class SourceError(SyndicationError):
    """A source cannot be read."""


class TemplateError(SyndicationError):
    """A template cannot be used. part: 'subject', 'text', 'mjml' or 'html'; line: 1-based in that part; None when unknown."""

    def __init__(self, message: str, line: int | None = None, part: str | None = None) -> None:
        """Keep the place beside the message, so that a form can point at it."""
        super().__init__(message)
        self.line = line
        self.part = part


class PictureError(SyndicationError):
    """A picture cannot be shown in mails."""


class RuleError(SyndicationError):
    """A rule cannot be parsed. position: 0-based offset into the rule's text."""

    def __init__(self, message: str, position: int) -> None:
        """Keep the position beside the message, so that a form can point at it."""
        super().__init__(message)
        self.position = position


class CronError(SyndicationError):
    """A cron expression or time zone cannot be used."""


class ScheduleError(SyndicationError):
    """A newsletter does not go out as a reader wants."""


class IssueError(SyndicationError):
    """An issue does not allow what was asked of it now."""


class AddressError(SyndicationError):
    """No mail can be sent to this address."""


class TokenError(SyndicationError):
    """A token was not made by us, or not for this purpose."""


class StoreError(SyndicationError):
    """The database cannot be used as it is."""
