"""Perceptual path length of a model whose images are a known function of its latents."""

import numpy as np
import pytest
from keras import ops

from keras_genzoo.data import ArraySource
from keras_genzoo.evaluation import Evaluation, EvaluationError, ModelSubject, Reference
from keras_genzoo.evaluation.measurements import Measurements
from keras_genzoo.evaluation.path_length import path_length
from keras_genzoo.features.extractor import Extractor
from keras_genzoo.models.stylegan import StyleGAN
from keras_genzoo.registry import MODELS
from keras_genzoo.sampling import LatentModel
from tests.toys import Toy

WAYS = 60


class Angle(Toy):
    """Two latents of length 1, which are the color of the image: its first two channels are cosine and sine."""

    latent_dim = 2

    def sample_latents(self, indices, seed):
        z = LatentModel.sample_latents(self, indices, seed)
        return z / ops.norm(z, axis=1, keepdims=True)

    def images_of(self, z):
        color = ops.concatenate([0.5 * z, ops.zeros_like(z[:, :1])], axis=1)
        return ops.ones((1, *self.image_shape)) * color[:, None, None]


class Color(Extractor):
    """The first two channels of the mean color, in units of the model's images."""

    def __init__(self):
        super().__init__("color", 2)

    def outputs(self, images):
        return images.astype("float64").mean(axis=(1, 2))[:, :2] / 127.5 - 1.0, None


def measurements(model, num=WAYS):
    real = Reference(ArraySource(np.zeros((8, *model.image_shape), "uint8")), None)
    return Measurements(ModelSubject(model, "made"), real, Color(), num=num, seed=1)


def test_the_speed_on_arcs_of_a_circle_is_their_angle():
    model = Angle((2, 2, 3))
    ((name, (value, protocol)),) = path_length(measurements(model), "z").items()
    assert name == "path_length_z_color"
    assert (protocol["step"], protocol["generated"]["pixels"], protocol["generated"]["count"]) == (
        1e-4,
        "float32",
        WAYS,
    )
    z = np.asarray(model.sample_latents(np.arange(2 * WAYS), np.uint32(1)), "float64")
    angles = np.sort(np.arccos(np.sum(z[::2] * z[1::2], axis=1)))
    assert value == pytest.approx(np.mean(angles**2), rel=0.02)  # images in float32 over steps of 1e-4


def test_lines_of_styles():
    model = StyleGAN(**StyleGAN.tiny)
    values = [path_length(measurements(model), "w")["path_length_w_color"][0] for _ in range(2)]
    assert values[0] == values[1] > 0 and np.isfinite(values[0])


@pytest.mark.parametrize(
    ("name", "arguments", "metric", "message"),
    [
        ("dcgan", {}, "path_length_w", "made has no styles w: leave it out"),
        ("cgan", {}, "path_length_z", "made is no model without labels that draws latents from N\\(0, I\\)"),
        ("stylegan", {"dtype": "mixed_bfloat16"}, "path_length_w", "made computes in bfloat16, too roughly"),
    ],
)
def test_what_is_missing(name, arguments, metric, message):
    model = MODELS[name](**{**MODELS[name].tiny, **arguments})
    real = Reference(ArraySource(np.zeros((8, *model.image_shape), "uint8")), None)
    with pytest.raises(EvaluationError, match=message):
        list(Evaluation(ModelSubject(model, "made"), real, Color(), num=4).results([metric]))
