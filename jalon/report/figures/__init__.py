"""What summary and page tell, read from the marts into plain data."""
