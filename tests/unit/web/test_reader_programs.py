"""What a user agent says: the program, and for how many it reads."""

import pytest

from syndication.web.readings import program_of, subscribers_of


@pytest.mark.parametrize(
    ("agent", "program", "subscribers"),
    [
        (b"Feedly/1.0 (+http://www.feedly.com/fetcher.html; 16 subscribers; like FeedFetcher-Google)", "Feedly", 16),
        (b"Feedbin feed-id:1373711 - 10 subscribers", "Feedbin", 10),
        (b"NewsBlur Feed Fetcher - 5 subscribers - http://www.newsblur.com/site/1", "NewsBlur Feed Fetcher", 5),
        (b"newsboat/2.21.0 (Linux x86_64)", "newsboat", 0),
        (b"Mozilla/5.0 (compatible; Miniflux/2.1.0; +https://miniflux.app)", "Miniflux", 0),
        (b"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox", 0),
        (b"FreshRSS/1.24.1 (Linux; https://freshrss.org)", "FreshRSS", 0),
        (b"Mozilla/5.0", "other", 0),
        (b"", "other", 0),
        (b"\xff\x00<script>", "other", 0),
    ],
)
def test_a_program_is_known_by_its_name_without_its_version(agent: bytes, program: str, subscribers: int) -> None:
    assert program_of(agent) == program
    assert subscribers_of(agent) == subscribers
