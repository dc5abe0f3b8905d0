"""The rules: which measures, at how many observations in a row, show a failure.

The bounds lie where healthy trainings do not come, and failing ones do not return from: a failure that is missed shows
in the samples, while a false alarm spoils a good training.

| measure | what it is |
| --- | --- |
| `spread`, `nearest` | diversity of the samples by descriptors: `keras_genzoo.diagnosis.diversity` |
| `pixel_spread` | `spread` by thumbnails |
| `spread.T`, ..., `coverage.T` | the same of translations by the translator T, beside real images of their domain |
| `change.T` | mean difference of translations from their inputs, in that of real images from these inputs |
| `coverage`, `copied` | by descriptors, by thumbnails: the functions of these names |
| `classes` | `classes_covered` by thumbnails, of data with labels |
| `label_effect`, `label_share` | of conditional models, by thumbnails: the functions of these names |
| `pairwise_accuracy.D` | fraction of pairs of a real image and a sample, or of their patches, that D orders correctly |
| `held_out.D`, `overfitting.D` | the same of pairs of a training and a held-out image; `overfitting` |
| `gradient.P` | root mean square of the gradient of the loss of P, the player of the generator or translator |
| `weights.P` | root mean square of the weights of the player P |
| `dead.N`, `scale.N` | the largest fraction of constant units, and root mean square, of a layer of the network N |
| `latents_in_use` | fraction of the latents that carry more than 0.01 nats, where their KL has a closed form |
| `log.L`, `logs_not_finite` | mean of the log L, since the last observation; how many logs are NaN or infinite |
| `val_gap` | held-out loss less training loss, in the last epoch |
| `input.low`, ... | `keras_genzoo.diagnosis.range_of` |
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Measures = Mapping[str, float]


@dataclass
class Past:
    """Each measure's first, smallest and largest value so far, the present observation included."""

    first: dict[str, float] = field(default_factory=dict)
    least: dict[str, float] = field(default_factory=dict)
    most: dict[str, float] = field(default_factory=dict)
    steps: int = 0
    """From the first observation to the present one."""
    _start: int | None = None

    def add(self, iterations: int, measures: Measures) -> None:
        """Adds the measures of an observation."""
        self._start = iterations if self._start is None else self._start
        self.steps = max(0, iterations - self._start)
        for name, value in measures.items():
            self.first.setdefault(name, value)
            self.least[name] = min(value, self.least.get(name, math.inf))
            self.most[name] = max(value, self.most.get(name, -math.inf))


@dataclass(frozen=True)
class Rule:
    """A condition under which a measure shows a failure.

    Args:
        failure: string, a key of `ADVICE`.
        about: string, a measure's name; or one that ends in a dot, for all measures that begin so: each is tested by
            itself, and the rest of its name is the player's, the network's or the log's.
        fails: function `(the measure's name, all measures of the observation, past) -> bool`.
        words: string, the report, formatted with `value`, `who`, `first`, the measure's first value, and `now`, all
            measures of the observation.
        player: optional string, the player that fails, where the measure's name does not say so.
        evidence: names of other measures that are reported; "{who}" in them is the player, the network or the log.
        observations: integer, how many in a row must show it.
        steps: integer, the least number of train steps from the first of them to the last.
    """

    failure: str
    about: str
    fails: Callable[[str, Measures, Past], bool]
    words: str
    player: str | None = None
    evidence: tuple[str, ...] = ()
    observations: int = 5
    steps: int = 300

    def measures(self, measures: Measures) -> list[str]:
        """Those measures of an observation that the rule is about."""
        if self.about.endswith("."):
            return [name for name in measures if name.startswith(self.about)]
        return [self.about] if self.about in measures else []

    def whose(self, name: str) -> str | None:
        """The player, the network or the log that fails, by the measure of that name."""
        return self.player or (name.removeprefix(self.about) if self.about.endswith(".") else None)


NOTHING = 0.1
"""The diversity, in that of real images, below which samples are all the same."""
LITTLE = 0.3
"""The diversity below which most of what real images show is missing."""
HALF = 0.5
"""The fraction of the classes below which too many are missing."""
IGNORED = 0.1
"""The effect of labels on samples, in their share of the variance of real images, below which they are ignored.

Measured on Fashion-MNIST, 16 x 16, after 300 steps: conditional GANs 0.45 (every_layer) and 1.3 (one_hot); a CVAE,
whose latents carry the class at first, 0.08, and 0.1 from step 500 on; the same, trained with labels in random order,
0.002, 0.056 and 0.03.
"""
MEANINGFUL = 0.02
"""The fraction of the variety of real images that labels explain, below which they say too little to be missed."""
UNCHANGED = 0.03
"""The change of images by a translator, in their distance from real images of the other domain, below which it copies.

Of horses and zebras, or summer and winter, it is above 0.1.
"""
COLLAPSED = 0.25
"""The fraction of latents in use below which the posterior has collapsed."""


def _variety(of: Measures, name: str = "") -> float:
    """The larger of both measures of diversity; of the translator that the measure `name` is about, if it is of one."""
    _, dot, translator = name.partition(".")
    return max(of.get(f"{measure}{dot}{translator}", 0.0) for measure in ("spread", "pixel_spread"))


def _all_alike(name: str, now: Measures, past: Past) -> bool:
    return _variety(now, name) < NOTHING


def _much_is_missing(name: str, now: Measures, past: Past) -> bool:
    # A generator's diversity grows at first; it must have had more of it before.
    return NOTHING <= _variety(now, name) < min(LITTLE, 0.7 * _variety(past.most, name))


def _few_kinds(name: str, now: Measures, past: Past) -> bool:
    return now[name] < NOTHING <= _variety(now, name)


def _classes_are_missing(name: str, now: Measures, past: Past) -> bool:
    return now[name] < HALF and _variety(now) >= NOTHING


def _label_is_ignored(name: str, now: Measures, past: Past) -> bool:
    # Of samples that are all alike the label has no effect either: that is another failure.
    alike = "spread" in now and _variety(now) < NOTHING
    share = now.get("label_share", 0.0)
    return share >= MEANINGFUL and now[name] < IGNORED * share and not alike


def _won(name: str, now: Measures, past: Past) -> bool:
    # The losses of discriminators (logistic, hinge, least squares) end at 0; the generator's then climbs.
    discriminator = name.removeprefix("pairwise_accuracy.")
    over = abs(now.get(f"log.{discriminator}_loss", math.inf)) < 0.02
    over = over or max(now.get(log, 0.0) for log in ("log.generator_loss", "log.translator_loss")) > 15.0
    return now[name] >= 0.999 and over


def _lost(name: str, now: Measures, past: Past) -> bool:
    return now[name] <= 0.02


def _faded(name: str, now: Measures, past: Past) -> bool:
    return now[name] <= 1e-4 * past.most[name]


def _climbed(name: str, now: Measures, past: Past) -> bool:
    return not name.startswith("log.val_") and abs(now[name]) > 3e3 * (1.0 + abs(past.first[name]))


def _worse_than_ever(name: str, now: Measures, past: Past) -> bool:
    return now[name] > past.first[name] + 0.5 * abs(past.first[name]) + 1.0


def _overgrown(name: str, now: Measures, past: Past) -> bool:
    # Steps at random, each a part p of the weights' first size, let them grow by p times the root of their number. For
    # DCGAN with Adam p is about 0.01; at a hundred times the learning rate, 1.
    return now[name] > (2.5 + 0.15 * math.sqrt(past.steps)) * past.first[name] > 0.0


def _dead(name: str, now: Measures, past: Past) -> bool:
    return now[name] >= 0.95


def _exploded(name: str, now: Measures, past: Past) -> bool:
    return now[name] > max(100.0, 100.0 * past.first[name])


def _copies(name: str, now: Measures, past: Past) -> bool:
    return now[name] > LITTLE


def _memorizes(name: str, now: Measures, past: Past) -> bool:
    return now[name] > 0.8 and now.get(name.replace("overfitting.", "held_out."), 0.0) > 0.9


def _risen(name: str, now: Measures, past: Past) -> bool:
    best, first = past.least[name], past.first[name]
    risen = now[name] - best
    if risen <= max(0.3 * (first - best), 0.1 * abs(best)):
        return False
    # A loss of which a term's weight rises, as beta's does, rises for training images as well.
    gap = now.get("val_gap", -math.inf)
    return gap > 0.0 and gap - past.least.get("val_gap", gap) > 0.5 * risen


def _copied_input(name: str, now: Measures, past: Past) -> bool:
    return now[name] < UNCHANGED


def _unused(name: str, now: Measures, past: Past) -> bool:
    return now[name] < COLLAPSED


def _out_of_range(name: str, now: Measures, past: Past) -> bool:
    return now.get("input.low", -1.0) < -1.01 or now[name] > 1.01


def _half_the_range(name: str, now: Measures, past: Past) -> bool:
    return now[name] >= -0.01 and 0.5 < now.get("input.high", 0.0) <= 1.01


def _given(condition: Callable[[float], bool]) -> Callable[[str, Measures, Past], bool]:
    return lambda name, now, past: condition(now[name])


def _input(about: str, fails: Callable[[str, Measures, Past], bool], words: str) -> Rule:
    """A rule about the range of the training images, which the first observation tests."""
    return Rule("input", about, fails, words, evidence=("input.low", "input.high"), observations=1, steps=0)


_SAMPLES = ("pixel_spread", "coverage", "classes")
_TRANSLATIONS = ("pixel_spread.{who}", "coverage.{who}")
_LOSSES = ("log.{who}_loss", "log.discriminator_loss", "log.generator_loss", "log.translator_loss")

RULES = (
    _input("input.not_finite", _given(lambda fraction: fraction > 0.0),
           "{value:.2%} of the pixels of the training images are NaN or infinite"),
    _input("input.high", _out_of_range,
           "training images have pixels from {now[input.low]:.4g} to {value:.4g}, but [-1, 1] is expected"),
    _input("input.low", _half_the_range,
           "training images have no pixels below {value:.1g}, but [-1, 1] is expected"),
    _input("input.variation", _given(lambda largest: largest < 1e-6), "training images are all the same"),
    Rule("mode_collapse", "spread", _all_alike,
         "complete: the diversity of the samples is {value:.1%} of that of real images",
         player="generator", evidence=_SAMPLES, steps=500),
    Rule("mode_collapse", "spread", _much_is_missing,
         "partial: the diversity of the samples has fallen to {value:.0%} of that of real images",
         player="generator", evidence=_SAMPLES, steps=500),
    Rule("mode_collapse", "nearest", _few_kinds,
         "partial: the samples are of a few kinds that hardly vary: their nearest neighbors are at {value:.1%} of the "
         "distance of those of real images",
         player="generator", evidence=("spread", *_SAMPLES), steps=500),
    Rule("mode_collapse", "classes", _classes_are_missing,
         "partial: the samples cover {value:.0%} of the classes of real images, by their nearest training images",
         player="generator", evidence=("spread", "nearest"), steps=1000),
    Rule("label_ignored", "label_effect", _label_is_ignored,
         "the label hardly changes the samples: at the same latents it makes {value:.1%} of their variance, but "
         "{now[label_share]:.0%} of that of real images",
         player="generator", evidence=("label_share",), steps=1000),
    Rule("input_ignored", "spread.", _all_alike,
         "the {who} ignores its input: the diversity of its translations is {value:.1%} of that of real images",
         evidence=_TRANSLATIONS, steps=500),
    Rule("input_copied", "change.", _copied_input,
         "the {who} copies its input: its translations differ from it by {value:.1%} of what real images do",
         steps=1000),
    Rule("mode_collapse", "spread.", _much_is_missing,
         "partial: the diversity of the translations of the {who} has fallen to {value:.0%} of that of real images",
         evidence=_TRANSLATIONS, steps=500),
    Rule("mode_collapse", "nearest.", _few_kinds,
         "partial: the translations of the {who} are of a few kinds that hardly vary: their nearest neighbors are at "
         "{value:.1%} of the distance of those of real images",
         evidence=("spread.{who}", *_TRANSLATIONS), steps=500),
    Rule("discriminator_wins", "pairwise_accuracy.", _won,
         "the {who} has won: it ranks real images above samples in {value:.1%} of pairs, and the generator learns no "
         "more",
         evidence=_LOSSES),
    Rule("generator_wins", "pairwise_accuracy.", _lost,
         "the generator has won: the {who} ranks real images above samples in {value:.1%} of pairs alone",
         evidence=_LOSSES),
    Rule("gradient_vanishes", "gradient.", _faded,
         "the gradient of the {who}'s loss has vanished: its root mean square is {value:.1e}", evidence=_LOSSES),
    Rule("divergence", "logs_not_finite", _given(lambda count: count > 0.0),
         "a loss is NaN or infinite", observations=1, steps=0),
    Rule("divergence", "log.", _climbed, "{who} has risen from {first:.3g} to {value:.3g}"),
    Rule("divergence", "log.loss", _worse_than_ever,
         "the loss, {value:.4g}, is worse than at the first step, {first:.4g}"),
    Rule("divergence", "weights.", _overgrown,
         "the weights of the {who} have grown from {first:.2g} to {value:.2g} (root mean square): the steps are too "
         "large"),
    Rule("memorization", "copied", _copies,
         "{value:.0%} more of the samples than of held-out images are near-copies of training images"),
    Rule("overfitting", "overfitting.", _memorizes,
         "the {who} has memorized its training images: it scores held-out images like samples",
         evidence=("held_out.{who}",)),
    Rule("overfitting", "log.val_loss", _risen,
         "the held-out loss rises again, and is {value:.4g}", evidence=("log.loss",)),
    Rule("dead_units", "dead.", _dead,
         "{value:.0%} of the units of a layer of the {who} have the same activation for every image"),
    Rule("exploding_activations", "scale.", _exploded,
         "activations of the {who} have grown from {first:.2g} to {value:.2g} (root mean square)"),
    Rule("posterior_collapse", "latents_in_use", _unused,
         "{value:.0%} of the latents carry more than 0.01 nats: the decoder ignores the others",
         player="encoder", steps=500),
)  # fmt: skip
