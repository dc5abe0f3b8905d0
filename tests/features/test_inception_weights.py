import h5py
import numpy as np
import pytest

from keras_genzoo.features import inception_weights
from keras_genzoo.features.inception_weights import WeightsError, convert, load_inception
from tests.features.torch_files import inception_arrays, legacy_file, shrink, write, zip_file


@pytest.fixture(scope="module", autouse=True)
def arrays():
    """The network is small here; `tests/parity` has it whole."""
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch)
        yield inception_arrays()


@pytest.fixture(scope="module")
def source(arrays, tmp_path_factory):
    """A state dict in PyTorch's older format, as the published one is."""
    return write(tmp_path_factory.mktemp("source") / "weights.pth", legacy_file(arrays))


@pytest.fixture(scope="module")
def converted(source, tmp_path_factory):
    """The same after conversion, and its origin."""
    path = tmp_path_factory.mktemp("converted") / "new" / "inception.weights.h5"
    return path, convert(source, path, allow_other=True)


@pytest.fixture
def altered(arrays, tmp_path):
    """Converts the state dict with other arrays; None leaves one out."""

    def altered(changes):
        kept = {name: array for name, array in (arrays | changes).items() if array is not None}
        return convert(write(tmp_path / "a.pth", zip_file(kept)), tmp_path / "a.weights.h5", allow_other=True)

    return altered


@pytest.mark.slow
def test_batch_normalization_is_joined_with_the_convolution(arrays, converted):
    network, _ = load_inception(converted[0])
    name = "Mixed_6b.branch1x1"
    kernel = arrays[f"{name}.conv.weight"]
    x = np.random.default_rng(0).normal(size=(5, kernel.shape[1])).astype("float32")
    y = x @ kernel[:, :, 0, 0].T
    y = (y - arrays[f"{name}.bn.running_mean"]) / np.sqrt(arrays[f"{name}.bn.running_var"] + 1e-3)
    y = np.maximum(0, y * arrays[f"{name}.bn.weight"] + arrays[f"{name}.bn.bias"])
    ours = np.asarray(network.get_layer(name)(x[:, None, None, :]))[:, 0, 0]
    np.testing.assert_allclose(ours, y, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(network.get_layer("fc").kernel, arrays["fc.weight"].T)


def test_what_was_converted_remembers_its_source(source, converted):
    path, origin = converted
    assert load_inception(path)[1] == origin
    assert not origin.published and len(origin.source_sha256) == len(origin.weights_sha256) == 64
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_the_published_file_is_known_by_its_sha256_and_needs_no_conversion(source, converted, monkeypatch):
    monkeypatch.setattr(inception_weights, "DIGITS", converted[1].source_sha256[:8])
    _, origin = load_inception(source)
    assert origin == converted[1]._replace(published=True)
    with pytest.raises(WeightsError, match="convert the file again"):  # it was converted as another
        load_inception(converted[0])


def test_another_file_is_refused_and_the_right_one_named(source, tmp_path):
    with pytest.raises(WeightsError, match=r"has 6726825d\.\.\.: get https://github.com/toshas/.*allow-other-weights"):
        convert(source, tmp_path / "a.weights.h5")
    with pytest.raises(WeightsError, match="6726825d"):
        load_inception(source)
    assert not list(tmp_path.iterdir())


def test_names_are_checked_completely(arrays, altered):
    with pytest.raises(WeightsError, match=rf"of the {len(arrays)} arrays .* it misses: fc\.bias"):
        altered({"fc.bias": None})
    with pytest.raises(WeightsError, match=r"it has beyond them: AuxLogits\.fc\.weight"):
        altered({"AuxLogits.fc.weight": np.zeros((2, 2), "float32")})
    altered({"Conv2d_1a_3x3.bn.num_batches_tracked": np.array(1, "int64")})


def test_shapes_and_types_are_checked(altered):
    with pytest.raises(WeightsError, match=r"'fc.bias' is float32 of shape \(1000,\), expected float32 .*\(1008,\)"):
        altered({"fc.bias": np.zeros(1000, "float32")})
    with pytest.raises(WeightsError, match=r"'fc.bias' is int64 of shape \(1008,\), expected float32"):
        altered({"fc.bias": np.zeros(1008, "int64")})


def test_numbers_are_checked(arrays, altered, tmp_path):
    name = "Mixed_5b.branch1x1.bn.running_mean"
    with pytest.raises(WeightsError, match="not finite"):
        altered({name: np.full_like(arrays[name], np.nan)})
    assert [path.name for path in tmp_path.iterdir()] == ["a.pth"]


def test_damage_is_noticed(arrays, converted, tmp_path):
    data = converted[0].read_bytes()
    place = data.index(np.ascontiguousarray(arrays["fc.weight"].T).tobytes())
    flipped = data[: place + 64] + bytes(byte ^ 0xFF for byte in data[place + 64 : place + 128]) + data[place + 128 :]
    with pytest.raises(WeightsError, match="not hold the weights that it was written with"):
        load_inception(write(tmp_path / "flipped.weights.h5", flipped))
    for length in (0, 100, len(data) // 2, len(data) - 100):
        with pytest.raises(WeightsError, match="is damaged"):
            load_inception(write(tmp_path / "short.weights.h5", data[:length]))


def test_weights_of_another_maker_are_refused(tmp_path):
    with h5py.File(tmp_path / "other.weights.h5", "w"):
        pass
    with pytest.raises(WeightsError, match="was not written by `genzoo convert-inception`"):
        load_inception(tmp_path / "other.weights.h5")
    with pytest.raises(WeightsError, match=r"expected \.weights\.h5"):
        load_inception(tmp_path / "other.npz")
    with pytest.raises(FileNotFoundError):
        load_inception(tmp_path / "nothing.weights.h5")


def graph_of(arrays):
    """TensorFlow's frozen graph with the same numbers."""
    tf = pytest.importorskip("tensorflow")
    from keras_genzoo.features.inception import build_inception, scopes

    graph = tf.compat.v1.GraphDef()
    for layer, what in inception_weights._due(build_inception()):
        array = arrays[inception_weights._in_torch(layer, what)]
        array = array.transpose(inception_weights._FROM_TORCH.get(array.ndim, (0,)))
        node = graph.node.add(name=inception_weights._in_graph(scopes().get(layer, ""), what), op="Const")
        node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(array))
    graph.node.add(name="pool_3/_reshape/shape", op="Const")
    return graph


def test_the_graph_of_tensorflow_gives_the_same_weights(arrays, converted, tmp_path):
    graph = graph_of(arrays)
    names = {node.name for node in graph.node}
    assert {"conv/conv2d_params", "mixed_3/tower/mixed/conv_1/batchnorm/moving_variance", "softmax/weights"} < names
    path = write(tmp_path / "classify_image_graph_def.pb", graph.SerializeToString())
    origin = convert(path, tmp_path / "a.weights.h5", allow_other=True)
    assert origin.weights_sha256 == converted[1].weights_sha256
    with pytest.raises(WeightsError, match="not a TensorFlow graph"):
        convert(write(path, path.read_bytes()[:-50]), tmp_path / "a.weights.h5", allow_other=True)
    graph.node[0].attr["value"].tensor.tensor_shape.dim[0].size = 10**12
    with pytest.raises(WeightsError, match="'conv/conv2d_params' is float32 of shape"):
        convert(write(path, graph.SerializeToString()), tmp_path / "a.weights.h5", allow_other=True)
