"""Sohn et al. 2015: the label reaches encoder and decoder, is inferred where it is not given, and chosen in samples."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo.images import to_pixels
from keras_genzoo.models.cvae import CVAE

ARGUMENTS = {
    "image_shape": (4, 4, 1),
    "num_classes": 3,
    "latent_dim": 2,
    "encoder": {"network": "mlp_encoder", "hidden": (16,)},
    "decoder": {"network": "mlp_decoder", "hidden": (16,)},
}
RNG = np.random.default_rng(0)
LABELS = np.arange(48) % 3
X = (0.6 * (LABELS - 1)[:, None, None, None] + 0.1 * RNG.uniform(-1, 1, (48, 1, 1, 1)) * np.ones((48, 4, 4, 1))).astype(
    "float32"
)


def build(**arguments):
    keras.utils.set_random_seed(0)
    model = CVAE(**{**ARGUMENTS, **arguments})
    model.compile(keras.optimizers.Adam(1e-2))
    return model


@pytest.fixture(scope="module")
def trained():
    """A model that has learned that an image's label is its brightness."""
    model = build()
    model.fit(X, LABELS, batch_size=48, epochs=300, verbose=0)
    return model


def test_the_label_matters_to_both_networks():
    model = build()
    x = ops.convert_to_tensor(X)
    found = [float(model.negative_elbo(x, np.full(48, label), False)[1]["kl"]) for label in range(3)]
    assert len(set(found)) == 3
    z = ops.zeros((1, 2))
    assert len({ops.convert_to_numpy(model.decoded(z, np.array([label]))).tobytes() for label in range(3)}) == 3


def test_labels_may_be_columns_of_small_integers():
    model = build()
    found = [ops.convert_to_numpy(model.one_hot(y)) for y in (LABELS[:5], LABELS[:5, None].astype("uint8"))]
    np.testing.assert_array_equal(found[0], np.eye(3)[LABELS[:5]])
    np.testing.assert_array_equal(found[1], found[0])


@pytest.mark.slow
def test_samples_have_the_label_asked_for(trained):
    means = [trained.generate(8, seed=1, labels=label).mean() for label in range(3)]
    assert means[0] + 40 < means[1] < means[2] - 40
    cycling = trained.generate(6, seed=1, start=3)
    np.testing.assert_allclose(
        cycling.astype(int), trained.generate(6, seed=1, start=3, labels=[0, 1, 2, 0, 1, 2]), atol=1
    )
    np.testing.assert_allclose(cycling.astype(int), trained.generate(9, seed=1)[3:], atol=1)


def test_latents_go_with_the_code_of_the_label(trained):
    z, codes = trained.encode(X, labels=LABELS)
    assert z.shape == (48, 2)
    np.testing.assert_array_equal(codes, np.eye(3)[LABELS])
    np.testing.assert_array_equal(trained.encode(X, labels=1)[1], np.eye(3)[np.ones(48, int)])
    np.testing.assert_allclose(
        ops.convert_to_numpy(trained.sample_latents(ops.arange(4), 0)[1]), np.eye(3)[[0, 1, 2, 0]]
    )


def test_labels_that_are_not_given_are_inferred(trained):
    np.testing.assert_array_equal(ops.convert_to_numpy(trained.labels_of(ops.convert_to_tensor(X))), LABELS)
    for inferred, given in zip(trained.encode(X), trained.encode(X, labels=LABELS), strict=True):
        np.testing.assert_allclose(inferred, given, atol=1e-5)
    np.testing.assert_allclose(
        trained.reconstruct(X).astype(int), trained.reconstruct(X, labels=LABELS).astype(int), atol=1
    )
    assert np.abs(trained.reconstruct(X).astype(int) - to_pixels(X)).mean() < 10


def test_another_label_changes_what_is_decoded(trained):
    z = trained.encode(X[LABELS == 0], labels=0)
    assert trained.decode(z, labels=2).mean() > trained.decode(z).mean() + 80
    np.testing.assert_array_equal(trained.decode(z[0], labels=0), trained.decode(z))
    with pytest.raises(ValueError, match="give a pair of latents and codes, or labels="):
        trained.decode(z[0])


def test_the_likelihood_is_of_the_image_and_its_label(trained):
    weights = trained.in_batches(
        "log_importance_weight", X, 48, np.arange(48, dtype="int32"), np.uint32(0), np.arange(4, dtype="int32")
    )
    bound = -trained.evaluate(X, LABELS, batch_size=48, return_dict=True, verbose=0)["loss"]
    assert weights.mean() == pytest.approx(bound - np.log(3), abs=1.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda model: model.generate(3, labels=3),
            r"CVAE.generate: labels lie in \[3, 3\], but this model has 3: 0 to",
        ),
        (
            lambda model: model.generate(3, labels=[0, 1]),
            r"CVAE.generate: labels are int64 of shape \(2,\), but .* \(3,\)",
        ),
        (lambda model: model.encode(X, labels=0.5), "CVAE.encode: labels are float64 of shape"),
        (lambda model: model.decode(np.zeros((2, 2)), labels=-1), r"CVAE.decode: labels lie in \[-1, -1\]"),
        (lambda model: build(prior="vamp"), "CVAE: prior is 'vamp', but pseudo-inputs have no labels"),
    ],
)
def test_labels_that_are_not_there(trained, call, message):
    with pytest.raises(ValueError, match=message):
        call(trained)
