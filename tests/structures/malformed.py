"""Hundreds of files that no reader should trip over, made from a few good ones by a seeded generator."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from gcd.structures.crystals import ideal_crystal
from gcd.structures.formats import FORMATS, WRITTEN


class Upload(NamedTuple):
    """What a stranger sends: a name and bytes."""

    kind: str
    name: str
    data: bytes


def good_files() -> dict[str, tuple[str, bytes]]:
    """Format -> (name, content) of a small crystal that every reader takes."""
    from ase.io import write

    atoms = ideal_crystal("bcc", (2, 2, 1))
    files = {}
    for form in WRITTEN:
        file = io.BytesIO() if form == "cif" else io.StringIO()
        write(file, atoms, format=form, **({"masses": True} if form == "lammps-data" else {}))
        content = file.getvalue()
        files[form] = (
            f"crystal{FORMATS[form].endings[0]}",
            content if isinstance(content, bytes) else content.encode(),
        )
    rows = "\n".join(f"{i + 1} 1 {x:.5f} {y:.5f} {z:.5f}" for i, (x, y, z) in enumerate(atoms.positions))
    bounds = "\n".join(f"0.0 {length:.5f}" for length in atoms.cell.lengths())
    dump = (
        f"ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n{len(atoms)}\nITEM: BOX BOUNDS pp pp pp\n{bounds}\n"
        f"ITEM: ATOMS id type x y z\n{rows}\n"
    )
    files["lammps-dump-text"] = ("crystal.dump", dump.encode())
    return files


ODD_NAMES = (
    "../../etc/passwd{}", "/etc/cron.d/job{}", "..\\..\\windows\\system{}", "a\nb{}", "x" * 500 + "{}",
    "name with spaces{}",
    "$(touch hacked){}", "`id`{}", "ünïcode-☠{}", "{}", ".{}", "con{}", "a;rm -rf ~{}", "%2e%2e%2f{}", "null\0byte{}",
)  # fmt: skip
ODD_NUMBERS = (
    "nan", "inf", "-inf", "1e999", "-1e308", "1e-320", "99999999999999999999", "-1", "0", "0x10", "1_000", "1,5", "--3",
    "1e", "٣", "", "None", "[1]", "__import__('os')", "1" * 5000, "1.0.0", "(1)", "*", "\t", "0.0 0.0 0.0",
)  # fmt: skip
ENDINGS = tuple(ending for form in FORMATS.values() for ending in form.endings)


def _zip(count: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("structure.cif", b"\0" * count)
    return file.getvalue()


def by_hand() -> Iterator[Upload]:
    """Cases with a story."""
    bomb, gz = _zip(20_000_000), gzip.compress(b"0" * 20_000_000)
    for ending in ENDINGS:
        yield Upload("empty", f"a{ending}", b"")
        yield Upload("blank", f"a{ending}", b" \n\t\n\r\n" * 50)
        yield Upload("zip bomb", f"a{ending}", bomb)
        yield Upload("gzip bomb", f"a{ending}", gz)
        yield Upload("elf", f"a{ending}", b"\x7fELF" + bytes(range(256)) * 20)
        yield Upload("pickle", f"a{ending}", b"cos\nsystem\n(S'touch hacked'\ntR.")
        yield Upload("one line", f"a{ending}", b"7" * 300_000)
        yield Upload("latin", f"a{ending}", bytes(range(128, 256)) * 40)
        yield Upload("html", f"a{ending}", b"<html><script>alert(1)</script></html>\n" * 20)
    for name in (
        "a.py",
        "a.pkl",
        "a.traj",
        "a.json",
        "a.zip",
        "a.cif.gz",
        "a",
        "",
        "cif",
        "a.CIF.exe",
        "a.db",
        "a.npz",
    ):
        yield Upload("wrong ending", name, b"1\n\nW 0 0 0\n")
    big = "999999999999"
    yield Upload("huge", "a.xyz", f'{big}\nLattice="1 0 0 0 1 0 0 0 1"\nW 0 0 0\n'.encode())
    yield Upload("huge", "a.xyz", b"-5\n\nW 0 0 0\n")
    yield Upload(
        "huge",
        "a.xyz",
        b'2\nLattice="1 0 0 0 1 0 0 0 1" Properties=species:S:1:pos:R:999999999\nW 0 0 0\nW 0 0 0\n',
    )
    yield Upload(
        "huge", "a.xyz", b'1\nLattice="1 0 0 0 1 0 0 0 1" Properties=species:S:1:pos:R:-3\nW 0 0 0\n'
    )
    yield Upload("huge", "a.xyz", b'1\nLattice="1 0 0 0 1 0 0 0 1" Properties=pos:R:3:pos:R:3\n0 0 0 1 1 1\n')
    yield Upload("huge", "POSCAR", f"W\n1.0\n3 0 0\n0 3 0\n0 0 3\nW\n{big}\nDirect\n0 0 0\n".encode())
    yield Upload("huge", "POSCAR", b"W\n-1e300\n3 0 0\n0 3 0\n0 0 3\nW\n1\nDirect\n0 0 0\n")
    yield Upload(
        "huge",
        "POSCAR",
        b"W\n1.0\n3 0 0\n0 3 0\n0 0 3\n" + b"W " * 5000 + b"\n" + b"1 " * 5000 + b"\nDirect\n0 0 0\n",
    )
    yield Upload(
        "huge",
        "data.w",
        f"x\n\n{big} atoms\n1 atom types\n0 1 xlo xhi\n0 1 ylo yhi\n0 1 zlo zhi\n\nAtoms\n\n".encode(),
    )
    yield Upload("huge", "dump.w", f"ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n{big}\n".encode())
    yield Upload("huge", "dump.w", f"ITEM: TIMESTEP\n{big}{big}\nITEM: NUMBER OF ATOMS\n1\n".encode())
    yield Upload("frames", "a.xyz", b'1\nLattice="3 0 0 0 3 0 0 0 3"\nW 0 0 0\n' * 3000)
    yield Upload("loop", "a.cif", b"data_x\nloop_\n" * 20_000)
    yield Upload("loop", "a.cif", b"data_x\n_cell_length_a " + b"(" * 20_000)
    yield Upload("loop", "a.cif", b"data_x\n;" + b"text\n" * 50_000)
    yield Upload("quotes", "a.cif", b"data_x\n_a '" + b"'" * 20_000)
    yield Upload("symmetry", "a.cif", b"data_x\nloop_\n_symmetry_equiv_pos_as_xyz\n" + b"'x,y,z'\n" * 5000)
    yield Upload(
        "symmetry",
        "a.cif",
        b'data_x\nloop_\n_symmetry_equiv_pos_as_xyz\n\'__import__("os").system("touch hacked"),y,z\'\n',
    )
    cell = "".join(
        f"_cell_length_{a} 3\n_cell_angle_{b} 90\n"
        for a, b in zip("abc", ("alpha", "beta", "gamma"), strict=True)
    )
    site = "loop_\n_atom_site_label\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\nW1 0.1 0.2 0.3\n"
    for operation in (
        "exit(),y,z",
        "x/0,y,z",
        "x" * 3000 + ",y,z",
        "9**9**9,y,z",
        "x,y",
        "(lambda:0)(),y,z",
        "x,y,z,x",
    ):
        text = f"data_x\n{cell}loop_\n_symmetry_equiv_pos_as_xyz\n'x,y,z'\n'{operation}'\n{site}"
        yield Upload("symmetry", "a.cif", text.encode())
    for group in ("P 1e9", "F m -3 m; rm", "''", "999", "Ia-3d" * 500):
        yield Upload(
            "group", "a.cif", f"data_x\n{cell}_symmetry_space_group_name_H-M '{group}'\n{site}".encode()
        )
    for form, (name, content) in good_files().items():
        text = content.decode()
        for other in FORMATS:
            if other != form:
                yield Upload("wrong ending", f"crystal{FORMATS[other].endings[0]}", content)
        zero = re.sub(r"6\.33\d*|3\.16\d*", "0.0", text)
        yield Upload("zero cell", name, zero.encode())
        yield Upload("flat cell", name, re.sub(r"6\.33\d*", "0.0", text, count=1).encode())
        for odd in ODD_NAMES:
            yield Upload("odd name", odd.format(FORMATS[form].endings[0]), content[: len(content) // 2])


def mutated(count: int, seed: int) -> Iterator[Upload]:
    """Good files, damaged at random."""
    rng = np.random.default_rng(seed)
    files = list(good_files().values())
    for number in range(count):
        name, content = files[number % len(files)]
        text = content.decode()
        damage = ("truncated", "number", "deleted", "doubled", "shuffled", "bytes", "spliced")[
            number // len(files) % 7
        ]
        if damage == "truncated":
            data = content[: int(rng.integers(1, len(content)))]
        elif damage == "number":
            spots = list(re.finditer(r"[-+]?\d+\.?\d*", text))
            spot = spots[int(rng.integers(len(spots)))]
            data = (text[: spot.start()] + str(rng.choice(ODD_NUMBERS)) + text[spot.end() :]).encode()
        elif damage in ("deleted", "doubled", "shuffled"):
            lines = text.split("\n")
            at = int(rng.integers(len(lines)))
            if damage == "deleted":
                del lines[at]
            elif damage == "doubled":
                lines[at:at] = [lines[at]] * int(rng.integers(1, 50))
            else:
                rng.shuffle(lines)
            data = "\n".join(lines).encode()
        elif damage == "bytes":
            array = bytearray(content)
            for at in rng.integers(0, len(array), 8):
                array[int(at)] = int(rng.integers(1, 256))
            data = bytes(array)
        else:
            other = files[int(rng.integers(len(files)))][1]
            data = content[: int(rng.integers(1, len(content)))] + other[int(rng.integers(len(other))) :]
        yield Upload(damage, name, data)
