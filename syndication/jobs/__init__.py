"""Jobs: one module a verb, each joins a stage and the store and may be run again at any time."""
