"""`genzoo traverse`: the picture is what the function draws, in the order of what latents carry."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

import keras_genzoo
from keras_genzoo import images
from keras_genzoo.callbacks import latent_summary
from keras_genzoo.uses import draw, traverse


def pixels(path):
    with Image.open(path) as picture:
        return np.asarray(picture)


@pytest.mark.slow
def test_rows_are_latents_in_the_order_of_their_nats(genzoo, run):
    code, text, complaint = genzoo("traverse", run, "--seed", 5, "--latents", 3, "--steps", 3)
    assert (code, complaint) == (0, "")
    model = keras_genzoo.load(run)
    held_out = keras_genzoo.data.load_split("drawn_faces", size=16, num_images=64, held_out=20).held_out
    kl = latent_summary(model, held_out[np.arange(20)]["image"]).kl
    order = np.argsort(-kl)[:3]
    report = json.loads((run / "traverse.json").read_text())
    assert [row["latent"] for row in report["rows"]] == list(order)
    np.testing.assert_allclose([row["kl"] for row in report["rows"]], kl[order], atol=1e-4)
    assert report["ranked_over"] == "20 images of drawn_faces" and report["start"] == {"seed": 5}
    assert f"  latent {order[0]}  {kl[order[0]]:.2f} nats\n" in text and "rows, from seed 5:" in text
    rows = traverse(model, draw(model, np.arange(1), 5)[0], order, [-3, 0, 3])
    sheet = images.grid(rows.reshape(-1, 16, 16, 3), columns=3)
    assert np.abs(pixels(run / "traverse.png")[::6, ::6].astype(int) - sheet).max() <= 1
    with Image.open(run / "traverse.gif") as animation:
        assert animation.is_animated and animation.size == (6 * 34, 6 * 34)


@pytest.mark.slow
def test_from_an_image_and_without_the_data(genzoo, mistake, run, folder, tmp_path):
    """The images of the run are gone: what the training wrote decides over the order."""
    record = json.loads((run / "environment.json").read_text())
    record["data"]["held_out"]["count"] = 21
    (run / "environment.json").write_text(json.dumps(record))
    words = ("traverse", run, "--image", folder / "00.png", "--steps", 2, "--output", tmp_path / "new" / "a.png")
    code, text, _ = genzoo(*words)
    kl = json.loads((run / "latents.json").read_text())["kl"]
    assert code == 0 and f"  latent {int(np.argmax(kl))}  {max(kl):.2f} nats" in text.splitlines()[1]
    report = json.loads((tmp_path / "new" / "a.json").read_text())
    assert report["ranked_over"] == "latents.json" and report["start"] == {"image": str(folder / "00.png")}
    (run / "latents.json").write_text('{"epoch": 1, "kl": [1, 2]}')
    assert "latents.json: expected 4 numbers under 'kl'" in mistake(*words)
    (run / "latents.json").unlink()
    assert "the images are not those that" in mistake(*words)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--latents", 5), "--latents 5: this model has 4"),
        (("--index", 20), "--index 20: there are 20 held-out images, counted from 0"),
        (("--image", "nowhere.png"), "'nowhere.png' is missing"),
        (("--image", "nowhere.txt"), "'nowhere.txt' is missing"),
        (("--index", 1, "--seed", 1), "not allowed with argument"),
        (("--range", 0), "expected a number above 0"),
        (("--steps", 1), "expected an integer from 2 to 100"),
        (("--output", "a.jpg"), "must end in .png"),
    ],
)
def test_mistakes(mistake, trained, words, message):
    assert message in mistake("traverse", trained, *words)


def test_what_is_no_run(mistake, tmp_path):
    assert "is not a run folder" in mistake("traverse", tmp_path)
    shutil.rmtree(tmp_path)
