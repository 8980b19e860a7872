"""Delivering ourselves: a lane for each provider, its troubles its own, after the providers' written procedures."""

import asyncio
from collections.abc import Sequence

import pytest

from syndication.deliver.direct import DirectTransport, organisation
from syndication.deliver.greeting import SmtpServer as Server
from syndication.deliver.greeting import Tls
from syndication.domain.delivery import Accepted, Deferred, DeliveryKind, DeliveryName, Failed, Mail, Outcome
from tests.support.smtp import SmtpServer, Stage, Stall

HOSTS = {
    "big.test": ["127.0.0.1"],
    "small.test": ["localhost"],
    "null.test": [""],
    "fallback.test": ["127.0.0.9", "127.0.0.1"],
}


class Table:
    """Who takes mail for whom, without DNS."""

    async def hosts(self, domain: str) -> Sequence[str] | None:
        if domain == "later.test":
            message = "SERVFAIL"
            raise OSError(message)
        return HOSTS.get(domain)


class Time:
    """A clock that is set by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def mail(recipient: str) -> Mail:
    return Mail(DeliveryName(DeliveryKind.ISSUE, 1, 1), "a@news.test", recipient, (b"Subject: x\r\n\r\nHi\r\n",))


def transport(server: SmtpServer, clock: Time, each: int = 5) -> DirectTransport:
    return DirectTransport(Table(), Server("", server.port, Tls.OFF), each=each, clock=clock)


def send(ways: DirectTransport, *recipients: str) -> list[Outcome]:
    async def go() -> list[Outcome]:
        found = [await ways.send(mail(one)) for one in recipients]
        await ways.close()
        return found

    return asyncio.run(go())


def test_mail_goes_to_the_hosts_of_its_domain_and_the_next_host_stands_in() -> None:
    with SmtpServer() as server:
        outcomes = send(transport(server, Time()), "a@big.test", "b@small.test", "c@fallback.test")
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert server.recipients == ["a@big.test", "b@small.test", "c@fallback.test"]


def test_a_domain_that_takes_no_mail_or_does_not_exist_is_final_and_a_mute_resolver_is_not() -> None:
    with SmtpServer() as server:
        null, unknown, later = send(transport(server, Time()), "a@null.test", "a@nowhere.test", "a@later.test")
    assert isinstance(null, Failed)
    assert null.gone
    assert isinstance(unknown, Failed)
    assert not unknown.gone
    assert isinstance(later, Deferred)
    assert later.lane
    assert server.connections == 0


def test_a_quota_holds_its_lane_for_ten_minutes_and_no_other() -> None:
    def fault(stage: Stage, argument: str) -> object:
        return "421 4.7.28 Unusual rate" if stage == "dot" and "big.test" in argument else None

    clock = Time()
    with SmtpServer(fault=fault) as server:
        ways = transport(server, clock)
        first, second, other = send(ways, "a@big.test", "b@big.test", "c@small.test")
        assert isinstance(first, Deferred)
        assert isinstance(second, Deferred)
        assert second.lane
        assert "Unusual rate" in second.reply.text
        assert isinstance(other, Accepted)
        assert [command for command in server.commands if "b@big.test" in command] == []
        server.fault = lambda _stage, _argument: None
        clock.now += 599
        assert isinstance(send(ways, "b@big.test")[0], Deferred)
        clock.now += 2
        assert isinstance(send(ways, "b@big.test")[0], Accepted)


def test_after_a_quota_one_connection_tries_and_each_success_adds_one() -> None:
    refusals = ["421 4.7.28 Unusual rate"]
    clock = Time()
    at_once: list[int] = []
    open_now = [0]

    def fault(stage: Stage, _: str) -> object:
        if stage == "dot" and refusals:
            return refusals.pop()
        if stage == "mail":
            open_now[0] += 1
        if stage == "stored":
            at_once.append(open_now[0])
            open_now[0] -= 1
        return None

    async def many(ways: DirectTransport, count: int) -> None:
        await asyncio.gather(*(ways.send(mail(f"r{number}@big.test")) for number in range(count)))
        await ways.close()

    with SmtpServer(fault=fault) as server:
        ways = transport(server, clock, each=3)
        send(ways, "a@big.test")
        clock.now += 601
        open_now[0] = 0
        asyncio.run(many(ways, 12))
    assert at_once[0] == 1
    assert len(at_once) == 12
    assert max(at_once) <= 3


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("aspmx.l.google.com", "google.com"),
        ("alt1.aspmx.l.google.com.", "google.com"),
        ("mx.example.co.uk", "example.co.uk"),
        ("localhost", "localhost"),
    ],
)
def test_a_lane_is_the_organisation_of_the_host(host: str, name: str) -> None:
    assert organisation(host) == name


def test_a_mail_that_is_abandoned_ends_at_once() -> None:
    async def go(ways: DirectTransport) -> Outcome:
        sending = asyncio.create_task(ways.send(mail("a@big.test")))
        while not server.commands or not server.commands[-1].startswith("RCPT"):  # noqa: ASYNC110 - it runs in a thread
            await asyncio.sleep(0.01)
        ways.abandon()
        return await sending

    with SmtpServer(fault=lambda stage, _: Stall(60) if stage == "rcpt" else None) as server:
        outcome = asyncio.run(go(transport(server, Time())))
    assert isinstance(outcome, Deferred)
    assert "stopped" in outcome.reply.text
