"""Elements to choose from."""

from ase.data import chemical_symbols

LAST = 96  # curium, the last one whose radius is in the tables

ELEMENTS = chemical_symbols[1 : LAST + 1]
