"""The console: pages for the people who run it."""
