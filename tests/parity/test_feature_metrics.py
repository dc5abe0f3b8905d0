"""Our metrics of features beside the packages that papers take their numbers from."""

import numpy as np
import pytest

from keras_genzoo.metrics.frechet import frechet_distance, frechet_distance_of_moments
from keras_genzoo.metrics.inception_score import inception_score
from keras_genzoo.metrics.kernel import kernel_distance, kernel_distance_of_subsets
from keras_genzoo.metrics.manifold import density_coverage, precision_recall
from keras_genzoo.metrics.moments import Moments

torch = pytest.importorskip("torch", reason="needs PyTorch: make parity")
prdc = pytest.importorskip("prdc", reason="needs prdc: make parity")
pytest.importorskip("torch_fidelity", reason="needs torch-fidelity: make parity")

from torch_fidelity import metric_fid, metric_isc, metric_kid, metric_prc  # noqa: E402


@pytest.fixture(scope="module", params=[(700, 600, 48), (90, 110, 160)], ids=["many", "few"])
def features(request):
    """Two sets of correlated features that are never negative, as those of Inception; more, or fewer, than long."""
    real_count, generated_count, size = request.param
    rng = np.random.default_rng(3)
    mixing = rng.normal(size=(12, size))

    def draw(count, scale):
        return np.maximum(scale * rng.normal(size=(count, 12)) @ mixing + rng.normal(size=(count, size)), 0)

    return draw(real_count, 1.0).astype("float32"), draw(generated_count, 1.15).astype("float32")


def fidelity_fid(real, generated):
    statistics = [
        metric_fid.fid_features_to_statistics(torch.from_numpy(x.astype("float64"))) for x in (real, generated)
    ]
    return metric_fid.fid_statistics_to_metric(*statistics, verbose=False)["frechet_inception_distance"]


def test_frechet_distance_is_that_of_torch_fidelity(features):
    expected = fidelity_fid(*features)
    np.testing.assert_allclose(frechet_distance(*features), expected, rtol=1e-5)
    np.testing.assert_allclose(frechet_distance_of_moments(*map(Moments.of, features)), expected, rtol=1e-5)


def test_kernel_distance_is_that_of_torch_fidelity(features):
    size = min(map(len, features))
    features = [torch.from_numpy(x[:size].astype("float64")) for x in features]
    options = {"kid_subsets": 1, "kid_subset_size": size, "kid_kernel": "poly", "kid_kernel_poly_degree": 3}
    options |= {"kid_kernel_poly_gamma": None, "kid_kernel_poly_coef0": 1.0, "rng_seed": 0, "verbose": False}
    result = metric_kid.kid_features_to_metric(*features, **options)
    ours = kernel_distance(*(x.numpy() for x in features))
    np.testing.assert_allclose(ours, result["kernel_inception_distance_mean"], rtol=1e-9)


def test_kernel_distance_of_subsets_spreads_as_that_of_torch_fidelity(features):
    options = {"kid_subsets": 60, "kid_subset_size": 50, "kid_kernel": "poly", "kid_kernel_poly_degree": 3}
    options |= {"kid_kernel_poly_gamma": None, "kid_kernel_poly_coef0": 1.0, "rng_seed": 0, "verbose": False}
    expected = metric_kid.kid_features_to_metric(*(torch.from_numpy(x.astype("float64")) for x in features), **options)
    mean, deviation = kernel_distance_of_subsets(*features, subsets=60, subset_size=50, seed=0)
    expected_deviation = expected["kernel_inception_distance_std"]
    # Other subsets: the means differ by their standard error.
    error = np.hypot(deviation, expected_deviation) / np.sqrt(60)
    assert abs(mean - expected["kernel_inception_distance_mean"]) < 4 * error
    np.testing.assert_allclose(deviation, expected_deviation, rtol=0.4)


def test_inception_score_is_that_of_torch_fidelity():
    logits = 3 * np.random.default_rng(4).normal(size=(1003, 40))
    expected = metric_isc.isc_features_to_metric(torch.from_numpy(logits), splits=10, shuffle=False)
    mean, deviation = inception_score(logits)
    np.testing.assert_allclose(mean, expected["inception_score_mean"], rtol=1e-10)
    np.testing.assert_allclose(deviation, expected["inception_score_std"], rtol=1e-8)


@pytest.mark.parametrize("k", [3, 5])
def test_manifold_metrics_are_those_of_prdc(features, k):
    expected = prdc.compute_prdc(*(x.astype("float64") for x in features), nearest_k=k)
    np.testing.assert_allclose(precision_recall(*features, k=k), (expected["precision"], expected["recall"]))
    np.testing.assert_allclose(density_coverage(*features, k=k), (expected["density"], expected["coverage"]))
    assert 0.1 < expected["precision"] < 1 and 0.1 < expected["coverage"] < 1


@pytest.mark.parametrize("k", [3, 5])
def test_density_and_coverage_are_those_of_prdc_where_distances_equal_radii(k):
    """On a lattice, where many do; its precision and recall differ from those of their authors' code there."""
    real, generated = (np.random.default_rng(seed).integers(0, 3, (300, 4)).astype("float64") for seed in (5, 6))
    expected = prdc.compute_prdc(real, generated, nearest_k=k)
    np.testing.assert_allclose(density_coverage(real, generated, k=k), (expected["density"], expected["coverage"]))
    assert precision_recall(real, generated, k=k)[0] > expected["precision"]


def test_precision_and_recall_are_those_of_torch_fidelity(features):
    real, generated = (torch.from_numpy(x.astype("float64")) for x in features)
    options = {"prc_neighborhood": 3, "prc_batch_size": 500, "save_cpu_ram": False, "verbose": False}
    expected = metric_prc.prc_features_to_metric(generated, real, **options)
    np.testing.assert_allclose(precision_recall(*features), (expected["precision"], expected["recall"]), rtol=1e-6)
