"""From raw records to facts: the common language, and one file per platform for its meaning."""
