"""What only the page Crystals needs."""
