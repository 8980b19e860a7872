"""The main job end to end: a real browser, `serve`, a real SMTP server, both databases."""

import email
import email.message
import email.policy
import re
from datetime import timedelta

from playwright.sync_api import Browser, expect

from syndication.app import now
from tests.acceptance.conftest import Service

AGENTS = """---
title: Tool calling grows up as agentic teams share one protocol
date: 2026-11-22
---
The AI agents of three teams now hand work to each other over the model context protocol. Each agent keeps a log.

Nothing else changed on that day.
"""
ON_PREM = """---
title: A quantized 70B model runs on two used cards
date: 2026-11-22
---
With vLLM and an RTX 3090 pair the self-hosted LLM answers 20 tok/s. The team counted TCO near inference cost.
"""


def read(message: bytes) -> email.message.EmailMessage:
    return email.message_from_bytes(message, policy=email.policy.default)


def text_of(message: email.message.EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def fire(service: Service) -> None:
    """Make the schedule due now; the clock of the service does the rest."""
    slot = now() - timedelta(seconds=1)
    value = slot if service.database_url else slot.replace(tzinfo=None).isoformat(" ")
    service.execute("UPDATE schedule SET next_slot = :slot", slot=value)


def sign_up(service: Service, browser: Browser) -> None:
    """Anna asks for AI agents alone and confirms from the mail."""
    page = browser.new_page()
    page.goto(service.url)
    page.get_by_role("textbox", name=re.compile("e-mail", re.IGNORECASE)).fill("anna@example.org")
    page.get_by_role("checkbox", name="On-prem LLMs").uncheck()
    page.get_by_role("button", name=re.compile("subscribe|sign up", re.IGNORECASE)).click()
    service.wait_until(lambda: len(service.smtp.messages) == 1)
    link = re.search(rf"{re.escape(service.url)}/confirm/\S+", text_of(read(service.smtp.messages[0].message)))
    assert link is not None
    page.goto(link[0])
    assert service.ask("SELECT status FROM subscription") == [("unconfirmed",)]
    page.get_by_role("button", name="Yes, send it to me").click()
    expect(page.get_by_text(re.compile("07:30")).first).to_be_visible()
    page.close()


def arrive(service: Service, name: str, article: str, words: str) -> None:
    """An article arrives at the source and is in its feed."""
    (service.articles / name).write_text(article, "utf-8")
    service.command("collect", "--source", "desk")
    service.wait_until(lambda: words in service.get("/feeds/all.json").text)


def test_from_sign_up_to_one_digest_and_away_again(service: Service, browser: Browser) -> None:
    service.start()
    sign_up(service, browser)
    arrive(service, "agents.md", AGENTS, "Tool calling grows up")
    arrive(service, "on-prem.md", ON_PREM, "quantized 70B")
    fire(service)
    service.wait_until(lambda: service.ask("SELECT state FROM issue") == [("sent",)])
    assert len(service.smtp.messages) == 2

    digest = read(service.smtp.messages[1].message)
    assert "Tool calling grows up" in text_of(digest)
    assert "quantized 70B" not in text_of(digest)
    assert digest["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = digest["List-Unsubscribe"].strip("<>")
    assert service.get(address).status_code == 200
    assert service.ask("SELECT status FROM subscription") == [("confirmed",)]
    assert service.post(address, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert service.ask("SELECT status FROM subscription") == [("unsubscribed",)]

    arrive(service, "more.md", AGENTS.replace("grows up", "grows older"), "grows older")
    fire(service)
    service.wait_until(lambda: len(service.ask("SELECT id FROM issue WHERE state = 'empty'")) == 1)
    assert len(service.smtp.messages) == 2
    assert service.stop() == 0
    assert "Traceback" not in service.log()
