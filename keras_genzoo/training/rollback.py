"""Rollback: what is done when a training diverges."""

import contextlib
import dataclasses
from collections.abc import Callable

from keras_genzoo.artifacts import DIVERGED, DivergedError, Position, Run
from keras_genzoo.callbacks import Divergence, warn_on_error
from keras_genzoo.model import GenerativeModel
from keras_genzoo.printable import say

MOST_ROLLBACKS = 3
"""How often a training goes back to the same checkpoint before it stops."""

Fit = Callable[[Position], Position]


class Rollback:
    """Writes down each divergence, and either stops or goes back to the last checkpoint.

    From there the training goes on by other noise and another order of the images: the same ones would lead to the same
    end. Both are functions of the seed and of the number of rollbacks, which the next checkpoint keeps, so that a
    training that went back and was killed goes on exactly too.

    Args:
        model: the model that is trained.
        run: its run, held by this process.
        allowed: bool, whether to go back, or to stop.
    """

    def __init__(self, model: GenerativeModel, run: Run, allowed: bool):
        self.model = model
        self.run = run
        self.allowed = allowed

    def guarding(self, fit: Fit, position: Position) -> Position:
        """Lets `fit` train from `position` to the end, with all the rollbacks it takes.

        Returns:
            The position at the end.

        Raises:
            DivergedError: the training diverged and may not go back, or not once more.
        """
        if self.allowed and not position.iterations:
            self.run.checkpoints.save(self.model, position)  # to have something to go back to
        tries, last = 0, None
        while True:
            try:
                return fit(position)
            except DivergedError as error:
                with warn_on_error(f"a line of {DIVERGED}"):
                    self.run.log(error.record if isinstance(error, Divergence) else {"what": str(error)}, DIVERGED)
                saved = self.run.checkpoints.restore(self.model, set_aside=True)
                tries = tries + 1 if saved == last else 1
                last = saved
                if not self.allowed or saved is None or tries > MOST_ROLLBACKS:
                    raise DivergedError(f"{error}; {self._advice(saved, tries)}") from error
                position = dataclasses.replace(saved, rollbacks=saved.rollbacks + tries)
                self.model.reseed(position.rollbacks)
                self.run.go_back_to(position)
                with contextlib.suppress(OSError):
                    say(f"\n{error}; going back to {saved.name}, rollback {tries} of {MOST_ROLLBACKS}")

    def _advice(self, saved: Position | None, tries: int) -> str:
        kept = f"'{self.run.checkpoints.folder / saved.name}' is from before" if saved else "nothing was saved"
        if tries > MOST_ROLLBACKS:
            kept = f"so it did after {MOST_ROLLBACKS} rollbacks, too; {kept}"
        train = "Go on from there by --resume --on-nan rollback, or train" if saved and not self.allowed else "Train"
        return (
            f"{kept}. {train} anew with a lower learning rate, such as "
            "--set compile.optimizer.config.learning_rate=1e-4."
        )
