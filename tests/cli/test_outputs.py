"""Where files may go: what the user has, and what others have made, is there afterwards as before."""

import json
import os
import shutil

import pytest

from keras_genzoo.artifacts import RunError
from keras_genzoo.cli.io.outputs import Output, images_of_name


@pytest.fixture
def unharmed(folder, trained):
    """Tells after the test whether any of the user's files, or the run's, is another one now, or new."""

    def contents():
        return {path: path.read_bytes() for root in (folder, trained) for path in root.rglob("*") if path.is_file()}

    before = contents()
    yield
    assert contents() == before


@pytest.mark.usefixtures("unharmed")
class TestCommands:
    @pytest.mark.parametrize(
        "words",
        [
            ("traverse", "--image", "0"),
            ("interpolate", "--from", "0", "--to", "1"),
            ("arithmetic", "--analogy", *"120"),
        ],
        ids=lambda words: words[0],
    )
    def test_keep_the_images_that_they_read(self, words, mistake, trained, folder):
        command, *rest = (str(folder / f"0{word}.png") if word.isdecimal() else word for word in words)
        assert "00.png' is an image that is read" in mistake(command, trained, *rest, "--output", folder / "00.png")
        assert "was not made by genzoo" in mistake(command, trained, *rest, "--output", folder / "07.png")

    @pytest.mark.parametrize("name", ["latents", "config", "losses"])
    def test_keep_the_files_of_a_run(self, name, mistake, trained):
        line = mistake("traverse", trained, "--output", trained / f"{name}.png")
        assert "is there already, and was not made by genzoo traverse: name another place by --output" in line

    @pytest.mark.parametrize(
        "words",
        [
            ("debias", "--output", "photos/03.csv"),
            ("debias", "--output", "photos/labels.csv"),
            ("outliers", "--output", "photos"),
            ("outliers", "--output", "photos/found"),
            ("arithmetic", "--attribute", "smiling", "--output", "photos/inner/smile.png"),
        ],
        ids=lambda words: words[-1],
    )
    def test_put_nothing_among_the_images_they_read(self, words, mistake, trained, folder):
        command, *rest, output = words
        line = mistake(command, trained, "--data", folder, *rest, folder.parent / output)
        assert f"would lie among the images of '{folder}'" in line


def test_nor_among_those_of_the_run(mistake, run, folder):
    record = json.loads((run / "environment.json").read_text())
    record["data"]["path"] = str(folder)
    (run / "environment.json").write_text(json.dumps(record))
    assert "would lie among the images of" in mistake("traverse", run, "--output", folder / "inner" / "new.png")
    for data in ({}, {"path": 3}, "no data"):
        (folder / "environment.json").write_text(json.dumps({"data": data}))
        shutil.copy(run / "config.json", folder)
        assert images_of_name(folder) is None
    inside = shutil.copytree(run, folder / "run")
    assert "would lie among the images of" in mistake("interpolate", inside)


def test_a_runs_own_weights_stay(mistake, run):
    (run / "sample_weights.csv").write_text("index,weight\n0,1\n")
    assert "was not made by genzoo debias" in mistake("debias", run, "--output", run / "sample_weights.csv")
    assert (run / "sample_weights.csv").read_text() == "index,weight\n0,1\n"


class TestOutput:
    def test_is_made_again_by_the_same_command_alone(self, tmp_path):
        made = Output("traverse", tmp_path / "new" / "a.png", ".gif")
        assert not (tmp_path / "new").exists()
        made.report({"rows": 3})
        for suffix in (".png", ".gif"):
            made[suffix].write_text("picture")
        assert json.loads(made[".json"].read_text()) == {"made_by": "genzoo traverse", "rows": 3}
        Output("traverse", tmp_path / "new" / "a.png", ".gif")
        with pytest.raises(
            RunError, match=r"interpolate: .*a\.png' is there already, and was not made by genzoo inter"
        ):
            Output("interpolate", tmp_path / "new" / "a.png", ".gif")
        with pytest.raises(RunError, match=r"a\.png' is an image that is read"):
            Output("traverse", tmp_path / "new" / "a.png", ".gif", reads=[str(tmp_path / "new" / "a.png")])

    @pytest.mark.parametrize("suffix", [".png", ".gif", ".json"])
    def test_replaces_none_of_its_files_that_others_made(self, suffix, tmp_path):
        (tmp_path / f"a{suffix}").write_text('{"made_by": "hand"}')
        with pytest.raises(RunError, match=rf"a\{suffix}' is there already"):
            Output("traverse", tmp_path / "a.png", ".gif")

    def test_does_not_follow_links_to_what_is_read(self, tmp_path):
        (tmp_path / "photo.png").write_text("photo")
        os.link(tmp_path / "photo.png", tmp_path / "a.png")
        with pytest.raises(RunError, match="is an image that is read"):
            Output("traverse", tmp_path / "a.png", reads=[tmp_path / "photo.png"])

    def test_needs_a_place(self, tmp_path):
        (tmp_path / "file").write_text("")
        (tmp_path / "a.gif").mkdir()
        for name, message in (("file/inner/a.png", "file' is no folder"), ("a.png", r"a\.gif' is a folder")):
            with pytest.raises(RunError, match=message):
                Output("traverse", tmp_path / name, ".gif")
