"""The one way out to addresses that a person or a document chose."""
