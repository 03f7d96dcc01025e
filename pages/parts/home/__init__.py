"""What only the page Home needs."""
