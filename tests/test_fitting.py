"""What `fit` and `evaluate` take, and what they refuse."""

import keras
import numpy as np
import pytest

from keras_genzoo import backend
from keras_genzoo.data import ArraySource, DataError, Stream
from tests.toys import Labeled, Paired, Toy, images

tensorflow = pytest.mark.skipif(backend.NAME != "tensorflow", reason="tf.data is TensorFlow's")
X = images(20)


def compiled(cls=Toy, **arguments):
    keras.utils.set_random_seed(0)
    model = cls(**arguments)
    model.compile("sgd", run_eagerly=True)
    return model


def stream(count=20, batch_size=4, shuffle=True, **columns):
    return Stream(ArraySource(images(count), **columns), batch_size, shuffle=shuffle)


def dataset(*columns, batch_size=4, **options):
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices(columns).batch(batch_size, **options)


def weights(model):
    return np.concatenate([weight.ravel() for weight in model.get_weights()])


@pytest.mark.slow
def test_arrays_are_a_stream():
    one, other = compiled(), compiled()
    first = one.fit(X, batch_size=4, epochs=2, validation_data=X[:6], verbose=0).history
    second = other.fit(stream(), epochs=2, validation_data=stream(6, shuffle=False), verbose=0).history
    assert one.iterations == other.iterations == 10
    np.testing.assert_array_equal(weights(one), weights(other))
    assert [first[log] for log in one.logs] == [second[log] for log in one.logs]


@pytest.mark.slow
def test_an_epoch_goes_once_through_the_images_in_steps_of_all_turns():
    model = compiled(first_steps=2)
    model.fit(stream(), epochs=3, verbose=0)
    assert model.iterations == 3 * (20 // 8)


@pytest.mark.slow
def test_training_goes_on_in_the_data_where_it_stands(monkeypatch):
    seen = []
    original = Stream.batches

    def batches(self, turns=1, targets=None, start=0, check=None):
        seen.append(start)
        return original(self, turns, targets, start, check)

    monkeypatch.setattr(Stream, "batches", batches)
    model = compiled()
    model.fit(stream(), steps_per_epoch=3, verbose=0)
    model.fit(stream(), steps_per_epoch=3, epochs=2, initial_epoch=1, verbose=0)
    assert seen == [0, 12]  # images
    whole = compiled()
    whole.fit(stream(), steps_per_epoch=3, epochs=2, verbose=0)
    np.testing.assert_array_equal(weights(model), weights(whole))


@pytest.mark.slow
@tensorflow
def test_a_dataset_is_played_as_it_is():
    model = compiled(first_steps=2)
    model.fit(dataset(X, batch_size=8, drop_remainder=True), validation_data=dataset(X), verbose=0)
    assert model.iterations == 2


@pytest.mark.slow
@tensorflow
def test_a_dataset_of_unknown_length_is_played_for_the_given_steps():
    model = compiled()
    data = dataset(X).filter(lambda x: True)
    model.fit(data.repeat(), steps_per_epoch=3, validation_data=data, validation_steps=2, verbose=0)
    assert model.iterations == 3


def test_a_generator_is_played_as_it_is():
    model = compiled()
    model.fit(((X[:4],) for _ in range(3)), steps_per_epoch=3, verbose=0)
    assert model.iterations == 3


@pytest.mark.slow
@pytest.mark.parametrize("batch_size", [4, 7, 20])
def test_evaluation_sees_every_image(batch_size):
    model = compiled()
    rows = model.first.predict(X, verbose=0)
    logs = model.evaluate(X, batch_size=batch_size, return_dict=True, verbose=0)
    assert logs["first_loss"] == pytest.approx(((rows - 1) ** 2).mean(), rel=1e-5)  # a short last batch counts less


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_the_training_images_may_be_validated_on():
    model = compiled()
    train = stream()
    history = model.fit(train, validation_data=train, verbose=0).history
    again = model.evaluate(train, return_dict=True, verbose=0)
    assert history["val_first_loss"][-1] == pytest.approx(again["first_loss"], rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cls", "name", "y"), [(Labeled, "label", np.arange(20)), (Paired, "target", -X)], ids=["labels", "pairs"]
)
def test_targets_come_with_arrays_and_streams(cls, name, y):
    one, other = compiled(cls), compiled(cls)
    one.fit(X, y, batch_size=4, validation_data=(X, y), verbose=0)
    data = stream(**{name: y})
    other.fit(data, validation_data=Stream(data.source, 4, shuffle=False), verbose=0)
    np.testing.assert_array_equal(weights(one), weights(other))
    logs = one.evaluate(X, y, batch_size=4, return_dict=True, verbose=0)
    assert np.isfinite(list(logs.values())).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": None}, "Toy.fit needs images: a Stream, an array or a dataset"),
        ({"x": (X * 127.5 + 127.5).astype("uint8")}, "Toy.fit: images have dtype uint8, but floats in .* are expected"),
        ({"x": X * 127.5}, r"Toy.fit: images lie in \[-127.5, 127.5\], but floats in \[-1, 1\] are expected"),
        ({"x": np.where(X[3, 0, 0, 0] == X, np.nan, X)}, r"Toy.fit: images lie in \[nan, nan\]"),
        (
            {"validation_data": (X * 127.5 + 127.5).astype("uint8")},
            "Toy.fit: validation_data: images have dtype uint8",
        ),
        ({"sample_weight": np.ones(20)}, "Toy.fit: sample_weight has no meaning here"),
        ({"class_weight": {0: 1.0}}, "class_weight has no meaning here: leave it out"),
        ({"validation_split": 0.1}, "Toy.fit: validation_split is not taken: give validation_data"),
        ({"shuffle": False}, "Toy.fit: shuffle=False is not taken"),
        ({"batch_size": 21}, "batch_size=21 is larger than the data: arrays has 20 images; give a batch_size of at mo"),
        ({"x": X[:0]}, "arrays has 0 images"),
        ({"x": stream(shuffle=False)}, "this stream is one of held-out images, in one pass: give the one to train on"),
    ],
)
def test_what_fit_refuses(arguments, message):
    model = compiled()
    before = weights(model)
    with pytest.raises(ValueError, match=message):
        model.fit(**{"x": X, "batch_size": 4, "verbose": 0, **arguments})
    np.testing.assert_array_equal(weights(model), before)


def test_a_step_larger_than_the_data():
    with pytest.raises(DataError, match="takes 3 turns of batch_size=8, 24 images, but arrays has 20"):
        compiled(first_steps=3).fit(X, batch_size=8, verbose=0)


@pytest.mark.parametrize(("cls", "name"), [(Labeled, "label"), (Paired, "target")])
def test_a_model_without_its_targets(cls, name):
    model = compiled(cls)
    with pytest.raises(DataError, match=f"has no {name}s, and this model needs them as y"):
        model.fit(stream(), verbose=0)
    with pytest.raises(DataError, match=f"arrays has no {name}s, and this model needs them as y"):
        model.fit(X, batch_size=4, verbose=0)
    with pytest.raises(ValueError, match=rf"{cls.__name__} needs a {name} for each image: give batches \(x, y\)"):
        model.fit((one for one in [(X[:4],)] * 3), steps_per_epoch=2, verbose=0)


def test_labels_for_a_model_that_takes_none():
    with pytest.raises(ValueError, match=r"Toy.fit: .*takes no y"):
        compiled().fit(X, np.arange(20), batch_size=4, verbose=0)


@tensorflow
@pytest.mark.parametrize("cls", [Toy, Labeled])
def test_a_third_element_of_a_batch_is_refused(cls):
    model = compiled(cls)
    model.compile("sgd")  # at the first trace, too
    with pytest.raises(ValueError, match="sample_weight has no meaning for its losses: leave it out"):
        model.fit(dataset(X, np.arange(20), np.ones(20)), verbose=0)


@tensorflow
@pytest.mark.parametrize("where", ["x", "validation_data"])
@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            lambda: dataset((X * 127.5 + 127.5).astype("uint8")),
            "the dataset's images have dtype uint8, but floats in.*map them through keras_genzoo.images.from_pixels",
        ),
        (lambda: dataset(X[:0]), "the dataset is empty"),
        (
            lambda: dataset(X, batch_size=32, drop_remainder=True),
            "the dataset is empty: is a batch larger than the data, and drop_remainder=True",
        ),
        (
            lambda: dataset(X).filter(lambda x: True),
            "the dataset does not know its length, and Keras would take one step too many in each pass",
        ),
    ],
    ids=["uint8", "empty", "emptied", "unknown length"],
)
def test_datasets_that_are_refused(where, data, message):
    arguments = {"x": X, "batch_size": 4, "verbose": 0, where: data()}
    with pytest.raises(ValueError, match=f"Toy.fit: .*{message}" if where == "validation_data" else message):
        compiled().fit(**arguments)


@tensorflow
@pytest.mark.parametrize(
    ("data", "size"),
    [
        (lambda: dataset(X, batch_size=4, drop_remainder=True), "4"),
        (lambda: dataset(X, batch_size=6), "an unknown number of"),
    ],
)
def test_datasets_that_do_not_divide_into_turns(data, size):
    message = rf"batches hold {size} images, which does not divide into 3 turns: batch 3 \* batch_size with drop_remai"
    with pytest.raises(ValueError, match=message):
        compiled(first_steps=3).fit(data(), verbose=0)


def test_a_generator_that_does_not_divide_into_turns():
    model = compiled(first_steps=3)
    with pytest.raises(ValueError, match="a batch of 4 images does not divide into 3 turns"):
        model.fit((one for one in [(X[:4],)] * 3), steps_per_epoch=1, verbose=0)


def test_replicas_share_a_batch_evenly(monkeypatch):
    model = compiled()
    monkeypatch.setattr(backend, "replicas", lambda model=None: 3)
    with pytest.raises(ValueError, match="batch_size=4 is shared by 3 replicas: give a multiple of their number"):
        model.fit(X, batch_size=4, verbose=0)
