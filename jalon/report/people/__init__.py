"""What is known of persons: RFM, lifetime value, surveys, personas, and measures of each stage against targets."""
