"""The message of a reader: its header, its bytes, and that nobody's words can add a field."""

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from syndication.deliver.headers import clean
from syndication.deliver.message import MessageBuilder, Occasion, Reader, Secrets, message_id, view_value
from syndication.domain.delivery import DeliveryKind, DeliveryName
from syndication.domain.digests import MailBody
from syndication.domain.errors import AddressError
from syndication.domain.newsletters import Newsletter
from syndication.domain.site import Site
from syndication.domain.splice import Splice
from syndication.domain.tokens import KeyRing, Purpose

KEYS = KeyRing({"a": b"k" * 32}, "a")
SECRETS = Secrets(KEYS, b"m" * 32)
SITE = Site("AI News", "", "https://news.example.org", "en", "UTC", "tag:news.example.org,2026-11-01:abc")
NEWSLETTER = Newsletter(
    slug="ai-weekly",
    title="AI weekly",
    description="",
    sender_name="AI Digest",
    sender_address="digest@news.example.org",
    postal_address="1 Main Street",
    language="en",
    topics=(),
    reply_to="editor@example.org",
)
DIGEST = Occasion("digest", "i12", datetime(2026, 11, 20, 7, 30, tzinfo=UTC), to_list=True)
CONFIRM = Occasion("confirm", "confirm", datetime(2026, 11, 20, 7, 30, tzinfo=UTC), to_list=False)
BODY = MailBody(
    "Agents, and 3 more",
    f"Leave: https://news.example.org/unsubscribe/{Splice.UNSUBSCRIBE.mark}\n",
    f'<a href="https://news.example.org/view/{Splice.VIEW.mark}">Grüße</a>\n',
)
NAME = DeliveryName(DeliveryKind.ISSUE, 12, 345)
ANNA = Reader(77, "anna@example.org")
WORDS = st.text(st.characters(codec="utf-8"), max_size=200)


def raw(
    body: MailBody = BODY, newsletter: Newsletter = NEWSLETTER, occasion: Occasion = DIGEST, reader: Reader = ANNA
) -> bytes:
    return MessageBuilder(body, newsletter, SITE, occasion, SECRETS).build(NAME, reader).message


def parsed(message: bytes) -> EmailMessage:
    found = message_from_bytes(message, policy=policy.default)
    assert isinstance(found, EmailMessage)
    assert not found.defects
    return found


def sender_of(message: bytes) -> tuple[str, str]:
    # The newer parser puts spaces between encoded words of a display name.
    name, address = parseaddr(message_from_bytes(message)["From"].replace("\r\n", ""))
    return str(make_header(decode_header(name))), address


def test_a_digest_has_exactly_these_fields() -> None:
    token = KEYS.sign(Purpose.UNSUBSCRIBE, 77)
    boundary = parsed(raw()).get_boundary()
    assert {name: str(value) for name, value in parsed(raw()).items()} == {
        "From": "AI Digest <digest@news.example.org>",
        "Subject": "Agents, and 3 more",
        "Date": "Fri, 20 Nov 2026 07:30:00 +0000",
        "To": "anna@example.org",
        "Message-ID": f"<{message_id(NAME, b'm' * 32, 'news.example.org')}>",
        "List-Unsubscribe": f"<https://news.example.org/unsubscribe/{token}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-ID": '"AI weekly" <ai-weekly.news.example.org>',
        "List-Archive": "<https://news.example.org/newsletters/ai-weekly/>",
        "List-Help": "<https://news.example.org/>",
        "List-Owner": "<mailto:editor@example.org>",
        "Precedence": "list",
        "Reply-To": "editor@example.org",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "OOF, AutoReply",
        "Feedback-ID": "i12:ai-weekly:digest:sc9b1f637de",
        "MIME-Version": "1.0",
        "Content-Type": f'multipart/alternative; boundary="{boundary}"',
    }


def test_a_confirmation_is_no_mail_of_the_list() -> None:
    names = {name.lower() for name in parsed(raw(occasion=CONFIRM))}
    assert not {name for name in names if name.startswith("list-")}
    assert "precedence" not in names
    assert "auto-submitted" in names


def test_the_one_click_link_stands_whole_on_one_line() -> None:
    lines = [line for line in raw().split(b"\r\n") if line.startswith(b"List-Unsubscribe:")]
    assert lines == [
        b"List-Unsubscribe: <https://news.example.org/unsubscribe/" + KEYS.sign(Purpose.UNSUBSCRIBE, 77).encode() + b">"
    ]


def test_each_reader_gets_their_own_links() -> None:
    text, html = (part.get_content() for part in parsed(raw()).iter_parts())
    assert text.strip().endswith(f"/unsubscribe/{KEYS.sign(Purpose.UNSUBSCRIBE, 77)}")
    assert html.strip() == f'<a href="https://news.example.org/view/i12-345-{KEYS.sign(Purpose.VIEW, 345)}">Grüße</a>'


def test_the_view_value_names_the_delivery_and_proves_its_reader() -> None:
    name, _, token = view_value(NAME, KEYS).rpartition("-")
    assert DeliveryName.parse(name) == NAME
    assert KEYS.open(Purpose.VIEW, token) == 345


def test_every_attempt_has_the_same_bytes() -> None:
    assert raw() == raw()


def test_message_ids_differ_by_delivery_and_cannot_be_guessed() -> None:
    other = DeliveryName(DeliveryKind.NOTICE, 12, 345)
    made = {message_id(name, key, "example.org") for name in (NAME, other) for key in (b"1", b"2")}
    assert len(made) == 4


@settings(deadline=None)
@given(WORDS, WORDS)
@example("", "")
@example("a" * 300, "A, B" * 40)
@example("Grüße, " * 30, 'Zoë "Z" \\ Lind')
@example("=?utf-8?b?QQ==?=", "=?utf-8?q?a?=")
@example("x\r\nBcc: evil@example.org", "x\r\n\r\nBcc: evil@example.org")
@example("a\u2028b\u202ec", "\u2066x")
def test_any_subject_and_name_arrive_and_add_no_field(subject: str, name: str) -> None:
    message = raw(MailBody(subject, "t", "h"), replace(NEWSLETTER, sender_name=name))
    found = parsed(message)
    assert found["Subject"] == clean(subject)
    assert sender_of(message) == (clean(name), "digest@news.example.org")
    assert found.keys() == parsed(raw()).keys()


@settings(deadline=None)
@given(WORDS, WORDS)
@example("ü" * 300, "ü" * 300)
@example("a " * 150, "a, " * 12)
@example("word " * 60, "n" * 39)
def test_header_lines_are_short_and_encoded_words_shorter(subject: str, name: str) -> None:
    message = raw(MailBody(subject, "t", "h"), replace(NEWSLETTER, sender_name=name))
    head = message.partition(b"\r\n\r\n")[0].split(b"\r\n")
    human = head[: next(index for index, line in enumerate(head) if line.startswith(b"Date:"))]
    assert all(len(line) <= 76 and line.isascii() for line in human)
    assert all(len(word) <= 75 for line in human for word in line.split() if word.startswith(b"=?"))
    assert all(b"\n" not in line and b"\r" not in line for line in message.split(b"\r\n"))


@pytest.mark.parametrize(
    ("subject", "lines"),
    [
        ("word " * 20, 2),
        ("a" * 77, 2),  # no line can hold it as it is
        ("ü" * 100, 6),
    ],
)
def test_a_long_subject_goes_on_in_further_lines(subject: str, lines: int) -> None:
    message = raw(MailBody(subject, "t", "h"))
    assert parsed(message)["Subject"] == clean(subject)
    field = message[message.index(b"Subject:") : message.index(b"Date:")]
    assert field.count(b"\r\n") == lines


def test_it_means_what_the_standard_library_would_have_written() -> None:
    model = EmailMessage(policy=policy.SMTP)
    model["From"] = "AI Digest <digest@news.example.org>"
    model["To"] = "anna@example.org"
    model["Subject"] = "Grüße"
    model.set_content("Text\n")
    model.add_alternative("<p>HTML</p>\n", subtype="html")
    ours = parsed(raw(MailBody("Grüße", "Text\n", "<p>HTML</p>\n")))
    judged = parsed(model.as_bytes())
    assert [ours[name] for name in ("From", "To", "Subject")] == [judged[name] for name in ("From", "To", "Subject")]
    assert [(part.get_content_type(), part.get_content()) for part in ours.iter_parts()] == [
        (part.get_content_type(), part.get_content()) for part in judged.iter_parts()
    ]


@pytest.mark.parametrize("address", ["a@b.test\r\nBcc: c@d.test", "a b@c.test", "<a@b.test>", "a@b.test, c@d.test", ""])
def test_an_address_that_is_none_adds_no_field(address: str) -> None:
    found = parsed(raw(reader=Reader(1, address)))
    assert found["To"] == "undisclosed-recipients:;"
    assert found.keys() == parsed(raw()).keys()


def test_an_international_address_is_written_as_it_is() -> None:
    assert "To: jürgen@example.org\r\n".encode() in raw(reader=Reader(1, "jürgen@example.org"))


@pytest.mark.parametrize("address", ["a@b.test\r\nX: y", "a b@c.test", "a@bücher.example", "Anna <a@b.test>"])
def test_a_sender_that_would_need_quoting_is_refused(address: str) -> None:
    with pytest.raises(AddressError, match="From"):
        raw(newsletter=replace(NEWSLETTER, sender_address=address))
    with pytest.raises(AddressError, match="Reply-To"):
        raw(newsletter=replace(NEWSLETTER, reply_to=address))


def test_a_field_for_machines_takes_no_line_break() -> None:
    with pytest.raises(ValueError, match="Feedback-ID"):
        raw(occasion=replace(DIGEST, campaign="i12\r\nX: y"))


def test_a_title_that_is_not_ascii_leaves_the_list_id_bare() -> None:
    assert (
        parsed(raw(newsletter=replace(NEWSLETTER, title="KI-Überblick")))["List-ID"] == "<ai-weekly.news.example.org>"
    )


def test_a_link_for_an_hour_is_the_same_at_every_attempt_and_opens_from_the_mail_s_date() -> None:
    body = MailBody("Your link", f"https://news.example.org/yours/{Splice.YOURS.mark}\n", "<p>x</p>\n")
    first, second = (raw(body, occasion=CONFIRM) for _ in range(2))
    assert first == second
    text = parsed(first).get_body(("plain",))
    assert text
    token = text.get_content().strip().rpartition("/")[2]
    assert KEYS.open_within_the_hour(Purpose.YOURS, token, CONFIRM.at) == 77
