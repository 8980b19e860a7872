"""Article → topics: the rules of every topic over a batch of articles, with the words that matched as the reason."""
