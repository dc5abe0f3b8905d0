import numpy as np
from scipy import special

from keras_genzoo.features.extractor import Extractor
from keras_genzoo.features.stacked import StackedExtractor

RNG = np.random.default_rng(0)


class Corners(Extractor):
    """Features and logits are pixels of the corner."""

    def __init__(self, classes=4):
        super().__init__("corners", 2, classes, weights_sha256="a")

    def outputs(self, images):
        corner = images[:, 0, :, 0].astype("float32")
        return corner[:, :2], corner[:, :4] if self.classes else None


def test_classes_are_all_combinations():
    images = RNG.integers(0, 9, (5, 4, 4, 3), "uint8")
    extractor = StackedExtractor(Corners(), 3)
    features, logits = extractor.with_logits(images)
    assert features.shape == (5, 6) and logits.shape == (5, 64) and extractor.dim == 6
    np.testing.assert_array_equal(features[:, 2:4], images[:, 0, :2, 1])
    each = special.log_softmax(images[:, 0].astype("float64"), axis=1)  # (n, classes, channels)
    expected = each[:, :, None, None, 0] + each[:, None, :, None, 1] + each[:, None, None, :, 2]
    np.testing.assert_allclose(logits, expected.reshape(5, 64), rtol=1e-5, atol=1e-5)
    assert extractor.class_names[1 * 16 + 2 * 4 + 3] == "123"


def test_its_protocol_is_the_grey_one_s_under_another_name():
    extractor = StackedExtractor(Corners(None), 3)
    assert extractor.protocol() == {**Corners(None).protocol(), "extractor": "stacked_corners"}
    assert extractor.classes is None and extractor(np.zeros((1, 4, 4, 3), "uint8")).shape == (1, 6)
