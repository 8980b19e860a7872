"""HTML and text from strangers: cleaned, sanitised, turned into plain words."""
