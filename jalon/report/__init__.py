"""What people read: marts for BI, figures from them, the page, the summary, explanations; and their delivery."""
