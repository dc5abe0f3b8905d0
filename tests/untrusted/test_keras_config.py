"""The many ways to write a name in a `.keras` file; all are resolved as Keras does, and only what computes passes."""

import json
import zipfile

import keras
import pytest
from keras import layers

from keras_genzoo.untrusted import UntrustedError, check_keras_file
from keras_genzoo.untrusted.keras_config import check_config


def named(module, class_name, **more):
    return {"module": module, "class_name": class_name, "config": {}, "registered_name": None, **more}


def function(module, name, registered=None):
    return {"module": module, "class_name": "function", "config": name, "registered_name": registered or name}


CODE = {
    "a SavedModel": named("keras.layers", "TFSMLayer"),
    "a SavedModel by a dotted class": named("keras", "layers.TFSMLayer"),
    "a SavedModel by its module": named("keras.src.export.tfsm_layer", "TFSMLayer"),
    "a SavedModel by a longer dotted class": named("keras", "src.export.tfsm_layer.TFSMLayer"),
    "a SavedModel without a module": named(None, "TFSMLayer"),
    "a SavedModel of builtins": named("builtins", "layers.TFSMLayer"),
    "a SavedModel through a registered name": named("keras", "layers.TFSMLayer", registered_name="TFSMLayer"),
    "a Lambda": named("keras.layers", "Lambda"),
    "a Lambda by a dotted class": named("keras", "layers.Lambda"),
    "a Lambda of its own module": named("keras.src.layers.core.lambda_layer", "Lambda"),
    "a Lambda of the package": named("keras.src.layers", "Lambda"),
    "a Lambda of an older API": named("keras._tf_keras.keras.layers", "Lambda"),
    "a JAX function": named("keras.layers", "JaxLayer"),
    "a JAX function by its module": named("keras.src.utils.jax_layer", "JaxLayer"),
    "a Flax module": named("keras.layers", "FlaxLayer"),
    "a PyTorch module": named("keras.src.utils.torch_utils", "TorchModuleWrapper"),
    "a lambda": {"class_name": "__lambda__", "config": {"value": "4wEAAAAA"}},
    "a typespec": {"class_name": "__typespec__", "spec_name": "system", "module": "os", "config": []},
    "a layer that reads a vocabulary": named("keras.layers", "TextVectorization"),
    "a layer that reads a vocabulary by its module": named(
        "keras.src.layers.preprocessing.string_lookup", "StringLookup"
    ),
    "a class of os": named("os", "system"),
    "a module that begins like Keras": named("keras_evil", "Dense"),
    "a class that Keras has not": named("keras.layers", "Evil"),
    "a module that Keras has not": named("keras.evil", "Dense"),
    "a callback": named("keras.callbacks", "CSVLogger"),
    "a download": function("keras.utils", "get_file"),
    "a download by a dotted name": function("keras", "utils.get_file"),
    "a loader": function("keras.models", "load_model"),
    "a switch of safe mode": function("keras.config", "enable_unsafe_deserialization"),
    "an application": named("keras.applications", "ResNet50"),
    "a function of os": function("os", "system"),
    "a function of builtins": function("builtins", "eval"),
    "a function with another registered name": function("builtins", "exec", "relu"),
    "a name that is no text": named("keras.layers", ["Dense"]),
    "a module that is no text": named(["os"], "Dense"),
    "a function without a name": {"module": "builtins", "class_name": "function", "config": {}},
    "texts of any length": {"class_name": "__numpy__", "config": {"value": ["a"], "dtype": "U1000000000"}},
    "a control character": named("\x1b[31m", "Dense"),
}


@pytest.mark.parametrize("case", CODE)
@pytest.mark.parametrize("place", ["alone", "activation", "layer of a layer", "compile config", "key beside"])
def test_what_does_more_than_compute_is_refused(case, place):
    evil = CODE[case]
    dense = named("keras.layers", "Dense", config={"units": 4, "activation": evil})
    wrapped = named("keras.layers", "TimeDistributed", config={"layer": evil})
    outer = {
        "alone": evil,
        "activation": dense,
        "layer of a layer": named("keras.layers", "Bidirectional", config={"layer": wrapped}),
        "compile config": named("keras", "Sequential", compile_config={"optimizer": "adam", "loss": [evil]}),
        "key beside": {"a": [{"b": evil}]},
    }[place]
    with pytest.raises(UntrustedError) as refused:
        check_config(outer, "f")
    assert str(refused.value).isprintable() and len(str(refused.value)) < 300


SOUND = [
    named("keras.src.models.functional", "Functional"),
    named("keras", "Sequential"),
    named("keras", "DTypePolicy", config={"name": "mixed_float16"}),
    named("keras.layers", "Dense"),
    named(None, "Dense"),
    named("keras.src.layers.core.dense", "Dense"),
    named("keras.layers", "RandomFlip"),
    named("keras.initializers", "GlorotUniform"),
    named("keras.regularizers", "L2"),
    named("keras.constraints", "MaxNorm"),
    named("keras.optimizers", "Adam"),
    named("keras.optimizers.schedules", "CosineDecay"),
    named("keras.losses", "MeanSquaredError"),
    named("keras.src.ops.numpy", "Add"),
    function("builtins", "relu", "function"),
    function("keras.activations", "gelu"),
    function("keras.ops", "sin"),
    {
        "class_name": "__keras_tensor__",
        "config": {"shape": [None, 3], "dtype": "float32", "keras_history": ["a", 0, 0]},
    },
    {"class_name": "__numpy__", "config": {"value": [1.0], "dtype": "float32"}},
]


@pytest.mark.parametrize("config", SOUND, ids=str)
def test_what_computes_is_taken(config):
    check_config(config, "f")


def test_what_keras_writes_is_taken_and_loads(tmp_path):
    x = inputs = keras.Input((8, 8, 3))
    x = layers.Rescaling(2.0, -1.0)(x)
    x = layers.Conv2D(4, 3, kernel_initializer="he_normal", kernel_regularizer="l2", bias_constraint="non_neg")(x)
    x = layers.BatchNormalization()(x)
    x = layers.LeakyReLU()(x) + keras.ops.sqrt(keras.ops.square(x))
    x = layers.TimeDistributed(layers.Dense(4, activation="gelu"))(x)
    x = layers.MultiHeadAttention(2, 2)(x, x)
    x = layers.Concatenate()([x, layers.Activation(keras.activations.mish)(x)])
    x = layers.Bidirectional(layers.LSTM(4))(layers.Reshape((-1, 8))(x))
    x = keras.Sequential([layers.Dense(4, activation=keras.activations.silu), layers.Dropout(0.5, seed=1)])(x)
    model = keras.Model(inputs, x)
    rate = keras.optimizers.schedules.ExponentialDecay(1e-3, 10, 0.9)
    model.compile(keras.optimizers.AdamW(rate), loss=keras.losses.Huber(), metrics=["mae", keras.metrics.AUC()])
    model.save(tmp_path / "a.keras")
    check_keras_file(tmp_path / "a.keras")
    keras.saving.load_model(tmp_path / "a.keras", compile=False, safe_mode=True)
    with zipfile.ZipFile(tmp_path / "a.keras") as archive:
        check_config(json.loads(archive.read("config.json")), "f")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["MobileNetV2", "EfficientNetB0", "EfficientNetV2B0", "ConvNeXtTiny", "NASNetMobile"])
def test_networks_of_keras_applications_are_taken(name):
    network = getattr(keras.applications, name)(include_top=False, weights=None, input_shape=(64, 64, 3))
    check_config(keras.saving.serialize_keras_object(network), "f")
