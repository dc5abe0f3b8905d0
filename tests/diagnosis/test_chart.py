"""What the rules find in series that are made up, and what they pass over."""

import json
import math

import numpy as np
import pytest

from keras_genzoo.diagnosis import ADVICE, RULES, Chart, Look, record

EVERY = 100
GAN = {
    "spread": 0.9,
    "pixel_spread": 0.8,
    "nearest": 0.9,
    "coverage": 0.7,
    "classes": 0.9,
    "copied": 0.0,
    "told_apart.discriminator": 0.9,
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
VAE = {"spread": 0.7, "nearest": 0.5, "latents_in_use": 0.4, "log.loss": 200.0, "log.val_loss": 220.0, "val_gap": 20.0}


def series(healthy, looks=30, start=0, **changes):
    """Looks, every 100 steps, five to an epoch; a change is a value, or a function of the look's number."""
    for number in range(start, looks):
        now = {name: value(number) if callable(value) else value for name, value in {**healthy, **changes}.items()}
        yield Look(1 + number // 5, 1 + EVERY * number, now)


def found(looks):
    chart = Chart()
    for look in looks:
        chart.add(look)
    return chart.findings


def after(number, ill, well):
    return lambda now: ill if now >= number else well


ILL = {
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
        "partial: the samples are of 40%",
    ),
    "few kinds": (GAN, {"nearest": after(8, 0.03, 0.9)}, "mode_collapse", "partial: the samples are of a few kinds"),
    "a discriminator that wins": (
        GAN,
        {"told_apart.discriminator": after(8, 1.0, 0.9), "log.discriminator_loss": after(8, 1e-3, 0.5)},
        "discriminator_wins",
        "the discriminator has won",
    ),
    "a generator's loss that climbs": (
        GAN,
        {"told_apart.discriminator": 1.0, "log.generator_loss": lambda now: 3.0 * now},
        "discriminator_wins",
        "the discriminator has won",
    ),
    "a generator that wins": (
        GAN,
        {"told_apart.discriminator": after(8, 0.0, 0.9)},
        "generator_wins",
        "the discriminator is right in 0.0%",
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
        "by heart",
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


@pytest.mark.parametrize("name", ILL)
def test_each_illness_is_found_alone(name):
    healthy, changes, illness, words = ILL[name]
    (finding,) = found(series(healthy, **changes))
    assert finding.illness == illness and words in finding.words
    assert finding.found[1] - finding.since[1] >= 300 and finding.until is None
    assert finding.evidence and all(np.isfinite(value) for value in finding.evidence.values())
    text = finding.text
    assert ADVICE[illness].words in text and ADVICE[illness].source in text and "\n" not in text
    assert f"since epoch {finding.since[0]} (step {finding.since[1]:,})" in text


def test_every_rule_has_its_illness_and_every_illness_its_rule():
    assert {rule.illness for rule in RULES} == set(ADVICE)
    tried = {illness for _, _, illness, _ in ILL.values()}
    assert set(ADVICE) - tried == {"input"}


@pytest.mark.parametrize("healthy", [GAN, VAE])
def test_nothing_is_found_where_nothing_is(healthy):
    random = np.random.default_rng(0)
    noisy = {name: lambda _, value=value: value * random.uniform(0.95, 1.05) for name, value in healthy.items()}
    assert found(series(healthy, 200, **noisy)) == []


@pytest.mark.parametrize("name", ILL)
def test_a_bad_moment_is_no_illness(name):
    """Of every four looks three are ill: nothing lasts."""
    healthy, changes, _, _ = ILL[name]
    looks = enumerate(series(healthy, **changes))
    assert found(ill if number % 4 else Look(ill.epoch, ill.iterations, healthy) for number, ill in looks) == []


def test_what_a_healthy_training_does_at_first():
    young = {
        "spread": lambda now: min(0.9, 0.02 + 0.03 * now),
        "pixel_spread": lambda now: min(0.9, 0.02 + 0.03 * now),
        "told_apart.discriminator": lambda now: 1.0 if now < 10 else 0.95,
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
    look = Look(1, 0, GAN)
    record.write(tmp_path, look, [])
    record.write_stop(tmp_path, "no room")
    assert record.read(tmp_path).words == "nothing was found at 1 look; then it could look no more: no room"
    assert record.go_back(tmp_path, 5).stopped is None  # a training that goes on is looked at again


def test_a_critic_may_tell_all_samples():
    critic = {name.replace("discriminator", "critic"): value for name, value in GAN.items() if "told" not in name}
    assert found(series(critic, **{"log.critic_loss": lambda now: -30.0 / (1 + now)})) == []


def test_steps_count_not_looks_alone():
    sick = {"spread": 0.0, "pixel_spread": 0.0}
    assert found(Look(1, step, {**GAN, **sick}) for step in range(0, 400, 10)) == []
    (finding,) = found(Look(1, step, {**GAN, **sick}) for step in range(0, 600, 10))
    assert (finding.since, finding.found) == ((1, 0), (1, 500))


def test_it_is_told_once_and_when_it_is_over():
    chart = Chart()
    ill = {"copied": lambda now: 0.9 if 5 <= now < 30 or now >= 50 else 0.0}
    told = [len(chart.add(look)) for look in series(GAN, 70, **ill)]
    assert sum(told) == 3 and told[9] == told[34] == told[54] == 1
    first, second = chart.findings
    assert first.news.startswith("memorization is over in epoch 7, which was: 90% more")
    assert first.line()["until"] == {"epoch": 7, "iterations": 3401} and second.line()["until"] is None
    assert first.since == (2, 501) and first.until == (7, 3401)  # after five good looks
    assert second.until is None
    assert "since epoch 2 (step 501) until epoch 7" in first.summary
    assert chart.words.count("\n") == 1


def test_one_good_look_is_no_recovery():
    ill = {"copied": lambda now: 0.0 if now % 5 == 4 and now > 10 else 0.9}
    (finding,) = found(series(GAN, 60, **ill))
    assert finding.until is None


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"input.low": 0.0, "input.high": 255.0}, "numbers from 0 to 255, and expects [-1, 1]"),
        ({"input.low": 0.0, "input.high": 1.0}, "numbers from 0 up alone"),
        ({"input.low": -2.1, "input.high": 2.6}, "numbers from -2.1 to 2.6"),
        ({"input.not_finite": 0.25}, "25.00% of the numbers"),
        ({"input.variation": 0.0}, "all the same"),
    ],
)
def test_input_is_told_at_once(facts, words):
    healthy = {"input.low": -1.0, "input.high": 1.0, "input.not_finite": 0.0, "input.variation": 0.5}
    assert Chart().add(Look(1, 0, healthy)) == []
    (finding,) = Chart().add(Look(1, 0, {**healthy, **facts}))
    assert finding.illness == "input" and words in finding.words and "since" not in finding.summary


def test_a_loss_that_is_not_finite_is_told_at_once():
    (finding,) = Chart().add(Look(3, 200, {**GAN, "logs_not_finite": 1.0}))
    assert finding.illness == "divergence" and "since epoch 3 (step 200)" in finding.summary


def test_what_is_not_finite_is_as_if_it_had_not_been_measured():
    assert found(series(GAN, copied=math.nan, **{"scale.generator": math.inf})) == []


class TestRecord:
    looks = list(series(GAN, copied=0.9))

    def write(self, folder):
        chart = Chart()
        for look in self.looks:
            record.write(folder, look, chart.add(look))
        return chart

    def test_it_tells_the_same(self, tmp_path):
        chart = self.write(tmp_path / "run")
        assert record.read(tmp_path / "run") == chart
        lines = [json.loads(line) for line in (tmp_path / "run" / record.FILE).read_text().splitlines()]
        (told,) = (line for line in lines if "finding" in line)
        assert told["finding"] == "memorization" and told["evidence"] == {"copied": 0.9}
        assert told["since"] == {"epoch": 1, "iterations": 1} and told["source"] == ADVICE["memorization"].source

    def test_a_training_that_goes_back_forgets_what_came_after(self, tmp_path):
        self.write(tmp_path)
        chart = record.go_back(tmp_path, 250)
        assert chart.looks == 3 and chart.findings == []
        assert len((tmp_path / record.FILE).read_text().splitlines()) == 3
        told = [chart.add(look) for look in self.looks[3:]]
        assert [bool(one) for one in told[:3]] == [False, True, False]

    def test_what_is_broken_is_passed_over(self, tmp_path):
        self.write(tmp_path)
        with (tmp_path / record.FILE).open("a") as file:
            for line in ('{"epoch": 1, "iterat', "[]", '{"epoch": 1, "iterations": 2, "measures": {"a": "b"}}', "\x1b"):
                file.write(line + "\n")
            for number in ("-1", "1e400", "1" + "0" * 400, "NaN"):
                file.write(f'{{"epoch": 1, "iterations": 2, "measures": {{"copied": {number}0}}}}\n')
                file.write(f'{{"epoch": 1, "iterations": {number}, "measures": {{"copied": 0.5}}}}\n')
            file.write('{"epoch": true, "iterations": 2, "measures": {}}\n{"epoch": 1, "measures": {}}\n')
        assert record.read(tmp_path).looks == len(self.looks) + 1  # of copied: -10

    def test_without_one(self, tmp_path):
        assert record.read(tmp_path).looks == record.go_back(tmp_path, 5).looks == 0
        assert record.read(tmp_path).words == "nothing was found at 0 looks"
        assert not (tmp_path / record.FILE).exists()

    def test_measures_that_come_alone_break_nothing(self):
        """A record may be a stranger's."""
        for name in {**GAN, **VAE, "input.low": 0, "input.high": 0, "input.not_finite": 0, "input.variation": 0}:
            for value in (-1e299, 0.0, 1e299):
                chart = Chart()
                for step in (500, 0, 3, 10**6, 10**7, 10**8, 10**9):
                    chart.add(Look(1, step, {name: value}))
                assert all(finding.text for finding in chart.findings)
