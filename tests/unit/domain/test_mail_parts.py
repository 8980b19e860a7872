"""A mail in parts."""

from syndication.domain.delivery import DeliveryKind, DeliveryName, Mail


def test_a_mail_in_parts_is_as_long_as_in_one_piece() -> None:
    mail = Mail(
        DeliveryName(DeliveryKind.ISSUE, 1, 2), "desk@example.org", "ann@example.org", (b"A: b\r\n\r\n", b"Words\r\n")
    )
    assert mail.message == b"A: b\r\n\r\nWords\r\n"
    assert mail.size == len(mail.message)
