"""What only the Campaigns page needs."""
