"""The doctor on a run: what `genzoo train` says at its end, and `genzoo doctor RUN` later."""

import json

import pytest

from keras_genzoo.diagnosis import Observation, Timeline, record


@pytest.fixture
def ill(run):
    """A finished run whose record tells of copies and of a posterior that collapsed."""
    timeline = Timeline()
    (run / record.FILE).unlink()
    for step in range(100, 2100, 100):
        observation = Observation(
            1 + step // 1000, step, {"copied": 0.9, "latents_in_use": 0.0 if step < 1000 else 0.5}
        )
        record.write(run, observation, timeline.add(observation))
    return run


def test_a_run_without_findings(genzoo, run):
    code, text, complaint = genzoo("doctor", run)
    assert (code, complaint) == (0, "") and text.startswith("nothing was found in ")
    assert json.loads(genzoo("doctor", run, "--json")[1]) == []


def test_what_was_found(genzoo, ill):
    code, text, complaint = genzoo("doctor", ill)
    assert (code, complaint) == (0, "")
    first, _, second = text.splitlines()
    assert (
        first.startswith("memorization: 90% more of the samples")
        and ", since epoch 1 (step 100). What helps: " in first
    )
    assert second.startswith("posterior collapse: 0% of the latents") and "until epoch 2" in second
    assert "arXiv:" in first and "What helps: " in second
    found = json.loads(genzoo("doctor", ill, "--json")[1])
    assert [one["finding"] for one in found] == ["memorization", "posterior_collapse"]
    assert found[0]["until"] is None and found[1]["until"]["epoch"] == 2


def test_a_divergence_is_told_too(genzoo, run):
    line = {"what": "the loss 'kl'", "value": "nan", "player": "autoencoder", "epoch": 1, "step": 3, "iterations": 3}
    (run / "diverged.jsonl").write_text(json.dumps(line) + "\n{")
    text = genzoo("doctor", run)[1]
    assert text.startswith("convergence failure: the loss 'kl' was nan in epoch 1, step 3. What helps: learning rates")
    assert [one["finding"] for one in json.loads(genzoo("doctor", run, "--json")[1])] == ["divergence"]


def test_a_training_tells_it_again_at_its_end(genzoo, run):
    (run / record.FILE).unlink()
    observation = Observation(1, 0, {"input.low": 0.0, "input.high": 255.0})
    record.write(run, observation, Timeline().add(observation))
    code, text, complaint = genzoo("train", "--output", run, "--resume")
    assert (code, complaint) == (0, "")  # it was said before
    assert "diagnosis.jsonl      what the doctor found, as said below" in text
    assert (
        "\ninput out of range: training images have pixels from 0 to 255, but [-1, 1] is expected. What helps: " in text
    )


@pytest.mark.slow
def test_training_without_the_doctor(genzoo, mistake, preset, tmp_path):
    assert genzoo("train", preset, "--output", tmp_path / "run", "--epochs", 1, "--no-diagnosis")[0] == 0
    assert not (tmp_path / "run" / record.FILE).exists()
    assert "holds no diagnosis.jsonl: it was trained by --no-diagnosis" in mistake("doctor", tmp_path / "run")
    assert "is not a run folder" in mistake("doctor", tmp_path / "nowhere")
