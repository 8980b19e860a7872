"""What stands between this installation and its readers: one finding a line, each with its remedy."""
