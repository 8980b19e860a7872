"""Cron words: accepted ones keep cron's meaning, refused ones are told which field is wrong and why."""

import pytest

from syndication.cron.words import normal
from syndication.domain.errors import CronError


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        ("30 7 * * fri", "30 7 * * fri"),
        ("  30  7 * * FRI ", "30 7 * * fri"),
        ("@daily", "0 0 * * *"),
        ("@weekly", "0 0 * * 0"),
        ("0 9 * * fri-mon", "0 9 * * 5,6,0,1"),
        ("0 9 * * 5-1", "0 9 * * 5,6,0,1"),
        ("0 9 * * fri-mon/2", "0 9 * * 5,0"),
        ("0 9 * * sat-sun", "0 9 * * 6,0"),
        ("0 9 * * 7-2", "0 9 * * 0,1,2"),
        ("0 9 * * 5-7", "0 9 * * 5-7"),
        ("0/15 8-18/2 1,15 jan-mar *", "0/15 8-18/2 1,15 jan-mar *"),
        ("0 9 L * *", "0 9 l * *"),
        ("0 9 LW * *", "0 9 lw * *"),
        ("0 9 * * mon#1", "0 9 * * mon#1"),
        ("0 9 * * 5L", "0 9 * * 5l"),
        ("*/59 * * * *", "*/59 * * * *"),
        ("0 9 * * 1-5/4", "0 9 * * 1-5/4"),
    ],
)
def test_words_are_brought_to_one_spelling(words: str, fields: str) -> None:
    assert normal(words) == fields


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("0 0 9 * * *", "Seconds cannot be given"),
        ("0 9 * *", "has 4"),
        ("", "five fields"),
        ("@reboot", "'@reboot' is not known"),
        ("*/90 * * * *", "minute field is wrong: the step of '*/90' must be from 1 to 59"),
        ("*/60 * * * *", "minute field"),
        ("*/0 * * * *", "minute field"),
        ("0 9 * * 1-5/9", "weekday field is wrong: the step of '1-5/9' must be from 1 to 4"),
        ("0 9 * * fri-mon/4", "weekday field is wrong: the step of 'fri-mon/4' must be from 1 to 3"),
        ("61 * * * *", "minute field is wrong: '61' is not a number from 0 to 59"),
        ("0 24 * * *", "hour field"),
        ("0 9 0 * *", "day field"),
        ("0 9 * 13 *", "month field is wrong: '13' is not a number from 1 to 12 or one of jan"),
        ("0 9 * * 8", "weekday field"),
        ("0 9 * * monday", "weekday field"),
        ("0 9 * * mon#6", "weekday field"),
        ("0 9 * * xyz#1", "weekday field is wrong: 'xyz'"),
        ("H * * * *", "minute field"),
        ("0 9 ? * *", "day field is wrong: '?' cannot be read"),
        ("0 9 5-1 * *", "day field is wrong: '5-1' runs backwards"),
        ("0 9 1,,2 * *", "day field is wrong: '' cannot be read"),
        ("0 ٩ * * *", "hour field"),
        ("9" * 5000 + " * * * *", "at most 200 characters"),
    ],
)
def test_wrong_words_are_told_where_and_why(words: str, told: str) -> None:
    with pytest.raises(CronError) as caught:
        normal(words)
    assert told in str(caught.value)
