"""Presets of older versions of the format are read as presets of the present one."""

import copy

import keras
import pytest

from keras_genzoo import config
from keras_genzoo.config.migrations import MIGRATIONS
from keras_genzoo.config.preset_type import SCHEMA

FLAT = {
    "generator": {"network": "mlp_decoder", "hidden": [4]},
    "discriminator": {"network": "mlp_encoder", "hidden": [4]},
}
PAIR = {"encoder": {"network": "mlp_encoder", "hidden": [4]}, "decoder": {"network": "mlp_decoder", "hidden": [4]}}
CRITIC = {"generator": FLAT["generator"], "critic": FLAT["discriminator"]}
NETWORKS = {"gan": FLAT, "wgan": CRITIC, "wgan_gp": CRITIC, "cgan": {}, "vae": PAIR, "iwae": PAIR, "ae": PAIR}
# All that an adversarial or a variational model's resolved preset said of its options in schema 1.
ADVERSARIAL = {
    "penalty_weight": 0.0,
    "r1_weight": 0.0,
    "r1_every": 16,
    "lecam_weight": 0.0,
    "augment": [],
    "augment_target": None,
    "augment_images": 500000,
}
VARIATIONAL = {
    "likelihood": "gaussian",
    "scale": 0.2,
    "binarize": False,
    "prior": "normal",
    "prior_components": 500,
    "posterior": "gaussian",
    "flow_steps": 4,
}


def preset(schema, model, arguments, **data):
    return {
        "schema": schema,
        "model": model,
        "data": {"dataset": "gaussians_25", "batch_size": 4, **data},
        "arguments": {"image_shape": [4, 4, 1], "latent_dim": 2, **NETWORKS[model], **arguments},
        "fit": {"epochs": 1},
    }


def migrated(model, arguments):
    """The arguments of a preset of schema 1 in the present format, less those that they were given with."""
    given = preset(1, model, arguments)
    before = copy.deepcopy(given)
    found = config.load_preset(given)
    assert given == before and found["schema"] == SCHEMA
    fixed = preset(1, model, {})["arguments"]
    return {key: value for key, value in found["arguments"].items() if key not in fixed}


CASES = [
    ("gan", {"penalty_weight": 2.0}, {"regularizers": [{"regularizer": "gradient_penalty", "weight": 2.0}]}),
    ("gan", {"r1_weight": 3}, {"regularizers": [{"regularizer": "r1", "weight": 3, "every": 16}]}),
    ("wgan", {"r1_weight": 3.0, "r1_every": 2}, {"regularizers": [{"regularizer": "r1", "weight": 3.0, "every": 2}]}),
    ("gan", {"lecam_weight": 0.1}, {"regularizers": [{"regularizer": "lecam", "weight": 0.1}]}),
    (
        "wgan_gp",
        {"penalty_weight": 2.0, "lecam_weight": 0.1},
        {"penalty_weight": 2.0, "regularizers": [{"regularizer": "lecam", "weight": 0.1}]},
    ),
    ("gan", {"r1_every": 4}, {}),
    ("gan", ADVERSARIAL, {}),
    (
        "gan",
        {"augment": ["color", "cutout"], "augment_target": None},
        {"discriminator_augmentation": {"augmentation": "diffaugment", "operations": ["color", "cutout"]}},
    ),
    (
        "gan",
        {"augment": ["color"], "augment_target": 0.5},
        {"discriminator_augmentation": {"augmentation": "ada", "operations": ["color"], "target": 0.5}},
    ),
    (
        "gan",
        {"augment": ["translation", "cutout"], "augment_target": 0.5},
        {"discriminator_augmentation": {"augmentation": "ada", "operations": ["blit", "cutout"], "target": 0.5}},
    ),
    (
        "gan",
        {"augment": ["color"], "augment_target": 0.5, "augment_images": 9},
        {"discriminator_augmentation": {"augmentation": "ada", "operations": ["color"], "target": 0.5, "images": 9}},
    ),
    ("vae", {"scale": 0.5}, {"likelihood": {"likelihood": "gaussian", "scale": 0.5}}),
    ("vae", {"scale": "learned"}, {"likelihood": {"likelihood": "gaussian", "scale": "learned"}}),
    (
        "iwae",
        {"likelihood": "discretized_logistic", "scale": 0.5},
        {"likelihood": {"likelihood": "discretized_logistic", "scale": 0.5}},
    ),
    ("vae", {"likelihood": "bernoulli", "scale": 0.5, "binarize": False}, {"likelihood": "bernoulli"}),
    (
        "vae",
        {"likelihood": "bernoulli", "binarize": True},
        {"likelihood": {"likelihood": "bernoulli", "binarize": True}},
    ),
    ("vae", {"prior": "vamp"}, {"prior": "vamp"}),
    ("vae", {"prior": "vamp", "prior_components": 3}, {"prior": {"prior": "vamp", "components": 3}}),
    ("vae", {"posterior": "iaf", "flow_steps": 2}, {"posterior": {"posterior": "iaf", "steps": 2}}),
    ("vae", {"posterior": "planar", "flow_steps": 2}, {"posterior": {"posterior": "planar", "steps": 2}}),
    (
        "vae",
        VARIATIONAL,
        {"likelihood": {"likelihood": "gaussian", "scale": 0.2}, "prior": "normal", "posterior": "gaussian"},
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(("model", "old", "new"), CASES)
def test_arguments_of_schema_1(model, old, new):
    assert migrated(model, old) == new


def test_the_data_s_color():
    found = config.load_preset(preset(1, "ae", {}, augment=["flip", "color"]))
    assert found["data"]["augment"] == ["flip", "brightness_contrast"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "old", "new"),
    [
        ("gan", ADVERSARIAL | {"r1_weight": 2.0, "augment": ["cutout"]}, ("r1", "diffaugment")),
        (
            "wgan_gp",
            {**ADVERSARIAL, "penalty_weight": 10.0, "augment": ["cutout"], "augment_target": None},
            ("gradient_penalty",),
        ),
        ("vae", VARIATIONAL | {"posterior": "iaf", "flow_steps": 2}, ("iaf",)),
        ("iwae", VARIATIONAL | {"likelihood": "bernoulli", "binarize": True}, ("bernoulli",)),
        ("ae", {"mixture_components": 3}, ()),
    ],
)
def test_a_preset_of_schema_1_gives_the_model_of_its_twin(model, old, new):
    """Also once it is resolved, as a run's config.json is."""
    found = config.load_preset(preset(1, model, old))
    twin = config.load_preset(preset(SCHEMA, model, migrated(model, old)))
    assert config.resolve(found) == config.resolve(twin)
    configs = []
    for one in (found, twin, config.resolve(found)):
        keras.backend.clear_session()  # names count on
        configs.append(config.build(one).get_config())
    assert configs[0] == configs[1]
    assert configs[0].keys() == configs[2].keys()
    assert all(name in str(configs[2]) or name == "gradient_penalty" for name in new)


@pytest.mark.parametrize("name", config.list_presets())
def test_the_zoo_is_written_in_the_present_format(name):
    assert config.reading.read(config.finding.folder() / f"{name}.json")["schema"] == SCHEMA


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"r1_weight": "big"}, "preset: arguments.regularizers[0].weight: expected a number, got 'big'"),
        ({"augment": "color"}, "preset: arguments.discriminator_augmentation.operations: expected a list, got 'color'"),
        ({"augment": 3, "augment_target": 0.6}, "discriminator_augmentation.operations: expected a list, got 3"),
        ({"augment": [], "augment_target": 0.6}, "operations: expected at least 1 items, got []"),
        ({"penalty_weight": True}, "preset: arguments.regularizers[0].weight: expected a number, got true"),
    ],
)
def test_what_was_wrong_is_wrong_still(arguments, message):
    with pytest.raises(config.ConfigError) as error:
        config.load_preset(preset(1, "gan", arguments))
    assert message in str(error.value)


@pytest.mark.parametrize("content", [{}, {"model": 3, "arguments": [], "data": 3}, {"arguments": {"scale": {}}}])
def test_a_migration_takes_what_is_no_preset(content):
    for migrate in MIGRATIONS.values():
        assert migrate(content).keys() == content.keys()
