import json
import re

import pytest

from keras_genzoo import config
from keras_genzoo.config import ConfigError, finding, presets
from keras_genzoo.registry import DATASETS
from keras_genzoo.types import Count, Share

# The version of the format


def test_a_newer_schema_is_refused_by_name(preset, refusal):
    assert refusal(preset(schema=3, news=3)) == (
        "preset: schema 3 is newer than this version of keras_genzoo knows (2): upgrade keras_genzoo"
    )


@pytest.mark.parametrize("version", [0, -1, True, 1.0, "1", None])
def test_a_schema_that_is_no_version(version, preset, refusal):
    assert refusal(preset(schema=version)) == (
        f"preset: schema: expected 2, the version of the format, got {version!r}"
    )


def test_an_older_preset_is_migrated_step_by_step(monkeypatch, preset):
    def second(content):
        return {**content, "fit": {"epochs": content["fit"]["rounds"]}}

    def third(content):
        return {key: value for key, value in content.items() if key != "author"}

    monkeypatch.setattr(presets, "MIGRATIONS", {1: second, 2: third})
    monkeypatch.setattr(presets, "SCHEMA", 3)
    content = preset(schema=1, fit={"rounds": 7}, author="me")
    assert presets._migrated(content, "preset") == preset(schema=3, fit={"epochs": 7})


# Checking


@pytest.mark.slow
@pytest.mark.parametrize(
    ("setting", "message"),
    [
        # unknown names
        ("model=toi", "model: there is no model 'toi'; did you mean 'toy'?"),
        ("data.dataset=toy_date", "data.dataset: there is no dataset 'toy_date'; did you mean 'toy_data'?"),
        ("arguments.encoder=toy_encode", "arguments.encoder: there is no network 'toy_encode'; did you mean"),
        ('arguments.encoder={"network": "toy_encode"}', "arguments.encoder.network: there is no network 'toy_encode'"),
        (
            'data.augment=["flp"]',
            "data.augment[0]: expected 'brightness_contrast', 'flip', 'jitter' or 'shift', got 'flp'; did you mean",
        ),
        ("arguments.dtype=float16", "arguments.dtype: expected 'float32', 'mixed_float16' or 'mixed_bfloat16', got"),
        # unknown keys
        (
            "epochs=3",
            "epochs: a preset takes no such key; there are: about, arguments, compile, data, fit, model, schema",
        ),
        ("arguments.latent_dims=3", "arguments.latent_dims: Toy takes no such argument; did you mean 'latent_dim'?"),
        ("arguments.encoder.filter=3", "arguments.encoder.filter: 'toy_encoder' takes no such argument; did you mean"),
        ("data.num_image=3", "data.num_image: dataset 'toy_data' takes no such key; did you mean 'num_images'?"),
        ("compile.loss=mse", "compile.loss: compile takes no such key; there are: optimizer"),
        ("fit.epoch=3", "fit.epoch: fit takes no such key; did you mean 'epochs'?"),
        # other specs, and lists of them
        ("arguments.prior=vampire", "arguments.prior: there is no prior 'vampire'; did you mean 'vamp'?"),
        (
            "arguments.prior=3",
            "arguments.prior: expected the name of the prior or an object with 'prior' or null, got 3",
        ),
        ('arguments.prior={"components": 3}', "arguments.prior.prior: is missing, and names the prior; there are:"),
        (
            'arguments.prior={"prior": "vamp", "component": 3}',
            "arguments.prior.component: 'vamp' takes no such argument; did you mean 'components'?",
        ),
        (
            'arguments.prior={"prior": "vamp", "latent_dim": 3}',
            "arguments.prior.latent_dim: 'vamp' takes no such argument; the model passes it by itself",
        ),
        ("arguments.regularizers=r1", "arguments.regularizers: expected a list, got 'r1'"),
        ('arguments.regularizers=["r1", "r3"]', "arguments.regularizers[1]: there is no regularizer 'r3'; there are:"),
        (
            'arguments.regularizers=[{"regularizer": "r1", "weight": -1}]',
            "arguments.regularizers[0].weight: expected a number greater than 0, got -1",
        ),
        # keys that the caller passes
        ("arguments.encoder.outputs=3", "arguments.encoder.outputs: 'toy_encoder' takes no such argument; the model"),
        ("data.size=64", "data.size: dataset 'toy_data' takes no such key; it follows from arguments.image_shape"),
        (
            "data.read=names",
            "data.read: dataset 'toy_data' takes no such key; genzoo train --dry-run reads headers alone",
        ),
        # wrong types
        ('arguments.latent_dim="8"', "arguments.latent_dim: expected an integer, got '8'"),
        ("arguments.latent_dim=8.0", "arguments.latent_dim: expected an integer, got 8.0"),
        ("arguments.latent_dim=true", "arguments.latent_dim: expected an integer, got true"),
        ("arguments.latent_dim=null", "arguments.latent_dim: expected an integer, got null"),
        ("arguments.dropout=low", "arguments.dropout: expected a number, got 'low'"),
        (
            "arguments.encoder=3",
            "arguments.encoder: expected the name of the network or an object with 'network', got 3",
        ),
        ("arguments.encoder.filters=8", "arguments.encoder.filters: expected a list, got 8"),
        ('arguments.encoder={"filters": [8]}', "arguments.encoder.network: is missing, and names the network; there"),
        ("arguments=[]", "arguments: expected an object, got []"),
        ("data=3", "data: expected an object with 'dataset', got 3"),
        ("about=3", "about: expected a string, got 3"),
        ("data.augment=flip", "data.augment: expected a list, got 'flip'"),
        # out of range
        ("arguments.latent_dim=0", "arguments.latent_dim: expected a number greater than or equal to 1, got 0"),
        ("arguments.dropout=1.5", "arguments.dropout: expected a number less than or equal to 1, got 1.5"),
        ("arguments.beta=-1", "arguments.beta: expected a number greater than or equal to 0, got -1"),
        ("arguments.beta=NaN", "arguments.beta: expected a finite number, got nan"),
        ("arguments.image_shape=[8, 8]", "arguments.image_shape: expected more items, got [8, 8]"),
        ("arguments.image_shape=[8, 8, 3, 1]", "arguments.image_shape: expected at most 3 items, got [8, 8, 3, 1]"),
        (
            "arguments.image_shape=[8, 8, 9]",
            "arguments.image_shape[2]: expected a number less than or equal to 4, got 9",
        ),
        (
            "arguments.encoder.filters=[8, 0]",
            "arguments.encoder.filters[1]: expected a number greater than or equal to 1",
        ),
        ("data.batch_size=0", "data.batch_size: expected a number greater than or equal to 1, got 0"),
        ("data.batch_size=65537", "data.batch_size: expected a number less than or equal to 65536, got 65537"),
        ("fit.epochs=0", "fit.epochs: expected a number greater than or equal to 1, got 0"),
        ("fit.steps_per_epoch=0", "fit.steps_per_epoch: expected a number greater than or equal to 1, got 0"),
        # both arms of a union
        ("data.held_out=x", "data.held_out: expected an integer or a number, got 'x'"),
        # schedules
        (
            'arguments.beta={"class_name": "CyclicRam"}',
            "arguments.beta.class_name: there is no schedule 'CyclicRam'; did",
        ),
        ('arguments.beta={"class_name": "CyclicRamp"}', "arguments.beta.config: is missing, and has no default"),
        ('arguments.beta={"config": {}}', "arguments.beta.class_name: is missing, and names the schedule"),
        (
            'arguments.beta={"class_name": "CyclicRamp", "config": {"total_steps": 0}}',
            "arguments.beta.config.total_steps: expected a number greater than or equal to 1, got 0",
        ),
        (
            'arguments.beta={"class_name": "CyclicRamp", "config": {"total_steps": 3}}',
            "arguments.beta.config: CyclicRamp: num_cycles=4 do not fit into total_steps=3.",
        ),
        (
            'arguments.beta={"class_name": "CosineDecay", "config": {}, "module": "os"}',
            "arguments.beta.module: beside class_name there is only config",
        ),
        # optimizers
        ("compile.optimizer=adm", "compile.optimizer: there is no optimizer 'adm'; did you mean 'adam'?"),
        ("compile.optimizer=LossScaleOptimizer", "compile.optimizer: there is no optimizer 'LossScaleOptimizer'; "),
        ("compile.optimizer={}", "compile.optimizer: expected at least 1 items, got {}"),
        ("compile.optimizer=3", "compile.optimizer: expected the name of the optimizer or an object with 'class_name'"),
        ('compile.optimizer={"critic": "adm"}', "compile.optimizer.critic: there is no optimizer 'adm'"),
        (
            "compile.optimizer.config.beta_3=0.9",
            "compile.optimizer.config.beta_3: Adam takes no such argument; did you",
        ),
        ("compile.optimizer.config.beta_1=1", "compile.optimizer.config.beta_1: expected a number less than 1, got 1"),
        (
            "compile.optimizer.config.learning_rate=-1",
            "compile.optimizer.config.learning_rate: expected a number great",
        ),
        ("compile.optimizer.config.amsgrad=1", "compile.optimizer.config.amsgrad: expected true or false, got 1"),
        (
            "compile.optimizer.config.use_ema=true",
            "compile.optimizer.config.use_ema: Adam takes no such argument; set arguments.ema_momentum instead",
        ),
    ],
)
def test_what_is_wrong_is_named(setting, message, preset, refusal):
    assert refusal(preset(), setting).startswith(f"preset: {message}")


@pytest.mark.parametrize("key", ["data", "arguments", "fit", "model"])
def test_what_is_missing_is_named(key, preset, refusal):
    content = preset()
    del content[key]
    assert refusal(content).startswith(f"preset: {key}: is missing, and ")


def test_a_required_argument_that_is_missing_is_named(preset, refusal):
    assert refusal(preset(arguments={})) == "preset: arguments.image_shape: is missing, and has no default"


def test_the_first_error_is_told_and_how_many_more_there_are(preset, refusal):
    message = refusal(preset(), "fit.epochs=0", "arguments.latent_dim=0", "arguments.dropout=2")
    assert message == "preset: arguments.latent_dim: expected a number greater than or equal to 1, got 0 (+2 more)"


def test_a_message_stays_readable_when_the_value_is_long(preset, refusal):
    message = refusal(preset(), f"arguments.latent_dim={list(range(1000))}")
    assert message.endswith("...") and len(message) < 150


# Resolving


def test_a_resolved_preset_has_every_default_written_out(preset):
    resolved = config.resolve(preset())
    encoder = {"network": "toy_encoder", "filters": [4, 8], "kernel_size": 3}
    assert resolved["arguments"] == {
        "image_shape": [8, 8, 3],
        "latent_dim": 8,
        "beta": 1.0,
        "dropout": 0.5,
        "encoder": encoder,
        "mapping": None,
        "prior": None,
        "regularizers": [],
        "dtype": None,
        "name": None,
    }
    assert resolved["data"] == {
        "dataset": "toy_data",
        "batch_size": 8,
        "augment": [],
        "labeled": None,
        "labeled_share": None,
        "num_images": 100,
        "held_out": 0.1,
    }
    adam = resolved["compile"]["optimizer"]
    assert (
        adam["class_name"] == "Adam" and adam["config"]["learning_rate"] == 1e-3 and adam["config"]["beta_2"] == 0.999
    )
    assert resolved["fit"] == {"epochs": 2, "steps_per_epoch": None}


@pytest.mark.parametrize("setting", ["fit.epochs=2", 'arguments.mapping={"network": "toy_encoder", "filters": [2]}'])
def test_a_resolved_preset_is_a_preset_and_resolves_to_itself(setting, preset):
    resolved = config.resolve(config.override(preset(), [setting]))
    assert config.resolve(json.loads(json.dumps(resolved))) == resolved


def test_what_a_preset_says_is_what_its_resolution_says(preset):
    beta = {"class_name": "CyclicRamp", "config": {"total_steps": 100, "high": 4.0}}
    optimizer = {"critic": "sgd", "generator": {"class_name": "adamw", "config": {"learning_rate": beta}}}
    content = preset(compile={"optimizer": optimizer})
    content["arguments"] |= {"beta": beta, "encoder": {"network": "toy_encoder", "filters": [2, 4]}}
    resolved = config.resolve(content)
    assert resolved["arguments"]["beta"]["config"] == {
        "total_steps": 100,
        "num_cycles": 4,
        "ramp_share": 0.5,
        "low": 0.0,
        "high": 4.0,
    }
    assert resolved["arguments"]["encoder"] == {"network": "toy_encoder", "filters": [2, 4], "kernel_size": 3}
    players = resolved["compile"]["optimizer"]
    assert {name: one["class_name"] for name, one in players.items()} == {"critic": "SGD", "generator": "AdamW"}
    assert players["generator"]["config"]["learning_rate"]["config"]["total_steps"] == 100


# Overriding


def test_settings_are_json_or_else_strings(preset):
    changed = config.override(
        preset(), ["arguments.beta=4", "about=no JSON = no harm", 'data.augment=["flip"]', "arguments.name=null"]
    )
    assert changed["arguments"] == {"image_shape": [8, 8, 3], "beta": 4, "name": None}
    assert changed["about"] == "no JSON = no harm"
    assert changed["data"]["augment"] == ["flip"]


def test_a_setting_reaches_into_what_was_left_to_its_default(preset):
    changed = config.override(preset(), ["arguments.encoder.filters=[2]", "compile.optimizer.config.beta_1=0"])
    assert changed["arguments"]["encoder"] == {"network": "toy_encoder", "filters": [2], "kernel_size": 3}
    assert changed["compile"]["optimizer"]["config"]["beta_1"] == 0
    assert changed["compile"]["optimizer"]["config"]["learning_rate"] == 1e-3


def test_a_later_setting_reaches_into_an_earlier_one(preset):
    changed = config.override(preset(), ["arguments.mapping=toy_encoder", "arguments.mapping.filters=[2]"])
    assert changed["arguments"]["mapping"] == {"network": "toy_encoder", "filters": [2], "kernel_size": 3}
    changed = config.override(preset(), ["compile.optimizer=rmsprop", "compile.optimizer.config.learning_rate=0.5"])
    assert changed["compile"]["optimizer"]["class_name"] == "RMSprop"


def test_settings_may_be_right_only_together(preset):
    both = ["arguments.image_shape=[8, 8]", "arguments.image_shape=[16, 16, 1]"]
    assert config.override(preset(), both)["arguments"]["image_shape"] == [16, 16, 1]


def test_a_preset_is_not_changed_by_its_override(preset):
    original = config.load_preset(preset())
    config.override(original, ["arguments.beta=4", "arguments.encoder.filters=[2]"])
    assert original == preset()


def test_an_override_keeps_the_preset_s_name(zoo, preset, refusal):
    (zoo / "toy_8.json").write_text(json.dumps(preset()))
    assert config.override("toy_8", ["fit.epochs=3"]).name == "toy_8"
    assert config.resolve("toy_8").name == "toy_8"
    assert refusal("toy_8", "fit.epochs=0").startswith("toy_8.json: fit.epochs: ")


@pytest.mark.parametrize("setting", ["fit.epochs", "=3", "fit..epochs=3", ".=3", ""])
def test_a_setting_without_key_or_value(setting, preset, refusal):
    assert refusal(preset(), setting) == f"preset: {setting!r}: expected key=value, such as fit.epochs=3"


def test_a_setting_that_leads_into_a_number(preset, refusal):
    assert refusal(preset(), "arguments.latent_dim.x=3") == (
        'preset: arguments.latent_dim: expected an integer, got {"x": 3}'
    )


# Other data


def test_a_preset_moves_to_other_data(monkeypatch, preset):
    def other(size: Count, held_out: Share = 0.2):
        pass

    monkeypatch.setitem(DATASETS._entries, "other", other)
    data = {"dataset": "toy_data", "batch_size": 8, "augment": ["flip"], "num_images": 50, "held_out": 10}
    moved = config.on_dataset(preset(data=data), "other")
    assert moved["data"] == {"dataset": "other", "batch_size": 8, "augment": ["flip"]}
    with pytest.raises(ConfigError, match=r"preset: data.dataset: there is no dataset 'othr'; did you mean 'other'\?"):
        config.on_dataset(preset(), "othr")


# The package's own presets


@pytest.mark.parametrize("name", config.list_presets())
def test_a_preset_of_the_zoo(name):
    resolved = config.resolve(name)
    height, width, _ = resolved["arguments"]["image_shape"]
    assert height == width
    size = f"_{height}" if height > 1 else ""  # points have none
    dataset = resolved["data"]["dataset"]
    # The former are layouts of folders, and what lies in them has a name of its own.
    known = "[a-z0-9]+" if dataset in ("pairs", "unpaired") else dataset
    assert re.match(f"{resolved['model']}_{known}{size}(_|$)", name)
    assert resolved["about"].endswith(".")
    assert config.resolve(json.loads(json.dumps(resolved))) == resolved


def test_presets_are_found_in_a_checkout_and_in_an_installed_package(tmp_path, monkeypatch, preset):
    package = tmp_path / "keras_genzoo"
    monkeypatch.setattr(finding, "_PACKAGE", package)
    assert finding.folder() == tmp_path / "zoo_configs"
    assert config.list_presets() == []
    (package / "zoo_configs").mkdir(parents=True)
    (package / "zoo_configs" / "toy_8.json").write_text(json.dumps(preset()))
    assert config.list_presets() == ["toy_8"]
    assert config.load_preset("toy_8") == preset()


def test_list_models():
    assert {"dcgan", "toy", "vae", "wgan_gp"} <= set(config.list_models())
