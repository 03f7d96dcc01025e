"""The command line: what it writes, what it prints, and that bad input gets one line, status 2 and no file."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
from ase.io import read

from gcd.checkpoints import read_config
from gcd.cli import VERBS, Parser, build_parser, main, plain
from gcd.structures.crystals import ideal_crystal
from gcd.structures.formats import write_structure

ROOT = Path(__file__).resolve().parent.parent
TRICLINIC = """data_t
_cell_length_a 4
_cell_length_b 5
_cell_length_c 6
_cell_angle_alpha 80
_cell_angle_beta 95
_cell_angle_gamma 110
loop_
_atom_site_label
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
W 0 0 0
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def run(capsys, *words):
    """Status, JSON of the last line of stdout, and stderr of a verb."""
    status = main([*map(str, words), "--json"])
    out, err = capsys.readouterr()
    return status, json.loads(out.splitlines()[-1]) if status == 0 else None, err


def refused(capsys, here, *words, message):
    """Assert that the words are refused with one line that says ``message``, and that nothing is written."""
    before = sorted(here.rglob("*"))
    try:
        status = main(list(map(str, words)))
    except SystemExit as exit_:  # argparse leaves this way
        status = exit_.code
    out, err = capsys.readouterr()
    assert status == 2
    assert len(err.strip().splitlines()) == 1, err
    assert message in err
    assert "Traceback" not in err
    assert out == ""
    assert sorted(here.rglob("*")) == before


SAMPLE = ("sample", "crystal", "--phase", "sc", "--size", 2, "--nfe", 3)


def test_sample_crystal_writes_structures_that_read_back(capsys, here, models):
    status, result, err = run(capsys, *SAMPLE, "--count", 2, "--seed", 5, "--out", "made", "--device", "cpu")
    assert status == 0
    assert "100 %" in err
    assert result["device"] == "cpu"
    assert result["seconds"] > 0
    assert sorted(path.name for path in (here / "made").iterdir()) == [
        "sc-2x2x2-seed5-0000-nfe3.extxyz",
        "sc-2x2x2-seed5-0001-nfe3.extxyz",
    ]
    for structure in result["structures"]:
        assert set(structure) >= {
            "file",
            "atoms",
            "expected_atoms",
            "rms_displacement",
            "q4",
            "q6",
            "perfect",
        }
        assert structure["expected_atoms"] == 8
        if structure["atoms"]:
            atoms = read(structure["file"])
            assert len(atoms) == structure["atoms"]
            assert atoms.info["seed"] == 5


def test_sample_crystal_says_the_same_thing_to_a_person(capsys, here, models):
    assert main(list(map(str, SAMPLE))) == 0
    out = capsys.readouterr().out
    assert "of 8 atoms" in out
    assert "perfect" in out


def test_same_seed_same_structure(capsys, here, models):
    counts = [run(capsys, *SAMPLE, "--seed", 3)[1]["structures"] for _ in range(2)]
    assert counts[0] == counts[1]


def test_fast_takes_the_checkpoints_own_setting(capsys, here, models):
    words = ("sample", "crystal", "--phase", "sc", "--size", 2, "--fast")
    refused(capsys, here, *words, message="has no fast setting")
    config = read_config("crystal-sc") | {"fast": {"evaluations": 4, "order": 2}}
    (models / "crystal-sc" / "config.json").write_text(json.dumps(config))
    result = run(capsys, *words)[1]
    assert (result["evaluations"], result["order"]) == (4, 2)
    refused(capsys, here, *words, "--nfe", 6, message="leave --nfe and --order out")


def test_encode_and_decode_are_inverse_on_a_crystal(capsys, here, models):
    crystal = ideal_crystal("bcc", 3)
    crystal.positions += [0.31, 0.17, 0.05]
    write_structure(crystal, here / "w.cif")
    status, result, _ = run(capsys, "encode", "w.cif", "--grid", 15, 15, 15)
    assert status == 0
    assert result["sum"] == pytest.approx(54, abs=1e-5)
    assert 0 < result["max"] <= 1
    with np.load(here / "w.npz", allow_pickle=False) as archive:
        assert archive["voxels"].shape == (1, 15, 15, 15)
        assert archive["periodic"].tolist() == [True] * 3
        assert set(archive["symbols"]) == {"W"}
    words = ("decode", "w.npz", "--out", "back.vasp", "--method", "centre-of-mass")
    status, result, _ = run(capsys, *words)
    assert (status, result["atoms"]) == (0, 54)
    back = read(here / "back.vasp")
    assert set(back.symbols) == {"W"}
    status, result, _ = run(capsys, "analyse", "back.vasp", "--phase", "bcc", "--size", 3)
    assert result["files"][0]["match"][0]["perfect"]


def test_encode_warns_when_voxels_are_too_coarse(capsys, here):
    write_structure(ideal_crystal("fcc", 2), here / "cu.extxyz")
    assert run(capsys, "encode", "cu.extxyz", "--grid", 12, 12, 12)[1]["warnings"] == []
    assert "too coarse" in run(capsys, "encode", "cu.extxyz", "--grid", 5, 5, 5)[1]["warnings"][0]


def test_decode_with_the_trained_kind_of_decoder(capsys, here, models):
    write_structure(ideal_crystal("sc", 2), here / "po.extxyz")
    run(capsys, "encode", "po.extxyz", "--grid", 12, 12, 12)
    status, result, _ = run(capsys, "decode", "po.npz", "--element", "Po")
    assert status == 0
    assert isinstance(result["atoms"], int)


def test_atoms_of_no_element_are_decoded_as_hydrogen(capsys, here):
    unknown = ideal_crystal("sc", 2)
    unknown.symbols[:] = "X"
    write_structure(unknown, here / "x.extxyz")
    run(capsys, "encode", "x.extxyz", "--grid", 12, 12, 12)
    status, result, _ = run(capsys, "decode", "x.npz", "--method", "centre-of-mass")
    assert (status, result["atoms"], result["element"]) == (0, 8, "H")


def test_analyse_gives_one_object_a_file(capsys, here):
    for phase in ("sc", "fcc"):
        write_structure(ideal_crystal(phase, 2), here / f"{phase}.data")
    status, result, _ = run(capsys, "analyse", "sc.data", "fcc.data")
    assert status == 0
    sc, fcc = result["files"]
    assert sc["q6"] == pytest.approx(0.353553, abs=1e-5)
    assert fcc["q4"] == pytest.approx(0.190941, abs=1e-5)
    assert fcc["coordination"] == {"12": 32}
    assert sc["minimum_distance"] == pytest.approx(3.35)
    assert len(fcc["rdf"]["r"]) == len(fcc["rdf"]["g"]) == 200
    assert main(["analyse", "sc.data", "--phase", "sc", "--size", "2"]) == 0
    assert "perfect: 8 of 8 atoms" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "VERB"),
        (("paint",), "invalid choice: 'paint'"),
        (("sample",), "WHAT"),
        (("sample", "crystal"), "--phase"),
        (("sample", "crystal", "--phase", "hcp"), "'hcp': the phases are sc, bcc, fcc"),
        ((*SAMPLE, "--size", 0), "from 1 to 16, not 0"),
        ((*SAMPLE, "--size", "10000"), "from 1 to 16, not 10000"),
        ((*SAMPLE, "--size", "4", "4"), "one or three"),
        ((*SAMPLE, "--size", "x"), "not 'x'"),
        ((*SAMPLE, "--count", 0), "from 1 to 1,000, not 0"),
        ((*SAMPLE, "--seed", -1), "not -1"),
        ((*SAMPLE, "--seed", "nan"), "not 'nan'"),
        ((*SAMPLE, "--nfe", 4), "multiple of 3"),
        ((*SAMPLE, "--nfe", 0), "not 0"),
        ((*SAMPLE, "--order", 4), "from 1 to 3, not 4"),
        ((*SAMPLE, "--device", "tpu"), "invalid choice: 'tpu'"),
        ((*SAMPLE, "--lattice-constant", "nan"), "lattice constant"),
        ((*SAMPLE, "--lattice-constant", "-3"), "lattice constant"),
        ((*SAMPLE, "--element", "Xx"), "'Xx'"),
        ((*SAMPLE, "--format", "traj"), "invalid choice: 'traj'"),
        ((*SAMPLE, "--out", "file/below"), "cannot be written"),
        ((*SAMPLE, "--out", "file"), "cannot be written"),
        ((*SAMPLE, "--checkpoint", "nobody"), "no checkpoint 'nobody'"),
        ((*SAMPLE, "--checkpoint", "crystal-bcc"), "makes bcc, not sc"),
        ((*SAMPLE, "--checkpoint", "decoder"), "is a decoder"),
        (("encode", "triclinic.cif", "--grid", 9, 9, 9), "alpha = 80.00"),
        (("encode", "cut.extxyz", "--grid", 9, 9, 9), "truncated"),
        (("encode", "none.cif", "--grid", 9, 9, 9), "no file"),
        (("encode", "good.extxyz", "--grid", 0, 9, 9), "not 0"),
        (("encode", "good.extxyz", "--grid", 900, 900, 900), "the most is"),
        (("encode", "good.extxyz", "--grid", 9, 9, 9, "--frame", 3), "frame"),
        (("encode", "good.extxyz", "--grid", 9, 9, 9, "--out", "a.txt"), ".npz"),
        (("encode", "good.extxyz", "--grid", 9, 9, 9, "--out", "file/a.npz"), "cannot be written"),
        (("decode", "good.extxyz"), "cannot be read as voxels"),
        (("decode", "none.npz"), "no file"),
        (("decode", "none.npz", "--out", "a.dump"), "no format that is written"),
        (("decode", "none.npz", "--out", "a.traj"), "no format that is written"),
        (("analyse", "good.extxyz", "cut.extxyz"), "truncated"),
        (("analyse", "good.extxyz", "--neighbours", 0), "not 0"),
        (("analyse", "good.extxyz", "--size", 2), "--phase"),
        (("analyse", "good.extxyz", "triclinic.cif", "--phase", "sc"), "triclinic.cif: Matching needs"),
        (("train", "crystal", "--phase", "sc"), "already"),
        (("train", "crystal", "--phase", "sc", "--name", "../up"), "one word"),
        (("train", "crystal", "--phase", "sc", "--name", "new", "--sizes", "4x0x4"), "not 0"),
        (("train", "decoder"), "already"),
        (("evaluate", "crystals", "--checkpoint", "x"), "one phase"),
        (("evaluate", "crystals", "--nfe", 7), "multiple of 3"),
        (("evaluate", "crystals", "--phase", "sc", "--checkpoint", "nobody"), "no checkpoint 'nobody'"),
        (("evaluate", "crystals", "--out", "file"), "cannot be written"),
        (("evaluate", "decoder", "--noise", "inf"), "'inf'"),
        (("app", "--port", 0), "not 0"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else None,
)
def test_bad_input_gets_one_line_and_writes_nothing(capsys, here, models, words, message):
    (here / "file").write_text("in the way")
    (here / "triclinic.cif").write_text(TRICLINIC)
    path = write_structure(ideal_crystal("sc", 2), here / "good.extxyz")
    (here / "cut.extxyz").write_bytes(path.read_bytes()[:-60])
    refused(capsys, here, *words, message=message)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_cuda_without_a_gpu(capsys, here, models):
    refused(capsys, here, *SAMPLE, "--device", "cuda", message="'cuda'")
    refused(capsys, here, "encode", "a.cif", "--grid", 9, 9, 9, "--device", "cuda", message="'cuda'")
    refused(capsys, here, "evaluate", "decoder", "--device", "cuda", message="'cuda'")


def test_a_flipped_byte_in_the_weights(capsys, here, models):
    path = models / "crystal-sc" / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    refused(capsys, here, *SAMPLE, message="is damaged")


def test_a_missing_file_of_a_checkpoint(capsys, here, models):
    (models / "crystal-sc" / "model.safetensors").unlink()
    refused(capsys, here, *SAMPLE, message="model.safetensors is missing")


def test_interrupt_ends_without_a_traceback(capsys, here, models, monkeypatch):
    monkeypatch.setattr(
        "gcd.generate.crystals.make_crystals", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    assert main(list(map(str, SAMPLE))) == 130
    assert "interrupted" in capsys.readouterr().err
    assert not any(here.iterdir())


@pytest.mark.slow
def test_train_crystal_stops_resumes_and_writes_a_checkpoint(capsys, here, models, monkeypatch):
    monkeypatch.setenv("GCD_CACHE", str(here / "cache"))
    words = (
        "train", "crystal", "--phase", "bcc", "--name", "tiny", "--sizes", "2x2x2", "--channels", 8, "--strides", 2,
        "--blocks", 1, "--steps", 4, "--batch-size", 1, "--device", "cpu",
    )  # fmt: skip
    first = run(capsys, *words, "--minutes", 0)[1]
    assert not first["finished"]
    assert first["steps"] < 4
    status, result, _ = run(capsys, *words, "--overwrite")
    assert status == 0
    assert result["steps"] == 4
    config = read_config("tiny")
    assert config["phase"] == "bcc"
    assert config["training_sizes"] == [[2, 2, 2]]
    assert {path.name for path in Path(result["checkpoint"]).iterdir()} >= {
        "model.safetensors", "config.json", "README.md", "loss.csv", "loss.png",
    }  # fmt: skip
    status, result, _ = run(
        capsys, "sample", "crystal", "--phase", "bcc", "--checkpoint", "tiny", "--size", 2, "--nfe", 3
    )
    assert status == 0


@pytest.mark.slow
def test_another_training_under_the_same_name_begins_anew(capsys, here, models, monkeypatch):
    monkeypatch.setenv("GCD_CACHE", str(here / "cache"))
    words = (
        "--name",
        "a",
        "--sizes",
        "1x1x1",
        "--channels",
        8,
        "--strides",
        2,
        "--blocks",
        1,
        "--batch-size",
        1,
    )
    train = ("train", "crystal", *words, "--steps", 2, "--device", "cpu")
    assert run(capsys, *train, "--phase", "sc")[0] == 0
    sc = read_config("a")["sha256"]
    shared = ("--phase", "fcc", "--run", "a", "--name", "b")
    refused(capsys, here, *train, *shared, message='phase "sc", not "fcc"')
    assert not (models / "b").exists()
    assert run(capsys, *train, "--phase", "fcc", "--overwrite")[0] == 0
    assert run(capsys, *train, "--phase", "fcc", "--name", "c")[0] == 0
    anew, alone = read_config("a"), read_config("c")
    assert anew["phase"] == "fcc"
    assert anew["sha256"] == alone["sha256"] != sc  # FCC's own weights, not those of SC


def test_app_becomes_streamlit_in_the_source_tree(here, monkeypatch, capsys):
    started = []
    monkeypatch.setattr("os.execv", lambda _, command: started.append((Path.cwd(), command)))
    main(["app", "--port", "8600", "--headless"])
    ((folder, command),) = started
    assert folder == ROOT
    assert "streamlit" in command
    assert command[command.index("--server.port") + 1] == "8600"
    assert command[command.index("--server.address") + 1] == "localhost"
    assert "http://localhost:8600" in capsys.readouterr().out


def test_help_of_every_verb(capsys):
    for verb in VERBS:
        with pytest.raises(SystemExit) as exit_:
            main([*verb.split(), "--help"])
        assert exit_.value.code == 0
        out = capsys.readouterr().out
        assert "--json" in out
        assert import_module(VERBS[verb]).HELP


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("app", "--host", ""), "such as localhost, 127.0.0.1 or 0.0.0.0 (every address), not ''"),
        (("app", "--host", "local host"), "not 'local host'"),
        (("train", "boundary", "--model", ""), "A model's name is one word, a folder's name, not ''"),
        (("train", "boundary", "--model", "../up"), "not '../up'"),
        (("train", "decoder", "--name", ""), "A checkpoint's name is one word, a folder's name, not ''"),
        (("train", "decoder", "--run", "../up"), "A run's name is one word, a folder's name, not '../up'"),
        (("decode", "a.npz", "--checkpoint", ""), "--checkpoint: It must not be blank, as '' is"),
        (("decode", "a.npz", "--out", " "), "--out: It must not be blank, as ' ' is"),
    ],
)
def test_names_that_name_nothing_are_refused_before_anything_starts(capsys, words, message):
    with pytest.raises(SystemExit) as exit_:
        build_parser().parse_args(words)
    assert exit_.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("verb", VERBS)
def test_no_argument_of_any_verb_is_blank(capsys, verb):
    parser = Parser()
    import_module(VERBS[verb]).add_arguments(parser)
    for argument in parser._actions:
        if argument.nargs == 0:
            continue  # a switch, which takes no value
        values = [" "] * (argument.nargs if isinstance(argument.nargs, int) else 1)
        with pytest.raises(SystemExit) as exit_:
            build_parser().parse_args([*verb.split(), *argument.option_strings[:1], *values])
        assert exit_.value.code == 2
        name = argument.option_strings[0] if argument.option_strings else argument.metavar
        assert f"argument {name}: " in capsys.readouterr().err


def test_help_does_not_load_torch():
    code = "import sys; from gcd.cli import build_parser; build_parser(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_python_m_gcd_is_the_command_line():
    done = subprocess.run(
        [sys.executable, "-m", "gcd", "--version"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("gcd ")


def test_choices_are_those_of_the_rooms():
    from gcd.commands.samples import NAMES
    from gcd.commands.train_crystal import PREDICTIONS
    from gcd.devices import DEVICES
    from gcd.diffusion import prediction, samplers
    from gcd.structures.formats import WRITTEN

    assert PREDICTIONS == prediction.PREDICTIONS
    assert NAMES == WRITTEN
    args = [("--device", name) for name in DEVICES] + [("--spacing", name) for name in samplers.SPACINGS]
    for words in args:
        build_parser().parse_args(["sample", "crystal", "--phase", "sc", *words])


def test_json_has_only_plain_values():
    value = {"a": np.float64("nan"), "b": np.arange(2), "c": (1, None, True, Path("x")), "d": float("inf")}
    assert plain(value) == {"a": None, "b": [0, 1], "c": [1, None, True, "x"], "d": None}


def test_parser_builds():
    args = build_parser().parse_args(["sample", "crystal", "--phase", "BCC", "--size", "3", "4", "5"])
    assert (args.phase, args.size) == ("bcc", [3, 4, 5])
