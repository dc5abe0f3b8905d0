"""Presets of strangers."""

import json
import os

import pytest

from tests.cli.conftest import PRESET
from tests.security.conftest import NESTED

TEXT = json.dumps(PRESET)


def arguments(**changes):
    return {"arguments": {**PRESET["arguments"], **changes}}


def data(**changes):
    return {"data": {**PRESET["data"], **changes}}


def optimizer(value):
    return {"compile": {"optimizer": value}}


GADGET = {"module": "os", "class_name": "system", "config": {"command": "touch sentinel"}, "registered_name": None}
REDUCE = {"__reduce__": ["os.system", ["touch sentinel"]], "py/object": "os.system"}
LAMBDA = {"module": "keras.layers", "class_name": "Lambda", "config": {"function": "4wEAAAAA"}}
CONV = {"network": "conv_encoder", "filters": [8192] * 4}

OBJECTS = {
    "a class of another module as optimizer": (optimizer(GADGET), "there is no optimizer 'system'"),
    "an optimizer by module path": (optimizer("os.system"), "there is no optimizer 'os.system'"),
    "an optimizer with a module": (optimizer({"class_name": "Adam", "module": "evil"}), "beside class_name there is"),
    "an optimizer with a registered name": (
        optimizer({"class_name": "Adam", "registered_name": "x>y"}),
        "beside class",
    ),
    "a schedule of another module": (arguments(beta=GADGET), "there is no schedule 'system'"),
    "a class as latent_dim": (arguments(latent_dim=GADGET), "expected an integer"),
    "a class as network": (arguments(encoder=GADGET), "arguments.encoder.network: is missing"),
    "a Lambda layer as network": (arguments(encoder=LAMBDA), "arguments.encoder.network: is missing"),
    "a Lambda layer by name": (arguments(encoder={"network": "Lambda", "function": "x"}), "there is no network"),
    "a pickle in JSON": (arguments(encoder={"network": "conv_encoder", **REDUCE}), "takes no such argument"),
    "a pickle as section": ({"fit": REDUCE}, "fit takes no such key"),
    "a path as model": ({"model": "../../evil"}, "there is no model '../../evil'"),
    "a module as model": ({"model": "os.system"}, "there is no model 'os.system'"),
    "a path as network": (arguments(encoder="../../evil"), "there is no network '../../evil'"),
    "a path as dataset": (data(dataset="/etc/passwd"), "there is no dataset '/etc/passwd'"),
    "a folder above": (
        {"data": {"dataset": "image_folder", "batch_size": 8, "path": "x/../.."}},
        "data.path: 'x/../..' lies outside of the preset's own folder",
    ),
    "a folder of images": (
        {"data": {"dataset": "image_folder", "batch_size": 8, "path": "/"}},
        "data.path: '/' lies outside of the preset's own folder: give it by --data",
    ),
    "a place for the cache": (
        {"data": {"dataset": "image_folder", "batch_size": 8, "cache": "/tmp/evil"}},
        "data.cache: expected null",
    ),
    "a path as name": (arguments(name="../../evil"), "evil"),
    "an augmentation": (data(augment=["__import__"]), "expected 'brightness_contrast', 'flip', 'jitter' or 'shift'"),
    "a format string as model": (
        {"model": "{0.__class__.__init__.__globals__}"},
        "'{0.__class__.__init__.__globals__}'",
    ),
    "a percent format as dataset": (data(dataset="%n%s%s"), "there is no dataset '%n%s%s'"),
    "markup as network": (arguments(encoder="[red]x[/red]"), "there is no network '[red]x[/red]'"),
    "a terminal escape as network": (arguments(encoder="\x1b]0;owned\x07\x1b[2J"), r"\x1b]0;owned\x07\x1b[2J"),
    "a terminal escape as key": ({"\x1b[31m": 1}, r"\x1b[31m: a preset takes no such key"),
    "line breaks as key": ({"a\nb\r\u2028": 1}, r"a\nb\r\u2028"),
    "text that runs backwards": (arguments(encoder="\u202egnp.exe"), r"\u202egnp.exe"),
}

SIZES = {
    "10^12 latents": (arguments(latent_dim=10**12), "less than or equal to 1000000"),
    "10^6 latents": (
        arguments(latent_dim=10**6, encoder={"network": "conv_encoder", "filters": [8, 256]}),
        "8,194,034,208 parameters",
    ),
    "wide networks": (arguments(encoder=CONV), "parameters, but at most 500,000,000"),
    "many levels": (arguments(encoder={**CONV, "filters": [8192] * 16}), "cannot be halved 16 times"),
    "large kernels": (arguments(encoder={**CONV, "filters": [8, 8], "kernel_size": 10**6}), "parameters, but at most"),
    "large images": (arguments(image_shape=[10**6, 10**6, 3]), "less than or equal to 4096"),
    "huge batches of large images": (
        {**arguments(image_shape=[1024, 1024, 4]), **data(batch_size=65_536)},
        "takes 1,024.0 GiB, and at most 4 are allowed: lower data.batch_size",
    ),
    "endless turns": (
        {"model": "wgan_gp", "arguments": {"image_shape": [64, 64, 3], "critic_steps": 10**6}},
        "1,000,000 turns",
    ),
    "a batch of 10^12": (data(batch_size=10**12), "less than or equal to 65536"),
    "10^12 images": (data(num_images=10**12), "less than or equal to 1000000"),
    "10^12 epochs": ({"fit": {"epochs": 10**12}}, "less than or equal to 1000000"),
}

TEXTS = {
    "a key that stands twice": (TEXT.replace('"epochs": 2', '"epochs": 2, "epochs": 3'), "'epochs' stands here twice"),
    "NaN": (TEXT.replace('"latent_dim": 4', '"latent_dim": NaN'), "expected a finite number"),
    "Infinity": (TEXT.replace('"latent_dim": 4', '"latent_dim": -Infinity'), "expected a finite number"),
    "1e999": (TEXT.replace('"latent_dim": 4', '"latent_dim": 1e999'), "expected a finite number"),
    "an integer of 100,000 digits": (TEXT.replace("4", "4" * 100_000, 1), "no valid JSON: Exceeds the limit"),
    "100,000 lists": ("[" * NESTED, "nested deeper"),
    "100,000 objects": ('{"a":' * NESTED + "1" + "}" * NESTED, "nested deeper"),
    "100 lists in place": (TEXT.replace("[16, 16, 3]", "[" * 100 + "]" * 100), "nested deeper than 32"),
    "bytes that are no UTF-8": (TEXT.encode().replace(b"vae", b"\xff\xfe"), "is not UTF-8"),
    "UTF-16": (TEXT.encode("utf-16"), "is not UTF-8"),
    "a null byte": (TEXT.replace("vae", "va\0e"), "no valid JSON"),
    "a null byte in a text": (TEXT.replace("vae", r"va\u0000e"), r"there is no model 'va\x00e'"),
    "half a surrogate pair": (TEXT.replace("vae", r"va\ud800e"), "half of a surrogate pair"),
    "a list": ("[1, 2]", "expected an object"),
    "nothing": ("", "no valid JSON"),
    "a program": ("#!/bin/sh\ntouch sentinel\n", "no valid JSON"),
}


def dry(path):
    return "train", path, "--dry-run"


@pytest.mark.slow
@pytest.mark.parametrize("case", [*OBJECTS, *SIZES])
def test_what_a_preset_says(case, stranger, refusal):
    sections, expected = (OBJECTS | SIZES)[case]
    assert expected in refusal(*dry(stranger.preset(**sections)))


@pytest.mark.parametrize("case", TEXTS)
def test_what_is_no_preset(case, stranger, refusal):
    text, expected = TEXTS[case]
    assert expected in refusal(*dry(stranger.preset(text)))


def test_a_hundred_megabytes_of_json(stranger, refusal):
    path = stranger.preset("[")
    os.truncate(path, 10**8)
    assert "100,000,000 bytes" in refusal(*dry(path))


@pytest.mark.parametrize(
    "name", ["../../evil", "/etc/passwd", "vae_drawn_faces_32\0", "con:evil", "../evil", "\x1b[31m"]
)
def test_names_of_presets(name, refusal):
    assert "there is no preset" in refusal(*dry(name))


@pytest.mark.parametrize("name", ["evil\x1b[31m.json", "[red]evil[/red].json", "{0.__class__}.json", "%n%s.json"])
def test_names_of_files_are_shown_as_they_are(name, stranger, refusal):
    complaint = refusal(*dry(stranger.file(name, "{}")))
    assert ascii(name)[1:-1] in complaint and "schema" in complaint


def test_a_pipe(stranger, refusal):
    os.mkfifo(stranger.folder / "pipe.json")
    assert "is not a regular file" in refusal(*dry(stranger.folder / "pipe.json"))


def test_a_device(stranger, refusal):
    (stranger.folder / "zero.json").symlink_to("/dev/zero")
    assert "is not a regular file" in refusal(*dry(stranger.folder / "zero.json"))
