"""Languages: what is said in them and which way they run."""
