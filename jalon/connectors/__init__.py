"""One file per platform, the wire only: how to ask, page, sign and verify."""
