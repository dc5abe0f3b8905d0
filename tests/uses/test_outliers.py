"""Outliers: scores, the threshold at a rate of false alarms, and what is known of outliers."""

import math

import numpy as np
import pytest

from keras_genzoo.metrics import elbo, mse
from keras_genzoo.models.ae import AE
from keras_genzoo.models.cvae import CVAE
from keras_genzoo.models.pixelcnn import PixelCNN
from keras_genzoo.models.realnvp import RealNVP
from keras_genzoo.models.vae import VAE
from keras_genzoo.uses.outliers import (
    OF_TRAINING,
    OutlierScorer,
    check_scores,
    detection,
    known_outliers,
    outlier_scores,
    p_values,
    png_nats,
    threshold,
)
from keras_genzoo.uses.properties import Property

X = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), "uint8")
MLP = {
    "image_shape": (8, 8, 3),
    "latent_dim": 3,
    "encoder": {"network": "mlp_encoder", "hidden": (8,)},
    "decoder": {"network": "mlp_decoder", "hidden": (8,)},
}


@pytest.fixture(scope="module")
def vae():
    return VAE(**MLP)


class TestScores:
    def test_are_what_they_say(self, vae):
        np.testing.assert_allclose(outlier_scores(vae, X), mse(X, vae.reconstruct(X)))
        bound = outlier_scores(vae, X, "elbo")
        np.testing.assert_allclose(bound, -elbo(vae, X, samples=4), rtol=1e-6)
        np.testing.assert_allclose(outlier_scores(vae, X, "likelihood_ratio"), bound - png_nats(X), rtol=1e-6)
        np.testing.assert_allclose(outlier_scores(vae, X, "likelihood_ratio", background=vae), 0, atol=1e-9)

    def test_do_not_depend_on_the_pieces(self, vae):
        whole = outlier_scores(vae, X, "elbo", seed=3)
        pieces = [outlier_scores(vae, X[at : at + 2], "elbo", seed=3, batch_size=2, start=at) for at in (0, 2, 4)]
        np.testing.assert_allclose(np.concatenate(pieces), whole, rtol=1e-6)

    def test_that_cannot_be_had(self, vae):
        for arguments, message in (
            ((vae, "distance"), "there is no score 'distance'; there are: reconstruction, elbo"),
            ((AE(**MLP), "elbo"), "AE has no likelihood"),
            ((vae, "elbo", vae), "a background is for the score 'likelihood_ratio', not 'elbo'"),
            ((vae, "likelihood_ratio", AE(**MLP)), "the background, AE, has no likelihood"),
            ((PixelCNN(**PixelCNN.tiny), "latent_density"), "PixelCNN has no encoder"),
            ((PixelCNN(**PixelCNN.tiny), "neighbors"), "PixelCNN has no network of features"),
            ((CVAE(**CVAE.tiny), "neighbors"), r"CVAE\.encoder takes more than images"),
            ((vae, "likelihood_ratio", VAE(**MLP | {"likelihood": "bernoulli"})), "the background's likelihood is"),
            ((vae, "likelihood_ratio", VAE(**MLP | {"image_shape": (4, 4, 3)})), "one of the same size"),
        ):
            with pytest.raises(ValueError, match=message):
                check_scores(*arguments)

    def test_of_an_exact_likelihood_take_one_draw(self):
        model = PixelCNN(**PixelCNN.tiny)
        np.testing.assert_allclose(outlier_scores(model, X, "elbo"), -elbo(model, X), rtol=1e-6)
        other = RealNVP(**RealNVP.tiny)  # both are of 256 grey levels
        ratio = outlier_scores(model, X, "likelihood_ratio", background=other)
        np.testing.assert_allclose(ratio, elbo(other, X, samples=4) - elbo(model, X), rtol=1e-5)

    def test_relative_to_training_images(self, vae):
        usual = outlier_scores(vae, X, "elbo").mean()
        found = outlier_scores(vae, X, "typicality", train=X)
        np.testing.assert_allclose(found, np.abs(outlier_scores(vae, X, "elbo") - usual), rtol=1e-6)
        for kind in OF_TRAINING:
            with pytest.raises(ValueError, match=f"the score '{kind}' is relative to training images"):
                outlier_scores(vae, X, kind)

    @pytest.mark.parametrize("kind", ["latent_density", "neighbors"])
    def test_of_encoders_are_higher_far_from_the_training_images(self, vae, kind):
        rng = np.random.default_rng(0)
        train = rng.integers(100, 130, (200, 8, 8, 3), "uint8")
        scorer = OutlierScorer(vae, kind, train=train)
        usual, other = scorer(rng.integers(100, 130, (20, 8, 8, 3), "uint8")), scorer(X)
        assert np.median(usual) < other.min()

    def test_the_distance_is_to_the_fifth_neighbor_in_features_of_length_one(self, vae):
        features = np.array(vae.feature_network()(X / np.float32(127.5) - 1))
        features /= np.linalg.norm(features, axis=1, keepdims=True)
        distances = np.sort(np.linalg.norm(features[:, None] - features[None], axis=-1), axis=1)
        np.testing.assert_allclose(outlier_scores(vae, X, "neighbors", train=X), distances[:, 4], atol=1e-3)

    def test_the_code_of_noise_is_long(self):
        flat = np.full((1, 32, 32, 1), 77, "uint8")
        noise = np.random.default_rng(0).integers(0, 256, (1, 32, 32, 1), "uint8")
        assert png_nats(flat)[0] < 100 * 8 * math.log(2)
        assert png_nats(noise)[0] > 32 * 32 * 8 * math.log(2)  # it cannot be compressed
        np.testing.assert_array_equal(png_nats(noise), png_nats(noise / 127.5 - 1))


class TestThreshold:
    def test_is_the_corrected_quantile(self):
        scores = np.random.default_rng(0).permutation(99) + 1.0  # 1 to 99
        assert threshold(scores, 0.05) == 95  # ceil(100 * 0.95)
        assert threshold(scores, 0.01) == 99
        assert threshold(scores[:98], 0.5) in scores

    def test_keeps_its_rate_of_false_alarms(self):
        rng = np.random.default_rng(0)
        draws = rng.normal(size=(4000, 20))  # 19 held out, and one more
        rate = np.mean([one[-1] > threshold(one[:-1], 0.1) for one in draws])
        assert abs(rate - 0.1) < 0.02  # the plain quantile of 19 gives 0.14

    def test_and_p_values_say_the_same(self):
        rng = np.random.default_rng(1)
        held_out, scores = rng.normal(size=57), rng.normal(size=500)
        for rate in (0.02, 0.05, 0.1, 0.33, 0.9):
            above = scores > threshold(held_out, rate)
            np.testing.assert_array_equal(p_values(held_out, scores) <= rate, above)
        assert p_values(held_out, np.array([np.inf, -np.inf])).tolist() == [1 / 58, 1.0]

    @pytest.mark.parametrize(
        ("scores", "rate", "message"),
        [
            (np.arange(18), 0.05, "18 held-out images are too few for false_alarms=0.05: at least 19 are needed"),
            (np.arange(18), 1.0, "false_alarms=1.0 must lie between 0 and 1"),
            (np.array([1, np.nan]), 0.5, "not finite"),
        ],
    )
    def test_cannot_be_taken_of_these(self, scores, rate, message):
        with pytest.raises(ValueError, match=message):
            threshold(scores, rate)
        if "19" in message:
            assert threshold(np.arange(19), 0.05) == 18


def test_detection_has_known_values():
    found = detection(np.array([4.0, 3.0, 2.0, 1.0]), np.array([1, 0, 1, 0]))
    assert found["auroc"] == pytest.approx(0.75) and found["average_precision"] == pytest.approx((1 + 2 / 3) / 2)
    with pytest.raises(ValueError, match="none of the 3 images are outliers"):
        detection(np.arange(3), np.zeros(3))


def test_what_is_known_of_outliers():
    classes = Property(np.array([0, 2, 1.0]), ("face", "cat", "noise"))
    assert known_outliers({"outlier": classes}).tolist() == [0, 1, 1]
    table = Property(np.array([0, 1, np.nan]), ("0", "1"))
    assert known_outliers({"outlier": table}).tolist() == [0, 1, -1]
    signs = Property(np.array([0, 1, 1, np.nan]), ("-1", "1"))  # CelebA's
    assert known_outliers({"outlier": signs}).tolist() == [0, 1, 1, -1]
    assert known_outliers({"outlier": Property(np.array([0, 0.5, np.nan]))}).tolist() == [0, 1, -1]
    assert known_outliers({"label": classes}, ("cat", "face")).tolist() == [0, 1, 0]
    unlabeled = classes._replace(values=np.array([0, np.nan, 2]))
    assert known_outliers({"label": unlabeled}, ("cat", "face")).tolist() == [0, -1, 1]
    assert known_outliers({"label": Property(np.array([0.5, 7]))}, ("cat", "face")) is None
    assert known_outliers({"label": classes}, ("face", "cat", "noise")) is None
    assert known_outliers({"label": classes}, ("dog",)) is None and known_outliers({}) is None
