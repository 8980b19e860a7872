"""`syndication doctor --airgap`: words for people, JSON for programs, and an exit code that says whether the outside is needed."""

import json

from tests.acceptance.conftest import Service


def test_the_doctor_says_what_would_need_the_outside(service: Service) -> None:
    service.extra["SYNDICATION_MAIL__NAME_SERVERS"] = "10.0.0.53"
    said = service.here("doctor", "--airgap")
    assert "✓ Sources: 1 source, all pushed, in folders or on networks of yours." in said
    assert {one["verdict"] for one in json.loads(service.here("doctor", "--airgap", "--json"))} == {"ok"}

    service.execute("UPDATE source SET kind = 'feed', location = :url", url="https://feeds.other.example/rss")
    said = service.here("doctor", "--airgap", status=1)
    assert "✗ Sources: 1 of 1 source can only be read from outside." in said
    assert "    desk  feeds.other.example" in said
