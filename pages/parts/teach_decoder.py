"""Has moved to :mod:`pages.parts.how_it_works.decoder`; recipes of older pages ask for it here."""

from pages.parts.how_it_works.decoder import noisy_crystal

__all__ = ["noisy_crystal"]
