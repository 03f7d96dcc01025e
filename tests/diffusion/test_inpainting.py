import torch

from gcd.diffusion.inpainting import layer_mask, network_input, painting_network
from gcd.diffusion.prediction import denoiser_of
from gcd.diffusion.samplers import dpm_solver
from gcd.diffusion.schedules import VPSchedule

SLAB = (True, True, False)


def test_the_mask_covers_whole_layers():
    mask = layer_mask((2, 3, 8), 2, 5)
    assert mask.sum() == 2 * 3 * 3
    assert mask[:, :, 2:5].all()


def test_the_network_sees_clean_voxels_outside_the_mask_and_the_mask_itself():
    x, known = torch.randn(2, 1, 2, 2, 6), torch.randn(2, 1, 2, 2, 6)
    mask = layer_mask((2, 2, 6), 2, 4).expand(2, 1, 2, 2, 6)
    seen = network_input(x, known, mask)
    assert seen.shape == (2, 2, 2, 2, 6)
    assert torch.equal(seen[:, :1, ..., 2:4], x[..., 2:4])
    assert torch.equal(seen[:, :1, ..., :2], known[..., :2])
    assert torch.equal(seen[:, 1:], mask)


def test_at_every_stage_of_every_order_the_known_voxels_are_clean():
    known = torch.randn(1, 1, 2, 2, 6)
    mask = layer_mask((2, 2, 6), 2, 4)[None, None]
    seen = []

    def unet(x, t, periodic):
        assert periodic == SLAB
        seen.append(x[:, :1])
        return torch.zeros_like(known)

    network = painting_network(unet, known, mask)
    schedule = VPSchedule()
    for order in (1, 2, 3):
        dpm_solver(denoiser_of(network, schedule, "x0", SLAB), torch.randn_like(known), schedule,
                   evaluations=6, order=order)  # fmt: skip
    assert len(seen) == 18
    assert all(torch.equal(x[mask == 0], known[mask == 0]) for x in seen)


def test_a_network_that_knows_the_answer_paints_it():
    """x0 is a constant: the solver must arrive there inside the mask whatever the noise."""
    known = torch.full((1, 1, 2, 2, 6), 3.0)
    mask = layer_mask((2, 2, 6), 1, 5)[None, None]
    network = painting_network(lambda x, *_: torch.full_like(x[:, :1], 3.0), known, mask)
    schedule = VPSchedule()
    x = dpm_solver(denoiser_of(network, schedule, "x0", SLAB), torch.randn_like(known), schedule)
    assert torch.allclose(x, known, atol=0.05)
