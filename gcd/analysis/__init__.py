"""Numbers that describe a structure: radial distribution, bond order, and the match to an ideal crystal."""
