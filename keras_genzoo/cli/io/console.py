"""What the user sees beside results: errors of one line, warnings of ours alone, and no noise of libraries."""

import contextlib
import errno
import importlib.abc
import importlib.machinery
import logging
import os
import sys
import tempfile
import traceback
import types
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

from keras_genzoo.cli.io.streams import loading
from keras_genzoo.printable import printable

_PACKAGE = str(Path(__file__).parents[2])
_MISTAKES = (FileExistsError, FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)
_OF_THE_DISK = (errno.EROFS, errno.ENOSPC, *((errno.EDQUOT,) if os.name != "nt" else ()))
_OF_THE_NAME = (errno.ENAMETOOLONG, errno.ELOOP)
_LONGEST, _LONGEST_OF_OURS = 400, 2_000


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keeps what libraries write to the process's standard error out of sight; Python's exceptions still come."""
    sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # there is no standard error
        yield
        return
    try:
        with tempfile.TemporaryFile() as sink:
            os.dup2(sink.fileno(), 2)
            yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)


class QuietImport(importlib.abc.MetaPathFinder):
    """Imports TensorFlow quietly, whenever it is: it writes some lines then, whatever TF_CPP_MIN_LOG_LEVEL says.

    Keras may import it late, even where it computes on JAX. What takes seconds, `loading` says.
    """

    _around: ClassVar[dict[str, Callable[[], contextlib.AbstractContextManager[None]]]] = {
        "keras": lambda: loading("Keras and its backend"),
        "tensorflow": quiet,
    }

    def find_spec(self, name: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        """Finds a module as the other finders do, and puts `quiet` or `loading` around its execution."""
        around = self._around.get(name)
        if around is None:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_inside(module: types.ModuleType) -> None:
                with around():
                    execute(module)

            spec.loader.exec_module = execute_inside  # type: ignore[method-assign]
        return spec


@contextlib.contextmanager
def calm() -> Iterator[None]:
    """Shows the warnings of this package as one line each, and neither warnings nor logs of the libraries."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if not any(isinstance(finder, QuietImport) for finder in sys.meta_path):
        sys.meta_path.insert(0, QuietImport())
    for name in ("absl", "tensorflow", "jax"):
        logging.getLogger(name).setLevel(logging.ERROR)

    def show(message: Any, category: type[Warning], filename: str, *_: Any) -> None:
        if filename.startswith(_PACKAGE):
            with contextlib.suppress(OSError):  # a log on a disk that is full must not end what it logs
                print(f"genzoo: warning: {printable(message)}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("default", UserWarning)
        warnings.showwarning = show  # type: ignore[assignment]
        yield


def is_mistake(error: BaseException) -> bool:
    """Whether an error is the user's: one that this package raises on purpose, or a path that cannot be used."""
    if isinstance(error, _MISTAKES) or (isinstance(error, OSError) and error.errno in (*_OF_THE_DISK, *_OF_THE_NAME)):
        return True
    frames = traceback.extract_tb(error.__traceback__)
    ours = bool(frames) and frames[-1].filename.startswith(_PACKAGE)
    return isinstance(error, ValueError | ImportError) and ours


def is_ours(error: BaseException) -> bool:
    """Whether an error is of a kind that this package defines, whose message says all there is to say."""
    return type(error).__module__.startswith("keras_genzoo")


def one_line(error: BaseException) -> str:
    """An error's message; of an error that is not ours, its kind and the first line of its message.

    What cannot be printed is escaped: names of files, and what files say, come from anywhere.
    """
    ours = is_mistake(error) or is_ours(error)
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = str(error).strip() if ours else lines[0] if lines else ""
    if isinstance(error, OSError) and error.strerror:
        text = f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    elif not ours:
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    text, longest = printable(text), _LONGEST_OF_OURS if ours else _LONGEST
    return text if len(text) <= longest else f"{text[:longest]}..."
