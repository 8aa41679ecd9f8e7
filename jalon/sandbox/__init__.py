"""The platforms played on loopback, and the simulated brand behind them.

Nothing here is shared with the connectors: a mistake in one side must not hide in the other.
"""
