import json
import shutil

import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo.data import ArraySource, DataError, Split, load_split
from keras_genzoo.features.classifier import (
    RECORD,
    WEIGHTS,
    Classifier,
    Head,
    build_classifier,
    epochs_of,
    heads_of,
    load_classifier,
    save_classifier,
    train_classifier,
)
from keras_genzoo.features.extractor import ExtractorError
from keras_genzoo.images import from_pixels


def squares(count, seed, **labels):
    """Black images with a bright square at the top (class 0) or at the bottom (class 1), and how bright it is."""
    rng = np.random.default_rng(seed)
    x, place, light = np.zeros((count, 16, 16, 1), "uint8"), rng.integers(0, 2, count), rng.integers(100, 256, count)
    for image, bottom, level in zip(x, place, light, strict=True):
        image[8 * bottom : 8 * bottom + 8] = level
    if labels.get("factors"):
        factors = np.stack([place, light, np.full(count, 3)], axis=1)
        return ArraySource(x, factors=factors, factor_names=("place", "light", "constant"))
    return ArraySource(x, place, class_names=labels.get("class_names", ("top", "bottom")))


@pytest.fixture(scope="module")
def split():
    return Split(squares(256, 0), squares(64, 1))


@pytest.fixture(scope="module")
def trained(split):
    return train_classifier(split, "squares_classifier", epochs=3, seed=5, batch_size=32, augment=["shift"])


@pytest.fixture(scope="module")
def saved(trained, tmp_path_factory):
    folder = tmp_path_factory.mktemp("classifiers") / "squares"
    save_classifier(trained, folder)
    return folder


@pytest.fixture(scope="module")
def extractor(saved):
    return load_classifier(saved)


@pytest.fixture
def copy(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "copy")


@pytest.mark.slow
def test_it_learns_classes(trained, split):
    record = trained.record
    assert record["held_out"] == {"images": 64, "accuracy": {"label": 1.0}, "r2": {}}
    assert record["heads"][0]["classes"] == ("top", "bottom")
    assert record["training"] == {"epochs": 3, "seed": 5, "batch_size": 32, "augment": ["shift"]}
    assert record["data"]["held_out"] == split.held_out.manifest()


@pytest.mark.slow
def test_it_learns_factors_that_vary():
    parts = Split(squares(512, 0, factors=True), squares(128, 1, factors=True))
    place, light = heads_of(parts.train)
    assert place == Head("place", mean=pytest.approx(0.5, abs=0.1), deviation=pytest.approx(0.5, abs=0.01))
    assert light.name == "light" and light.mean == pytest.approx(177, abs=5)
    trained = train_classifier(parts, "squares_factors", epochs=6, batch_size=32)
    found = trained.record["held_out"]
    assert found["accuracy"] == {} and min(found["r2"].values()) > 0.8


@pytest.mark.slow
def test_the_heads_of_drawn_faces():
    drawn = load_split("drawn_faces", size=16, num_images=300, held_out=50, outliers=0.2)
    heads = {head.name: head for head in heads_of(drawn.train)}
    assert set(heads) == set(drawn.train.factor_names)
    assert heads["glasses"].classes == ("without", "with") and heads["glasses"].width == 2
    assert heads["yaw"].classes == () and heads["yaw"].width == 1
    assert heads["yaw"].deviation == pytest.approx(70 / 12**0.5, rel=0.1)  # of a uniform number
    trained = train_classifier(drawn, "faces", epochs=1, batch_size=100)
    assert set(trained.record["held_out"]["accuracy"]) == {name for name, head in heads.items() if head.classes}
    assert "outlier" not in {head.name for head in heads_of(load_split("drawn_faces", size=16, num_images=50).train)}


def test_labels_without_names_are_numbered(split):
    (head,) = heads_of(squares(64, 0, class_names=None))
    assert head == Head("label", ("0", "1"))


def test_few_images_are_seen_more_often():
    assert [epochs_of(images, 128) for images in (60_000, 6_400, 128, 2)] == [8, 8, 400, 400]


def test_what_cannot_be_learned(split):
    with pytest.raises(DataError, match="arrays has no labels of two classes or more, nor factors"):
        heads_of(ArraySource(np.zeros((4, 16, 16, 1), "uint8")))
    with pytest.raises(DataError, match="no labels of two classes"):
        heads_of(ArraySource(np.zeros((4, 16, 16, 1), "uint8"), label=[0, 0, 0, 0], class_names=("one",)))
    with pytest.raises(DataError, match="no images are held out"):
        train_classifier(Split(split.train, ArraySource(np.zeros((0, 16, 16, 1), "uint8"))), "x")


@pytest.mark.slow
def test_the_same_seed_trains_the_same_network(split, trained):
    again = train_classifier(split, "squares_classifier", epochs=3, seed=5, batch_size=32, augment=["shift"])
    for first, second in zip(trained.network.get_weights(), again.network.get_weights(), strict=True):
        np.testing.assert_allclose(first, second, atol=1e-3)
    initial = [build_classifier((16, 16, 1), [Head("label", ("a", "b"))], seed) for seed in (0, 0, 1)]
    kernels = [network.get_weights()[0] for network in initial]
    assert (kernels[0] == kernels[1]).all() and (kernels[0] != kernels[2]).any()


def test_a_loaded_classifier_gives_what_was_trained(extractor, trained, split):
    x = split.held_out[np.arange(9)]["image"]
    features, logits = extractor.with_logits(x)
    expected = ops.convert_to_numpy(trained.network(from_pixels(x), training=False))
    np.testing.assert_allclose(logits, expected, atol=1e-5)
    np.testing.assert_array_equal(extractor(x), features)
    assert features.shape == (9, 128) and features.dtype == logits.dtype == "float32"
    assert (extractor.name, extractor.dim, extractor.classes) == ("squares_classifier", 128, 2)
    np.testing.assert_array_equal(extractor.predict(x)["label"], split.held_out[np.arange(9)]["label"])


def test_numbers_come_in_the_units_of_the_factor():
    heads = [Head("place", ("top", "bottom")), Head("light", mean=100.0, deviation=10.0)]
    network = build_classifier((16, 16, 1), heads)
    network.get_layer("heads").set_weights([np.zeros((128, 3)), np.array([-1.0, 1.0, 0.5])])
    extractor = Classifier(network, {"name": "known"}, heads)
    predicted = extractor.predict(np.zeros((2, 16, 16, 1), "uint8"))
    assert predicted["place"].tolist() == [1, 1] and predicted["light"].tolist() == [105.0, 105.0]
    assert extractor.classes is None
    with pytest.raises(ExtractorError, match="no classes"):
        extractor.with_logits(np.zeros((2, 16, 16, 1), "uint8"))


def test_the_protocol_names_the_weights(extractor, saved):
    protocol = extractor.protocol()
    assert protocol["weights_sha256"] == json.loads((saved / RECORD).read_text())["weights_sha256"]
    assert protocol["extractor"] == "squares_classifier" and protocol["dtype"] == "float32"
    assert protocol["resize"] == "bilinear with antialias to 16 x 16"
    assert extractor.metric_name("frechet") == "frechet_squares_classifier"


def test_the_optimizer_is_not_saved(saved, trained):
    assert (saved / WEIGHTS).stat().st_size < 1.5 * 4 * trained.network.count_params()


def test_images_of_another_size_are_resized(extractor, split):
    x = split.held_out[np.arange(8)]["image"]
    large = np.repeat(np.repeat(x, 4, axis=1), 4, axis=2)
    assert extractor(large).shape == (8, 128)
    np.testing.assert_array_equal(extractor.predict(large)["label"], extractor.predict(x)["label"])


def test_images_of_color_are_refused_by_a_classifier_of_gray_ones(extractor):
    with pytest.raises(ExtractorError, match=r"got images of 3 channels, but it was trained on 1: .* by --channels 3"):
        extractor(np.zeros((2, 16, 16, 3), "uint8"))


def test_gray_images_are_taken_as_color(split):
    heads = [Head("label", ("a", "b"))]
    color = Classifier(build_classifier((16, 16, 3), heads), {"name": "color"}, heads)
    x = split.held_out[np.arange(4)]["image"]
    np.testing.assert_array_equal(color(x), color(np.repeat(x, 3, axis=3)))
    assert color.class_names == ("a", "b")


@pytest.mark.slow
def test_features_are_float32_under_any_policy(extractor, saved, split):
    x = split.held_out[np.arange(5)]["image"]
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        features = load_classifier(saved)(x)
        trained = train_classifier(split, "x", epochs=1, batch_size=128)
    finally:
        keras.config.set_dtype_policy(before)
    np.testing.assert_allclose(features, extractor(x), atol=1e-6)
    assert {weight.dtype for weight in trained.network.weights} == {"float32"}


def test_damaged_or_exchanged_weights_are_refused(copy):
    content = bytearray((copy / WEIGHTS).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / WEIGHTS).write_bytes(content)
    with pytest.raises(ExtractorError, match=r"damaged or of another training: its SHA-256 is \w{8}"):
        load_classifier(copy)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 1, "heads": [{"nose": 1}]}', '{"schema": 1}'])
def test_a_damaged_record_is_refused(copy, text):
    (copy / RECORD).write_text(text)
    with pytest.raises(ExtractorError, match=r"classifier.json is damaged .*: train the classifier again"):
        load_classifier(copy)


def test_a_record_of_another_schema_is_refused(copy):
    record = json.loads((copy / RECORD).read_text())
    (copy / RECORD).write_text(json.dumps({**record, "schema": 9}))
    with pytest.raises(ExtractorError, match="schema: expected 1, got 9"):
        load_classifier(copy)


@pytest.mark.parametrize("file", [RECORD, WEIGHTS])
def test_a_folder_that_is_none(copy, file):
    (copy / file).unlink()
    with pytest.raises(ExtractorError, match=f"is no classifier, it holds no {file}"):
        load_classifier(copy)


def test_it_is_saved_whole_or_not_at_all(trained, tmp_path, monkeypatch):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(ExtractorError, match="is not empty"):
        save_classifier(trained, tmp_path / "full")
    (tmp_path / "empty").mkdir()
    save_classifier(trained, tmp_path / "empty")
    assert sorted(path.name for path in (tmp_path / "empty").iterdir()) == [RECORD, WEIGHTS]

    def fail(path):
        raise OSError("no space left")

    monkeypatch.setattr(trained.network, "save_weights", fail)
    with pytest.raises(OSError, match="no space"):
        save_classifier(trained, tmp_path / "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "full"]
