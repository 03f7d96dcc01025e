"""Files appear whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gcd.files import atomic_file, check_writable, write_text


def test_a_file_and_its_folders_appear(tmp_path):
    write_text(tmp_path / "a" / "b.txt", "Å\n")
    assert (tmp_path / "a" / "b.txt").read_text(encoding="utf-8") == "Å\n"
    assert [file.name for file in (tmp_path / "a").iterdir()] == ["b.txt"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "old.txt"
    path.write_text("old")

    def write_and_fail():
        with atomic_file(path) as file:
            file.write(b"new")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["old.txt"]


def test_others_may_read_what_the_umask_lets_them(tmp_path):
    write_text(tmp_path / "shared.txt", "")
    mask = os.umask(0)
    os.umask(mask)
    assert (tmp_path / "shared.txt").stat().st_mode & 0o777 == 0o666 & ~mask


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    for place in ("file", "file/below", "file/below/more"):
        with pytest.raises(ValueError, match=r"cannot be written \(Not a directory\)"):
            check_writable(tmp_path / place)
    with pytest.raises(ValueError, match="cannot be written"):
        write_text(tmp_path / "file" / "x.txt", "")


def test_checking_a_folder_makes_nothing(tmp_path):
    assert check_writable(tmp_path / "new" / "newer") == tmp_path / "new" / "newer"
    assert [file.name for file in tmp_path.iterdir()] == []


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder that nobody can write to")
def test_a_folder_that_nobody_can_write_to():
    with pytest.raises(ValueError, match="'/proc/new' cannot be written"):
        check_writable("/proc/new")
