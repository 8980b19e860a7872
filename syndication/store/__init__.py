"""Keeps everything: tables, sessions, migrations, and what to read and write, one module a verb."""
