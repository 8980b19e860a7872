"""Ids that never change."""

from datetime import date

from syndication.domain.ids import article_id, article_uid, feed_id, tag_prefix


def test_an_article_has_the_same_uid_everywhere_and_other_articles_have_others() -> None:
    assert article_uid("radar", "guid-1") == "ns6z34a5s5g5ucku"
    assert len({article_uid("a", "bc"), article_uid("ab", "c"), article_uid("a", "b")}) == 3


def test_ids_are_tag_uris_without_anything_that_may_change() -> None:
    prefix = tag_prefix("news.example.org", date(2026, 11, 23), "x7")
    assert prefix == "tag:news.example.org,2026-11-23:x7"
    assert article_id(prefix, "abc") == f"{prefix}/articles/abc"
    assert feed_id(prefix, "topics", 3) == f"{prefix}/feeds/topics/3"
