import json

import pytest

from keras_genzoo import config
from keras_genzoo.untrusted import strict_json


@pytest.fixture
def refused_text(tmp_path, refusal):
    """The message with which a preset's file is refused, less the folder."""

    def message(text: str | bytes) -> str:
        file = tmp_path / "toy.json"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return refusal(file).removeprefix(f"{tmp_path}/")

    return message


def test_a_preset_is_found_by_name_by_path_and_as_a_dictionary(zoo, preset):
    (zoo / "toy_8.json").write_text(json.dumps(preset()))
    named, read, given = (config.load_preset(which) for which in ("toy_8", zoo / "toy_8.json", preset()))
    assert named == read == given == config.load_preset(str(zoo / "toy_8.json")) == preset()
    assert (named.name, named.where) == ("toy_8", "toy_8.json")
    assert (read.name, read.where) == ("toy_8", str(zoo / "toy_8.json"))
    assert (given.name, given.where) == ("preset", "preset")
    assert config.list_presets() == ["toy_8"]


def test_a_dictionary_may_hold_tuples_and_is_copied(preset):
    content = preset(arguments={"image_shape": (8, 8, 3)})
    loaded = config.load_preset(content)
    assert loaded["arguments"]["image_shape"] == [8, 8, 3]
    loaded["arguments"]["latent_dim"] = 3
    assert content["arguments"] == {"image_shape": (8, 8, 3)}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("toy_9", "there is no preset 'toy_9': did you mean 'toy_8'?"),
        ("stylegan", "there is no preset 'stylegan': there are: toy_8"),
        ("../toy_8", "there is no preset '../toy_8': did you mean 'toy_8'?"),
        ("TOY_8", "there is no preset 'TOY_8'"),
        ("nowhere/toy_8.json", "nowhere/toy_8.json: there is no such file"),
    ],
)
def test_a_preset_that_is_not_there(zoo, name, message, preset, refusal):
    (zoo / "toy_8.json").write_text(json.dumps(preset()))
    assert refusal(name).startswith(message)


def test_a_file_that_is_no_json(refused_text):
    assert refused_text('{"schema": 1,}').startswith("toy.json: line 1, column 14: no valid JSON: ")
    assert refused_text("") == "toy.json: line 1, column 1: no valid JSON: Expecting value"
    assert refused_text(b'{"about": "\xff"}') == "toy.json: byte 11 is not UTF-8"
    assert refused_text("[1]") == "toy.json: expected an object, got [1]"
    assert refused_text(f'{{"schema": {"1" * 5000}}}').startswith("toy.json: no valid JSON: Exceeds the limit")


def test_a_folder_is_no_file(tmp_path, refusal):
    (tmp_path / "toy.json").mkdir()
    assert refusal(tmp_path / "toy.json").partition("toy.json: ")[2].startswith("cannot be read: ")


def test_a_byte_order_mark_is_nobody_s_fault(tmp_path, preset):
    (tmp_path / "toy.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(preset()).encode())
    assert config.load_preset(tmp_path / "toy.json") == preset()


def test_a_key_that_stands_twice(preset, refused_text):
    text = json.dumps(preset())
    assert refused_text(text.replace('"epochs": 2', '"epochs": 2, "epochs": 3')) == (
        "toy.json: fit: the key 'epochs' stands here twice"
    )
    assert refused_text('{"schema": 1, ' + text[1:]) == "toy.json: the key 'schema' stands here twice"


@pytest.mark.parametrize(("text", "number"), [("NaN", "nan"), ("-Infinity", "-inf"), ("1e999", "inf")])
def test_a_number_that_is_not_finite(text, number, preset, refused_text):
    message = refused_text(json.dumps(preset()).replace("[8, 8, 3]", f"[8, {text}, 3]"))
    assert message == f"toy.json: arguments.image_shape[1]: expected a finite number, got {number}"


def test_a_file_that_is_too_large_is_not_read(refused_text):
    assert refused_text(" " * (strict_json.MAX_BYTES + 1)) == (
        "toy.json: a file of 1,000,001 bytes; at most 1,000,000 are read"
    )


@pytest.mark.parametrize("depth", [40, 100_000])
def test_a_file_that_is_nested_too_deep(depth, preset, refused_text):
    message = refused_text(json.dumps(preset(about=0)).replace("0,", "[" * depth + "]" * depth + ",", 1))
    assert message.endswith("nested deeper than 32 levels")


def test_a_dictionary_that_is_not_plain(preset, refusal):
    assert refusal(preset(about={1, 2})) == ("preset: about: expected a value that JSON has, got {1, 2} of type set")
    assert refusal(preset(**{"fit": {3: 4}})) == "preset: fit: the key 3 is no string"
    endless = preset()
    endless["arguments"]["mapping"] = endless
    assert refusal(endless).endswith("nested deeper than 32 levels")
