"""`fit` and `evaluate`: streams, arrays and datasets as batches, and checks of them."""

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_genzoo import backend, images
from keras_genzoo.data import ArraySource, Stream
from keras_genzoo.stages import Staged

VALIDATION_SEED = 1


class Fitting(Staged):
    """The part of a `GenerativeModel` that turns what a user has into batches of `turns * batch_size` images."""

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
        **kwargs: Any,
    ) -> keras.callbacks.History:
        """Trains, going on in the data where `images_seen` says that this model stands, through the model's stages.

        Args:
            x: a `Stream`; arrays of float images in [-1, 1] with `batch_size`; or a dataset or generator as Keras
                takes them, whose batches must then hold `turns * batch_size` images.
            y: labels or paired images, with arrays.
            batch_size: integer, images that one turn of a player sees, with arrays; 32 by default.
            epochs: integer, the number of the epoch after which to stop.
            validation_data: a `Stream`, `(x, y)` arrays, `x` alone, or a dataset.
            validation_batch_size: integer, as `batch_size`, for validation arrays.
            steps_per_epoch: integer; by default as many as go once through the images.
            initial_epoch: integer, complete epochs before this call.
            initial_step: integer, train steps that were taken before this call in the epoch that is not complete.
            callbacks, verbose: as in Keras.
            kwargs: `validation_freq`, ... as in Keras.

        Raises:
            ValueError: images out of [-1, 1], a batch that does not divide into turns, `sample_weight`, ...
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
        stream = self._stream(x, y, batch_size, True, where)
        if stream is not None and not stream.shuffle:
            raise ValueError(f"{where}: this stream is one of held-out images, in one pass: give the one to train on.")
        held_out = None
        if validation_data is not None:
            pair = validation_data if isinstance(validation_data, tuple) else (validation_data, None)
            place = f"{where}: validation_data"
            held_out = self._stream(pair[0], pair[1], validation_batch_size or batch_size, False, place)
            if held_out is None:
                self._check_dataset(validation_data, place, 1, kwargs.get("validation_steps"))
        dataset = x if y is None else (x, y)
        listeners = self._callback_list(callbacks, verbose, epochs)
        epoch, step = initial_epoch, initial_step
        while epoch < epochs:
            if not step:  # a stage begins with an epoch
                self.begin_stage(max(self.stage, self.due_stage()))
            data, steps = self._training_data(dataset, stream, steps_per_epoch, where)
            if held_out is not None:
                at_size = held_out.at(image_size=self.stages()[self.stage].image_size)
                validation_data, kwargs["validation_steps"] = self._one_pass(at_size)
            if step:  # the rest of the epoch that is not complete
                until, steps = epoch + 1, None if steps is None else steps - step
            else:
                until = epoch + self._epochs_in_stage(stream, steps, epochs - epoch, where)
            listeners.set_params({"verbose": verbose, "epochs": epochs, "steps": steps})
            super().fit(
                data,
                epochs=until,
                initial_epoch=epoch,
                shuffle=False,
                validation_data=validation_data,
                steps_per_epoch=steps,
                callbacks=listeners,
                verbose=verbose,
                **kwargs,
            )
            if self.stop_training:
                break
            epoch, step = until, 0
        return self.history

    def _callback_list(self, callbacks: Any, verbose: Any, epochs: int) -> keras.callbacks.CallbackList:
        """One list for all stages, so that there is one history, and callbacks know the last epoch."""
        if isinstance(callbacks, keras.callbacks.CallbackList):
            return callbacks
        progress = {"add_progbar": verbose != 0, "verbose": verbose}
        return keras.callbacks.CallbackList(
            callbacks, add_history=True, epochs=epochs, steps=None, model=self, **progress
        )

    def in_stage(self, stream: Stream) -> Stream:
        """The images of a stream in the batches, and of the size, of the present stage."""
        stage = self.stages()[self.stage]
        return stream.at(stage.batch_size, stage.image_size)

    def _training_data(
        self, dataset: Any, stream: Stream | None, steps_per_epoch: int | None, where: str
    ) -> tuple[Any, int | None]:
        """Batches from the present image on, in the present stage, and how many of them are an epoch."""
        stage = self.stages()[self.stage]
        if stream is not None:
            stream = self.in_stage(stream)
            self._check_replicas(stream, where)
            steps = steps_per_epoch or stream.steps(self.turns)
            return stream.batches(self.turns, self.targets, start=self.images_seen), steps
        if stage.batch_size is not None or stage.image_size is not None:
            raise ValueError(
                f"{where}: the stage '{stage.name}' has batches or images of its own, which a dataset cannot give: "
                "give a Stream, or arrays."
            )
        self._check_dataset(dataset[0] if isinstance(dataset, tuple) else dataset, where, self.turns, steps_per_epoch)
        return dataset, steps_per_epoch

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
        if not kwargs.get("_use_cached_eval_dataset"):
            stream = self._stream(x, y, batch_size, False, f"{type(self).__name__}.evaluate")
            if stream is not None:
                y, (x, kwargs["steps"]) = None, self._one_pass(stream)
        return super().evaluate(x, y, batch_size=None, **kwargs)

    def _one_pass(self, stream: Stream) -> tuple[Any, int | None]:
        """Batches for validation, also of a shuffled stream, which has no end, and how many they are if they do not."""
        steps, remainder = stream.steps(), len(stream) % stream.batch_size
        if 0 < remainder < backend.replicas(self) and steps > 1:
            steps -= 1  # a replica would get no image, which convolutions refuse
        data = stream.batches(1, self.targets)
        return (data.take(steps), None) if backend.NAME == "tensorflow" else (data, steps)

    def _stream(self, x: Any, y: Any, batch_size: int | None, shuffle: bool, where: str) -> Stream | None:
        """The `Stream` that `x` is, or can be made of it if it is an array; None for datasets and generators."""
        if isinstance(x, Stream):
            return x
        if not (isinstance(x, np.ndarray) or ops.is_tensor(x)):
            return None
        if y is not None and self.targets is None:
            raise ValueError(f"{where}: {type(self).__name__} takes no y: leave it out.")
        array = images.check_range(ops.convert_to_numpy(x), where)
        target = {} if y is None else {self.targets: ops.convert_to_numpy(y)}
        return Stream(ArraySource(array.astype("float32"), **target), batch_size or 32, shuffle=shuffle)

    def _check_dataset(self, data: Any, where: str, turns: int, steps: int | None) -> None:
        facts = backend.dataset_facts(data)
        if facts is None:
            return
        where = f"{where}: the dataset"
        if "float" not in facts.dtype:
            raise ValueError(
                f"{where}'s images have dtype {facts.dtype}, but floats in [-1, 1] are expected: map them through "
                "keras_genzoo.images.from_pixels."
            )
        if facts.batches == 0:
            raise ValueError(f"{where} is empty: is a batch larger than the data, and drop_remainder=True?")
        if facts.batches is None and steps is None:
            raise ValueError(
                f"{where} does not know its length, and Keras would take one step too many in each pass: give the "
                "number of steps, or apply tf.data.experimental.assert_cardinality."
            )
        if turns > 1 and (facts.batch_size is None or facts.batch_size % turns):
            raise ValueError(
                f"{where}'s batches hold {facts.batch_size or 'an unknown number of'} images, which does not divide "
                f"into {turns} turns: batch {turns} * batch_size with drop_remainder=True."
            )
