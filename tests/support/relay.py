"""A relay as a publisher rents one: STARTTLS, then a log-in, and one address that mail may come from. Of aiosmtpd's making."""

import ssl
from dataclasses import dataclass, field
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


@dataclass
class Relay:
    """Runs until the end of the block. takes: the one MAIL FROM. messages: what came, with sender and recipients."""

    port: int
    tls: ssl.SSLContext
    user: str
    password: str
    takes: str
    messages: list[tuple[str, list[str], bytes]] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._controller = Controller(
            self,
            hostname="127.0.0.1",
            port=self.port,
            tls_context=self.tls,
            require_starttls=True,
            authenticator=self._knows,
            auth_required=True,
        )
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    def _knows(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, given: LoginPassword) -> AuthResult:  # noqa: ANN401 - as aiosmtpd has it
        is_known = (given.login, given.password) == (self.user.encode(), self.password.encode())
        return AuthResult(success=is_known, handled=False)

    async def handle_MAIL(self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]) -> str:  # noqa: ANN401, N802 - as above
        if address != self.takes:
            return f"550 5.7.1 <{address}> is not yours to send from"
        envelope.mail_from = address
        return "250 2.1.0 Ok"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: ANN401, N802 - as above
        self.messages.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 2.0.0 Queued"
