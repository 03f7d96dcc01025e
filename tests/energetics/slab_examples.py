"""Slabs for the tests: unrelaxed boundaries that relax in a fraction of a second."""

from __future__ import annotations

import numpy as np

from gcd.structures.bicrystals import twist_bicrystal


def rough_slab(seed=0, removed=8, metal="W", planes=(12, 12), **settings):
    """A Sigma5 boundary with a random shift, atoms taken out, and the atoms near the plane pushed about."""
    rng = np.random.default_rng(seed)
    atoms = twist_bicrystal(
        "sigma5",
        metal,
        planes=planes,
        in_plane_shift=tuple(rng.random(2) * 10),
        gap=0.3,
        remove=removed,
        rng=rng,
        **settings,
    )
    near = np.abs(atoms.positions[:, 2] - atoms.info["plane"]) < 4.0
    atoms.positions[near] += rng.normal(0.0, 0.1, (near.sum(), 3))
    atoms.info = {}
    return atoms


def perfect_slab(metal="W", planes=(12, 12), repeats=(3, 3)):
    """No twist, no shift: a crystal."""
    atoms = twist_bicrystal((1, 0), metal, planes=planes, repeats=repeats)
    atoms.info = {}
    return atoms
