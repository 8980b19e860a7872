"""Collects articles, sorts them into topics, publishes feeds and mails digests."""

__version__ = "0.1.0"
