"""Topic → feed: the bytes of a feed in RSS 2.0, Atom 1.0 and JSON Feed 1.1. The only folder that knows feedgen."""
