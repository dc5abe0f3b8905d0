"""Whatever a preset says, it is a preset, or it is refused by a `ConfigError` of one line."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_genzoo import config
from keras_genzoo.config import ConfigError, Preset

few = settings(derandomize=True, deadline=None, max_examples=50)

ZOO = [kind(name) for name in config.list_presets() for kind in (config.load_preset, config.resolve)]


def places(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """The ways to all that is in `value`."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in steps:
        yield (*path, step)
        yield from places(item, (*path, step))


def nested(depth: int) -> Any:
    value: Any = 0
    for level in range(depth):
        value = {"a": value} if level % 2 else [value]
    return value


PLACES = [list(places(preset)) for preset in ZOO]
WORDS = sorted({step for found in PLACES for path in found for step in path if isinstance(step, str)})
NAMES = [*config.list_models(), "conv_encoder", "adam", "drawn_faces", "flip", "float32", "CyclicRamp"]
BROKEN = ["NaN", "-Infinity", "1e999", "9" * 5000, "[" * 5000, '{"a":' * 5000, "\0", "\ufeff", '"\\ud800"', "null", "}"]

texts = st.text(st.characters(exclude_categories=()), max_size=12)  # halves of surrogate pairs, too
keys = texts | st.sampled_from(WORDS)
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, -1, 2**31, 2**32, 2**63, 2**64, 2**1024 - 1, -(10**4000)]),
    st.floats(),
    texts,
    st.sampled_from(NAMES),
    st.integers(20, 900).map(nested),
)
values = st.recursive(leaves, lambda some: st.lists(some, max_size=3) | st.dictionaries(keys, some, max_size=3))


@st.composite
def changed(draw: Any) -> Any:
    """A preset of the zoo in which something is lost, put in or replaced, up to three times."""
    content = copy.deepcopy(dict(draw(st.sampled_from(ZOO))))
    for _ in range(draw(st.integers(1, 3))):
        *path, last = draw(st.sampled_from(list(places(content)) or [("model",)]))
        section = content
        for step in path:
            section = section[step]
        match draw(st.sampled_from(["lose", "put in", "replace"])):
            case "lose" if section:
                section.pop(last)
            case "put in" if isinstance(section, dict):
                section[draw(keys)] = draw(values)
            case _:
                section[last] = draw(values)
    return content


def outcome(function: Any, *arguments: Any) -> Preset | None:
    """The preset that a call returns, after a look at it; or None if it was refused as it should be."""
    try:
        preset = function(*arguments)
    except ConfigError as error:
        assert len(str(error).splitlines()) == 1
        assert str(error).encode()  # it can be printed
        return None
    resolved = config.resolve(preset)
    assert config.resolve(dict(resolved)) == resolved
    assert json.loads(json.dumps(resolved)) == resolved
    return preset


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("presets") / "preset.json"


@pytest.mark.parametrize("preset", ZOO[::2], ids=lambda preset: preset.name)
def test_a_preset_of_the_zoo_is_right(preset):
    assert outcome(config.load_preset, dict(preset)) == preset


@pytest.mark.slow
@few
@given(value=values)
def test_any_value_that_is_no_preset(value):
    assert outcome(config.check, value, "here") is None
    if not isinstance(value, str):
        assert outcome(config.load_preset, value) is None


@pytest.mark.slow
@few
@given(content=changed())
def test_a_preset_that_was_changed(content):
    outcome(config.load_preset, content)


@few
@given(name=texts | texts.map(lambda text: f"{text}.json") | st.integers(1, 5000).map(lambda length: "a" * length))
def test_any_name(name):
    assert outcome(config.load_preset, name) is None


@pytest.mark.slow
@few
@given(content=st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_any_file(file, content):
    file.write_bytes(content)
    assert outcome(config.load_preset, file) is None


@few
@given(data=st.data(), preset=st.sampled_from(ZOO))
def test_a_file_that_was_changed(file, data, preset):
    text = json.dumps(preset)
    start = data.draw(st.integers(0, len(text)))
    end = start + data.draw(st.integers(0, 20))
    file.write_bytes((text[:start] + data.draw(st.text(max_size=8) | st.sampled_from(BROKEN)) + text[end:]).encode())
    outcome(config.load_preset, file)


@few
@given(data=st.data(), number=st.integers(0, len(ZOO) - 1))
def test_a_key_that_stands_twice_in_a_file(file, data, number):
    path = data.draw(st.sampled_from([path for path in PLACES[number] if isinstance(path[-1], str)]))
    section = ZOO[number]
    for step in path[:-1]:
        section = section[step]
    text, once = json.dumps(ZOO[number]), json.dumps(section)
    file.write_text(text.replace(once, f"{{{json.dumps(path[-1])}: {json.dumps(data.draw(leaves))}, {once[1:]}", 1))
    assert outcome(config.load_preset, file) is None


@few
@given(data=st.data(), number=st.integers(0, len(ZOO) - 1))
def test_settings(data, number):
    key = st.sampled_from(PLACES[number]).map(lambda path: ".".join(map(str, path)))
    key |= st.lists(keys, max_size=3).map(".".join) | st.integers(30, 3000).map(lambda depth: ".".join("a" * depth))
    value = texts | st.sampled_from(NAMES + BROKEN) | values.map(json.dumps)
    setting = texts | st.tuples(key, value).map("=".join)
    outcome(config.override, ZOO[number], data.draw(st.lists(setting, min_size=1, max_size=3)))


class TestWhatWasFound:
    """Each of these was once another exception, or a message of two lines, or took minutes."""

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("a\0.json", "a\\x00.json: is not a path: "),
            ("\ud800.json", "\\ud800.json: is not a path: "),
            ("a\nb.json", "a\\nb.json: there is no such file"),
        ],
    )
    def test_a_name_that_no_file_has(self, name, message, refusal):
        assert refusal(name).startswith(message)

    def test_a_key_with_a_line_break(self, preset, refusal):
        assert refusal(preset(**{"a\nb": 1})).startswith("preset: a\\nb: a preset takes no such key")

    @pytest.mark.parametrize("sections", [{"\ud800": 1}, {"about": "\ud800"}])
    def test_half_of_a_surrogate_pair(self, sections, preset, refusal):
        assert "expected Unicode text, got '\\ud800'" in refusal(preset(**sections))

    def test_an_integer_that_cannot_be_written_down(self, preset, refusal):
        message = "preset: fit.epochs: expected a number below 2**1024, got one of 16,610 bits"
        assert refusal(preset(fit={"epochs": 10**5000})) == message

    @pytest.mark.parametrize("content", [None, 1, [1]])
    def test_what_is_neither_name_nor_object(self, content, refusal):
        assert refusal(content) == f"preset: expected an object, got {content}"

    @pytest.mark.timeout(60)
    def test_a_key_that_stands_twice_among_many(self, file, refusal):
        file.write_text("{" + "".join(f'"{number}": 0, ' for number in range(70_000)) + '"7": 0}')
        assert refusal(file).endswith("the key '7' stands here twice")
