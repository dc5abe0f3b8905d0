"""What is fed is checked at every door: arrays, lists, streams, datasets, generators and `PyDataset`s."""

import keras
import numpy as np
import pytest

from keras_genzoo import backend
from keras_genzoo.data import ArraySource, Stream
from keras_genzoo.feeding import BatchCheck
from keras_genzoo.models.cvae import CVAE
from tests.toys import Paired, Toy, images

DOORS = ["array", "list", "stream", "dataset", "generator", "py_dataset"]
USES = ["fit", *(pytest.param(use, marks=pytest.mark.slow) for use in ("validation", "evaluate"))]
X, LABELS = images(12), np.arange(12) % 3


class Batches(keras.utils.PyDataset):
    def __init__(self, batches):
        super().__init__()
        self.batches = batches

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, index):
        return self.batches[index]


class Anything:
    """A source of a user's own, which checks nothing."""

    name, class_names, factor_names, other = "anything", None, None, None

    def __init__(self, x, y):
        self.columns = {"image": x} if y is None else {"image": x, "label": y}
        self.image_shape = x.shape[1:]

    def __len__(self):
        return len(self.columns["image"])

    def __getitem__(self, indices):
        return {name: column[indices] for name, column in self.columns.items()}

    def manifest(self):
        return {}


def fed(door, x, y=None, size=4, shuffle=True):
    """Arguments of `fit` by which a door gives these images."""
    if door in ("array", "list"):
        return {"x": x if door == "array" else list(x), "y": y, "batch_size": size}
    if door == "stream":
        return {"x": Stream(Anything(x, y), size, shuffle=shuffle)}
    if door == "dataset":
        if keras.backend.backend() != "tensorflow":
            pytest.skip("tf.data is TensorFlow's")
        import tensorflow as tf

        return {"x": tf.data.Dataset.from_tensor_slices((x,) if y is None else (x, y)).batch(size)}
    firsts = range(0, len(x), size)
    batches = [(x[at : at + size],) if y is None else (x[at : at + size], y[at : at + size]) for at in firsts]
    return {"x": Batches(batches) if door == "py_dataset" else (batch for batch in batches)}


def use(model, how, door, x, y=None, **options):
    """Feeds images to train on, to validate on, or to evaluate."""
    if how == "fit":
        arguments = fed(door, x, y, **options)
        steps = {"steps_per_epoch": 3} if door == "generator" else {}
        return model.fit(**arguments, **steps, verbose=0)
    arguments = fed(door, x, y, **options, shuffle=False)
    steps = 3 if door == "generator" else None
    if how == "evaluate":
        return model.evaluate(**arguments, steps=steps, verbose=0)
    data = arguments["x"] if arguments.get("y") is None else (arguments["x"], arguments["y"])
    good = LABELS if model.targets else None
    return model.fit(X, good, batch_size=4, validation_data=data, validation_steps=steps, verbose=0)


def compiled(model):
    model.compile("sgd", run_eagerly=True)
    return model


@pytest.fixture(scope="module")
def toy():
    return compiled(Toy())


@pytest.fixture(scope="module")
def labeled():
    """A conditional model of the zoo, with three classes, of the toy's images."""
    mlp = {"hidden": (4,)}
    return compiled(
        CVAE(
            (2, 2, 1),
            num_classes=3,
            latent_dim=2,
            encoder={"network": "mlp_encoder", **mlp},
            decoder={"network": "mlp_decoder", **mlp},
        )
    )


def refused(model, how, door, message, x, y=None, **options):
    before = model.get_weights()
    with pytest.raises(ValueError, match=message) as caught:
        use(model, how, door, x, y, **options)
    assert "\n" not in str(caught.value)
    if how == "fit":
        for now, then in zip(model.get_weights(), before, strict=True):
            np.testing.assert_array_equal(now, then)


@pytest.mark.parametrize("how", USES)
@pytest.mark.parametrize("door", DOORS)
def test_what_is_right_is_taken(toy, labeled, how, door):
    use(toy, how, door, X)
    use(labeled, how, door, X, LABELS)


@pytest.mark.parametrize("how", USES)
@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (LABELS + 1, r"labels lie in \[[123], 3\]"),
        (LABELS - 1, r"labels lie in \[-1, -?[01]\]"),
        (LABELS + 0.7, "are float64"),
    ],
    ids=["one too high", "negative", "no integers"],
)
def test_labels_out_of_range(labeled, how, door, labels, message):
    refused(labeled, how, door, message, X, labels)


@pytest.mark.parametrize("how", USES)
@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("x", "message"),
    [
        (127.5 + 127.5 * X, r"images lie in \[[0-9.]+, [0-9.]+\]"),
        (images(12, (4, 2, 1)), r"images have shape \(.*4, 2, 1\), but \(n, 2, 2, 1\) is expected"),
        (X[..., 0], r"images have shape .*2, 2\), but \(n, 2, 2, 1\) is expected: add the channel"),
    ],
    ids=["0 to 255", "another shape", "no channel"],
)
def test_images_of_another_kind(toy, how, door, x, message):
    if door == "stream" and x.ndim == 3:
        pytest.skip("a source has images with channels")
    refused(toy, how, door, message, x)


@pytest.mark.parametrize("how", USES)
@pytest.mark.parametrize("door", [door for door in DOORS if door != "stream"])  # which makes floats of them
def test_pixels_that_are_integers(toy, how, door):
    refused(toy, how, door, "images have dtype uint8, but floats", (127.5 + 127.5 * X).astype("uint8"))


@pytest.mark.parametrize("door", [door for door in DOORS if door not in ("stream", "array", "list")])
def test_a_later_batch_is_checked_too(labeled, door):
    with pytest.raises(ValueError, match=r"labels lie in \[0, 5\]"):
        use(labeled, "fit", door, X, np.where(np.arange(12) == 11, 5, LABELS))


@pytest.mark.parametrize("how", USES)
@pytest.mark.parametrize("door", [door for door in DOORS if door != "stream"])
def test_images_that_are_never_negative_are_warned_of(toy, how, door):
    with pytest.warns(UserWarning, match=r"no pixel is negative: .* give 2 \* x - 1"):
        use(toy, how, door, np.tile([[0.0], [1.0]], (24, 1)).reshape(12, 2, 2, 1).astype("float32"))


@pytest.mark.parametrize("how", ["fit", "evaluate"])
@pytest.mark.parametrize("door", DOORS)
def test_labels_for_a_model_without(toy, how, door):
    if door == "stream":
        pytest.skip("a stream gives what the model takes")
    refused(toy, how, door, "Toy takes no y: leave it out", X, LABELS)


@pytest.mark.parametrize("how", ["fit", "evaluate"])
@pytest.mark.parametrize("door", DOORS)
def test_a_model_without_its_labels(labeled, how, door):
    refused(labeled, how, door, "label", X)


def test_a_list_of_images_is_an_array():
    one, other = compiled(Toy()), compiled(Toy())
    other.set_weights(one.get_weights())
    for model, x in ((one, X), (other, list(X))):
        keras.utils.set_random_seed(0)
        model.fit(x, batch_size=4, verbose=0)
    assert one.iterations == other.iterations == 3
    with pytest.raises(ValueError, match=r"a list of 2 images of the shapes .*: all must have one shape"):
        one.fit([X[0], X[1, :1]], verbose=0)


@pytest.mark.parametrize("door", ["dataset", "generator", "py_dataset"])
@pytest.mark.parametrize("count", [12, 9, 8])
def test_batches_that_do_not_divide_into_turns(door, count):
    model = compiled(Toy(first_steps=2))
    message = "does not divide into 2 turns"
    if count == 8 and door != "dataset":
        use(model, "fit", "generator" if door == "generator" else door, X[:12], size=4)
        assert model.iterations == 3
    elif count == 9:
        with pytest.raises(ValueError, match=message):
            use(model, "fit", door, X[:9], size=4)
        assert all(np.isfinite(weight).all() for weight in model.get_weights())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": {"image": X}}, "a dict holds no batches: give a Stream, an array"),
        ({"x": "faces/"}, "a str holds no batches"),
        ({"x": (X, LABELS)}, "a tuple holds no batches"),
        ({"x": ({"image": X[:4]} for _ in range(3))}, "batches are dictionaries of image, but .*map them"),
        ({"x": ([] for _ in range(3))}, "a batch is empty"),
        ({"x": (("a",) for _ in range(3))}, "a batch begins with 'a', but an array of images"),
        ({"x": ((X[:4], None, X[:4]) for _ in range(3))}, "sample_weight has no meaning for its losses"),
        ({"x": (image for image in X)}, r"images have shape \(2, 2, 1\), but \(n, 2, 2, 1\).*: batch the dataset"),
        ({"x": (X[:4] for _ in range(3)), "y": LABELS}, "y goes with arrays"),
        ({"validation_data": (X, None, None)}, "is a tuple of 3, but x, .* or .x, y. is expected"),
        ({"validation_data": ()}, "is a tuple of 0"),
        ({"batch_size": 0}, "batch_size=0, but an integer"),
        ({"batch_size": 2.0}, r"batch_size=2\.0, but an"),
        ({"validation_batch_size": -1, "validation_data": X}, "batch_size=-1, but an"),
        ({"steps_per_epoch": 0}, "steps_per_epoch=0, but an"),
        ({"epochs": -1}, "epochs=-1, but an"),
        ({"initial_step": True}, "initial_step=True, but an"),
    ],
)
def test_what_no_door_takes(toy, arguments, message):
    with pytest.raises(ValueError, match=message):
        toy.fit(**{"x": X, "batch_size": 4, "verbose": 0, "steps_per_epoch": 3, **arguments})


def test_validation_data_may_be_a_tuple_of_images_alone(toy):
    assert "val_first_loss" in toy.fit(X, batch_size=4, validation_data=(X,), verbose=0).history


def test_a_paired_image_is_checked_too():
    with pytest.raises(ValueError, match=r"y: images lie in \[-127.5, 127.5\]"):
        compiled(Paired()).fit(X, 127.5 * X, batch_size=4, verbose=0)


@pytest.mark.parametrize("method", ["train_on_batch", "test_on_batch"])
def test_single_batches(toy, labeled, method):
    call = getattr(toy, method)
    call(X[:4])
    with pytest.raises(ValueError, match=rf"Toy.{method}: images lie in"):
        call(127.5 * X[:4])
    with pytest.raises(ValueError, match="labels lie in"):
        getattr(labeled, method)(X[:4], np.arange(4))


def check(**options):
    return BatchCheck("here", (2, 2, 1), lambda y, count, where: None, **options)


@pytest.mark.parametrize(
    ("size", "options", "message"),
    [
        (33, {"replicas": 2}, "a batch of 33 images cannot be shared by 2 replicas: give multiples of 2"),
        (6, {"replicas": 2, "turns": 2}, "cannot be shared by 2 replicas in 2 turns: give multiples of 4"),
        (1, {"replicas": 2, "training": False}, "leaves one of 2 replicas without"),
        (0, {"turns": 3}, "a batch of 0 images does not divide into 3 turns"),
    ],
)
def test_batches_for_replicas(size, options, message):
    with pytest.raises(ValueError, match=message):
        check(**options).check_size(size)


def test_validation_leaves_no_replica_without_images(monkeypatch, toy):
    monkeypatch.setattr(backend, "replicas", lambda model=None: 4)

    def size(count, batch_size):
        return toy._shared_size(Stream(ArraySource(images(count)), batch_size, shuffle=False), "here")

    assert (size(32, 16), size(33, 16), size(34, 18)) == (16, 12, 12)  # remainders 0, 9 and 10
    with pytest.raises(ValueError, match="3 images in batches of 3 cannot be shared by 4 replicas"):
        size(3, 3)


def test_steps_that_do_not_fill_executions():
    model = Toy()
    model.compile("sgd", steps_per_execution=3)
    with pytest.raises(ValueError, match="an epoch of 4 steps, but compile was given steps_per_execution=3"):
        model.fit(X, batch_size=2, steps_per_epoch=4, verbose=0)
    model.fit(images(16), batch_size=2, verbose=0)  # 8 steps, of which 6 fill executions
    assert model.iterations == 6


@pytest.mark.parametrize("use", ["fit", "evaluate"])
@pytest.mark.parametrize("good", [0, 1])
def test_an_error_in_the_data_leaves_the_model_whole(use, good):
    def batches():
        for _ in range(good):
            yield (X[:4],)
        raise KeyboardInterrupt

    model = compiled(Toy())
    weights = model.get_weights()
    with pytest.raises(KeyboardInterrupt):
        if use == "fit":
            model.fit(batches(), steps_per_epoch=3, verbose=0)
        else:
            model.evaluate(batches(), steps=3, verbose=0)
    assert [weight.shape for weight in model.get_weights()] == [weight.shape for weight in weights]
    model.fit(X, batch_size=4, verbose=0)
