"""Our Inception network beside torch-fidelity's: the same weights, read from files that PyTorch wrote."""

import numpy as np
import pytest

from keras_genzoo.features.extractors import InceptionExtractor
from keras_genzoo.features.inception_weights import convert, load_inception
from keras_genzoo.untrusted.state_dict import read_state_dict
from tests.features.torch_files import inception_arrays, legacy_file, write, zip_file

torch = pytest.importorskip("torch", reason="parity is measured against PyTorch")


@pytest.fixture(scope="module")
def arrays():
    return inception_arrays()


@pytest.fixture(scope="module")
def files(arrays, tmp_path_factory):
    """The state dict in both formats of PyTorch, the second being that of the published file."""
    folder, tensors = tmp_path_factory.mktemp("weights"), {name: torch.tensor(a) for name, a in arrays.items()}
    torch.save(tensors, folder / "new.pth")
    torch.save(tensors, folder / "old.pth", _use_new_zipfile_serialization=False)
    return folder


@pytest.fixture(scope="module")
def ours(files):
    convert(files / "old.pth", files / "inception.weights.h5", allow_other=True)
    return InceptionExtractor(*load_inception(files / "inception.weights.h5"), batch_size=4)


@pytest.fixture(scope="module")
def theirs(files):
    """torch-fidelity's extractor as a function of uint8 images; it checks every name and shape of the weights."""
    torch_fidelity = pytest.importorskip(
        "torch_fidelity.feature_extractor_inceptionv3", reason="parity is measured against torch-fidelity"
    )
    path = str(files / "new.pth")
    network = torch_fidelity.FeatureExtractorInceptionV3("inception", ["2048", "logits_unbiased"], path)

    def theirs(images):
        with torch.no_grad():
            return [part.numpy() for part in network(torch.from_numpy(images.transpose(0, 3, 1, 2).copy()))]

    return theirs


def pictures(size):
    """Four images with structure: smooth shapes, noise, black, white with a black corner."""
    rng = np.random.default_rng(size)
    images = np.zeros((4, size, size, 3), "uint8")
    y, x = np.mgrid[:size, :size] / size
    images[0] = np.stack([255 * x, 255 * y, 127 + 127 * np.sin(9 * x * y)], axis=-1)
    images[1] = rng.integers(0, 256, (size, size, 3))
    images[3, size // 3 :] = 255
    return images


@pytest.mark.parametrize("size", [32, 299, 320])
def test_features_and_logits(ours, theirs, size):
    images = pictures(size)
    for mine, other in zip(ours.with_logits(images), theirs(images), strict=True):
        assert np.std(other, axis=0).max() > 0.03 * np.abs(other).max()  # the images are told apart
        np.testing.assert_allclose(mine, other, rtol=0, atol=1e-5 * np.abs(other).max())


def test_files_written_by_pytorch_are_read(arrays, files):
    for name in ("new.pth", "old.pth"):
        found = read_state_dict((files / name).read_bytes())
        assert list(found) == list(arrays)
        assert all(np.array_equal(found[key], arrays[key]) for key in arrays)


def test_the_metadata_and_counters_of_a_module_are_read(tmp_path):
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    for new in (True, False):
        torch.save(module.state_dict(), tmp_path / "module.pth", _use_new_zipfile_serialization=new)
        found = read_state_dict((tmp_path / "module.pth").read_bytes())
        assert list(found) == list(module.state_dict())
        for name, tensor in module.state_dict().items():
            np.testing.assert_array_equal(found[name], tensor.numpy())


@pytest.mark.parametrize("form", [zip_file, legacy_file])
def test_the_files_that_our_tests_write_are_pytorch_s(form, tmp_path):
    arrays = {"a": np.arange(6, dtype="float32").reshape(2, 3), "b": np.array(3, "int64")}
    loaded = torch.load(write(tmp_path / "file.pth", form(arrays)), weights_only=True)
    assert list(loaded) == ["a", "b"]
    assert all(np.array_equal(loaded[name].numpy(), arrays[name]) for name in arrays)
