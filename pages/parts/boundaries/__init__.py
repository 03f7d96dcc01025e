"""What only the page Grain boundaries needs."""
