import functools
import http.server
import json
import os
import sys
import threading
import types

import pytest

import keras_genzoo
from keras_genzoo.pretrained import cards
from keras_genzoo.publishing import publish

PRESET = {
    "schema": 2,
    "model": "dcgan",
    "about": "Tiny.",
    "data": {"dataset": "drawn_faces", "batch_size": 8, "num_images": 32, "held_out": 16},
    "arguments": {
        "image_shape": [16, 16, 3],
        "latent_dim": 4,
        "ema_momentum": 0.9,
        "generator": {"network": "dcgan_generator", "filters": [8, 4]},
        "discriminator": {"network": "dcgan_discriminator", "filters": [4, 8]},
    },
    "fit": {"epochs": 1, "steps_per_epoch": 2},
}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """The cache, apart from the user's."""
    monkeypatch.setenv("GENZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GENZOO_WEIGHTS", raising=False)
    return tmp_path / "cache"


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    """A finished run of a GAN with an average; it is shared, and must not be changed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENZOO_CACHE", str(tmp_path_factory.mktemp("cache")))
        preset = tmp_path_factory.mktemp("presets") / "tiny.json"
        preset.write_text(json.dumps(PRESET))
        return keras_genzoo.train(preset, tmp_path_factory.mktemp("runs") / "tiny", seed=3).path


@pytest.fixture(scope="session")
def published(run, tmp_path_factory):
    """What `publish` makes of it, in float32; it is shared, and must not be changed."""
    folder = tmp_path_factory.mktemp("published") / "tiny"
    publish(run, folder, "Apache-2.0", "none: drawn by code", dtype="float32")
    return folder


@pytest.fixture
def enter(published, tmp_path, monkeypatch):
    """Enters the published model into a zoo, with a card that is changed as asked."""

    def entering(**changes):
        content = json.loads((published / "card.json").read_text()) | changes
        folder = tmp_path / "cards"
        folder.mkdir(exist_ok=True)
        monkeypatch.setattr(cards, "folder", lambda: folder)
        title = f"{content['name']}@{content['version']}"
        (folder / f"{title}.json").write_text(json.dumps(content))
        return content

    return entering


@pytest.fixture
def server(tmp_path):
    """A server on this machine, whose paths are answered by functions of a handler; and its address."""
    answers = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            answers[self.path](self)

        def log_message(self, *_):
            pass

    serving = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=serving.serve_forever, daemon=True)
    thread.start()
    yield answers, f"http://127.0.0.1:{serving.server_port}"
    serving.shutdown()
    serving.server_close()


def whole(content, handler, ranges=True, status=200):
    """Answers with bytes, or from where a request asks on."""
    begin = handler.headers.get("Range")
    first = int(begin.removeprefix("bytes=").removesuffix("-")) if begin and ranges else 0
    handler.send_response(206 if first else status)
    handler.send_header("Content-Length", str(len(content) - first))
    handler.end_headers()
    handler.wfile.write(content[first:])


def answering(content, **arguments):
    """A function of a handler that sends bytes."""
    return functools.partial(whole, content, **arguments)


@pytest.fixture
def hub(published, monkeypatch):
    """A module in the place of huggingface_hub, whose one repository is the published folder."""
    asked = []

    def hf_hub_download(repository, name, revision=None):
        asked.append((repository, name, revision))
        if repository != "me/faces":
            raise OSError("404: no such\nrepository")
        return str(published / name)

    class HfApi:
        def create_repo(self, repository, exist_ok):
            asked.append(("create", repository))

        def upload_folder(self, repo_id, folder_path):
            asked.append(("upload", repo_id, sorted(os.listdir(folder_path))))
            return types.SimpleNamespace(oid=40 * "a")

    module = types.SimpleNamespace(hf_hub_download=hf_hub_download, HfApi=HfApi)
    monkeypatch.setitem(sys.modules, "huggingface_hub", module)
    return asked
