"""What the rules find in series that are made up, and what they do not report."""

import json
import math

import numpy as np
import pytest

from keras_genzoo.diagnosis import ADVICE, RULES, Observation, Timeline, record

EVERY = 100
GAN = {
    "spread": 0.9,
    "pixel_spread": 0.8,
    "nearest": 0.9,
    "coverage": 0.7,
    "classes": 0.9,
    "copied": 0.0,
    "pairwise_accuracy.discriminator": 0.9,
    "held_out.discriminator": 0.6,
    "overfitting.discriminator": 0.2,
    "gradient.generator": 1e-3,
    "weights.generator": 0.03,
    "weights.discriminator": 0.03,
    "dead.generator": 0.1,
    "scale.generator": 0.8,
    "log.discriminator_loss": 0.8,
    "log.generator_loss": 2.0,
}
CYCLEGAN = {
    **{f"spread.{name}": 0.9 for name in ("a_to_b", "b_to_a")},
    **{f"nearest.{name}": 0.8 for name in ("a_to_b", "b_to_a")},
    **{f"change.{name}": 0.5 for name in ("a_to_b", "b_to_a")},
    **{f"pairwise_accuracy.discriminator_{domain}": 0.9 for domain in "ab"},
    **{f"log.discriminator_{domain}_loss": 0.2 for domain in "ab"},
    "log.a_to_b_loss": 0.5,
}
VAE = {"spread": 0.7, "nearest": 0.5, "latents_in_use": 0.4, "log.loss": 200.0, "log.val_loss": 220.0, "val_gap": 20.0}


def series(healthy, observations=30, start=0, **changes):
    """Observations, every 100 steps, five to an epoch; a change is a value or a function of the number."""
    for number in range(start, observations):
        now = {name: value(number) if callable(value) else value for name, value in {**healthy, **changes}.items()}
        yield Observation(1 + number // 5, 1 + EVERY * number, now)


def found(observations):
    timeline = Timeline()
    for observation in observations:
        timeline.add(observation)
    return timeline.findings


def after(number, failing, well):
    return lambda now: failing if now >= number else well


FAILING = {
    "complete collapse": (GAN, {"spread": 0.02, "pixel_spread": 0.01, "nearest": 0.02}, "mode_collapse", "complete"),
    "collapse of much": (
        GAN,
        {"spread": after(8, 0.2, 0.9), "pixel_spread": after(8, 0.15, 0.9)},
        "mode_collapse",
        "partial",
    ),
    "classes that are missing": (
        GAN,
        {"classes": after(8, 0.4, 0.9)},
        "mode_collapse",
        "partial: the samples cover 40%",
    ),
    "a label that is ignored": (
        {**GAN, "label_effect": 0.5, "label_share": 0.4},
        {"label_effect": after(8, 0.03, 0.5)},
        "label_ignored",
        "makes 3.0% of their variance, but 40% of that of real images",
    ),
    "an input that is ignored": (
        CYCLEGAN,
        {"spread.b_to_a": after(8, 0.02, 0.9), "nearest.b_to_a": after(8, 0.01, 0.8)},
        "input_ignored",
        "the b_to_a ignores its input: the diversity of its translations is 2.0%",
    ),
    "an input that is copied": (
        CYCLEGAN,
        {"change.a_to_b": after(8, 0.01, 0.5)},
        "input_copied",
        "the a_to_b copies its input",
    ),
    "translations that lose diversity": (
        CYCLEGAN,
        {"spread.a_to_b": after(8, 0.2, 0.9)},
        "mode_collapse",
        "partial: the diversity of the translations of the a_to_b has fallen to 20%",
    ),
    "translations of few kinds": (
        CYCLEGAN,
        {"nearest.a_to_b": after(8, 0.03, 0.8)},
        "mode_collapse",
        "partial: the translations of the a_to_b are of a few kinds",
    ),
    "one of two discriminators that wins": (
        CYCLEGAN,
        {"pairwise_accuracy.discriminator_b": after(8, 1.0, 0.9), "log.discriminator_b_loss": after(8, 1e-3, 0.2)},
        "discriminator_wins",
        "the discriminator_b has won",
    ),
    "few kinds": (GAN, {"nearest": after(8, 0.03, 0.9)}, "mode_collapse", "partial: the samples are of a few kinds"),
    "a discriminator that wins": (
        GAN,
        {"pairwise_accuracy.discriminator": after(8, 1.0, 0.9), "log.discriminator_loss": after(8, 1e-3, 0.5)},
        "discriminator_wins",
        "the discriminator has won",
    ),
    "a generator's loss that climbs": (
        GAN,
        {"pairwise_accuracy.discriminator": 1.0, "log.generator_loss": lambda now: 3.0 * now},
        "discriminator_wins",
        "the discriminator has won",
    ),
    "a generator that wins": (
        GAN,
        {"pairwise_accuracy.discriminator": after(8, 0.0, 0.9)},
        "generator_wins",
        "the discriminator ranks real images above samples in 0.0%",
    ),
    "a gradient that vanishes": (GAN, {"gradient.generator": lambda now: 10.0**-now}, "gradient_vanishes", "vanished"),
    "a loss that climbs": (GAN, {"log.generator_loss": lambda now: 10.0**now}, "divergence", "generator_loss has"),
    "a loss that gets worse": (VAE, {"log.loss": after(3, 500.0, 200.0)}, "divergence", "worse than at the first"),
    "weights that grow": (
        GAN,
        {"weights.generator": lambda now: 0.03 + 0.03 * math.sqrt(EVERY * now)},
        "divergence",
        "the weights of the generator",
    ),
    "copies": (GAN, {"copied": 0.8}, "memorization", "80% more"),
    "a discriminator that knows by heart": (
        GAN,
        {"overfitting.discriminator": 0.95, "held_out.discriminator": 1.0},
        "overfitting",
        "has memorized",
    ),
    "held-out images that get worse": (
        VAE,
        {
            "log.val_loss": lambda now: 215.0 + (now - 10) ** 2,
            "log.loss": lambda now: 300.0 / (1 + now),
            "val_gap": lambda now: 215.0 + (now - 10) ** 2 - 300.0 / (1 + now),
        },
        "overfitting",
        "rises again",
    ),
    "dead units": (GAN, {"dead.generator": 1.0}, "dead_units", "100% of the units of a layer of the generator"),
    "activations that explode": (GAN, {"scale.generator": lambda now: 2.0**now}, "exploding_activations", "generator"),
    "a posterior that collapses": (VAE, {"latents_in_use": after(4, 0.0, 0.3)}, "posterior_collapse", "0% of the"),
}


@pytest.mark.parametrize("name", FAILING)
def test_each_illness_is_found_alone(name):
    healthy, changes, failure, words = FAILING[name]
    (finding,) = found(series(healthy, **changes))
    assert finding.failure == failure and words in finding.words
    assert finding.found[1] - finding.since[1] >= 300 and finding.until is None
    assert finding.evidence and all(np.isfinite(value) for value in finding.evidence.values())
    text = finding.text
    assert ADVICE[failure].words in text and ADVICE[failure].source in text and "\n" not in text
    assert f"since epoch {finding.since[0]} (step {finding.since[1]:,})" in text


def test_every_rule_has_its_illness_and_every_illness_its_rule():
    assert {rule.failure for rule in RULES} == set(ADVICE)
    tried = {failure for _, _, failure, _ in FAILING.values()}
    assert set(ADVICE) - tried == {"input"}


@pytest.mark.parametrize("healthy", [GAN, CYCLEGAN, VAE])
def test_nothing_is_found_where_nothing_is(healthy):
    random = np.random.default_rng(0)
    noisy = {name: lambda _, value=value: value * random.uniform(0.95, 1.05) for name, value in healthy.items()}
    assert found(series(healthy, 200, **noisy)) == []


@pytest.mark.parametrize("name", FAILING)
def test_a_bad_moment_is_no_illness(name):
    """Of every four observations three are ill: nothing lasts."""
    healthy, changes, _, _ = FAILING[name]
    observations = enumerate(series(healthy, **changes))
    assert (
        found(
            failing if number % 4 else Observation(failing.epoch, failing.iterations, healthy)
            for number, failing in observations
        )
        == []
    )


def test_what_a_healthy_training_does_at_first():
    young = {
        "spread": lambda now: min(0.9, 0.02 + 0.03 * now),
        "pixel_spread": lambda now: min(0.9, 0.02 + 0.03 * now),
        "pairwise_accuracy.discriminator": lambda now: 1.0 if now < 10 else 0.95,
        "gradient.generator": lambda now: 1e-2 / (1 + now) ** 2,
        "log.discriminator_loss": lambda now: 1.4 * 0.9**now + 0.1,
    }
    assert found(series(GAN, 60, **young)) == []
    young = {"log.loss": lambda now: 2000 / (1 + now) - 300, "log.val_loss": lambda now: 2000 / (1 + now) - 290}
    assert found(series(VAE, 60, **young)) == []


def test_a_term_that_weighs_more_is_no_overfitting():
    """A beta that rises, or goes in cycles, lifts the losses of both kinds of images."""
    loss = {
        name: lambda now, more=more: (110 + 12 * min(now, 30) if now else 600) + more
        for name, more in (("log.loss", 0), ("log.val_loss", 2))
    }
    assert found(series(VAE, 60, **{**loss, "val_gap": lambda now: 2.0 + 0.01 * now})) == []


def test_the_doctor_that_gave_up_says_so(tmp_path):
    observation = Observation(1, 0, GAN)
    record.write(tmp_path, observation, [])
    record.write_stop(tmp_path, "no room")
    assert record.read(tmp_path).summary == "nothing was found in 1 observation; then observation failed: no room"
    assert record.rewind(tmp_path, 5).stopped is None  # a training that goes on is looked at again


def test_a_critic_may_separate_all_samples():
    critic = {name.replace("discriminator", "critic"): value for name, value in GAN.items() if "accuracy" not in name}
    assert found(series(critic, **{"log.critic_loss": lambda now: -30.0 / (1 + now)})) == []


def test_steps_count_and_not_observations_alone():
    collapsed = {"spread": 0.0, "pixel_spread": 0.0}
    assert found(Observation(1, step, {**GAN, **collapsed}) for step in range(0, 400, 10)) == []
    (finding,) = found(Observation(1, step, {**GAN, **collapsed}) for step in range(0, 600, 10))
    assert (finding.since, finding.found) == ((1, 0), (1, 500))


def test_it_is_reported_once_and_when_it_is_over():
    timeline = Timeline()
    failing = {"copied": lambda now: 0.9 if 5 <= now < 30 or now >= 50 else 0.0}
    news = [len(timeline.add(observation)) for observation in series(GAN, 70, **failing)]
    assert sum(news) == 3 and news[9] == news[34] == news[54] == 1
    first, second = timeline.findings
    assert first.news.startswith("memorization is over in epoch 7; it was: 90% more")
    assert first.line()["until"] == {"epoch": 7, "iterations": 3401} and second.line()["until"] is None
    assert first.since == (2, 501) and first.until == (7, 3401)  # after five good observations
    assert second.until is None
    assert "since epoch 2 (step 501) until epoch 7" in first.summary
    assert timeline.summary.count("\n") == 1


def test_one_good_observation_is_no_recovery():
    failing = {"copied": lambda now: 0.0 if now % 5 == 4 and now > 10 else 0.9}
    (finding,) = found(series(GAN, 60, **failing))
    assert finding.until is None


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"input.low": 0.0, "input.high": 255.0}, "pixels from 0 to 255, but [-1, 1] is expected"),
        ({"input.low": 0.0, "input.high": 1.0}, "no pixels below 0,"),
        ({"input.low": -2.1, "input.high": 2.6}, "pixels from -2.1 to 2.6"),
        ({"input.not_finite": 0.25}, "25.00% of the pixels"),
        ({"input.variation": 0.0}, "all the same"),
    ],
)
def test_input_is_reported_at_once(facts, words):
    healthy = {"input.low": -1.0, "input.high": 1.0, "input.not_finite": 0.0, "input.variation": 0.5}
    assert Timeline().add(Observation(1, 0, healthy)) == []
    (finding,) = Timeline().add(Observation(1, 0, {**healthy, **facts}))
    assert finding.failure == "input" and words in finding.words and "since" not in finding.summary


def test_a_loss_that_is_not_finite_is_reported_at_once():
    (finding,) = Timeline().add(Observation(3, 200, {**GAN, "logs_not_finite": 1.0}))
    assert finding.failure == "divergence" and "since epoch 3 (step 200)" in finding.summary


def test_what_is_not_finite_is_as_if_it_had_not_been_measured():
    assert found(series(GAN, copied=math.nan, **{"scale.generator": math.inf})) == []


class TestRecord:
    observations = list(series(GAN, copied=0.9))

    def write(self, folder):
        timeline = Timeline()
        for observation in self.observations:
            record.write(folder, observation, timeline.add(observation))
        return timeline

    def test_it_reads_the_same(self, tmp_path):
        timeline = self.write(tmp_path / "run")
        assert record.read(tmp_path / "run") == timeline
        lines = [json.loads(line) for line in (tmp_path / "run" / record.FILE).read_text().splitlines()]
        (written,) = (line for line in lines if "finding" in line)
        assert written["finding"] == "memorization" and written["evidence"] == {"copied": 0.9}
        assert written["since"] == {"epoch": 1, "iterations": 1} and written["source"] == ADVICE["memorization"].source

    def test_names_of_measures_of_earlier_versions_are_read(self, tmp_path):
        lines = [
            {"epoch": 1, "iterations": 100 * number, "measures": {"told_apart.discriminator": 0.0}}
            for number in range(9)
        ]
        (tmp_path / record.FILE).write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        (finding,) = record.read(tmp_path).findings
        assert (finding.failure, finding.player) == ("generator_wins", "discriminator")
        assert "told_apart" not in record.rewind(tmp_path, 800).findings[0].line()["evidence"]
        assert "pairwise_accuracy.discriminator" in (tmp_path / record.FILE).read_text()

    def test_a_training_that_goes_back_forgets_what_came_after(self, tmp_path):
        self.write(tmp_path)
        timeline = record.rewind(tmp_path, 250)
        assert timeline.observations == 3 and timeline.findings == []
        assert len((tmp_path / record.FILE).read_text().splitlines()) == 3
        news = [timeline.add(observation) for observation in self.observations[3:]]
        assert [bool(findings) for findings in news[:3]] == [False, True, False]

    def test_what_is_broken_is_passed_over(self, tmp_path):
        self.write(tmp_path)
        with (tmp_path / record.FILE).open("a") as file:
            for line in ('{"epoch": 1, "iterat', "[]", '{"epoch": 1, "iterations": 2, "measures": {"a": "b"}}', "\x1b"):
                file.write(line + "\n")
            for number in ("-1", "1e400", "1" + "0" * 400, "NaN"):
                file.write(f'{{"epoch": 1, "iterations": 2, "measures": {{"copied": {number}0}}}}\n')
                file.write(f'{{"epoch": 1, "iterations": {number}, "measures": {{"copied": 0.5}}}}\n')
            file.write('{"epoch": true, "iterations": 2, "measures": {}}\n{"epoch": 1, "measures": {}}\n')
        assert record.read(tmp_path).observations == len(self.observations) + 1  # of copied: -10

    def test_without_one(self, tmp_path):
        assert record.read(tmp_path).observations == record.rewind(tmp_path, 5).observations == 0
        assert record.read(tmp_path).summary == "nothing was found in 0 observations"
        assert not (tmp_path / record.FILE).exists()

    def test_measures_that_come_alone_break_nothing(self):
        """A record may be a stranger's."""
        for name in {**GAN, **VAE, "input.low": 0, "input.high": 0, "input.not_finite": 0, "input.variation": 0}:
            for value in (-1e299, 0.0, 1e299):
                timeline = Timeline()
                for step in (500, 0, 3, 10**6, 10**7, 10**8, 10**9):
                    timeline.add(Observation(1, step, {name: value}))
                assert all(finding.text for finding in timeline.findings)
