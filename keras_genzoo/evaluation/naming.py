"""Words for what is measured, checked before anything is loaded."""

from keras_genzoo.artifacts import located

BASELINES = ("real", "noise")
"""Words for a subject: other real images, as the best that can be reached, and white noise, as the worst."""

SUBJECTS = "a run folder, a SavedModel, a folder of images, 'real' or 'noise'"


class EvaluationError(ValueError):
    """Something cannot be measured as requested; the message is one line and says what to do."""


def check_named(name: str, data: str | None) -> None:
    """Refuses a subject that is not there, or that needs `data`, before anything is loaded.

    Raises:
        EvaluationError: it does.
    """
    path = located(name)
    if not path.exists() and name not in BASELINES:
        raise EvaluationError(f"there is no '{name}': give {SUBJECTS}.")
    if data is None and not (path / "config.json").is_file():
        raise EvaluationError(
            f"'{name}' is no run folder, so say by --data which real images to measure it against: a dataset, a folder "
            "of images, or a run."
        )
