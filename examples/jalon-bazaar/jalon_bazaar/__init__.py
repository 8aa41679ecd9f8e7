"""A connector for the made-up shop Bazaar, as another distribution would ship it."""
