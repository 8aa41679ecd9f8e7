"""Social-commerce connector with journey attribution."""

__version__ = "0.1.0"
