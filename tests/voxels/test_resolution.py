"""Two atoms pushed together: apart they are two, close together one."""

import numpy as np
import pytest
import torch

from gcd.checkpoints import available, load_decoder
from gcd.voxels.resolution import decode_pairs, pair_positions


def test_pairs_have_their_distance():
    pairs = pair_positions(2.5, 20, seed=1)
    assert np.linalg.norm(pairs[:, 1] - pairs[:, 0], axis=1) == pytest.approx(2.5)
    flat = pair_positions(2.5, 20, seed=1, in_plane=True)
    assert np.ptp(flat[..., 2], axis=1) == pytest.approx(0.0)


@pytest.mark.skipif("decoder" not in available(), reason="no checkpoint of the decoder")
def test_atoms_are_told_apart_when_they_share_no_voxel():
    decoder = load_decoder(torch.device("cpu"))
    close, far = decode_pairs(decoder, [0.5, 3.0], count=4)
    assert (close.right, close.atoms) == (0.0, 1.0)
    assert (far.right, far.atoms) == (1.0, 2.0)
    with pytest.raises(ValueError, match="0 to 4 voxels"):
        decode_pairs(decoder, [5.0])
