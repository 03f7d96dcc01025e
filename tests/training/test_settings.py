"""A run is gone on with by its own settings alone: another training is refused, or begins anew."""

from dataclasses import replace

import pytest
import torch

from gcd.diffusion.unet import UNetConfig
from gcd.particles.network import NetworkConfig
from gcd.training.boundary import BoundaryTraining, train_boundary
from gcd.training.common import RunConfig
from gcd.training.crystal import CrystalTraining, train_crystal
from gcd.training.decoder import DecoderTraining, train_decoder
from gcd.training.particle import ParticleTraining, train_particle
from gcd.training.selection import SelectionTraining, train_selection
from gcd.training.state import OtherRunError
from gcd.voxels.decoder import Decoder, DecoderConfig

RUN = RunConfig(steps=1, batch_size=1, validate_every=9)
TINY = UNetConfig(channels=(8,), strides=(2,), blocks=1, time_features=8)
SMALL_DECODER = DecoderConfig(features=4, selection_features=4, selection_layers=1)


def decoder(seed=0):
    torch.manual_seed(seed)
    made = Decoder(SMALL_DECODER)
    made.selection.share.data.fill_(0.5)
    return made


def selection(training, **options):
    return train_selection(training, start_from=decoder(), **options)


@pytest.fixture(params=["crystal", "boundary", "particle", "decoder", "selection"])
def kind(request, small_dataset):
    """How a kind is trained, its settings, others, and what the refusal names."""
    sc = CrystalTraining("sc", TINY, RUN, sizes=((1, 1, 1),))
    all_of_it = BoundaryTraining(small_dataset, architecture=replace(TINY, in_channels=2), run=RUN)
    net = NetworkConfig(features=8, layers=1, cutoff=1.2, time_features=8)
    particle = ParticleTraining("sc", net, RUN, size=(2, 2, 2))
    decode = DecoderTraining(architecture=SMALL_DECODER, run=RUN, pool=1)
    choose = SelectionTraining(run=RUN, pool=1, fresh=1)
    return {
        "crystal": (train_crystal, sc, replace(sc, phase="fcc"), 'phase "sc", not "fcc"'),
        "boundary": (train_boundary, all_of_it, replace(all_of_it, window=(2.6, 3.2)), "window"),
        "particle": (train_particle, particle, replace(particle, focus=(0.4, 0.8)), "focus null, not"),
        "decoder": (train_decoder, decode, replace(decode, clean=0.5), "clean 0.25, not 0.5"),
        "selection": (selection, choose, replace(choose, clean=0.5), "clean 0.1, not 0.5"),
    }[request.param]


def weights(trained):
    return torch.cat([p.detach().flatten() for p in trained.module.parameters()])


def test_other_settings_are_refused_by_name_or_begin_anew(kind, tmp_path):
    train, settings, others, message = kind
    train(settings, folder=tmp_path)
    before = (tmp_path / "state.safetensors").read_bytes()
    with pytest.raises(OtherRunError, match=f"holds a run with .*{message}.*--overwrite"):
        train(others, folder=tmp_path)
    assert (tmp_path / "state.safetensors").read_bytes() == before
    anew = train(others, folder=tmp_path, anew=True)
    alone = train(others, folder=tmp_path / "alone")
    assert torch.equal(weights(anew), weights(alone))
    assert (tmp_path / "earlier-state.safetensors").read_bytes() == before


def test_longer_and_with_another_interval_it_goes_on(kind, tmp_path):
    train, settings, *_ = kind
    train(settings, folder=tmp_path)
    longer = replace(settings, run=replace(settings.run, steps=2, save_minutes=9.0))
    assert train(longer, folder=tmp_path, anew=True).step == 2
    assert not (tmp_path / "earlier-state.safetensors").exists()


def test_the_selection_of_another_decoder_is_refused(tmp_path):
    training = SelectionTraining(run=RUN, pool=1, fresh=1)
    train_selection(training, folder=tmp_path, start_from=decoder())
    with pytest.raises(OtherRunError, match="decoder_sha256"):
        train_selection(training, folder=tmp_path, start_from=decoder(seed=1))


def test_a_run_that_kept_no_settings_is_refused(tmp_path):
    from safetensors.torch import load_file, save_file

    training = CrystalTraining("sc", TINY, RUN, sizes=((1, 1, 1),))
    train_crystal(training, folder=tmp_path)
    state = tmp_path / "state.safetensors"
    save_file(load_file(state), state, metadata={"state": "{}"})
    with pytest.raises(OtherRunError, match="settings were not kept"):
        train_crystal(training, folder=tmp_path)
