import json
import re

import keras
import pytest

from keras_genzoo import config
from keras_genzoo.config.preset_type import OPTIMIZERS, preset_type
from keras_genzoo.optimizers import ScheduledAdam
from keras_genzoo.registry import DATASETS, MODELS
from keras_genzoo.scalar_schedules import SCHEDULES
from keras_genzoo.types import SPEC_KINDS

TYPES = {"array": list, "boolean": bool, "integer": int, "null": type(None), "object": dict, "string": str}


def fits(value, rule, root):
    """Whether `value` obeys `rule`: as much of JSON Schema as pydantic writes."""
    if "$ref" in rule:
        return fits(value, root["$defs"][rule["$ref"].rpartition("/")[2]], root)
    kind = rule.get("type")
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "number" or (kind == "integer" and isinstance(value, bool)):
        if not is_number:
            return False
    elif kind and not isinstance(value, TYPES[kind]):
        return False
    checks = [
        "const" not in rule or value == rule["const"],
        "enum" not in rule or value in rule["enum"],
        "oneOf" not in rule or sum(fits(value, arm, root) for arm in rule["oneOf"]) == 1,
        "anyOf" not in rule or any(fits(value, arm, root) for arm in rule["anyOf"]),
    ]
    if is_number:
        checks += [
            value >= rule.get("minimum", value),
            value <= rule.get("maximum", value),
            "exclusiveMinimum" not in rule or value > rule["exclusiveMinimum"],
            "exclusiveMaximum" not in rule or value < rule["exclusiveMaximum"],
        ]
    if isinstance(value, list):
        first = rule.get("prefixItems", [])
        checks += [rule.get("minItems", 0) <= len(value) <= rule.get("maxItems", len(value))]
        checks += [fits(item, inner, root) for item, inner in zip(value, first, strict=False)]
        checks += [fits(item, rule.get("items", {}), root) for item in value[len(first) :]]
    if isinstance(value, dict):
        known, more = rule.get("properties", {}), rule.get("additionalProperties", True)
        checks += [set(rule.get("required", ())) <= set(value), len(value) >= rule.get("minProperties", 0)]
        checks += [fits(item, known[key], root) for key, item in value.items() if key in known]
        checks += [
            bool(more) if isinstance(more, bool) else fits(value[key], more, root) for key in set(value) - set(known)
        ]
    return all(checks)


def accepted(content):
    try:
        config.load_preset(content)
    except config.ConfigError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "right"),
    [
        ({}, True),
        ({"about": 3}, False),
        ({"epochs": 3}, False),
        ({"model": "toi"}, False),
        ({"model": "vae"}, False),  # which has no `dropout`
        ({"fit": {}}, False),
        ({"fit": {"epochs": 1, "steps_per_epoch": None}}, True),
        ({"fit": {"epochs": True}}, False),
        ({"data": {"dataset": "toy_data"}}, False),
        ({"data": {"dataset": "toy_data", "batch_size": 4, "augment": ["flip"]}}, True),
        ({"data": {"dataset": "toy_data", "batch_size": 4, "augment": ["flop"]}}, False),
        ({"data": {"dataset": "toy_data", "batch_size": 4, "size": 8}}, False),
        ({"compile": {"optimizer": "adam"}}, True),
        ({"compile": {"optimizer": "adm"}}, False),
        ({"compile": {"optimizer": {"critic": "Adam", "generator": {"class_name": "SGD"}}}}, True),
        ({"compile": {"optimizer": {"class_name": "Adam", "config": {"use_ema": True}}}}, False),
        ({"compile": {"optimizer": {}}}, False),
    ],
)
def test_the_published_schema_says_what_the_check_says(preset, settings, right):
    content = preset(arguments={"image_shape": [8, 8, 3], "dropout": 0.5}, **settings)
    schema = json.loads(json.dumps(config.schema()))
    assert (accepted(content), fits(content, schema, schema)) == (right, right)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("argument", "value", "right"),
    [
        ("image_shape", [8, 8], False),
        ("image_shape", [8, 8, 3, 3], False),
        ("image_shape", [8, 8, 9], False),
        ("latent_dim", 1.5, False),
        ("dropout", 1, True),
        ("dropout", 1.1, False),
        ("dtype", "float16", False),
        ("encoder", "toy_encoder", True),
        ("encoder", "toy_encode", False),
        ("encoder", {"network": "toy_encoder", "filters": [2]}, True),
        ("encoder", {"network": "toy_encoder", "outputs": 2}, False),
        ("encoder", {"filters": [2]}, False),
        ("mapping", None, True),
        ("prior", None, True),
        ("prior", "vamp", True),
        ("prior", {"prior": "vamp", "components": 3}, True),
        ("prior", {"prior": "normal", "components": 3}, False),
        ("prior", {"prior": "vamp", "image_shape": [8, 8, 3]}, False),
        ("regularizers", [], True),
        ("regularizers", ["r1", {"regularizer": "lecam", "weight": 0.1}], True),
        ("regularizers", [{"regularizer": "lecam", "every": 3}], False),
        ("regularizers", "r1", False),
        ("regularizers", None, False),
        ("encoder", None, False),
        ("beta", {"class_name": "CyclicRamp", "config": {"total_steps": 9}}, True),
        ("beta", {"class_name": "CyclicRamp", "config": {}}, False),
    ],
)
def test_the_published_schema_says_what_the_check_says_of_arguments(preset, argument, value, right):
    content = preset(arguments={"image_shape": [8, 8, 3], argument: value})
    schema = config.schema()
    assert (accepted(content), fits(content, schema, schema)) == (right, right)


def test_the_schema_has_one_choice_for_each_model():
    schema = config.schema()
    names = [choice["$ref"].rpartition("/")[2] for choice in schema["oneOf"]]
    models = [schema["$defs"][name]["properties"]["model"]["const"] for name in names]
    assert sorted(models) == list(MODELS)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.slow
@pytest.mark.parametrize("name", config.list_presets())
def test_the_presets_of_the_zoo_obey_the_schema(name):
    schema = config.schema()
    assert fits(dict(config.load_preset(name)), schema, schema)
    assert fits(dict(config.resolve(name)), schema, schema)


@pytest.mark.slow
def test_the_type_follows_the_registries(preset, monkeypatch):
    before = preset_type()
    assert preset_type() is before
    monkeypatch.setitem(MODELS._entries, "toy_2", MODELS["toy"])
    assert preset_type() is not before
    assert accepted(preset(model="toy_2"))


def test_every_registered_signature_can_be_checked():
    definitions = config.schema()["$defs"]
    expected = {f"{name}_{kind.key}" for kind in SPEC_KINDS for name in kind.registry}
    expected |= {f"{name}_data" for name in DATASETS} | {f"{name}_arguments" for name in MODELS}
    assert expected <= set(definitions)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_can_be_built_from_its_resolution(preset, name):
    made = OPTIMIZERS[name]
    assert made.__name__ == name and made is getattr(keras.optimizers, name, ScheduledAdam)
    resolved = config.resolve(preset(compile={"optimizer": name.lower()}))["compile"]["optimizer"]
    rebuilt, default = made(**resolved["config"], name="one").get_config(), made(name="one").get_config()
    assert rebuilt == default


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("CosineDecay", {"initial_learning_rate": 1.0, "decay_steps": 10, "warmup_target": 2.0, "warmup_steps": 3}),
        ("CosineDecayRestarts", {"initial_learning_rate": 1.0, "first_decay_steps": 10}),
        ("CyclicRamp", {"total_steps": 10}),
        ("ExponentialDecay", {"initial_learning_rate": 1.0, "decay_steps": 10, "decay_rate": 0.5, "staircase": True}),
        ("InverseTimeDecay", {"initial_learning_rate": 1.0, "decay_steps": 10, "decay_rate": 0.5}),
        ("LinearDecay", {"initial_learning_rate": 1.0, "constant_steps": 2, "decay_steps": 10}),
        ("PiecewiseConstantDecay", {"boundaries": [2, 4], "values": [1.0, 0.5, 0.25]}),
        ("PolynomialDecay", {"initial_learning_rate": 1.0, "decay_steps": 10, "power": 2.0}),
    ],
)
def test_every_schedule_can_be_a_learning_rate(preset, name, arguments):
    spec = {"class_name": name, "config": arguments}
    optimizer = {"class_name": "Adam", "config": {"learning_rate": spec}}
    resolved = config.resolve(preset(compile={"optimizer": optimizer}))["compile"]["optimizer"]["config"][
        "learning_rate"
    ]
    assert resolved["class_name"] == name
    assert resolved["config"].items() >= arguments.items()
    rebuilt = SCHEDULES[name](**resolved["config"])
    assert float(rebuilt(3)) == pytest.approx(float(SCHEDULES[name](**arguments)(3)))


def test_no_spec_names_a_module():
    text = json.dumps(config.schema())
    assert not re.search(r'"(module|registered_name)"', text)
