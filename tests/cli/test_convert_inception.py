import argparse

import pytest

from keras_genzoo.cli.commands import convert_inception
from keras_genzoo.features import inception_weights
from keras_genzoo.features.inception_weights import WeightsError, default_place, load_inception
from tests.features.torch_files import inception_arrays, legacy_file, shrink, write


@pytest.fixture
def source(tmp_path, monkeypatch):
    """The state dict of a network that is small here."""
    shrink(monkeypatch)
    return write(tmp_path / "weights.pth", legacy_file(inception_arrays()))


def convert(file, output=None, other=False):
    convert_inception.run(argparse.Namespace(file=str(file), output=output, allow_other_weights=other))


def test_the_published_file_goes_where_it_is_found(source, monkeypatch, capsys):
    monkeypatch.setattr(inception_weights, "DIGITS", "")  # every SHA-256 begins so
    convert(source)
    printed = capsys.readouterr().out
    origin = load_inception(default_place())[1]
    assert str(default_place()) in printed and "finds them there" in printed
    assert origin.source_sha256 in printed and origin.weights_sha256 in printed


def test_other_weights_are_told_from_the_published_ones(source, tmp_path, capsys):
    with pytest.raises(WeightsError, match="--allow-other-weights"):
        convert(source, tmp_path / "mine.weights.h5")
    convert(source, tmp_path / "mine.weights.h5", other=True)
    printed = capsys.readouterr().out
    assert "not the published one" in printed and "frechet_inception_other, not fid" in printed
    assert f"--inception-weights {tmp_path / 'mine.weights.h5'}" in printed
