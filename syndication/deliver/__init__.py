"""Digest → message → reader: addresses, encoding, message, SMTP and outbox, replies, retries, the sender."""
