"""Files and folders are whole or not there, and what killed writers leave goes."""

import os

import pytest

from keras_genzoo import files
from keras_genzoo.untrusted import UntrustedError, records


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_takes_its_place_when_it_is_whole(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("before")
    with files.staged(path) as unfinished:
        unfinished.write_text("after")
        assert path.read_text() == "before" and files.is_unfinished(unfinished.name)
    assert path.read_text() == "after"
    with pytest.raises(KeyboardInterrupt), files.staged(path) as unfinished:
        unfinished.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "after" and names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("write", [lambda path: files.write_bytes(path, b"1"), lambda path: files.write_json(path, {})])
def test_nothing_is_written_through_a_link_that_lies_in_the_way(tmp_path, write):
    target = tmp_path / "gold"
    target.write_text("gold")
    path = tmp_path / "a.txt"
    path.with_name(f".a.txt.{os.getpid()}.part").symlink_to(target)
    write(path)
    assert target.read_text() == "gold" and names(tmp_path) == ["a.txt", "gold"]


def test_files_and_names_are_flushed_in_order(tmp_path, monkeypatch):
    flushed, flush = [], files.flush

    def record(path):
        flushed.append((path.name, (tmp_path / "new").exists()))
        flush(path)

    monkeypatch.setattr(files, "flush", record)
    with files.staged_folder(tmp_path / "new") as unfinished:
        (unfinished / "inner").mkdir()
        (unfinished / "inner" / "a").touch()
        (unfinished / "b").touch()
    here = unfinished.name
    assert flushed == [("a", False), ("inner", False), ("b", False), (here, False), (tmp_path.name, True)]


def test_a_folder_replaces_an_older_one_or_leaves_it(tmp_path):
    path = tmp_path / "a"
    path.mkdir()
    (path / "old").touch()
    with pytest.raises(OSError, match="full"), files.staged_folder(path):
        raise OSError("full")
    assert names(tmp_path) == ["a"] and names(path) == ["old"]
    with files.staged_folder(path) as unfinished:
        (unfinished / "new").touch()
    assert names(tmp_path) == ["a"] and names(path) == ["new"]


def test_what_killed_processes_left_is_swept(tmp_path):
    for name in (".a.h5.12.part", ".kept", "a.12.part"):
        (tmp_path / name).touch()
    for name in (".b.12.part", ".aside-3", ".older-c", ".older-d", "d"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    files.sweep(tmp_path)
    assert names(tmp_path) == [".kept", "a.12.part", "c", "d"]
    assert names(tmp_path / "c") == [".older-c"] and names(tmp_path / "d") == ["d"]
    files.sweep(tmp_path / "none")


def test_a_link_is_swept_and_what_it_leads_to_stays(tmp_path):
    (tmp_path / "gold").mkdir()
    (tmp_path / "gold" / "a").touch()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".b.1.part").symlink_to(tmp_path / "gold")
    files.sweep(tmp_path / "run")
    assert names(tmp_path / "run") == [] and names(tmp_path / "gold") == ["a"]


def test_lines_are_appended_and_read_whatever_was_left_unfinished(tmp_path):
    path = tmp_path / "a.jsonl"
    assert files.read_lines(path) == []
    files.append_line(path, '{"a": 1}')
    with path.open("a") as file:
        file.write('[2]\n{"b": NaN}\n{"c": 1, "c": 2}\n{"half')
    files.append_line(path, '{"d": "\u2028"}')
    assert files.read_lines(path) == [{"a": 1}, {"d": "\u2028"}]
    files.write_lines(path, files.read_lines(path))
    assert path.read_text("utf-8").count("\n") == 2 and files.read_lines(path) == [{"a": 1}, {"d": "\u2028"}]


def test_lines_are_not_read_from_what_is_no_file_or_too_large(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "large").touch()
    os.truncate(tmp_path / "large", records.MOST_BYTES + 1)
    (tmp_path / "long").write_bytes(b"\n" * (records.MOST_LINES + 1))
    for name in ("pipe", "zero", "large", "long"):
        with pytest.raises(UntrustedError):
            files.read_lines(tmp_path / name)


def test_digests(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert files.sha256_of(tmp_path / "a") == files.sha256("abc") == files.sha256(memoryview(b"abc")) == digest
