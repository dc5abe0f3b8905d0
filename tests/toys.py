"""Models of two dense layers, for tests of what the base does."""

import keras
import numpy as np
from keras import layers, ops

from keras_genzoo import counter_rng
from keras_genzoo.images import as_floats, to_pixels
from keras_genzoo.model import GenerativeModel
from keras_genzoo.players import Player
from keras_genzoo.sampling import SamplingModel
from keras_genzoo.stages import Stage
from keras_genzoo.types import ArraySpec


def score(shape: tuple[int, ...]) -> keras.Model:
    """One number for each image."""
    inputs = layers.Input(shape)
    return keras.Model(inputs, layers.Dense(1)(layers.Flatten()(inputs)))


def images(count: int, shape: tuple[int, ...] = (2, 2, 1)) -> np.ndarray:
    """Float images in [-1, 1], all different."""
    return np.linspace(-1, 1, count * int(np.prod(shape)), dtype="float32").reshape(count, *shape)


@keras.saving.register_keras_serializable("tests")
class Toy(SamplingModel):
    """Two players without a common interest: each draws its network's score of the images to a goal of its own."""

    logs = ("first_loss", "second_loss")
    ema_of = "first"

    def __init__(self, image_shape=(2, 2, 1), first_steps=1, weight=1.0, first=None, **kwargs):
        super().__init__(**kwargs)
        self.image_shape = tuple(image_shape)
        self.first_steps = first_steps
        self.weight = weight
        self.first, self.second = first or score(self.image_shape), score(self.image_shape)
        self.ready(ArraySpec(self.image_shape))

    def players(self):
        return (
            Player("first", ("first",), self.first_loss, steps=self.first_steps),
            Player("second", ("second",), self.second_loss),
        )

    def first_loss(self, x, y, training):
        loss = self.scheduled(self.weight) * ops.mean(ops.square(self.first(x, training=training) - 1.0))
        return loss, {"first_loss": loss}

    def second_loss(self, x, y, training):
        jitter = keras.random.normal((ops.shape(x)[0], 1), seed=self.seeds)
        loss = ops.mean(ops.square(self.second(x, training=training) + jitter))
        return loss, {"second_loss": loss}

    def call(self, x, training=False):
        return (self.ema or self.first)(x, training=training)

    def sample(self, indices, seed):
        numbers = counter_rng.uniform(seed, indices, int(np.prod(self.image_shape)), xp=ops)
        return ops.reshape(2.0 * numbers - 1.0, (-1, *self.image_shape)) * ops.mean(self.first.weights[0])


class Labeled(Toy):
    """A toy that needs labels."""

    targets = "label"

    def first_loss(self, x, y, training):
        loss = ops.mean(ops.square(self.first(x, training=training)[:, 0] - ops.cast(y, "float32")))
        return loss, {"first_loss": loss}


class Paired(Toy):
    """A toy that needs paired images."""

    targets = "target"

    def first_loss(self, x, y, training):
        loss = ops.mean(ops.square(self.first(x, training=training) - self.first(y, training=training)))
        return loss, {"first_loss": loss}


@keras.saving.register_keras_serializable("tests")
class Growing(SamplingModel):
    """A toy of three stages: images of 1, 2 and 4 pixels, each with an input layer of its own before a common one."""

    logs, ema_of = Toy.logs, ("first", "second")
    first_steps, weight = 2, 1.0
    players, first_loss, second_loss, sample = Toy.players, Toy.first_loss, Toy.second_loss, Toy.sample

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.heads = [layers.Dense(1, name=f"head_{name}") for name in ("first", "second")]
        self._grow(1)
        self.ready(ArraySpec(self.image_shape))

    def stages(self):
        return (
            Stage("one", images=70, batch_size=8, image_size=1, learning_rate=1e-2),
            Stage("two", images=100, batch_size=4, image_size=2, learning_rate={"first": 1e-3}),
            Stage("four"),
        )

    def enter(self, stage):
        self._grow(2**stage)

    def _grow(self, size):
        self.image_shape = (size, size, 1)
        for name, head in zip(("first", "second"), self.heads, strict=True):
            inputs = layers.Input(self.image_shape)
            setattr(self, name, keras.Model(inputs, head(layers.Dense(2)(layers.Flatten()(inputs)))))

    def call(self, x, training=False):
        return self.averaged("first")(x, training=training)


@keras.saving.register_keras_serializable("tests")
class Translating(GenerativeModel):
    """A toy that translates images and has no images of noise: its call takes an image and a strength."""

    logs, targets = ("loss",), "target"
    directions, size_multiple = ("ab",), None
    inputs_as: type = tuple

    def __init__(self, image_shape=(2, 2, 1), **kwargs):
        super().__init__(**kwargs)
        self.image_shape = self.target_shape = tuple(image_shape)
        images = layers.Input(self.image_shape)
        self.translator = keras.Model(images, layers.Dense(1)(images))
        specs = {"images": ArraySpec(self.image_shape), "strengths": ArraySpec(())}
        self.ready(specs if self.inputs_as is dict else tuple(specs.values()))

    def players(self):
        return (Player("translator", ("translator",), self.error),)

    def error(self, x, y, training):
        loss = ops.mean(ops.square(self.translator(x, training=training) - y))
        return loss, {"loss": loss}

    def call(self, inputs, training=False):
        x, strength = inputs.values() if self.inputs_as is dict else inputs
        return x + strength[:, None, None, None] * (self.translator(x, training=training) - x)

    def shapes(self, direction="ab"):
        return self.image_shape, self.target_shape

    def translations_of(self, x, direction="ab"):
        return self.translator(x)

    def translate(self, x, direction="ab", batch_size=64):
        return to_pixels(self.in_batches("translations_of", as_floats(x, self.image_shape, "translate"), batch_size))


class TranslatingByName(Translating):
    """The same with a dictionary."""

    inputs_as = dict


class Darkens(Translating):
    """Translates grey images into colored ones of half the contrast."""

    def __init__(self, size=12):
        super().__init__((size, size, 1))
        self.target_shape = (size, size, 3)

    def shapes(self, direction="ab"):
        return (self.image_shape, self.target_shape)[:: 1 if direction == "ab" else -1]

    def translate(self, x, direction="ab", batch_size=64):
        floats = as_floats(x, self.shapes(direction)[0], "translate")
        return to_pixels(self.in_batches("translations_of", floats, batch_size, direction=direction))

    def translations_of(self, x, direction="ab"):
        return 0.5 * ops.repeat(x, 3, axis=-1) if direction == "ab" else ops.mean(x, axis=-1, keepdims=True)


class ThereAndBack(Darkens):
    """The same, and back: a round trip halves the contrast."""

    directions = ("ab", "ba")
    targets = "other"
