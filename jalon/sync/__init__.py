"""The pull engine: asks the platforms, within their limits, and brings what they answer into the inbox."""
