"""Models of images of two domains: what `fit` and `evaluate` make of streams and arrays of unlike lengths."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo.callbacks.observer import Observer
from keras_genzoo.data import ArraySource, Stream
from tests.toys import Toy, images


@keras.saving.register_keras_serializable("tests")
class Unpaired(Toy):
    """A toy that scores images of a second domain."""

    targets = "other"

    def first_loss(self, x, y, training):
        loss = ops.mean(ops.square(self.first(x, training=training) - self.first(y, training=training)))
        return loss, {"first_loss": loss}


@pytest.fixture
def model():
    keras.utils.set_random_seed(0)
    model = Unpaired()
    model.compile()
    return model


def source(a, b):
    return ArraySource(images(a), other=ArraySource(images(b)[::-1]))


@pytest.mark.parametrize(("a", "b"), [(10, 6), (6, 10)])
@pytest.mark.parametrize("door", ["stream", "arrays"])
def test_an_epoch_is_the_longer_domain(model, door, a, b):
    held_out = Stream(source(a, b), 4, shuffle=False)
    if door == "stream":
        model.fit(Stream(source(a, b), 2), epochs=1, validation_data=held_out, verbose=0)
    else:
        model.fit(images(a), images(b), batch_size=2, validation_data=(images(a), images(b)), verbose=0)
    assert model.images_seen == 10
    logs = model.evaluate(held_out, return_dict=True, verbose=0)
    x, y = held_out.batch(0, 10, targets="other")
    expected = np.mean(np.square(ops.convert_to_numpy(model.first(x) - model.first(y))))
    np.testing.assert_allclose(logs["first_loss"], expected, rtol=1e-4)


def test_a_domain_smaller_than_a_batch(model):
    with pytest.raises(ValueError, match="batch_size=4 is larger than the data: y has 3 images"):
        model.fit(images(8), images(3), batch_size=4, verbose=0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": images(8), "batch_size": 2}, "arrays has no images of a second domain, and this model needs them as y"),
        ({"x": images(8), "batch_size": 2, "y": 5 * images(8)}, r"y lies in|\[-5"),
        ({"x": Stream(ArraySource(images(8)), 2)}, "arrays has no images of a second domain, and this model needs"),
    ],
)
def test_what_is_refused(model, arguments, message):
    with pytest.raises(ValueError, match=message):
        model.fit(**arguments, verbose=0)


def test_a_batch_without_its_second_domain(model):
    with pytest.raises(ValueError, match="Unpaired needs an image of a second domain for each image: give batches"):
        model.train_on_batch(images(8))


def test_the_diagnosis_has_images_of_both_domains(model):
    observer = Observer(model, Stream(source(20, 30), 4), source(20, 16))
    assert observer.x.shape == observer.y.shape
    assert observer._held_out.shape == observer._held_out_y.shape and observer._held_out_y.min() >= -1
