"""SavedModels of others: checked before they are loaded, since a SavedModel is a program.

Loading one runs its initializers, and asking it for images runs the rest; TensorFlow has operations that read and write
files, start servers, and call Python. Here the file is read as data, nothing of which runs. Operations are not searched
for a list of bad names, which would never be complete: only those pass that

- TensorFlow knows, and that have neither state nor a string attribute of their own, so that they can name no file,
  host, program or function of Python: nearly all of mathematics; or
- a short list names (`_HARMLESS`): variables, random numbers, calls, tables in memory.

TensorFlow's own saver, which is in every SavedModel, may read and write checkpoints where nothing else can call it.

What this does not promise: a graph that passes may still take time and memory without limit, or meet a fault of
TensorFlow's kernels. Run what you do not trust at all in a container.
"""

import functools
import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

GRAPH = "saved_model.pb"
LIMIT = 32 * 2**20
"""Bytes of the largest graph that is checked: it takes up to 60 times as much memory. Those of real models have a few
million, since weights are kept beside them."""
MOST_OPERATIONS = 1_000_000
"""Operations that are checked, in ten seconds or so; real models have some thousand."""

# Operations with a state or with strings, and without a way out of the graph.
_HARMLESS = re.compile(
    r"""
    VarHandleOp | VarIsInitializedOp | VariableShape | (Read|Assign|AssignAdd|AssignSub)VariableOp | DestroyResourceOp
    | DisableCopyOnRead | Resource(Gather|GatherNd|Scatter\w+|StridedSliceAssign) | Resource(Sparse)?Apply\w+
    | (Stateful)?PartitionedCall | If | While | Case | Enter | DeviceIndex
    | Assert | CheckNumerics(V2)? | PreventGradient | GuaranteeConst
    | Random(Uniform|UniformInt|StandardNormal|Gamma|Poisson|PoissonV2|Shuffle|Crop) | TruncatedNormal | Multinomial
    | ParameterizedTruncatedNormal | SampleDistortedBoundingBox(V2)? | StatelessRandomGetAlg | NonDeterministicInts
    | Stateful(Uniform|UniformInt|UniformFullInt|StandardNormal|StandardNormalV2|TruncatedNormal|RandomBinomial)
    | RngSkip | RngReadAndSkip | CudnnRNN(Backprop)?(V2|V3)?
    | (HashTable|MutableHashTable|MutableHashTableOfTensors|MutableDenseHashTable)V2 | InitializeTableV2
    | Anonymous(HashTable|MutableHashTable|MutableHashTableOfTensors|MutableDenseHashTable)
    | LookupTable(Find|Insert|Remove|Size|Export|Import)V2 | TensorArray\w*V3 | TensorArrayGradWithShape
    | String\w+ | AsString | Substr | ReduceJoin | UnsortedSegmentJoin | (Static)?Regex\w+ | Unicode\w+
    | (Decode|Encode)Base64 | DecodeRaw | Fingerprint | EncodeJpeg
    | Einsum | GatherNd | ScatterNd\w* | TensorScatter\w+ | ImageProjectiveTransformV[23] | ScaleAndTranslate(Grad)?
    | ExtractGlimpse(V2)? | DataFormat(DimMap|VecPermute) | RaggedTensorToTensor | (Ragged|Sparse)Cross(V2)?
    | (Dense|Sparse)To(Dense|Sparse)SetOperation
    """,
    re.VERBOSE,
)
_SAVER = frozenset({"SaveV2", "RestoreV2", "ShardedFilename", "MergeV2Checkpoints"})
_SAVER_NAME = re.compile(r"__inference_([A-Za-z0-9_]+)_\d+")
_SHOWN = 3


class ForeignModelError(ValueError):
    """Raised for a SavedModel that is damaged, or could do more than compute; the message is one line."""


def check_saved_model(path: str | os.PathLike) -> str:
    """Reads the graph of a SavedModel without loading it, and refuses one that could do more than compute.

    Args:
        path: the folder.

    Returns:
        A summary of what was checked, for records.

    Raises:
        ForeignModelError: it is damaged, reaches out of its folder, or has operations that are not known as harmless.
    """
    path = Path(path)
    _check_files(path)
    content = (path / GRAPH).read_bytes()
    meta_graph = _parse(path, content)
    library = meta_graph.graph_def.library.function
    names = {function.signature.name for function in library}
    saver = _saver(meta_graph, content)
    harmless = functools.cache(_is_harmless)
    found = dict[str, None]()
    count = sum(len(nodes) for _, nodes in _bodies(meta_graph))
    if count > MOST_OPERATIONS:
        raise _refused(path, f"it has {count:,} operations, more than the {MOST_OPERATIONS:,} that are checked")
    for function, nodes in _bodies(meta_graph):
        where = f" in {_shown(_clean(function))}" if function else ""
        for node in nodes:
            if not (harmless(node.op) or node.op in names or (function in saver and node.op in _SAVER)):
                found[f"{_shown(node.op)}{where}"] = None
            for name in _called(node.attr):
                if name not in names:  # after loading, it would be some other function of this process
                    found[f"a call of {_shown(name)}{where}"] = None
    if found:
        more = f" and {len(found) - _SHOWN:,} more" if len(found) > _SHOWN else ""
        raise _refused(path, f"{', '.join(list(found)[:_SHOWN])}{more} may reach files, other programs or the network")
    return f"{count:,} operations in {len(library):,} functions"


def _refused(path: Path, reason: str) -> ForeignModelError:
    return ForeignModelError(
        f"'{path}' was not loaded, since a SavedModel is a program: {reason}; load it by --trust (in Python: "
        "trust=True) if you know who made it."
    )


def _check_files(path: Path) -> None:
    """Refuses what is not a folder of files, leads out of it, or is too large to be checked."""
    inside = os.path.realpath(path)
    for folder, folders, files in os.walk(path):
        for name in (*folders, *files):
            entry = Path(folder, name)
            shown = _shown(str(entry.relative_to(path)))
            if entry.is_symlink() and not os.path.realpath(entry).startswith(inside + os.sep):
                raise _refused(path, f"its '{shown}' is a link out of the folder")
            try:
                status = entry.stat()
            except OSError as error:
                raise _refused(path, f"its '{shown}' cannot be read") from error
            if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
                raise _refused(path, f"its '{shown}' is not a file")
            # Of these, TensorFlow too reads the whole at once.
            if entry.suffix == ".pb" and status.st_size > LIMIT:
                raise _refused(path, f"its '{shown}' has more than {LIMIT:,} bytes")
    if not (path / GRAPH).is_file():
        raise ForeignModelError(f"'{path}' cannot be loaded as a SavedModel: it has no {GRAPH}.")


def _parse(path: Path, content: bytes) -> Any:
    """Returns the only graph of a SavedModel, as TensorFlow's message."""
    from tensorflow.core.protobuf import saved_model_pb2

    model = saved_model_pb2.SavedModel()
    try:
        model.ParseFromString(content)
    except Exception as error:  # protobuf's DecodeError, of a package without types
        raise ForeignModelError(f"'{path}' cannot be loaded as a SavedModel: its {GRAPH} is damaged.") from error
    if len(model.meta_graphs) != 1 or not model.meta_graphs[0].HasField("object_graph_def"):
        raise ForeignModelError(
            f"'{path}' cannot be loaded as a SavedModel: it was not written by TensorFlow 2, so it has no endpoints."
        )
    return model.meta_graphs[0]


def _bodies(meta_graph: Any) -> Iterator[tuple[str, Any]]:
    """The graph's own operations, under the name "", and those of each function."""
    yield "", meta_graph.graph_def.node
    for function in meta_graph.graph_def.library.function:
        yield function.signature.name, function.node_def


def _called(attributes: Mapping[str, Any]) -> Iterator[str]:
    """Names of the functions in the attributes of an operation; a function may come with attributes of its own."""
    for value in attributes.values():
        for function in (value.func, *value.list.func):
            if function.name:
                yield function.name
            yield from _called(function.attr)


def _is_harmless(name: str) -> bool:
    from tensorflow.core.framework import types_pb2
    from tensorflow.python.framework import op_def_registry

    operation = op_def_registry.get(name)
    if operation is None:
        return False
    strings = any(argument.type == types_pb2.DT_STRING for argument in operation.input_arg) or any(
        attribute.type in ("string", "list(string)") and not attribute.HasField("allowed_values")
        for attribute in operation.attr
    )
    internal = name.startswith("_")  # which TensorFlow writes into graphs itself, after they are loaded
    return _HARMLESS.fullmatch(name) is not None or not (operation.is_stateful or strings or internal)


def _saver(meta_graph: Any, content: bytes) -> set[str]:
    """Functions of the saver: called by its nodes alone, and named nowhere else in the whole file.

    The nodes themselves do not run: the loader takes functions from the library, and reads variables itself. It gives
    functions new names with another number, so the name is searched for without its number. Functions that TensorFlow
    may exchange for one another say so in an attribute, which those of the saver have not.
    """
    saver = meta_graph.saver_def
    nodes = {saver.save_tensor_name.split(":")[0], saver.restore_op_name}
    called = {name for node in meta_graph.graph_def.node if node.name in nodes for name in _called(node.attr)}
    if len(called) > len(nodes):  # each calls one; many names would take long to search for
        return set()
    stems = {name: _SAVER_NAME.fullmatch(name) for name in called}
    # Named twice: where it is defined, and where it is called.
    alone = {name for name, stem in stems.items() if stem and content.count(stem[1].encode()) == 2}
    plain = {"_construction_context", "_input_shapes"}
    functions = meta_graph.graph_def.library.function
    return {
        function.signature.name
        for function in functions
        if function.signature.name in alone and set(function.attr) <= plain
    }


def _clean(function: str) -> str:
    """The name that a function had where it was written."""
    stem = _SAVER_NAME.fullmatch(function)
    return stem[1] if stem else function


def _shown(name: str) -> str:
    """A name out of the file as it can be printed: on one line, without control characters, and short."""
    return ascii(name)[1:-1][:60]
