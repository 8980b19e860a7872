"""SMTP stages against a real server: every ending has one certain meaning."""

import asyncio
import base64
from dataclasses import replace
from pathlib import Path

import pytest

from syndication.deliver.greeting import Timeouts
from syndication.deliver.smtp import SmtpConnection, SmtpTransport, smtp_transport_from_url
from syndication.domain.delivery import (
    Accepted,
    Deferred,
    DeliveryKind,
    DeliveryName,
    Failed,
    Fault,
    Mail,
    Outcome,
    Unknown,
)
from tests.support.certificates import make_certificate
from tests.support.smtp import DROP, SmtpServer, Stage, Stall

MESSAGE = b"Subject: Hello\r\n\r\n.dot\r\n..two\r\nlast\r\n"
PLAIN = ("SIZE 1000", "8BITMIME")
BOTH_WAYS = pytest.mark.parametrize("offers", [SmtpServer().offers, PLAIN], ids=["pipelined", "step by step"])


def mail(recipient: str = "anna@example.org", message: bytes = MESSAGE) -> Mail:
    return Mail(DeliveryName(DeliveryKind.ISSUE, 12, 345), "digest@example.org", recipient, (message,))


async def opened(transport: SmtpTransport) -> SmtpConnection:
    connection = await transport.connect()
    assert isinstance(connection, SmtpConnection), connection
    return connection


def outcomes(server: SmtpServer, *mails: Mail, timeouts: Timeouts | None = None) -> list[Outcome]:
    """What becomes of mails sent one after another, on one connection as long as it is usable."""
    transport = smtp_transport_from_url(server.url)
    transport = replace(transport, server=replace(transport.server, timeouts=timeouts or Timeouts()))

    async def send() -> list[Outcome]:
        connection = await opened(transport)
        found = []
        for one in mails:
            if not connection.is_usable:
                connection = await opened(transport)
            found.append(await connection.send(one))
        await connection.close()
        return found

    return asyncio.run(send())


def once_at(stage: Stage, fault: object) -> "SmtpServer":
    """A server that misbehaves the first time a stage is reached."""
    left = [fault]
    return SmtpServer(fault=lambda at, _: left.pop() if at == stage and left else None)


@BOTH_WAYS
def test_a_message_arrives_byte_for_byte(offers: tuple[str, ...]) -> None:
    with SmtpServer(offers=offers) as server:
        first, second = outcomes(server, mail(), mail("bob@example.org", b".\r\n.\r\nno end"))
    assert isinstance(first, Accepted)
    assert first.reply.text == "Queued as 1"
    assert isinstance(second, Accepted)
    assert [(one.sender, one.recipient, one.message) for one in server.messages] == [
        ("digest@example.org", "anna@example.org", MESSAGE),
        ("digest@example.org", "bob@example.org", b".\r\n.\r\nno end\r\n"),
    ]
    assert server.connections == 1


@BOTH_WAYS
@pytest.mark.parametrize("stage", ["mail", "rcpt", "data", "dot"])
@pytest.mark.parametrize("code", ["450 4.2.1 Later", "552 5.3.4 Too big"])
def test_a_refusal_at_any_stage_is_definite_and_the_connection_goes_on(
    stage: Stage, code: str, offers: tuple[str, ...]
) -> None:
    with once_at(stage, code) as server:
        server.offers = offers
        first, second = outcomes(server, mail(), mail("bob@example.org"))
    assert isinstance(first, Failed if code.startswith("5") else Deferred)
    assert isinstance(second, Accepted)
    assert server.recipients == ["bob@example.org"]
    assert server.connections == 1


@BOTH_WAYS
@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
def test_a_connection_lost_before_the_message_left_means_not_sent(stage: Stage, offers: tuple[str, ...]) -> None:
    with once_at(stage, DROP) as server:
        server.offers = offers
        first, second = outcomes(server, mail(), mail())
    assert isinstance(first, Deferred)
    assert first.lane
    assert isinstance(second, Accepted)
    assert len(server.messages) == 1


@BOTH_WAYS
@pytest.mark.parametrize(("stage", "arrived"), [("dot", 0), ("stored", 1)])
def test_a_connection_lost_after_the_message_left_is_unknown(
    stage: Stage, arrived: int, offers: tuple[str, ...]
) -> None:
    with once_at(stage, DROP) as server:
        server.offers = offers
        assert isinstance(outcomes(server, mail())[0], Unknown)
    assert len(server.messages) == arrived


@pytest.mark.parametrize(("stage", "meaning"), [("rcpt", Deferred), ("dot", Unknown)])
def test_a_server_that_stalls_is_given_up(stage: Stage, meaning: type[Outcome]) -> None:
    with once_at(stage, Stall(30)) as server:
        assert isinstance(outcomes(server, mail(), timeouts=Timeouts(5, 0.05, 0.05))[0], meaning)


@BOTH_WAYS
@pytest.mark.parametrize("stage", ["mail", "rcpt", "data", "dot"])
def test_421_is_definite_and_ends_the_connection(stage: Stage, offers: tuple[str, ...]) -> None:
    with once_at(stage, "421 4.7.28 Slow down") as server:
        server.offers = offers
        first, second = outcomes(server, mail(), mail())
    assert isinstance(first, Deferred)
    assert first.lane
    assert first.reply.enhanced == "4.7.28"
    assert isinstance(second, Accepted)
    assert server.connections == 2


def test_a_refused_recipient_stays_refused_when_the_server_then_hangs_up() -> None:
    def fault(stage: Stage, _: str) -> object:
        return {"rcpt": "550 5.1.1 No such user", "data": DROP}.get(stage)

    with SmtpServer(fault=fault) as server:
        outcome = outcomes(server, mail())[0]
    assert isinstance(outcome, Failed)
    assert outcome.gone


def test_a_server_that_wants_the_message_without_a_recipient_gets_a_lone_dot() -> None:
    with once_at("rcpt", "550 5.1.1 No such user") as server:
        server.lenient_data = True
        first, second = outcomes(server, mail(), mail("bob@example.org"))
    assert isinstance(first, Failed)
    assert first.fault is Fault.RECIPIENT
    assert isinstance(second, Accepted)
    assert server.recipients == ["bob@example.org"]


def test_multi_line_replies_are_read_whole() -> None:
    with once_at("rcpt", "550-5.7.26 Your mail\n550 5.7.26 is not authenticated") as server:
        outcome = outcomes(server, mail())[0]
    assert isinstance(outcome, Failed)
    assert (outcome.reply.enhanced, outcome.reply.text) == ("5.7.26", "Your mail\nis not authenticated")
    assert outcome.fault is Fault.SENDER


def test_a_message_over_the_offered_size_is_not_tried() -> None:
    with SmtpServer(offers=PLAIN) as server:
        outcome = outcomes(server, mail(message=b"x" * 1001 + b"\r\n"))[0]
    assert isinstance(outcome, Failed)
    assert outcome.fault is Fault.MESSAGE
    assert not [line for line in server.commands if line.startswith("MAIL")]


def test_an_international_address_needs_smtputf8() -> None:
    with SmtpServer() as server:
        assert isinstance(outcomes(server, mail("jürgen@example.org"))[0], Accepted)
    assert "SMTPUTF8" in server.messages[0].sender_parameters
    with SmtpServer(offers=PLAIN) as server:
        outcome = outcomes(server, mail("jürgen@example.org"))[0]
    assert isinstance(outcome, Failed)
    assert not outcome.gone


@pytest.mark.parametrize("address", ["a@b.test>\r\nRCPT TO:<c@d.test", "a b@c.test", ""])
def test_an_address_that_is_none_never_reaches_the_wire(address: str) -> None:
    with SmtpServer() as server:
        assert isinstance(outcomes(server, mail(address))[0], Failed)
    assert not [line for line in server.commands if line.startswith("RCPT")]


def test_dsn_and_size_are_asked_for_only_where_they_are_offered() -> None:
    with SmtpServer(offers=(*SmtpServer().offers, "DSN")) as server:
        outcomes(server, mail("a+b@example.org"))
    assert server.messages[0].sender_parameters == f"SIZE={len(MESSAGE)} RET=HDRS ENVID=i12-345"
    assert server.messages[0].recipient_parameters == "NOTIFY=FAILURE ORCPT=rfc822;a+2Bb@example.org"
    with SmtpServer(offers=()) as server:
        outcomes(server, mail())
    assert (server.messages[0].sender_parameters, server.messages[0].recipient_parameters) == ("", "")


def refusal(server: SmtpServer, url: str) -> Deferred:
    async def connect() -> object:
        return await smtp_transport_from_url(url.format(port=server.port)).connect()

    found = asyncio.run(connect())
    assert isinstance(found, Deferred)
    assert found.lane
    return found


@pytest.mark.parametrize("fault", ["421 4.3.2 Not now", "554 5.7.1 Go away", DROP, "hello"])
def test_a_server_that_does_not_greet_defers_the_lane(fault: object) -> None:
    with once_at("connect", fault) as server:
        refusal(server, server.url)


def test_a_server_that_is_not_there_defers_the_lane() -> None:
    with SmtpServer() as server:
        url = server.url
    assert str(server.port) in refusal(server, url).reply.text


def test_without_starttls_nothing_is_sent_in_clear() -> None:
    with SmtpServer() as server:
        outcome = refusal(server, "smtp://127.0.0.1:{port}")
    assert "starttls=off" in outcome.reply.text
    assert not [line for line in server.commands if line.startswith("MAIL")]


def test_a_certificate_nobody_trusts_is_refused(tmp_path: Path) -> None:
    with SmtpServer(tls=make_certificate(tmp_path).server_context()) as server:
        outcome = refusal(server, "smtp://localhost:{port}")
    assert "certificate" in outcome.reply.text


def sent_over(server: SmtpServer, url: str) -> Outcome:
    async def send() -> Outcome:
        connection = await opened(smtp_transport_from_url(url.format(port=server.port)))
        outcome = await connection.send(mail())
        await connection.close()
        return outcome

    return asyncio.run(send())


@pytest.mark.parametrize("implicit", [False, True])
@pytest.mark.parametrize("offers_plain", [True, False])
def test_it_logs_in_over_tls(tmp_path: Path, *, implicit: bool, offers_plain: bool) -> None:
    certificate = make_certificate(tmp_path)
    words = ["\0me@x\0p:w/d"] if offers_plain else ["me@x", "p:w/d"]
    password = " ".join(base64.b64encode(word.encode()).decode() for word in words)
    tls = certificate.server_context()
    with SmtpServer(tls=tls, implicit_tls=implicit, password=password, offers_plain=offers_plain) as server:
        scheme = "smtps" if implicit else "smtp"
        outcome = sent_over(server, f"{scheme}://me%40x:p%3Aw%2Fd@localhost:{{port}}?ca={certificate.certificate}")
    assert isinstance(outcome, Accepted)
    assert server.messages[0].tls
    assert server.messages[0].login == password


def test_a_wrong_password_defers_the_lane_and_says_so() -> None:
    with SmtpServer(password="right") as server:
        outcome = refusal(server, "smtp://me:wrong@127.0.0.1:{port}?starttls=off")
    assert outcome.reply.code == 535


def test_a_server_without_a_way_to_log_in_defers_the_lane() -> None:
    with SmtpServer() as server:
        assert "AUTH" in refusal(server, "smtp://me:pw@127.0.0.1:{port}?starttls=off").reply.text


def test_words_sent_in_clear_before_tls_are_not_taken_for_the_servers_own(tmp_path: Path) -> None:
    tls = make_certificate(tmp_path).server_context()
    early = b"220 Go\r\n250 injected\r\n"
    with SmtpServer(tls=tls, fault=lambda stage, _: early if stage == "starttls" else None) as server:
        assert "before TLS" in refusal(server, "smtp://localhost:{port}").reply.text
