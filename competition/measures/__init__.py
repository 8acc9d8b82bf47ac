"""What metrics are made of: sums over rows that add up, and the formulas that turn them into scores."""
