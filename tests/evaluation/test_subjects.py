"""What can be measured: image number i of a seed is the same whatever is asked for beside it."""

import numpy as np
import pytest

from keras_genzoo import backend
from keras_genzoo.data import ArraySource
from keras_genzoo.evaluation import EvaluationError, ModelSubject, NoiseSubject, SavedModelSubject, SourceSubject
from tests.test_sampling import Truncating
from tests.toys import Toy, Translating


def check_is_addressed_by_number(subject):
    whole = subject.images(0, 150, 3)
    assert whole.dtype == np.uint8 and whole.shape == (150, *subject.image_shape)
    for start, stop in ((0, 1), (60, 70), (63, 65), (149, 150)):
        np.testing.assert_array_equal(subject.images(start, stop, 3), whole[start:stop])
    return whole


def test_images_of_a_model():
    model = Toy(ema_momentum=0.5)
    subject = ModelSubject(model, "toy", batch_size=64)
    whole = check_is_addressed_by_number(subject)
    np.testing.assert_array_equal(ModelSubject(model, "toy", batch_size=7).images(0, 150, 3), whole)
    assert (subject.images(0, 150, 4) != whole).any()
    assert not subject.reconstructs


def test_options_of_a_model():
    model = Truncating()
    model.first.set_weights([np.ones((4, 1)), np.zeros(1)])  # whose mean is the contrast of its images
    subject = ModelSubject(model, "toy", batch_size=64, options={"truncation": 0.5, "inverted": True})
    whole = check_is_addressed_by_number(subject)
    expected = model.generate(150, seed=3, truncation=0.5, inverted=True)
    np.testing.assert_array_equal(whole, expected)
    assert ModelSubject(model, "toy", options={"truncation": 1.0, "inverted": True}).sampling == {"inverted": True}
    with pytest.raises(EvaluationError, match=r"^toy has no sample option 'trunc'; did you mean 'truncation'\?$"):
        ModelSubject(model, "toy", options={"trunc": 0.5})
    with pytest.raises(EvaluationError, match=r"^toy has no sample option 'truncation'; it has none$"):
        ModelSubject(Toy(), "toy", options={"truncation": 0.5})


def test_a_model_without_samples():
    subject = ModelSubject(Translating(), "translator")
    assert not subject.samples and not subject.reconstructs
    with pytest.raises(EvaluationError, match=r"^translator makes no images of noise: Translating has no samples\.$"):
        subject.images(0, 3)


def test_a_model_is_known_by_its_weights():
    model = Toy()
    before = ModelSubject(model, "toy").identity()
    assert ModelSubject(model, "other name").identity() == before
    weights = model.get_weights()
    model.set_weights([weights[0] + 1e-3, *weights[1:]])
    after = ModelSubject(model, "toy").identity()
    assert before["weights_sha256"] != after["weights_sha256"]
    assert {key for key in before if before[key] != after[key]} == {"weights_sha256"}


def test_nan_is_no_black_image():
    model = Toy()
    model.set_weights([np.full_like(weight, np.nan) for weight in model.get_weights()])
    with pytest.raises(EvaluationError, match="toy makes images with NaN or infinity: its training diverged"):
        ModelSubject(model, "toy").images(0, 5)


def test_images_of_a_source():
    x = np.random.default_rng(0).integers(0, 256, (150, 4, 4, 1), "uint8")
    subject = SourceSubject(ArraySource(x, name="mine"))
    whole = check_is_addressed_by_number(subject)
    for other in (x, subject.images(0, 150, 4)):  # in an order of the seed, but the same images
        assert (whole != other).any()
        np.testing.assert_array_equal(np.sort(whole.reshape(150, -1), axis=0), np.sort(other.reshape(150, -1), axis=0))
    assert (subject.name, subject.count) == ("mine", 150)
    floats = SourceSubject(ArraySource(x / np.float32(127.5) - 1))
    np.testing.assert_array_equal(floats.images(0, 150, 3), whole)


def test_noise_is_white():
    whole = check_is_addressed_by_number(NoiseSubject((8, 8, 3)))
    levels = np.bincount(whole.ravel(), minlength=256)
    assert levels.min() > 0
    np.testing.assert_allclose([whole.mean(), whole.std()], [127.5, 73.9], atol=1.5)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    model, path = Toy(ema_momentum=0.5), tmp_path_factory.mktemp("exported") / "toy"
    model.export(path, verify=False)
    return model, path


@pytest.mark.skipif(backend.NAME != "tensorflow", reason="SavedModels are TensorFlow's")
class TestSavedModels:
    @pytest.mark.slow
    def test_one_of_ours_makes_the_images_of_its_model(self, exported):
        model, path = exported
        subject = SavedModelSubject(path, batch_size=16)
        whole = check_is_addressed_by_number(subject)
        np.testing.assert_allclose(whole.astype(int), model.generate(150, seed=3), atol=1)
        assert subject.name == "toy" and subject.identity() == SavedModelSubject(path).identity()
        assert not subject.reconstructs

    def write(self, path, **functions):
        import tensorflow as tf

        module = tf.Module()
        for name, function in functions.items():
            setattr(module, name, function)
        tf.saved_model.save(module, str(path))
        return path

    def test_one_with_generate_alone(self, tmp_path):
        import tensorflow as tf

        signature = [tf.TensorSpec((), "int32"), tf.TensorSpec((), "int64")]

        @tf.function(input_signature=signature)
        def generate(num, seed):
            seeds = tf.stack([seed, 0])
            return tf.cast(tf.random.stateless_uniform((num, 2, 2, 3), seeds, 0, 256, "int32"), "uint8")

        with pytest.warns(UserWarning, match="was not written by genzoo export"):
            subject = SavedModelSubject(self.write(tmp_path / "foreign", generate=generate), batch_size=10)
        whole = check_is_addressed_by_number(subject)
        assert len(np.unique(whole.reshape(150, -1), axis=0)) == 150
        both = np.concatenate([subject.images(0, 128, seed).reshape(128, -1) for seed in (0, 1, 2)])
        assert len(np.unique(both, axis=0)) == 3 * 128  # seeds share no images

    @pytest.mark.filterwarnings("ignore:.*was not written by genzoo export")
    def test_one_that_makes_no_images(self, tmp_path):
        import tensorflow as tf

        @tf.function(input_signature=[tf.TensorSpec((None,), "float32")])
        def classify(x):
            return x

        path = self.write(tmp_path / "classifier", classify=classify)
        with pytest.raises(EvaluationError, match=r"SavedModel without the endpoint generate\(num, seed\)"):
            SavedModelSubject(path)

    @pytest.mark.filterwarnings("ignore:.*was not written by genzoo export")
    def test_one_that_makes_floats(self, tmp_path):
        import tensorflow as tf

        @tf.function(input_signature=[tf.TensorSpec((), "int32"), tf.TensorSpec((), "int64")])
        def generate(num, seed):
            return tf.zeros((num, 2, 2, 3))

        with pytest.raises(EvaluationError, match="gave float32 of shape"):
            SavedModelSubject(self.write(tmp_path / "floats", generate=generate))

    def test_one_that_is_damaged(self, tmp_path):
        (tmp_path / "saved_model.pb").write_bytes(b"no model")
        with pytest.raises(EvaluationError, match="cannot be loaded as a SavedModel"):
            SavedModelSubject(tmp_path)
