"""What all tests share: torch uses the machine's cores once, and hypothesis never fails on a slow machine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "gcd", deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.load_profile("gcd")


@pytest.fixture(scope="session", autouse=True)
def torch_threads() -> None:
    """The machine's default number of threads, shared out where pytest runs in several processes."""
    import torch

    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    torch.set_num_threads(max(1, torch.get_num_threads() // workers))


@pytest.fixture
def rng() -> np.random.Generator:
    """Random numbers, the same in every run."""
    return np.random.default_rng(20240)


@pytest.fixture(scope="session")
def untrained_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a complete checkpoint of each kind, so small and untrained that all it makes is noise."""
    import torch

    from gcd.checkpoints import save
    from gcd.diffusion.unet import UNet, UNetConfig
    from gcd.structures.crystals import PHASES
    from gcd.training.common import Trained
    from gcd.training.crystal import CrystalTraining, checkpoint_config
    from gcd.training.crystal_card import model_card
    from gcd.training.decoder import DecoderTraining
    from gcd.training.decoder import checkpoint_config as decoder_config
    from gcd.voxels.decoder import Decoder, DecoderConfig

    folder = tmp_path_factory.mktemp("checkpoints")
    torch.manual_seed(0)
    for phase in PHASES:
        training = CrystalTraining(phase, UNetConfig(channels=(8,), strides=(2,), blocks=1, time_features=8))
        unet = UNet(training.architecture)
        config = checkpoint_config(training, Trained(unet, 1, 1.0, 1.0, 1.0, True), "none")
        save(folder / f"crystal-{phase}", unet, config, model_card(config))
    decoder_training = DecoderTraining(architecture=DecoderConfig(features=4))
    decoder = Decoder(decoder_training.architecture)
    torch.nn.init.constant_(decoder.selection.head[-1].bias, 100.0)  # noise is atoms to it
    config = decoder_config(decoder_training, Trained(decoder, 1, 1.0, 1.0, 1.0, True), "none")
    save(folder / "decoder", decoder, config, "{sha256}")
    return folder


@pytest.fixture
def models(untrained_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of those checkpoints that the test may damage; the package finds its models there."""
    folder = tmp_path / "checkpoints"
    shutil.copytree(untrained_models, folder)
    monkeypatch.setenv("GCD_CHECKPOINTS", str(folder))
    return folder


@pytest.fixture
def particle_models(models: Path) -> Path:
    """The folder of untrained checkpoints with `particle-sc` among them; there are none for BCC and FCC."""
    import torch

    from gcd.checkpoints import save
    from gcd.particles.network import NetworkConfig, ScoreNetwork
    from gcd.training.common import Trained
    from gcd.training.particle import ParticleTraining, checkpoint_config
    from gcd.training.particle_card import model_card

    torch.manual_seed(0)
    training = ParticleTraining("sc", NetworkConfig(features=8, layers=1, cutoff=1.2, time_features=8))
    network = ScoreNetwork(training.architecture)
    config = checkpoint_config(training, Trained(network, 1, 1.0, 1.0, 1.0, True), "none")
    save(models / "particle-sc", network, config, model_card(config))
    return models


@pytest.fixture(scope="session")
def small_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A boundary dataset of three bicrystals of tungsten as built, not relaxed."""
    from gcd.search.dataset import build_dataset
    from gcd.search.store import Candidate, Store
    from gcd.structures.bicrystals import twist_bicrystal

    folder = tmp_path_factory.mktemp("dataset")
    meta = {"twist": "sigma5", "metal": "W", "atoms_per_plane": 10, "recipe": {}}
    with Store(folder / "search.db", meta) as store:
        for number, (removed, egb) in enumerate(((8, 2.5), (9, 2.7), (7, 3.1))):
            atoms = twist_bicrystal("sigma5", "W", remove=removed, gap=0.3)
            proposal = {
                "shift": [0.0, 0.0], "removed": removed, "inserted": 0, "steps": 0, "temperature": 1e3, "ramp": 0
            }  # fmt: skip
            store.add(
                Candidate(
                    0, number, proposal, 1.0, "", egb, atoms.info["n"], True, atoms.info["plane"],
                    atoms.cell.lengths(), atoms.positions, np.full(len(atoms), -8.7),
                )
            )  # fmt: skip
    path = folder / "w-sigma5.npz"
    build_dataset([folder / "search.db"]).save(path)
    return path


@pytest.fixture(scope="session")
def small_collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collection of bicrystals as built, not relaxed: tungsten's Σ5 twist and an iron tilt."""
    from gcd.search.collection import Member, Part, collect
    from gcd.structures.bicrystals import bicrystal, working_cell
    from gcd.structures.boundary_names import find_boundary

    parts = []
    for name, metal, a in (("sigma5", "W", 3.165), ("s5-310-001", "Fe", 2.866)):
        boundary = working_cell(find_boundary(name), a)
        built = [bicrystal(boundary, a, metal, gap=1.0, remove=k) for k in (0, 1, 2)]
        member = Member(
            boundary, metal, a, built[0].cell.lengths()[:2], 6.3 * a, "zhou2004", {"file": "none"}
        )
        middle = [b.positions - np.array([0.0, 0.0, b.info["plane"]]) for b in built]
        parts.append(Part(member, [2.5, 2.6, 2.7], [b.info["n"] for b in built], middle))
    path = tmp_path_factory.mktemp("collection") / "boundaries-bcc.npz"
    collect("bcc", parts).save(path)
    return path


@pytest.fixture
def many_model(models: Path, small_collection: Path) -> Path:
    """An untrained model of many boundaries beside the other untrained ones."""
    import torch

    from gcd.checkpoints import save
    from gcd.diffusion.conditions import COUNT
    from gcd.diffusion.unet import UNet, UNetConfig
    from gcd.training.boundaries import ManyTraining, checkpoint_config
    from gcd.training.boundaries_card import model_card
    from gcd.training.common import Trained

    torch.manual_seed(0)
    small = UNetConfig(
        in_channels=2, channels=(8,), strides=(2,), blocks=1, time_features=8, conditions=COUNT
    )
    training = ManyTraining(small_collection, architecture=small)
    unet = UNet(small)
    config = checkpoint_config(training, Trained(unet, 1, 1.0, 1.0, 1.0, True), "none")
    save(models / "boundary-bcc", unet, config, model_card(config))
    return models / "boundary-bcc"


@pytest.fixture
def boundary_model(models: Path, small_dataset: Path) -> Path:
    """An untrained in-painting model beside the other untrained ones."""
    import torch

    from gcd.checkpoints import save
    from gcd.diffusion.unet import UNet, UNetConfig
    from gcd.training.boundary import BoundaryTraining, checkpoint_config
    from gcd.training.boundary_card import model_card
    from gcd.training.common import Trained

    torch.manual_seed(0)
    training = BoundaryTraining(
        small_dataset,
        architecture=UNetConfig(in_channels=2, channels=(8,), strides=(2,), blocks=1, time_features=8),
    )
    unet = UNet(training.architecture)
    config = checkpoint_config(training, Trained(unet, 1, 1.0, 1.0, 1.0, True), "none") | {"model": "test"}
    save(models / "boundary-test", unet, config, model_card(config))
    return models / "boundary-test"
