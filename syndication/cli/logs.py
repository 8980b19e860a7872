"""Logs on standard error: readable on a terminal, JSON lines elsewhere. No address of a person, no token."""

import logging
import sys

import structlog


def log_from(level: int) -> None:
    """Write what is at least this serious. Commands take `logging.WARNING`: what they did is their output."""
    plain = sys.stderr.isatty()
    structlog.configure(
        processors=[  # plain tracebacks: the rich ones print local variables, addresses among them
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            *(() if plain else (structlog.processors.format_exc_info,)),
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
            if plain
            else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=max(level, logging.WARNING), stream=sys.stderr, format="%(name)s: %(message)s")
