"""Films of denoising: the same crystal as without a film, kept small, read back, and refused when it is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gcd.diffusion.samplers import Cancelled
from gcd.generate import generate_crystals
from gcd.generate.recording import load_recording, record_crystal

SHIPPED = Path(__file__).resolve().parent.parent / "pages" / "recordings"


def test_a_film_shows_the_crystal_that_is_generated(models):
    film = record_crystal("sc", size=(2, 1, 1), seed=3, evaluations=6, order=3)
    atoms = generate_crystals("sc", size=(2, 1, 1), seed=3, evaluations=6, lattice_constant=1.0)[0]
    assert len(film.t) == len(film.state) == len(film.estimate) == len(film.atoms) == 3
    assert film.t[0] == 1.0
    assert film.state.shape[1:] == (12, 6, 6)
    assert film.counts[-1] == len(atoms)
    assert film.atoms[-1] == pytest.approx(atoms.positions, abs=1e-5)


def test_a_film_reads_back(models, tmp_path):
    film = record_crystal("bcc", size=1, evaluations=3)
    again = load_recording(film.save(tmp_path / "film.npz"))
    assert again.about == film.about
    for name in ("t", "state", "estimate", "occupied", "matched"):
        assert np.array_equal(getattr(again, name), getattr(film, name))
    assert [len(atoms) for atoms in again.atoms] == film.counts.tolist()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x04N.", b"no film"])
def test_what_is_no_film_is_refused_in_a_sentence(content, tmp_path):
    path = tmp_path / "film.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="no recording"):
        load_recording(path)


def test_a_film_can_be_cancelled(models):
    def stop(done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        record_crystal("sc", size=1, evaluations=3, callback=stop)


@pytest.mark.parametrize(("phase", "atoms"), [("sc", 64), ("bcc", 128), ("fcc", 256)])
def test_shipped_films_end_in_a_whole_crystal(phase, atoms):
    film = load_recording(SHIPPED / f"{phase}.npz")
    assert film.counts[0] == 0
    assert film.counts[-1] == atoms
    assert film.matched[-1] == 1.0
    assert film.about["phase"] == phase
