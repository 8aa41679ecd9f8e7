"""The report page: blocks, charts, languages, and the HTML file that they make."""
