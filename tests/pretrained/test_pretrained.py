"""Cards, weights from their sources, and pretrained models in the place of runs."""

import json
import multiprocessing
import os
import sys

import numpy as np
import pytest

import keras_genzoo
from keras_genzoo.artifacts import Run, RunError, classifier_of, from_pretrained, load
from keras_genzoo.artifacts.caches import list_cache, remove_cached
from keras_genzoo.artifacts.run_data import images_beside
from keras_genzoo.cli import main
from keras_genzoo.features.extractors import load_extractor
from keras_genzoo.named_weights import named_weights
from keras_genzoo.pretrained import cards, weights_of
from keras_genzoo.publishing import push
from tests.pretrained.conftest import PRESET, answering


def file_of(published):
    return next(published.glob("*.npz"))


def here(published, monkeypatch):
    """Names the folder of the published weights."""
    monkeypatch.setenv("GENZOO_WEIGHTS", str(published))


# What is used


def test_a_name_stands_for_a_run(run, published, enter, monkeypatch, tmp_path, capsys):
    enter()
    here(published, monkeypatch)
    expected = load(run).generate(4, seed=2)
    for word in ("tiny@1", "tiny"):
        np.testing.assert_array_equal(from_pretrained(word).generate(4, seed=2), expected)
        np.testing.assert_array_equal(load(word).generate(4, seed=2), expected)
    model = from_pretrained("tiny@1")
    weights = named_weights(model)
    for name in weights:  # the network in training begins at its average
        if name.startswith("generator/"):
            twin = weights[name.replace("generator", "ema", 1)]
            np.testing.assert_array_equal(np.array(weights[name]), np.array(twin))
    monkeypatch.chdir(tmp_path)
    assert main(["sample", "tiny@1", "--num", "4", "--output", "faces.png"]) == 0
    assert main(["evaluate", "tiny@1", "--metrics", "precision", "--features", "pixels", "--num", "16"]) == 0
    assert (
        main(["evaluate", "noise", "--data", "tiny@1", "--metrics", "precision", "--features", "pixels", "--num", "16"])
        == 0
    )
    named, own = (images_beside(Run(run), data).split.held_out.manifest() for data in ("tiny@1", None))
    assert named == own
    assert main(["presets", "--pretrained"]) == 0
    assert "tiny@1  dcgan  drawn_faces" in capsys.readouterr().out


def test_a_training_begins_with_it_and_leaves_the_discriminator_new(run, published, enter, monkeypatch, tmp_path):
    enter()
    here(published, monkeypatch)
    training = keras_genzoo.train(PRESET, tmp_path / "on", seed=5, epochs=1, from_run="tiny@1")
    source = training.record["from"]
    assert source["missing"] and all(name.startswith("discriminator/") for name in source["missing"])
    with pytest.raises(RunError, match="pretrained model, without its training: train on by --from tiny@1"):
        Run.resume("tiny@1", training.config)


def test_a_preset_is_built_with_its_weights(published, enter, monkeypatch, tmp_path, run):
    enter()
    here(published, monkeypatch)
    preset = tmp_path / "tiny.json"
    preset.write_text(json.dumps(PRESET))
    model = keras_genzoo.build(preset, pretrained=True)
    np.testing.assert_array_equal(model.generate(2), load(run).generate(2))
    preset.rename(tmp_path / "other.json")
    with pytest.raises(ValueError, match=r"there are no pretrained weights; .*tiny@1"):
        keras_genzoo.build(tmp_path / "other.json", pretrained=True)


def test_names_of_nothing(enter):
    enter()
    with pytest.raises(RunError, match="there is no pretrained model 'tony'; did you mean 'tiny@1'"):
        from_pretrained("tony")
    with pytest.raises(RunError, match="there is no pretrained model 'tiny@2'; did you mean 'tiny@1'"):
        load("tiny@2")
    with pytest.raises(RunError, match=r"'tony' is not a run folder: it does not exist; .*presets --pretrained"):
        load("tony")


def test_the_newest_version_stands_for_the_name(enter):
    enter()
    content = enter(version=12)
    assert content["version"] == 12
    with pytest.raises(RunError, match=r"its file is 'tiny@1.npz', but tiny@12.npz is expected"):
        cards.find("tiny")


def test_a_preset_that_changed_is_refused(published, enter, monkeypatch):
    enter(preset=None)
    monkeypatch.setattr("keras_genzoo.config.find", lambda name: ({"model": "dcgan", "arguments": {}}, name))
    with pytest.raises(RunError, match="tiny@1: the preset tiny has changed since these weights were trained"):
        load("tiny@1")


def test_weights_of_another_model_are_refused(published, enter, monkeypatch, tmp_path):
    content = enter()
    narrower = json.loads(json.dumps(content["preset"]).replace("[8, 4]", "[6, 4]"))
    enter(preset=narrower, preset_sha256=cards.preset_digest(narrower))
    here(published, monkeypatch)
    with pytest.raises(RunError, match=r"ema/.* has shape \(.*\), but \(.*\) is expected"):
        load("tiny@1")


# Where weights come from


def test_weights_from_an_address(published, enter, server, cache):
    answers, address = server
    content = file_of(published).read_bytes()
    answers["/w.npz"] = answering(content)
    enter(sources=[f"{address}/w.npz"])
    path = weights_of(cards.find("tiny@1"))
    assert path.read_bytes() == content and path.is_relative_to(cache)
    answers.clear()
    assert weights_of(cards.find("tiny@1")) == path  # no network is needed again


def test_a_cut_connection_goes_on_where_it_was_cut(published, enter, server):
    answers, address = server
    content, asked = file_of(published).read_bytes(), []

    def cut(handler):
        asked.append(handler.headers.get("Range"))
        if len(asked) > 1:
            answering(content)(handler)
            return
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content[:1000])

    answers["/w.npz"] = cut
    enter(sources=[f"{address}/w.npz"])
    with pytest.raises(RunError, match=r"could not be fetched|the connection ended after 1,000 of"):
        weights_of(cards.find("tiny@1"))
    assert weights_of(cards.find("tiny@1")).read_bytes() == content
    assert asked == [None, "bytes=1000-"]


def test_what_an_address_may_not_do(published, enter, server, cache):
    answers, address = server
    content = file_of(published).read_bytes()

    def elsewhere(handler):
        handler.send_response(302)
        handler.send_header("Location", "http://localhost:1/other")
        handler.end_headers()

    flipped = bytes([content[0] ^ 1]) + content[1:]
    cases = {
        "/flipped": (answering(flipped), "is not what the card of tiny@1 says"),
        "/long": (answering(content + b"x"), rf"has {len(content) + 1:,} bytes, but {len(content):,} are expected"),
        "/missing": (answering(b"", status=404), "could not be fetched"),
        "/redirect": (elsewhere, "leads elsewhere, to 'http://localhost:1/other'"),
    }
    for path, (answer, message) in cases.items():
        answers[path] = answer
        enter(sources=[address + path])
        with pytest.raises(RunError, match=message) as caught:
            weights_of(cards.find("tiny@1"))
        assert "put the file tiny@1.npz" in str(caught.value) and "\n" not in str(caught.value)
        assert not [path for path in cache.rglob("*.npz")]
    enter(sources=["ftp://somewhere/w.npz"])
    with pytest.raises(RunError, match=r"'ftp://somewhere/w.npz' is no https address"):
        weights_of(cards.find("tiny@1"))


def test_the_second_source_where_the_first_one_fails(published, enter, server):
    answers, address = server
    answers["/w.npz"] = answering(file_of(published).read_bytes())
    answers["/none"] = answering(b"", status=404)
    enter(sources=["package", f"{address}/none", f"{address}/w.npz"])
    assert weights_of(cards.find("tiny@1")).exists()


def test_a_cache_that_was_changed_is_refused(published, enter, monkeypatch):
    enter()
    here(published, monkeypatch)
    path = weights_of(cards.find("tiny@1"))
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(RunError, match="it is damaged, or was changed: remove it"):
        load("tiny@1")


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions mean nothing to this user")
def test_a_cache_that_is_closed(enter, cache):
    enter()
    cache.mkdir()
    cache.chmod(0o500)
    with pytest.raises(RunError, match="closed to writing: name another cache by GENZOO_CACHE"):
        load("tiny@1")


def test_a_cache_that_is_no_folder(enter, cache):
    enter()
    cache.write_text("")
    with pytest.raises(RunError, match="is no folder: name another cache by GENZOO_CACHE"):
        load("tiny@1")


def fetch(folder):
    cards.folder = lambda: folder
    weights_of(cards.find("tiny@1"))


@pytest.mark.slow
def test_two_processes_fetch_once(published, enter, server, tmp_path):
    answers, address = server
    content, asked = file_of(published).read_bytes(), []

    def counted(handler):
        asked.append(1)
        answering(content)(handler)

    answers["/w.npz"] = counted
    enter(sources=[f"{address}/w.npz"])
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=fetch, args=(tmp_path / "cards",)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0] and len(asked) == 1


@pytest.mark.parametrize(
    "name", ["../tiny@1.npz", "a/tiny@1.npz", "tiny@1.npz/..", ".tiny@1.npz", "tiny@1.h5", "C:tiny@1.npz"]
)
def test_names_of_files_that_lead_elsewhere(enter, published, name):
    content = json.loads((published / "card.json").read_text())
    enter(file={**content["file"], "name": name})
    with pytest.raises(RunError, match=r"file\.name: expected|its file is"):
        cards.find("tiny@1")


# Hubs


def test_a_stranger_s_repository(run, hub):
    word = f"hf://me/faces@{40 * 'b'}"
    np.testing.assert_array_equal(from_pretrained(word).generate(2), load(run).generate(2))
    assert {revision for _, _, revision in hub} == {40 * "b"}
    with pytest.raises(RunError, match=r"hf://me/others: card.json could not be fetched"):
        load("hf://me/others")
    with pytest.raises(RunError, match="'hf://me' is no hf://ORG/REPO@COMMIT"):
        load("hf://me")


def test_a_stranger_s_model_shares_no_folder_with_the_zoo_s(enter, hub, published, monkeypatch, cache):
    """Of the same name and weights, with another preset."""
    load(f"hf://me/faces@{40 * 'b'}")
    enter()
    here(published, monkeypatch)
    load("tiny@1")
    assert len(list((cache / "pretrained").glob("tiny@1-*"))) == 2


def test_a_card_that_names_a_hub_pins_its_commit(enter, hub):
    enter(sources=["hf://me/faces@main"])
    with pytest.raises(RunError, match="with the whole commit"):
        load("tiny@1")
    enter(sources=[f"hf://me/faces@{40 * 'c'}"])
    load("tiny@1")


def test_a_hub_without_its_library(enter, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    enter(sources=[f"hf://me/faces@{40 * 'c'}"])
    with pytest.raises(RunError, match=r"pip install 'keras_genzoo\[hub\]'"):
        load("tiny@1")
    with pytest.raises(RunError, match=r"pip install 'keras_genzoo\[hub\]'"):
        push("anywhere", "hf://me/faces")


# The zoo's own


@pytest.mark.parametrize("title", cards.list_pretrained())
def test_models_of_the_package(title):
    card = cards.find(title)
    assert card.title == title and card.sources[0] == "package" and card.preset is None
    assert card.file.bytes <= 2 * 2**20 and card.metrics
    if card.kind == "model":
        from_pretrained(title)
        return
    extractor = load_extractor(str(classifier_of(title)))
    channels = card.run["image_shape"][-1]
    assert extractor(np.zeros((1, 32, 32, channels), "uint8")).shape == (1, extractor.dim)
    with pytest.raises(RunError, match=f"{title} is a classifier, whose features measure models"):
        load(title)


def test_those_of_the_package_take_little_room():
    assert sum(cards.find(title).file.bytes for title in cards.list_pretrained()) <= 12 * 2**20


def test_the_cache_lists_and_removes_it(published, enter, monkeypatch, cache):
    enter()
    here(published, monkeypatch)
    load("tiny@1")
    (entry,) = list_cache()
    assert entry.kind == "pretrained" and entry.name.startswith("tiny@1-") and len(entry.files) == 4
    remove_cached(["tiny@1"])
    assert not list_cache() and not list((cache / "pretrained").glob("tiny*"))
