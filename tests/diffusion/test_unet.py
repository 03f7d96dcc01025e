"""The U-Net's symmetries and its freedom of grid."""

import pytest
import torch

from gcd.diffusion.unet import UNet, UNetConfig, pad

PERIODIC = (True, True, True)
SLAB = (True, True, False)


def small_unet(**changes) -> UNet:
    """A network with random weights everywhere, also where training starts from zeros."""
    config = {"channels": (16, 16), "strides": (2, 3), "blocks": 1, "time_features": 16} | changes
    torch.manual_seed(0)
    net = UNet(UNetConfig(**config))
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return net.eval().requires_grad_(False)


def forward(net, x, periodic=PERIODIC):
    return net(x, torch.full((len(x),), 0.4), periodic)


def noise(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("shape", [(12, 12, 12), (6, 18, 12), (5, 7, 9), (1, 2, 13), (25, 6, 6)])
@pytest.mark.parametrize("periodic", [PERIODIC, SLAB])
def test_any_grid_goes_in_and_comes_out(shape, periodic):
    y = forward(small_unet(), noise(2, 1, *shape), periodic)
    assert y.shape == (2, 1, *shape)
    assert torch.isfinite(y).all()


@pytest.mark.parametrize("axis", [2, 3, 4])
def test_shift_by_a_whole_token_shifts_the_output(axis):
    net, x = small_unet(), noise(1, 1, 12, 12, 12)
    shifted = forward(net, x.roll(6, axis))
    assert torch.allclose(shifted, forward(net, x).roll(6, axis), atol=1e-5)


def test_a_repeated_cell_gives_the_repeated_output():
    net, x = small_unet(), noise(1, 1, 12, 12, 12)
    twice = forward(net, x.repeat(1, 1, 2, 1, 1))
    assert torch.allclose(twice, forward(net, x).repeat(1, 1, 2, 1, 1), atol=1e-4)


def test_a_periodic_axis_that_strides_do_not_divide_is_continued_exactly():
    net = small_unet(strides=(2, 5))
    x = noise(1, 1, 15, 10, 10)
    twice = forward(net, x.repeat(1, 1, 2, 1, 1))[:, :, :15]
    assert torch.allclose(forward(net, x), twice, atol=1e-5)


def test_an_open_axis_does_not_wrap():
    net = small_unet(attention=False, context=False, groups=16)
    x = noise(1, 1, 6, 6, 24)
    far = x.clone()
    far[..., -1] += 1.0

    def first_layer_change(periodic):
        # Group norm hears the whole array, so look at the padded convolution alone.
        conv = torch.nn.Conv3d(1, 1, 3)
        torch.nn.init.ones_(conv.weight)
        change = (conv(pad(far, periodic)) - conv(pad(x, periodic))).detach()
        return float(change[..., 0].abs().max())

    assert first_layer_change(PERIODIC) > 0.5
    assert first_layer_change(SLAB) == 0.0
    assert not torch.allclose(forward(net, x, SLAB), forward(net, x, PERIODIC))


def test_face_padding_has_the_gradient_of_padding_by_concatenation():
    x = noise(2, 3, 4, 5, 6).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda v: pad(v, SLAB), x)
    assert torch.autograd.gradcheck(lambda v: pad(v, PERIODIC), x)
    expected = torch.nn.functional.pad(x, (1,) * 6, mode="circular")
    assert torch.equal(pad(x, PERIODIC), expected)


def test_samples_of_a_batch_do_not_hear_each_other():
    net, x = small_unet(), noise(3, 1, 12, 12, 12)
    assert torch.allclose(forward(net, x)[1:2], forward(net, x[1:2]), atol=1e-5)


def test_the_mask_is_a_second_channel():
    net = small_unet(in_channels=2, strides=(2, 2))
    assert forward(net, noise(1, 2, 12, 12, 20), SLAB).shape == (1, 1, 12, 12, 20)


@pytest.mark.parametrize("changes", [{"channels": (16,)}, {"channels": (12, 16)}])
def test_a_config_that_contradicts_itself_is_refused(changes):
    with pytest.raises(ValueError, match="channels"):
        small_unet(**changes)
