"""Cron words and time zones → slots. The only folder that knows cronsim."""
