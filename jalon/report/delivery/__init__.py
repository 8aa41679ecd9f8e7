"""Marts to where BI reads them: files, object storage, databases; whole or not at all, and only what has changed."""
