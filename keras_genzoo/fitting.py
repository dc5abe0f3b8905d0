"""`fit` and `evaluate`: streams, arrays and datasets as batches, and checks of them."""

import contextlib
import math
import warnings
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import keras
from keras import ops

from keras_genzoo import backend, images
from keras_genzoo.bounds import SEEDS, integer_in
from keras_genzoo.data import ArraySource, Stream
from keras_genzoo.data.stream import in_words
from keras_genzoo.feeding import BatchCheck, as_array, checked, warn_if_never_negative
from keras_genzoo.guard import Guard
from keras_genzoo.stages import Staged

VALIDATION_SEED = 1


class Fitting(Staged):
    """The part of a `GenerativeModel` that turns what a user has into batches of `turns * batch_size` images."""

    handing_back_state: Callable[[], contextlib.AbstractContextManager]
    targets: ClassVar[str | None]

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        validation_data: Any = None,
        validation_batch_size: int | None = None,
        steps_per_epoch: int | None = None,
        initial_epoch: int = 0,
        initial_step: int = 0,
        callbacks: Any = None,
        verbose: Any = "auto",
        guard: bool = True,
        **kwargs: Any,
    ) -> keras.callbacks.History:
        """Trains, going on in the data where `images_seen` says that this model stands, through the model's stages.

        Args:
            x: a `Stream`; an array, or a list of images, floats in [-1, 1], with `batch_size`; or a dataset or
                generator as Keras takes them, whose batches must then hold `turns * batch_size` images.
            y: labels, paired images, or any number of images of a second domain, with arrays.
            batch_size: integer, images that one turn of a player sees, with arrays; 32 by default.
            epochs: integer, the number of the epoch after which to stop.
            validation_data: a `Stream`, `(x, y)` arrays, `x` alone, or a dataset.
            validation_batch_size: integer, as `batch_size`, for validation arrays.
            steps_per_epoch: integer; by default as many as go once through the images.
            initial_epoch: integer, complete epochs before this call.
            initial_step: integer, train steps that were taken before this call in the epoch that is not complete.
            callbacks, verbose: as in Keras.
            guard: bool, whether to stop within a step when a loss or a weight is not finite: see `callbacks.Guard`.
            kwargs: `validation_freq`, ... as in Keras.

        Raises:
            ValueError: images out of [-1, 1] or of another shape, a batch that does not divide into turns, labels out
                of range, `sample_weight`, ...
            Divergence: a loss or a weight is NaN or infinite.
        """
        where = f"{type(self).__name__}.fit"
        for name in ("sample_weight", "class_weight"):
            if kwargs.pop(name, None) is not None:
                raise ValueError(f"{where}: {name} has no meaning here: leave it out.")
        if kwargs.pop("validation_split", None):
            raise ValueError(f"{where}: validation_split is not taken: give validation_data.")
        if x is None:
            raise ValueError(f"{where} needs images: a Stream, an array or a dataset.")
        if kwargs.pop("shuffle", True) is False:
            raise ValueError(f"{where}: shuffle=False is not taken: a stream's order is a function of its seed.")
        self._check_counts(where, 0, epochs=epochs, initial_epoch=initial_epoch, initial_step=initial_step)
        validation_steps = kwargs.get("validation_steps")
        self._check_counts(where, 1, steps_per_epoch=steps_per_epoch, validation_steps=validation_steps)
        stream = self._stream(x, y, batch_size, True, where)
        if stream is not None and not stream.shuffle:
            raise ValueError(f"{where}: this stream is one of held-out images, in one pass: give the one to train on.")
        if stream is None:
            self._refuse_targets(y, where)
        held_out, place = None, f"{where}: validation_data"
        if validation_data is not None:
            pair = _pair(validation_data, place)
            held_out = self._stream(*pair, validation_batch_size or batch_size, False, place)
            if held_out is None:
                self._refuse_targets(pair[1], place)
        watch = Guard(stream, first_step=initial_step) if guard else None
        listeners = self._callback_list(callbacks, watch, verbose, epochs)
        epoch, step = initial_epoch, initial_step
        while epoch < epochs:
            if not step:  # a stage begins with an epoch
                self.begin_stage(max(self.stage, self.due_stage()))
            checks = [self._check(where, stream), self._check(place, held_out, training=False)]
            data, steps = self._training_data(x, stream, steps_per_epoch, where, checks[0])
            if held_out is not None:
                at_size = held_out.at(image_size=self.stages()[self.stage].image_size)
                validation, kwargs["validation_steps"] = self._one_pass(at_size, checks[1])
            else:
                validation = None
                if validation_data is not None:
                    validation = checked(pair[0], checks[1], validation_steps)
            if step and steps is not None and step >= steps:
                raise ValueError(f"{where}: initial_step is {step:,}, but an epoch has {steps:,} steps: give fewer.")
            if step:  # the rest of the epoch that is not complete
                until, steps = epoch + 1, None if steps is None else steps - step
            else:
                until = epoch + self._epochs_in_stage(stream, steps, epochs - epoch, where)
            listeners.set_params({"verbose": verbose, "epochs": epochs, "steps": steps})
            with self.handing_back_state(), _in_plain_words(checks):
                super().fit(
                    data,
                    epochs=until,
                    initial_epoch=epoch,
                    shuffle=False,
                    validation_data=validation,
                    steps_per_epoch=steps,
                    callbacks=listeners,
                    verbose=verbose,
                    **kwargs,
                )
            if self.stop_training:
                break
            epoch, step = until, 0
        return self.history

    def _callback_list(
        self, callbacks: Any, guard: Guard | None, verbose: Any, epochs: int
    ) -> keras.callbacks.CallbackList:
        """One list for all stages, so that there is one history, and callbacks know the last epoch."""
        if isinstance(callbacks, keras.callbacks.CallbackList):
            return callbacks
        callbacks = list(keras.tree.flatten(callbacks)) if callbacks else []
        if guard is not None and not any(isinstance(callback, Guard) for callback in callbacks):
            callbacks.insert(0, guard)
        progress = {"add_progbar": verbose != 0, "verbose": verbose}
        return keras.callbacks.CallbackList(
            callbacks, add_history=True, epochs=epochs, steps=None, model=self, **progress
        )

    def in_stage(self, stream: Stream) -> Stream:
        """The images of a stream in the batches, and of the size, of the present stage."""
        stage = self.stages()[self.stage]
        return stream.at(stage.batch_size, stage.image_size)

    def _training_data(
        self, x: Any, stream: Stream | None, steps_per_epoch: int | None, where: str, check: BatchCheck
    ) -> tuple[Any, int | None]:
        """Batches from the present image on, in the present stage, and how many of them are an epoch."""
        stage = self.stages()[self.stage]
        if stream is not None:
            stream = self.in_stage(stream)
            self._check_replicas(stream, where)
            steps = self._in_executions(steps_per_epoch, stream.steps(self.turns), where)
            return stream.batches(self.turns, self.targets, self.images_seen, check), steps
        if stage.batch_size is not None or stage.image_size is not None:
            raise ValueError(
                f"{where}: the stage '{stage.name}' has batches or images of its own, which a dataset cannot give: "
                "give a Stream, or arrays."
            )
        asked = None if steps_per_epoch is None else self._in_executions(steps_per_epoch, 0, where)
        return checked(x, check, asked), asked

    def _in_executions(self, asked: int | None, whole: int, where: str) -> int:
        """The train steps of an epoch, `asked` or, by default, `whole`: a multiple of `steps_per_execution`."""
        together = self.steps_per_execution
        steps = whole // together * together if asked is None else asked
        if steps % together or not steps:
            raise ValueError(
                f"{where}: an epoch of {asked or whole} steps, but compile was given steps_per_execution={together}, "
                "which Keras takes whole: give a steps_per_epoch that it divides."
            )
        return steps

    def _epochs_in_stage(self, stream: Stream | None, steps: int | None, most: int, where: str) -> int:
        """The number of epochs that are left in the present stage, at most `most`."""
        images = self.border(self.stage) - self.images_seen
        if images == float("inf"):
            return most
        if stream is None or steps is None:
            raise ValueError(f"{where}: a model with stages needs a Stream, or arrays, to count images.")
        size = self.turns * (self.stages()[self.stage].batch_size or stream.batch_size)
        return min(most, math.ceil(images / (steps * size)))

    def _check_replicas(self, stream: Stream, where: str) -> None:
        if stream.batch_size % backend.replicas(self):
            raise ValueError(
                f"{where}: batch_size={stream.batch_size} is shared by {backend.replicas(self)} replicas: give a "
                "multiple of their number."
            )

    def evaluate(self, x: Any = None, y: Any = None, batch_size: int | None = None, **kwargs: Any) -> Any:
        """Every player's losses on held-out images, with the same noise each time; arguments as for `fit`."""
        # Where JAX trains, its state is with the trainer until `fit` hands it back, as it has before validating.
        self._validation_seeds.state.assign(ops.cast([VALIDATION_SEED, 0], self._validation_seeds.state.dtype))
        if kwargs.get("_use_cached_eval_dataset"):
            with self.handing_back_state():
                return super().evaluate(x, y, batch_size=None, **kwargs)
        where = f"{type(self).__name__}.evaluate"
        if kwargs.pop("sample_weight", None) is not None:
            raise ValueError(f"{where}: sample_weight has no meaning here: leave it out.")
        stream = self._stream(x, y, batch_size, False, where)
        check = self._check(where, stream, training=False)
        if stream is not None:
            x, kwargs["steps"] = self._one_pass(stream, check)
        else:
            self._refuse_targets(y, where)
            x = checked(x, check, kwargs.get("steps"))
        with self.handing_back_state(), _in_plain_words([check]):
            return super().evaluate(x, batch_size=None, **kwargs)

    def train_on_batch(self, x: Any, y: Any = None, **kwargs: Any) -> Any:
        """One train step; arguments and result as in Keras."""
        with self.handing_back_state():
            return super().train_on_batch(*self._one_batch(x, y, "train_on_batch"), **kwargs)

    def test_on_batch(self, x: Any, y: Any = None, **kwargs: Any) -> Any:
        """Every player's losses on a batch; arguments and result as in Keras."""
        with self.handing_back_state():
            return super().test_on_batch(*self._one_batch(x, y, "test_on_batch"), **kwargs)

    def _one_batch(self, x: Any, y: Any, method: str) -> tuple[Any, Any]:
        where = f"{type(self).__name__}.{method}"
        array = as_array(x, where)
        self._check(where, None, training=method == "train_on_batch")((x if array is None else array, y))
        return array, y

    def _one_pass(self, stream: Stream, check: BatchCheck) -> tuple[Any, int | None]:
        """Batches for validation, also of a shuffled stream, which has no end, and how many they are if they do not."""
        stream = stream.at(self._shared_size(stream, check.where))
        data = stream.batches(1, self.targets, check=check)
        steps, rest = -(-len(stream) // stream.batch_size), len(stream) % stream.batch_size
        if 0 < rest < backend.replicas(self):  # of a few images only
            steps -= 1
            warnings.warn(
                f"{check.where}: {rest} of {len(stream)} images are left out: a replica had none.", stacklevel=4
            )
        return (data.take(steps), None) if backend.NAME == "tensorflow" else (data, steps)

    def _shared_size(self, stream: Stream, where: str) -> int:
        """The batch size, or the next smaller or larger one that leaves no replica without images in the last batch."""
        replicas, count = backend.replicas(self), len(stream)
        largest = min(stream.batch_size, count) // replicas * replicas  # Keras wants even shares of the first batch
        if not largest:
            raise ValueError(
                f"{where}: {count} images in batches of {stream.batch_size} cannot be shared by {replicas} replicas: "
                "give more."
            )
        if replicas == 1:
            return stream.batch_size
        sizes = (*range(largest, 0, -replicas), *range(largest, count, replicas))
        return next((size for size in sizes if not 0 < count % size < replicas), largest)

    def _stream(self, x: Any, y: Any, batch_size: int | None, shuffle: bool, where: str) -> Stream | None:
        """The `Stream` that `x` is, or can be made of it if it is an array; None for datasets and generators."""
        self._check_counts(where, 1, batch_size=batch_size)
        if isinstance(x, Stream):
            self._refuse_targets(y, where)
            return x
        array = as_array(x, where)
        if array is None:
            return None
        check = self._check(where, None)
        check.check_shape(array.shape)
        images.check_range(array, where)
        warn_if_never_negative(array, where)
        target: dict[str, Any] = {}
        if y is not None:
            given: Any = as_array(y, where)
            unpaired = self.targets == "other"  # and so of a number of their own
            check.check_targets(given, len(given) if unpaired else len(array), where)
            target = {str(self.targets): ArraySource(given.astype("float32"), name="y") if unpaired else given}
        return Stream(ArraySource(array.astype("float32"), **target), batch_size or 32, shuffle=shuffle)

    def _check(self, where: str, stream: Stream | None, training: bool = True) -> BatchCheck:
        """The check of each batch of the present stage."""
        shape, size = self.image_shape, self.stages()[self.stage].image_size
        if size is not None:
            shape = (size, shape[1] * size // shape[0], *shape[2:])
        replicas, turns = backend.replicas(self), self.turns if training else 1
        return BatchCheck(where, shape, self.check_targets, turns, replicas, training, trusted=stream is not None)

    def check_targets(self, y: Any, count: int, where: str) -> None:
        """Raises a ValueError unless `y`, an array or None, can be the targets of `count` images."""
        name = type(self).__name__
        if y is None:
            if self.targets is not None:
                raise ValueError(f"{where}: {name} needs {in_words(self.targets)} for each image: give batches (x, y).")
            return
        if self.targets is None:
            raise ValueError(f"{where}: {name} takes no y: leave it out.")
        if y.ndim == 0 or len(y) != count:
            raise ValueError(
                f"{where}: {count} images, but y has shape {y.shape}: give {in_words(self.targets)} for each."
            )
        if self.targets in ("target", "other"):
            images.check_range(y, f"{where}: y")

    def _refuse_targets(self, y: Any, where: str) -> None:
        if y is not None:
            raise ValueError(f"{where}: y goes with arrays: leave it out, and let the data give batches (x, y).")

    @staticmethod
    def _check_counts(where: str, least: int, **counts: Any) -> None:
        for name, value in counts.items():
            if value is not None:
                integer_in(value, least, SEEDS, f"{where}: {name}")


def _pair(validation_data: Any, where: str) -> tuple[Any, Any]:
    """Images and targets of what a user gave to validate on."""
    if not isinstance(validation_data, tuple):
        return validation_data, None
    if not 1 <= len(validation_data) <= 2:
        raise ValueError(f"{where} is a tuple of {len(validation_data)}, but x, (x,) or (x, y) is expected.")
    return validation_data[0], validation_data[1] if len(validation_data) == 2 else None


@contextlib.contextmanager
def _in_plain_words(checks: list[BatchCheck]) -> Iterator[None]:
    """Raises what a check raised where TensorFlow, or a thread, made other words of it."""
    try:
        yield
    except Exception:
        for check in checks:
            if check.error is not None:
                raise check.error from None
        raise
