"""Training: one file a trained thing, and what they share."""
