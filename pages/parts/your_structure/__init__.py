"""What only the page Your structure needs."""
