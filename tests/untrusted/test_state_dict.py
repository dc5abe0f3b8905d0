import io
import pickle
import zipfile

import numpy as np
import pytest

from keras_genzoo.untrusted import state_dict
from keras_genzoo.untrusted.state_dict import StateDictError, read_state_dict
from tests.features.torch_files import legacy_file, pickled, tensor, text, zip_file

ARRAYS = {
    "conv.weight": np.arange(24, dtype="float32").reshape(2, 3, 2, 2),
    "bn.bias": np.array([1.5, -2.0], "float32"),
    "bn.num_batches_tracked": np.array(7, "int64"),
}
FORMATS = pytest.mark.parametrize("form", [zip_file, legacy_file])


def dictionary(value):
    """The pickle of {"a": value}."""
    return b"\x80\x02}" + text("a") + value + b"s."


class Evil:
    """A pickle that runs a command when it is loaded."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        import os

        return os.system, (self.command,)


@FORMATS
def test_tensors_are_read(form):
    found = read_state_dict(form(ARRAYS))
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


@FORMATS
def test_a_malicious_pickle_is_refused_and_not_run(form, tmp_path):
    proof = tmp_path / "proof"
    for protocol in range(6):
        evil = pickle.dumps({"a": Evil(f"touch {proof}")}, protocol)
        with pytest.raises(StateDictError):
            read_state_dict(form(ARRAYS, evil))
    assert not proof.exists()


@FORMATS
@pytest.mark.parametrize("name", ["os\nsystem", "builtins\neval", "torch\nload", "collections\nOrderedDict.__init__"])
def test_a_name_outside_of_the_table_is_told(form, name):
    with pytest.raises(StateDictError, match=f"asks for '{name.replace(chr(10), '.')}'"):
        read_state_dict(form(ARRAYS, dictionary(b"c" + name.encode() + b"\n")))


@FORMATS
@pytest.mark.parametrize(
    "value",
    [
        b"J\x01\x00\x00\x00",  # no tensor
        b"ccollections\nOrderedDict\n(" + text("a") + b"tR",  # a call with arguments
        b"ctorch\nFloatStorage\n)R",
        b"(J\x01\x00\x00\x00tQ",  # no storage
        b"\x94",  # MEMOIZE, an opcode that torch.save does not use
        b"h\x05",  # a memo that was not made
        b"eee",
        b"ctorch._utils\n_rebuild_tensor_v2\n)R",
    ],
)
def test_what_no_state_dict_says_is_refused(form, value):
    with pytest.raises(StateDictError):
        read_state_dict(form(ARRAYS, dictionary(value)))


@FORMATS
def test_every_shorter_file_is_refused(form):
    whole = form(ARRAYS)
    for length in range(0, len(whole) - 1, 7):
        with pytest.raises(StateDictError):
            read_state_dict(whole[:length])


def test_a_tensor_beyond_its_storage_is_refused():
    longer = dictionary(tensor(np.zeros(100, "float32"), "1"))
    with pytest.raises(StateDictError, match="cut short at the tensor 'a'"):
        read_state_dict(zip_file(ARRAYS, longer))


def test_a_transposed_tensor_is_refused():
    columns_first = pickled(ARRAYS).replace(
        b"(J\x0c\x00\x00\x00J\x04\x00\x00\x00J\x02", b"(J\x04\x00\x00\x00J\x0c\x00\x00\x00J\x02"
    )
    with pytest.raises(StateDictError, match="not contiguous"):
        read_state_dict(zip_file(ARRAYS, columns_first))


def test_nested_tuples_do_not_take_for_ever():
    nested = b")" + b"q\x000" + b"".join(b"h\x00h\x00\x86q\x000" for _ in range(200)) + b"h\x00"
    for value in (dictionary(nested), b"\x80\x02}" + nested + b"K\x01s.", b"\x80\x02" + nested + b"Q."):
        with pytest.raises(StateDictError):
            read_state_dict(zip_file(ARRAYS, value))


def test_a_file_that_unpacks_to_more_than_it_should_is_refused(monkeypatch):
    monkeypatch.setattr(state_dict, "LARGEST", 10_000)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", pickled(ARRAYS))
        archive.writestr("archive/data/0", bytes(20_000))
    with pytest.raises(StateDictError, match="unpacks to 20,"):
        read_state_dict(file.getvalue())
    with pytest.raises(StateDictError, match="at most 10,000 are read"):
        read_state_dict(bytes(10_001))


def test_big_endian_numbers_are_refused():
    file = io.BytesIO(zip_file(ARRAYS))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("archive/byteorder", "big")
    with pytest.raises(StateDictError, match="big-endian"):
        read_state_dict(file.getvalue())
    with pytest.raises(StateDictError, match="big-endian"):
        read_state_dict(legacy_file(ARRAYS).replace(b"little_endian\x88", b"little_endian\x89"))


@pytest.mark.parametrize("data", [b"", b"not a state dict", b"\x89HDF\r\n\x1a\n", b"\x80\x02K\x01."])
def test_another_file_is_told(data):
    with pytest.raises(StateDictError, match="PyTorch state dict"):
        read_state_dict(data)
