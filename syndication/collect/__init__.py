"""Source → article: fetch, parse, name, date, sanitise, decide. Knows no database."""
