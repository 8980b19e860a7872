"""Why an address is never mailed again, and whose word lifts it."""

import pytest

from syndication.domain.suppression import ADDED, COMPLAINT, ERASED, MEANING, OPTED_OUT, Cause, cause_of, may_confirm


@pytest.mark.parametrize(
    ("reason", "cause", "is_readers"),
    [
        ("550 5.1.1", Cause.BOUNCE, True),
        ("bounce 552 5.2.2", Cause.BOUNCE, True),
        ("bounce", Cause.BOUNCE, True),
        (ERASED, Cause.ERASED, True),
        (OPTED_OUT, Cause.OPTED_OUT, True),
        (COMPLAINT, Cause.COMPLAINT, False),
        (ADDED, Cause.ADMIN, False),
        ("words of an older version", Cause.ADMIN, False),
    ],
)
def test_a_confirmation_lifts_what_was_the_readers_or_the_mailboxes_own(
    reason: str, cause: Cause, *, is_readers: bool
) -> None:
    assert cause_of(reason) is cause
    assert may_confirm(reason, "ann@example.com") is is_readers
    assert MEANING[cause]


def test_an_address_that_icloud_refused_is_never_tried_again() -> None:
    assert not may_confirm("550 5.1.1", "ann@icloud.com")
    assert may_confirm(ERASED, "ann@icloud.com")
