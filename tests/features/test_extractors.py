import shutil

import keras
import numpy as np
import pytest

from keras_genzoo.features import extractors
from keras_genzoo.features.extractors import EXTRACTORS, Extractor, ExtractorError, load_extractor
from keras_genzoo.features.inception_weights import convert
from tests.features.torch_files import inception_arrays, legacy_file, shrink, write

BASES = ("frechet", "frechet_infinity", "kernel", "precision")


def pictures(count=5, size=24, channels=3):
    return np.random.default_rng(count).integers(0, 256, (count, size, size, channels), "uint8")


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Weights of an Inception network that is small here, not published."""
    folder = tmp_path_factory.mktemp("weights")
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch)
        convert(write(folder / "a.pth", legacy_file(inception_arrays())), folder / "a.weights.h5", allow_other=True)
        yield folder / "a.weights.h5"


@pytest.fixture
def model(tmp_path):
    """The file of a small model whose every number can be computed by hand."""
    x = inputs = keras.Input((4, 4, 3))
    x = keras.layers.Dense(3, kernel_initializer="identity", name="map")(x)
    x = keras.layers.Flatten(name="flat")(x)
    path = tmp_path / "My-Net.keras"
    keras.Model(inputs, keras.layers.Dense(2, name="head")(x)).save(path)
    return path


@pytest.mark.parametrize("name", ["pixels", "random"])
@pytest.mark.parametrize("channels", [1, 3])
def test_any_number_of_images_gives_the_same_features(name, channels):
    extractor, images = load_extractor(name), pictures(300, 8, channels)
    features = extractor(images)
    assert features.dtype == np.float32 and features.shape == (300, extractor.dim)
    np.testing.assert_allclose(np.concatenate([extractor(images[:7]), extractor(images[7:])]), features, atol=1e-6)
    assert extractor(images[:0]).shape == (0, extractor.dim)
    assert len(np.unique(features, axis=0)) == 300  # images have different features


def test_pixels_are_means_of_boxes():
    images = pictures(2, 32)
    boxes = images.reshape(2, 16, 2, 16, 2, 3).mean(axis=(2, 4)) / 255
    np.testing.assert_allclose(load_extractor("pixels")(images), boxes.reshape(2, -1), rtol=1e-5)


def test_random_weights_are_always_the_same_and_have_logits():
    (features, logits), again = load_extractor("random").with_logits(pictures()), load_extractor("random")
    np.testing.assert_array_equal(again(pictures()), features)
    assert logits.shape == (5, again.classes) == (5, 10)
    np.testing.assert_allclose(features[0, :3], [0.2233095, 0.0712772, 0.0288185], rtol=1e-4)


def test_the_global_policy_changes_nothing():
    expected, before = load_extractor("random")(pictures()), keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        np.testing.assert_array_equal(load_extractor("random")(pictures()), expected)
    finally:
        keras.config.set_dtype_policy(before)


def test_logits_of_an_extractor_without_classes_are_refused():
    with pytest.raises(ExtractorError, match="'pixels' has no classes"):
        load_extractor("pixels").with_logits(pictures())


@pytest.mark.parametrize(
    "images", [pictures().astype("float32"), pictures()[0], pictures(channels=2), pictures()[:, :0]]
)
def test_other_arrays_are_refused(images):
    with pytest.raises(ExtractorError, match="expected uint8 of shape"):
        load_extractor("pixels")(images)


@pytest.mark.slow
def test_only_the_published_inception_has_the_names_of_the_field(weights):
    inception = load_extractor("inception", weights)
    assert [inception.metric_name(base) for base in BASES] == [f"{base}_inception_other" for base in BASES]
    clean = load_extractor("inception_clean", weights)
    assert clean.metric_name("frechet") == "frechet_inception_other_clean"
    origin = inception_origin(inception)._replace(published=True)
    names = {
        method: [extractors.InceptionExtractor(inception.network, origin, method).metric_name(base) for base in BASES]
        for method in ("legacy", "clean")
    }
    assert names["legacy"] == ["fid", "fid_infinity", "kid", "precision"]
    assert names["clean"] == ["fid_clean", "fid_infinity_clean", "kid_clean", "precision_clean"]
    keras_imagenet = extractors.ImageNetExtractor(inception.network)
    assert keras_imagenet.metric_name("frechet_infinity") == "fid_infinity_keras_imagenet"
    assert [load_extractor("random").metric_name(base) for base in BASES] == [f"{base}_random" for base in BASES]


def inception_origin(extractor):
    sha256 = extractor.protocol()["weights_sha256"]
    return extractors.Origin(sha256, "", published=False)


def test_the_protocols_tell_the_extractors_apart(weights):
    legacy, clean = (load_extractor(name, weights).protocol() for name in ("inception", "inception_clean"))
    assert len(legacy["weights_sha256"]) == 64 and legacy["weights_sha256"] == clean["weights_sha256"]
    assert legacy["resize"].startswith("legacy to 299 x 299") and clean["resize"].startswith("clean to 299 x 299")
    assert legacy | {"extractor": "inception_other_clean", "resize": clean["resize"]} == clean
    assert legacy["layer"] == "pool_3" and legacy["dtype"] == "float32"


@pytest.mark.slow
def test_grey_images_are_repeated(weights):
    inception = load_extractor("inception", weights)
    grey = pictures(2, channels=1)
    features, logits = inception.with_logits(grey)
    assert features.shape == (2, inception.dim) and logits.shape == (2, 1008) and np.ptp(features) > 0
    np.testing.assert_array_equal(inception(np.repeat(grey, 3, axis=-1)), features)


def test_weights_are_found_by_argument_variable_or_place(weights, monkeypatch, tmp_path):
    monkeypatch.setenv("GENZOO_CACHE", str(tmp_path))
    monkeypatch.delenv("GENZOO_INCEPTION_WEIGHTS", raising=False)
    with pytest.raises(
        ExtractorError, match=r"no Inception weights at .*6726825d\.pth .*`genzoo convert-inception FILE`"
    ):
        load_extractor("inception")
    shutil.copy(weights, tmp_path / "inception-2015-12-05.weights.h5")
    assert load_extractor("inception").name == "inception_other"
    monkeypatch.setenv("GENZOO_INCEPTION_WEIGHTS", str(tmp_path / "nothing.weights.h5"))
    with pytest.raises(ExtractorError, match=r"no Inception weights at .*nothing"):
        load_extractor("inception")
    assert load_extractor("inception", weights).name == "inception_other"


def test_unsound_weights_are_told(tmp_path):
    with pytest.raises(ExtractorError, match="is damaged"):
        load_extractor("inception", write(tmp_path / "a.weights.h5", b"damaged"))


def test_a_keras_model_gives_its_output_or_a_layer_s(model):
    images = pictures(3, 4)
    scaled = images.astype("float32") / 127.5 - 1
    flat = load_extractor(f"{model}:flat")
    np.testing.assert_allclose(flat(images), scaled.reshape(3, -1), atol=1e-6)
    np.testing.assert_allclose(load_extractor(f"{model}:map")(images), scaled.mean(axis=(1, 2)), atol=1e-6)
    head = load_extractor(str(model))
    assert head(pictures(3, 9)).shape == (3, 2) and head.dim == 2
    assert head.metric_name("frechet") == "frechet_my_net"
    assert flat.protocol()["layer"] == "flat" and len(flat.protocol()["weights_sha256"]) == 64


def test_a_keras_model_saved_in_mixed_precision_computes_in_float32(tmp_path):
    inputs = keras.Input((4, 4, 3))
    dense = keras.layers.Dense(8, dtype="mixed_bfloat16", kernel_initializer="ones")
    model = keras.Model(inputs, dense(keras.layers.Flatten(dtype="mixed_bfloat16")(inputs)))
    model.save(tmp_path / "mixed.keras")
    images = pictures(3, 4)
    expected = (images.astype("float64") / 127.5 - 1).sum(axis=(1, 2, 3))
    features = load_extractor(str(tmp_path / "mixed.keras"))(images)
    np.testing.assert_allclose(features[:, 0], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("stem", ["inception", "inception_other", "clean", "Keras-ImageNet", "random"])
def test_a_file_cannot_take_the_name_of_another_extractor(model, stem):
    path = model.rename(model.with_name(f"{stem}.keras"))
    name = load_extractor(str(path)).name
    assert name.endswith("_file") and name.removesuffix("_file") not in ("", stem.upper())


def test_what_is_no_extractor_is_told(model, tmp_path):
    with pytest.raises(ExtractorError, match=r"expected one of inception, .*did you mean 'pixels'"):
        load_extractor("pixel")
    with pytest.raises(ExtractorError, match=r"there is no file .*nothing\.keras"):
        load_extractor(str(tmp_path / "nothing.keras"))
    with pytest.raises(ExtractorError, match="has no layer 'flatt': did you mean 'flat'"):
        load_extractor(f"{model}:flatt")
    with pytest.raises(ExtractorError, match=r"damaged\.keras: is damaged, or not an archive"):
        load_extractor(str(write(tmp_path / "damaged.keras", b"damaged")))
    with pytest.raises(ExtractorError, match="there is no feature extractor"):
        load_extractor(str(tmp_path))


def test_a_model_of_something_else_is_refused(tmp_path):
    inputs = keras.Input((7,))
    keras.Model(inputs, keras.layers.Dense(2)(inputs)).save(tmp_path / "rows.keras")
    with pytest.raises(ExtractorError, match=r"one input \(n, height, width, 1 or 3\)"):
        load_extractor(str(tmp_path / "rows.keras"))


def test_keras_own_inception_without_its_weights_says_where_to_put_them(monkeypatch):
    def unreachable(**kwargs):
        raise Exception("URL fetch failure on https://storage.googleapis.com")

    monkeypatch.setattr(keras.applications, "InceptionV3", unreachable)
    with pytest.raises(
        ExtractorError, match=r"cannot be had \(URL fetch failure.*put inception_v3_.*notop\.h5.*models"
    ):
        load_extractor("keras_imagenet")


def test_an_extractor_of_one_s_own_needs_one_function():
    class Means(Extractor):
        """The mean color."""

        def outputs(self, images):
            return images.mean(axis=(1, 2)).astype("float32"), None

    means = Means("means", 3, resize="none")
    np.testing.assert_allclose(means(pictures()), pictures().mean(axis=(1, 2)), rtol=1e-6)
    assert means.protocol() == {"extractor": "means", "resize": "none", "dtype": "float32"}


def test_products_are_computed_in_full_float32():
    switch, extractor = pytest.importorskip("tensorflow").config.experimental, load_extractor("random")
    during = []

    def watched(x, run=extractor._run):
        during.append(switch.tensor_float_32_execution_enabled())
        return run(x)

    extractor._run = watched
    before = switch.tensor_float_32_execution_enabled()
    extractor(pictures())
    assert during == [False] and before and switch.tensor_float_32_execution_enabled()


def test_every_registered_name_is_known():
    assert [*EXTRACTORS] == ["inception", "inception_clean", "keras_imagenet", "pixels", "random"]


def test_channels_are_last_whatever_the_users_settings_say():
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype("uint8")
    expected = load_extractor("random").outputs(images)[0]
    keras.config.set_image_data_format("channels_first")
    try:
        found = load_extractor("random").outputs(images)[0]
    finally:
        keras.config.set_image_data_format("channels_last")
    np.testing.assert_array_equal(found, expected)
