"""Has moved to :mod:`pages.parts.how_it_works.diffusion`; recipes of older pages ask for it here."""

from pages.parts.how_it_works.diffusion import noised

__all__ = ["noised"]
