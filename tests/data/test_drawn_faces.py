"""Drawn faces: what a picture depends on, shares that are kept, and errors that can be understood."""

import json

import numpy as np
import pytest

from keras_genzoo.data import DataError, Source, drawn_faces, load_data
from keras_genzoo.data.drawing import Canvas, box, circle, ellipse
from keras_genzoo.data.drawn_faces import FACTORS, draw_faces
from keras_genzoo.data.face_parts import KINDS
from keras_genzoo.registry import DATASETS

make = DATASETS["drawn_faces"]
COLUMN = {name: column for column, name in enumerate(FACTORS)}
PLAIN = {"hair_style": 1, "hair_color": 1, "skin_tone": 0.3, "face_width": 0.5}  # short brown hair; the rest is 0


def faces(num: int, **values: object) -> np.ndarray:
    """Factors of `num` faces, equal but for the `values` that are arrays."""
    factors = np.zeros((num, len(FACTORS)), "float32")
    for name, value in {**PLAIN, **values}.items():
        factors[:, COLUMN[name]] = value
    return factors


def test_source_and_split():
    split = make(num_images=50, held_out=7)
    assert isinstance(split.train, Source) and (len(split.train), len(split.held_out)) == (50, 7)
    record = split.train[np.arange(5)]
    assert record["image"].shape == (5, *split.train.image_shape) == (5, 32, 32, 3)
    assert record["image"].dtype == np.uint8
    assert record["label"].dtype == np.int32 and record["factors"].dtype == np.float32
    assert record["factors"].shape == (5, len(split.train.factor_names))
    np.testing.assert_array_equal(record["label"], record["factors"][:, COLUMN["hair_style"]])
    assert split.train.class_names[record["label"][0]] in FACTORS["hair_style"].classes
    with pytest.raises(IndexError):
        split.train[np.array([50])]


def test_held_out_images_follow_those_to_train_on():
    short, long = make(num_images=40, held_out=10), make(num_images=50, held_out=1)
    np.testing.assert_array_equal(short.held_out[np.arange(10)]["image"], long.train[np.arange(40, 50)]["image"])
    factors = np.concatenate([short.train.factors(np.arange(40)), short.held_out.factors(np.arange(10))])
    assert len(np.unique(factors, axis=0)) == 50


def test_reaches_training_through_load_data():
    train, held_out = load_data("drawn_faces", batch_size=8, size=16, channels=1, num_images=32, held_out=8)
    assert train.image_shape == (16, 16, 1) and (len(train), len(held_out)) == (32, 8)


@pytest.mark.slow
@pytest.mark.parametrize("size", [32, 57])
def test_a_picture_is_the_same_in_any_batch(size, monkeypatch):
    source = make(size=size, num_images=48, outliers=0.5).train
    together = source[np.arange(48)]["image"]
    assert set(source.factors(np.arange(48))[:, COLUMN["outlier"]]) == set(range(len(KINDS)))
    shuffled = np.random.default_rng(0).permutation(48)
    np.testing.assert_array_equal(source[shuffled]["image"], together[shuffled])
    alone = np.concatenate([source[np.array([index])]["image"] for index in range(48)])
    np.testing.assert_array_equal(alone, together)
    monkeypatch.setattr(drawn_faces, "_PIXELS_AT_ONCE", 5 * size**2)
    np.testing.assert_array_equal(source[np.arange(48)]["image"], together)


@pytest.mark.slow
def test_no_part_reaches_out_of_its_window(monkeypatch):
    """A window must hold its shape; else what is painted would depend on the batch that set the window."""
    factors = make(outliers=0.3, num_images=400).train.factors(np.arange(400))
    windowed = draw_faces(factors, 40)
    monkeypatch.setattr(Canvas, "_span", lambda *_: slice(None))
    np.testing.assert_array_equal(draw_faces(factors, 40), windowed)


def test_another_seed_draws_other_faces():
    first, second = (make(num_images=20, seed=seed).train.factors(np.arange(20)) for seed in (0, 1))
    continuous = [COLUMN[name] for name, factor in FACTORS.items() if not factor.classes]
    assert not np.any(first[:, continuous] == second[:, continuous])


@pytest.mark.parametrize("name", FACTORS)
def test_every_factor_can_be_seen_at_32_pixels(name):
    factor = FACTORS[name]
    values = np.arange(len(factor.classes)) if factor.classes else np.linspace(factor.low, factor.high, 3)
    factors = faces(len(values), **{name: values}, **({"hat": 1} if name == "outfit" else {}))
    images = draw_faces(factors, 32).astype(int)
    for first in range(len(values)):
        for second in range(first):
            change = np.abs(images[first] - images[second]).max(axis=-1)
            assert np.sum(change > 16) >= 8, f"{name}: {values[first]} looks like {values[second]}"


def test_the_dataset_draws_its_factors():
    source = make(num_images=16, outliers=0.2).train
    record = source[np.arange(16)]
    np.testing.assert_array_equal(draw_faces(record["factors"], 32), record["image"])


@pytest.mark.slow
@pytest.mark.parametrize("size", [16, 33, 100, 1024])
def test_sizes(size):
    image = make(size=size, num_images=1).train[np.array([0])]["image"]
    assert image.shape == (1, size, size, 3) and image.std() > 20


@pytest.mark.slow
def test_the_same_face_at_every_size():
    small, large = (make(size=size, num_images=64).train[np.arange(64)]["image"] for size in (32, 128))
    reduced = large.reshape(64, 32, 4, 32, 4, 3).mean(axis=(2, 4))
    assert np.abs(reduced - small).mean() < 4
    others = np.abs(np.roll(reduced, 1, axis=0) - small).mean()
    assert others > 40


def test_one_channel_is_luminance():
    color, gray = (make(channels=channels, num_images=32).train[np.arange(32)]["image"] for channels in (3, 1))
    assert gray.shape == (32, 32, 32, 1)
    assert np.abs(color @ np.array([0.299, 0.587, 0.114]) - gray[..., 0]).max() < 2


def test_faces_look_where_the_yaw_says_and_smile_up():
    left, right = draw_faces(faces(2, yaw=[-35, 35], eye_color=3), 64)[..., 2].astype(int)
    assert np.abs(left - right[:, ::-1]).mean() < np.abs(left - right).mean()
    sad, glad = draw_faces(faces(2, smile=[-1, 1]), 64).astype(int).sum(axis=-1)
    teeth = (slice(42, 52), slice(27, 37))
    assert glad[teeth].max() > sad[teeth].max() + 100


@pytest.mark.parametrize("name", FACTORS)
def test_skew_reaches_its_shares(name):
    classes = len(FACTORS[name].classes)
    shares = np.arange(max(classes, 2)) / np.arange(max(classes, 2)).sum()  # the first class is never drawn
    skew = shares.tolist() if classes > 2 else 0.9
    shares = shares if classes > 2 else np.array([0.1, 0.9])
    values = make(num_images=10_000, skew={name: skew}).train.factors(np.arange(10_000))
    column, factor = values[:, COLUMN[name]], FACTORS[name]
    if not classes:
        assert column.min() >= factor.low and column.max() <= factor.high
        column = column > (factor.low + factor.high) / 2
    reached = np.bincount(column.astype(int), minlength=len(shares)) / 10_000
    np.testing.assert_allclose(reached, shares, atol=0.02)
    plain = make(num_images=10_000).train.factors(np.arange(10_000))
    others = [other for other in COLUMN.values() if other != COLUMN[name]]
    np.testing.assert_array_equal(values[:, others], plain[:, others])


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_share_may_be_none_or_all(share):
    factors = make(num_images=1000, skew={"glasses": share, "smile": share}).train.factors(np.arange(1000))
    assert np.all(factors[:, COLUMN["glasses"]] == share)
    assert np.all((factors[:, COLUMN["smile"]] > 0) == bool(share)) and np.all(np.isfinite(factors))


def test_default_shares_and_ranges():
    factors = make().train.factors(np.arange(20_000))
    for (name, factor), column in zip(FACTORS.items(), factors.T, strict=True):
        assert column.min() >= factor.low and column.max() <= factor.largest, name
        if factor.classes:
            reached = np.bincount(column.astype(int), minlength=len(factor.classes)) / 20_000
            np.testing.assert_allclose(reached, factor.shares, atol=0.012, err_msg=name)


def test_outliers_are_mixed_in_and_told():
    plain, mixed = (make(num_images=5000, outliers=outliers).train for outliers in (0.0, 0.2))
    before, after = plain.factors(np.arange(5000)), mixed.factors(np.arange(5000))
    kind = after[:, COLUMN["outlier"]]
    assert not before[:, COLUMN["outlier"]].any()
    np.testing.assert_allclose(np.bincount(kind.astype(int)) / 5000, [0.8, *[0.04] * 5], atol=0.02)
    np.testing.assert_array_equal(before[:, :-1], after[:, :-1])
    some = np.arange(200)
    changed = np.any(plain[some]["image"] != mixed[some]["image"], axis=(1, 2, 3))
    np.testing.assert_array_equal(changed, kind[some] > 0)


def test_kinds_of_outliers():
    images = dict(zip(KINDS, draw_faces(faces(len(KINDS), outlier=np.arange(len(KINDS))), 32), strict=True))
    np.testing.assert_array_equal(images["upside down"], images["face"][::-1])
    same = np.all(images["faceless"] == images["face"], axis=-1)
    assert same.mean() > 0.7 and not same[14:24, 10:22].all()
    first, second = draw_faces(faces(2, outlier=list(KINDS).index("noise"), yaw=[1, 2]), 32).astype(float)
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.1


def test_manifest_tells_apart_what_differs():
    manifest = make().train.manifest()
    assert json.loads(json.dumps(manifest)) == manifest
    others = [make(seed=1), make(size=64), make(channels=1), make(num_images=10), make(skew={"hat": [1, 0, 0, 0]})]
    manifests = [manifest, make().held_out.manifest(), *(split.train.manifest() for split in others)]
    assert len({json.dumps(each) for each in manifests}) == len(manifests)
    assert make().train.manifest() == manifest


def test_faces_are_drawn_as_they_were_when_results_were_published():
    """Results name this drawing; if it must change, change it here too, and measure them again."""
    assert make().train.manifest()["drawing_sha256"][:16] == "7397a87e0b8fe312"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"skew": {"glases": 0.9}}, "'glases'.*did you mean 'glasses'"),
        ({"skew": {"glasses": 1.5}}, r"skew\['glasses'\] is .*expected the fraction of 'with', a number from 0 to 1"),
        ({"skew": {"smile": "much"}}, r"skew\['smile'\] is 'much'; expected the fraction of 'upper half'"),
        ({"skew": {"hat": 0.5}}, r"skew\['hat'\] is 0.5; expected 4 shares .* for none, cap, beanie, top hat"),
        ({"skew": {"hat": [0.5, 0.5]}}, "expected 4 shares"),
        ({"skew": {"hat": [0.5, 0.5, 0.5, 0.5]}}, "that sum to 1"),
        ({"skew": {"hat": [float("nan"), 0.5, 0.5, 0.0]}}, "expected 4 shares"),
        ({"outliers": 1.5}, "outliers=1.5 must be a fraction"),
        ({"outliers": 0.1, "skew": {"outlier": [0, 0, 0, 1, 0, 0]}}, "give only one of them"),
        ({"size": 8}, "size=8 is out of range; faces are drawn at 16 to 1024"),
        ({"size": 2048}, "size=2048"),
        ({"channels": 4}, "channels=4.*3 for RGB or 1"),
        ({"num_images": 0}, "num_images=0"),
    ],
)
def test_errors(options, message):
    with pytest.raises(DataError, match=message):
        make(**options)


def test_errors_of_drawing():
    with pytest.raises(DataError, match=r"shape \(3, 2\); expected \(n, 12\)"):
        draw_faces(np.zeros((3, 2)), 32)
    with pytest.raises(DataError, match="'hat' is 9 to 9; expected 0 to 3"):
        draw_faces(faces(1, hat=9), 32)
    with pytest.raises(DataError, match="'smile' is nan"):
        draw_faces(faces(1, smile=np.nan), 32)


@pytest.mark.parametrize("shape", [lambda x, y: circle(x, y, 0.6), lambda x, y: ellipse(x, y, 0.8, 0.45)])
def test_area_of_a_shape_is_exact_at_any_size(shape):
    for size in (16, 64, 256):
        canvas = Canvas(1, size)
        canvas.paint(shape(canvas.x, canvas.y), (1.0, 1.0, 1.0))
        assert canvas.pixels[0].mean() * 4 == pytest.approx(np.pi * 0.36, rel=0.02)


def test_edges_are_one_pixel_wide():
    canvas = Canvas(1, 32)
    canvas.paint(box(canvas.x - 0.01, canvas.y, 0.5, 0.5), (1.0, 1.0, 1.0))
    row = canvas.pixels[0, 16, :, 0]
    assert np.sum((row > 0) & (row < 1)) <= 4 and row.max() == 1 and row[0] == 0
