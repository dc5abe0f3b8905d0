"""Measuring: each metric is what its function says of the images it names, under its honest name, with its protocol."""

import numpy as np
import pytest

from keras_genzoo import counter_rng, metrics
from keras_genzoo.data import ArraySource
from keras_genzoo.data.gaussians import gaussians_25
from keras_genzoo.evaluation import (
    Evaluation,
    EvaluationError,
    ModelSubject,
    NoiseSubject,
    Reference,
    SourceSubject,
    Subject,
)
from keras_genzoo.models.dcgan import DCGAN
from keras_genzoo.models.vae import VAE
from tests.evaluation.conftest import Channels

FEATURES = ("precision", "recall", "frechet", "kernel", "density", "coverage", "authpct")


def smooth(count, seed, shift=0.0):
    """Images of one color each, a little noisy: their features differ, as those of real images do."""
    numbers = counter_rng.normal(seed, np.arange(count), 3) * 40 + 127 + shift
    grain = counter_rng.normal(seed + 1, np.arange(count), 16 * 16 * 3).reshape(count, 16, 16, 3) * 9
    return np.clip(numbers[:, None, None] + grain, 0, 255).astype("uint8")


@pytest.fixture(scope="module")
def real():
    return ArraySource(smooth(200, 0), name="real")


@pytest.fixture(scope="module")
def train():
    return ArraySource(smooth(300, 5), name="train")


@pytest.fixture(scope="module")
def vae():
    small = {
        "encoder": {"network": "conv_encoder", "filters": (4,)},
        "decoder": {"network": "conv_decoder", "filters": (4,)},
    }
    model = VAE(image_shape=(16, 16, 3), latent_dim=2, **small)
    model.compile()
    return model


def values_of(evaluation, *names):
    return {result.metric: result.value for result in evaluation.results(names)}


def test_metrics_of_features_are_those_of_the_images_named(real, train):
    made = ArraySource(smooth(150, 9, shift=20), name="made")
    evaluation = Evaluation(SourceSubject(made), Reference(real, "held_out", train), Channels())
    found = values_of(evaluation, *FEATURES)
    extractor = Channels()
    a, b, c = (extractor(source[np.arange(len(source))]["image"]) for source in (real, made, train))
    precision, recall = metrics.precision_recall(a, b, k=3)
    density, coverage = metrics.density_coverage(a, b, k=5)
    expected = {
        "precision_channels": precision,
        "recall_channels": recall,
        "frechet_channels": metrics.frechet_distance(a, b),
        "kernel_channels": metrics.kernel_distance(a, b),
        "density_channels": density,
        "coverage_channels": coverage,
        "authpct_channels": metrics.authenticity(c, b),
    }
    assert found == pytest.approx(expected)
    assert list(found) == list(expected)


def test_the_order_makes_sense(real):
    """Other real images are nearer than images of a shifted color, and these nearer than white noise."""
    near, far = (ArraySource(smooth(200, 7, shift), name=f"shifted by {shift}") for shift in (0, 30))
    subjects = [SourceSubject(near), SourceSubject(far), NoiseSubject((16, 16, 3))]
    found = [
        values_of(Evaluation(subject, Reference(real, "all"), Channels(), num=200), *FEATURES[:6])
        for subject in subjects
    ]
    for metric in ("frechet_channels", "kernel_channels"):
        assert found[0][metric] < found[1][metric] < found[2][metric]
    for metric in ("precision_channels", "recall_channels", "coverage_channels"):
        assert found[0][metric] > found[1][metric] >= found[2][metric]
    assert found[2]["precision_channels"] == found[2]["coverage_channels"] == 0


def test_only_as_many_images_as_asked_for_are_made(real):
    extractor = Channels()
    evaluation = Evaluation(NoiseSubject((16, 16, 3)), Reference(real, "all"), extractor, num=120)
    (result,) = evaluation.results(["frechet"])
    assert extractor.asked == 320
    assert result.protocol["generated"] == {"count": 120, "pixels": "uint8"}
    assert result.protocol["real"]["count"] == 200 and result.protocol["real"]["split"] == "all"
    assert result.protocol["features"] == extractor.protocol()
    assert result.subject["kind"] == "white noise" and result.subject["seed"] == 0


@pytest.mark.slow
def test_each_thing_is_computed_once_and_kept(real, train, vae):
    extractor = Channels()
    for _ in range(2):
        values_of(Evaluation(ModelSubject(vae, "vae"), Reference(real, "all", train), extractor, num=100), *FEATURES)
        assert extractor.asked == 600
    evaluation = Evaluation(
        ModelSubject(vae, "vae"), Reference(real, "all", train), extractor, num=100, keep=False, seed=1
    )
    values_of(evaluation, *FEATURES)
    assert extractor.asked == 700
    values_of(
        Evaluation(ModelSubject(vae, "v"), Reference(real, "all"), extractor, num=100, keep=False, seed=1), "frechet"
    )
    assert extractor.asked == 800


@pytest.mark.slow
def test_the_batch_size_changes_nothing(real, vae):
    found = []
    for size in (1, 7, 64):
        evaluation = Evaluation(
            ModelSubject(vae, "vae", batch_size=size), Reference(real, "all"), Channels(), num=40, keep=False
        )
        found.append(values_of(evaluation, "frechet", "precision", "mse"))
    for other in found[1:]:
        assert other == pytest.approx(found[0], rel=1e-5)


def test_reconstructions(real, vae):
    evaluation = Evaluation(ModelSubject(vae, "vae"), Reference(real, "held_out"))
    x = real[np.arange(200)]["image"]
    y = vae.reconstruct(x)
    found = values_of(evaluation, "mse", "psnr", "ssim")
    expected = {name: getattr(metrics, name)(x, y).mean() for name in ("mse", "psnr", "ssim")}
    assert found == pytest.approx(expected)


class Exact(Subject):
    """Reconstructs every other image exactly, and the others 51 grey levels off."""

    reconstructs = True

    def __init__(self, always=False):
        super().__init__("exact", (16, 16, 3))
        self.always = always

    def reconstruct(self, x):
        off = np.where(np.arange(len(x))[:, None, None, None] % 2, x, x + 51).astype("uint8")
        return x if self.always else off

    def identity(self):
        return {"kind": "exact"}


def test_identical_images_are_left_out_of_psnr_and_counted():
    reference = Reference(ArraySource(np.zeros((600, 16, 16, 3), "uint8")), "all")
    found = {result.metric: result for result in Evaluation(Exact(), reference).results(["mse", "psnr", "ssim"])}
    assert found["psnr"].protocol["notes"] == {"identical": 300}
    np.testing.assert_allclose([found["mse"].value, found["psnr"].value], [0.5 * 0.04, 13.9794], rtol=1e-5)
    (all_exact,) = Evaluation(Exact(always=True), reference).results(["psnr"])
    assert all_exact.value is None


def test_losses_are_those_of_evaluate(real, vae):
    from keras_genzoo.data import Stream

    found = values_of(Evaluation(ModelSubject(vae, "vae"), Reference(real, "held_out")), "losses")
    expected = vae.evaluate(Stream(real, 64, shuffle=False), return_dict=True, verbose=0)
    assert found == pytest.approx({f"val_{name}": value for name, value in expected.items()})


@pytest.mark.slow
def test_likelihoods(real, vae):
    reference = Reference(ArraySource(real[np.arange(5)]["image"]), "all")
    evaluation = Evaluation(ModelSubject(vae, "vae"), reference)
    results = {result.metric: result for result in evaluation.results(["elbo", "log_likelihood"])}
    x = real[np.arange(5)]["image"]
    expected = metrics.importance_weighted_log_likelihood(vae, x, samples=1000).mean()
    assert results["log_likelihood"].value == pytest.approx(expected)
    assert results["elbo"].value == pytest.approx(metrics.elbo(vae, x).mean())
    assert results["elbo"].value < results["log_likelihood"].value
    assert results["log_likelihood"].protocol["samples"] == 1000
    assert results["elbo"].protocol["likelihood"] == "gaussian"


def test_what_is_possible(real, train, vae):
    gan = DCGAN(**{**DCGAN.tiny, "image_shape": (16, 16, 3)})
    gan.compile()
    reference, extractor = Reference(real, "all", train), Channels()
    both = ["losses", "mse", "psnr", "ssim", *FEATURES]
    assert Evaluation(ModelSubject(vae, "vae"), reference, extractor).possible() == both
    assert Evaluation(ModelSubject(gan, "gan"), reference, extractor).possible() == ["losses", *FEATURES]
    assert Evaluation(ModelSubject(vae, "vae"), reference).possible() == both[:4]
    assert Evaluation(NoiseSubject((16, 16, 3)), Reference(real, "all"), extractor).possible() == list(FEATURES[:-1])


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["frechett"], "there is no metric 'frechett'; did you mean 'frechet'"),
        (["losses"], "losses: white noise is no run"),
        (["elbo"], "elbo: white noise is no run"),
        (["mse"], "mse: white noise does not reconstruct images"),
        (["authpct"], "authpct finds copies of training images, and it is not known what white noise was trained on"),
        (["inception_score"], "inception_score needs class probabilities, which channels has not"),
    ],
)
def test_what_cannot_be_measured_is_said_before_anything_is(real, names, message):
    extractor = Channels()
    evaluation = Evaluation(NoiseSubject((16, 16, 3)), Reference(real, "all"), extractor, num=50)
    with pytest.raises(EvaluationError, match=message):
        list(evaluation.results(["frechet", *names]))
    assert extractor.asked == 0


def test_of_many_steps_protocols_tell_and_reconstructions_are_left_to_be_asked_for(real):
    from keras_genzoo.models.edm import EDM

    denoiser = {"network": "mlp_denoiser", "units": 8, "blocks": 1}
    subject = ModelSubject(EDM((16, 16, 3), denoiser=denoiser, noise_features=8), "edm", options={"steps": 4})
    evaluation = Evaluation(subject, Reference(real, "held_out"), Channels())
    assert not {"mse", "psnr", "ssim"} & set(evaluation.possible())
    evaluation.check("mse")
    assert subject.sampling == {"steps": 4, "sampler": "heun", "eta": 0.0, "churn": 0.0, "evaluations": 7}


def test_features_need_an_extractor(real):
    with pytest.raises(EvaluationError, match="name an extractor by --features"):
        list(Evaluation(NoiseSubject((16, 16, 3)), Reference(real, "all")).results(["frechet"]))


def test_a_model_without_likelihood(real):
    gan = DCGAN(**{**DCGAN.tiny, "image_shape": (16, 16, 3)})
    with pytest.raises(EvaluationError, match="DCGAN gives no likelihood"):
        list(Evaluation(ModelSubject(gan, "gan"), Reference(real, "all")).results(["elbo"]))


def test_images_of_another_shape_are_refused(real):
    with pytest.raises(EvaluationError, match=r"of shape \(8, 8, 3\), but real of \(16, 16, 3\)"):
        Evaluation(NoiseSubject((8, 8, 3)), Reference(real, "all"))


def test_more_images_than_there_are(real):
    with pytest.raises(EvaluationError, match="has 200 images, and --num asks for 300"):
        Evaluation(SourceSubject(real), Reference(real, "all"), num=300)
    assert Evaluation(SourceSubject(real), Reference(real, "all")).num == 200


def test_fewer_images_than_neighbors(real):
    few = ArraySource(smooth(3, 1))
    done = []
    with pytest.raises(EvaluationError, match="precision: "):
        for result in Evaluation(SourceSubject(few), Reference(real, "all"), Channels()).results(
            ["frechet", "precision"]
        ):
            done.append(result.metric)
    assert done == ["frechet_channels"]  # what was computed before is not lost


def test_features_that_are_not_finite(real):
    class Broken(Channels):
        def outputs(self, images):
            return np.full((len(images), 6), np.nan, "float32"), None

    with pytest.raises(EvaluationError, match=r"frechet: .*contain NaN or infinity"):
        list(Evaluation(NoiseSubject((16, 16, 3)), Reference(real, "all"), Broken(), num=50).results(["frechet"]))


class Conditioned:
    """The part of a conditional model that metrics of labels need."""

    def __init__(self, num_classes):
        self.num_classes = num_classes

    def labels(self, labels, num, method):
        raise NotImplementedError

    def one_hot(self, labels):
        raise NotImplementedError


class Brightness(Channels):
    """A classifier of three classes: dark, grey, bright."""

    def __init__(self):
        super().__init__(classes=3)

    def outputs(self, images):
        features, _ = super().outputs(images)
        return features, -np.abs(features[:, :1] - np.array([40.0, 127.0, 215.0], "float32"))


def test_the_share_of_labels_that_a_classifier_finds_again(real):
    class Turns(NoiseSubject):
        """Images of which number i is dark, grey or bright by turns, and every second grey one is bright."""

        def images(self, start, stop, seed=0):
            levels = np.array([40, 127, 215, 40, 215, 215])[np.arange(start, stop) % 6]
            return np.broadcast_to(levels[:, None, None, None], (stop - start, 16, 16, 3)).astype("uint8")

    subject = Turns((16, 16, 3))
    subject.model = Conditioned(3)
    evaluation = Evaluation(subject, Reference(real, "held_out"), Brightness(), num=120)
    found = values_of(evaluation, "label_accuracy")
    assert list(found.values()) == [pytest.approx(5 / 6)]


def test_label_accuracy_asks_for_labels_and_a_classifier_of_as_many(real, vae):
    with pytest.raises(EvaluationError, match="mine makes no images of chosen labels"):
        Evaluation(ModelSubject(vae, "mine"), Reference(real, "held_out"), Brightness()).check("label_accuracy")
    subject = ModelSubject(vae, "mine")
    subject.model = Conditioned(10)
    with pytest.raises(EvaluationError, match="channels knows 3 classes, but mine makes 10"):
        Evaluation(subject, Reference(real, "held_out"), Brightness()).check("label_accuracy")


def test_label_accuracy_asks_for_a_classifier_of_the_same_classes(real, vae):
    labels = np.arange(300) % 3
    subject, classifier = ModelSubject(vae, "mine"), Brightness()
    subject.model = Conditioned(3)
    pictures = smooth(300, 5)

    def check(known, trained):
        classifier.class_names = known
        train = ArraySource(pictures, labels, class_names=trained, name="train")
        Evaluation(subject, Reference(real, "held_out", train), classifier).check("label_accuracy")

    for known, trained in ((("a", "b", "c"), ("a", "b", "c")), (None, ("a", "b", "c")), (("a", "b", "c"), None)):
        check(known, trained)
    with pytest.raises(EvaluationError, match="the classes of channels are a, b, c, but those of train c, b, a: name"):
        check(("a", "b", "c"), ("c", "b", "a"))


def test_modes_are_counted_of_points():
    split = gaussians_25(num_images=3_000, held_out=10)
    evaluation = Evaluation(SourceSubject(split.train), Reference(split.held_out, "held_out"))
    found = values_of(evaluation, "modes")
    assert found["modes"] == 25
    assert found["good_samples"] == pytest.approx(0.985, abs=0.008)
    assert "modes" in evaluation.possible()


def test_modes_are_those_of_a_known_mixture(real, vae):
    with pytest.raises(EvaluationError, match="modes: it is not known where the modes of real are"):
        Evaluation(ModelSubject(vae, "mine"), Reference(real, "held_out")).check("modes")
