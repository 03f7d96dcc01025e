"""How much of a file is read: counted while it is read, so that no header makes anyone allocate memory."""

from __future__ import annotations

from dataclasses import dataclass

from gcd.limits import MAX_ATOMS, MAX_FRAMES, MAX_TOTAL_ATOMS


@dataclass
class Amount:
    """Structures and atoms so far."""

    structures: int = 0
    atoms: int = 0

    def add(self, atoms: int) -> None:
        """One structure more; ValueError beyond the limits."""
        self.structures += 1
        self.atoms += max(atoms, 0)
        if atoms < 0:
            raise ValueError(f"a structure of it announces {atoms:,} atoms")
        if atoms > MAX_ATOMS or self.structures > MAX_FRAMES or self.atoms > MAX_TOTAL_ATOMS:
            raise ValueError(
                f"it holds {self.structures:,} structures or more, the last of {atoms:,} atoms: the most is "
                f"{MAX_FRAMES:,} structures of {MAX_ATOMS:,} atoms, {MAX_TOTAL_ATOMS:,} in all"
            )
