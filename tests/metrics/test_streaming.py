import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_genzoo.images import from_pixels
from keras_genzoo.metrics import streaming
from keras_genzoo.metrics.frechet import frechet_distance
from keras_genzoo.metrics.image_quality import mse, psnr, ssim
from keras_genzoo.metrics.kernel import kernel_distance
from keras_genzoo.metrics.manifold import density_coverage, precision_recall

PAIRS = [(streaming.MSE, mse), (streaming.PSNR, psnr), (streaming.SSIM, ssim)]
FEATURES = [streaming.KernelDistance, streaming.PrecisionRecall, streaming.DensityCoverage]


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    x = np.cumsum(rng.normal(size=(10, 16, 20, 3)), axis=1)
    x = (255 * (x - x.min()) / np.ptp(x)).round()
    y = np.clip(x + rng.normal(scale=15, size=x.shape), 0, 255).round()
    return x.astype("uint8"), y.astype("uint8")


def features(count, seed, scale=1.0, offset=0.0):
    rng = np.random.default_rng(seed)
    return (offset + scale * rng.normal(size=(count, 6)) * np.arange(1, 7)).astype("float32")


@pytest.mark.slow
@pytest.mark.parametrize(("metric", "function"), PAIRS)
@pytest.mark.parametrize("as_floats", [False, True])
@pytest.mark.parametrize("jit", [None, False, True], ids=["eager", "graph", "xla"])
def test_pairs_have_the_mean_of_the_function(metric, function, as_floats, jit, pair):
    x, y = map(from_pixels, pair) if as_floats else pair
    metric = metric()
    update = metric.update_state if jit is None else tf.function(metric.update_state, jit_compile=jit)
    for part in (slice(0, 4), slice(4, 10)):
        update(x[part], y[part])
    np.testing.assert_allclose(metric.result(), function(x, y).mean(), rtol=1e-5)
    metric.reset_state()
    assert metric.result() == 0
    metric.update_state(x[:1], y[:1])
    np.testing.assert_allclose(metric.result(), function(x[:1], y[:1]).mean(), rtol=1e-5)


def test_psnr_leaves_identical_pairs_out_and_counts_them(pair):
    x, y = pair
    y[:3] = x[:3]
    metric = streaming.PSNR()
    metric.update_state(x, y)
    np.testing.assert_allclose(metric.result(), psnr(x[3:], y[3:]).mean(), rtol=1e-5)
    assert metric.identical == 3
    metric.reset_state()
    metric.update_state(x[:2], x[:2])
    assert metric.result() == np.inf and metric.identical == 2


def test_ssim_of_flat_images_keeps_its_digits():
    x, y = np.full((2, 16, 16, 1), 250, "uint8"), np.full((2, 16, 16, 1), 251, "uint8")
    metric = streaming.SSIM()
    metric.update_state(x, y)
    np.testing.assert_allclose(metric.result(), ssim(x, y).mean(), rtol=1e-3)


@pytest.mark.parametrize("metric", [metric for metric, _ in PAIRS])
def test_pairs_of_unlike_shapes_are_refused(metric, pair):
    x, y = pair
    with pytest.raises(ValueError, match=r"expected \(n, height, width, channels\) twice"):
        metric().update_state(x, y[:, :12])


def test_weights_are_refused(pair):
    with pytest.raises(ValueError, match="each pair counts the same"):
        streaming.MSE().update_state(*pair, sample_weight=np.ones(10))


def test_ssim_refuses_images_smaller_than_its_window():
    with pytest.raises(ValueError, match="8 x 16 pixels, but its window needs 11"):
        streaming.SSIM().update_state(np.zeros((1, 8, 16, 1), "uint8"), np.zeros((1, 8, 16, 1), "uint8"))


def test_ssim_takes_images_of_a_size_known_later(pair):
    metric = streaming.SSIM()
    shape = tf.TensorSpec((None, None, None, 3), "uint8")
    tf.function(metric.update_state, input_signature=[shape, shape])(*pair)
    np.testing.assert_allclose(metric.result(), ssim(*pair).mean(), rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("offset", [0.0, 1e4])
@pytest.mark.parametrize("jit", [None, False, True], ids=["eager", "graph", "xla"])
def test_frechet_distance_of_batches(offset, jit):
    real, generated = features(90, 1, offset=offset), features(60, 2, scale=1.3, offset=offset)
    metric = streaming.FrechetDistance(6)

    def step(x, y):
        metric.update_state(x, y)
        return metric.result()

    step = step if jit is None else tf.function(step, jit_compile=jit)
    for part in range(3):
        value = step(real[part * 30 : part * 30 + 30], generated[part * 20 : part * 20 + 20])
    np.testing.assert_allclose(value, frechet_distance(real, generated), rtol=1e-9)
    metric.reset_state()
    metric.update_state(real, real)
    assert 0 <= metric.result() < 1e-9


def test_frechet_distance_of_few_features_is_exact():
    """Where the covariances are singular."""
    real, generated = features(4, 3), features(30, 4)
    metric = streaming.FrechetDistance(6)
    metric.update_state(real, generated)
    np.testing.assert_allclose(metric.result(), frechet_distance(real, generated), rtol=1e-11)


def test_frechet_distances_merge():
    real, generated = features(90, 5, offset=100), features(60, 6, scale=1.3, offset=100)
    metrics = [streaming.FrechetDistance(6) for _ in range(4)]
    metrics[1].update_state(real[:10], generated[:50])
    metrics[2].update_state(real[10:], generated[50:])
    metrics[0].merge_state(metrics[1:])
    np.testing.assert_allclose(metrics[0].result(), frechet_distance(real, generated), rtol=1e-11)


def test_frechet_distance_needs_two_features():
    metric = streaming.FrechetDistance(6)
    assert np.isnan(metric.result())
    metric.update_state(features(1, 7), features(20, 8))
    assert np.isnan(metric.result())
    with pytest.raises(ValueError, match=r"shape \(4, 3\), expected \(n, 6\)"):
        metric.update_state(np.zeros((4, 3)), np.zeros((4, 3)))


def test_kept_features_give_what_the_functions_give():
    real, generated = features(40, 9), features(50, 10, scale=1.1)
    metrics = [metric() for metric in FEATURES]
    for metric in metrics:
        metric.update_state(real[:30], generated[:10])
        metric.update_state(tf.constant(real[30:]), tf.constant(generated[10:]))
    kernel, shares, density = (metric.result() for metric in metrics)
    assert kernel == kernel_distance(real, generated)
    assert (shares["precision"], shares["recall"]) == precision_recall(real, generated)
    assert (density["density"], density["coverage"]) == density_coverage(real, generated)


@pytest.mark.parametrize("metric", FEATURES)
def test_kept_features_merge_and_are_forgotten(metric):
    real, generated = features(40, 11), features(40, 12)
    whole, first, second = metric(), metric(), metric()
    whole.update_state(real, generated)
    first.update_state(real[:15], generated[:25])
    second.update_state(real[15:], generated[25:])
    first.merge_state([second])
    assert first.result() == whole.result()
    first.reset_state()
    with pytest.raises(ValueError, match="no features yet: call update_state first"):
        first.result()


@pytest.mark.parametrize("metric", FEATURES)
def test_features_cannot_be_kept_inside_a_compiled_function(metric):
    with pytest.raises(RuntimeError, match="call update_state outside of it, or compile the model with run_eagerly"):
        tf.function(metric().update_state, autograph=False)(features(9, 13), features(9, 14))


@pytest.mark.parametrize("metric", [*(m for m, _ in PAIRS), lambda **k: streaming.FrechetDistance(4, **k), *FEATURES])
def test_configurations_come_back(metric):
    metric = metric(name="mine")
    again = keras.metrics.deserialize(keras.metrics.serialize(metric))
    assert type(again) is type(metric) and again.get_config() == metric.get_config()


def test_neighbors_are_those_asked_for():
    real, generated = features(40, 15), features(40, 16)
    metric = streaming.PrecisionRecall(k=7)
    metric.update_state(real, generated)
    assert tuple(metric.result().values()) == precision_recall(real, generated, k=7)


def test_as_metrics_of_a_model(pair):
    """Inside `fit` and `evaluate`, which compile them."""
    x, y = map(from_pixels, pair)
    inputs = keras.Input((16, 20, 3))
    model = keras.Model(inputs, keras.layers.Rescaling(1.0)(inputs))
    model.compile(loss="mse", metrics=[streaming.PSNR(name="psnr"), streaming.SSIM(name="ssim")])
    logs = model.evaluate(x, y, batch_size=4, verbose=0, return_dict=True)
    np.testing.assert_allclose(logs["psnr"], psnr(x, y).mean(), rtol=1e-5)
    np.testing.assert_allclose(logs["ssim"], ssim(x, y).mean(), rtol=1e-5)
