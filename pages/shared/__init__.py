"""What the pages share: frame, index, status, background work, recipes, downloads."""
