"""The records of a run folder: which fields its JSON files have, of which types.

All of them are optional where a run of an earlier version, or of Python's own making, may lack them. `config.json` is a
preset, `meta.json` of a checkpoint a `Position`; results and observations are checked where they are defined.
"""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from keras_genzoo.untrusted.records import Count, Number, Record, Sha256, Text

Seed = Annotated[int, Field(ge=0, lt=2**32)]
Positive = Annotated[int, Field(ge=1, le=10**12)]


class Manifest(Record):
    """The identity of a set of images; what else it says depends on their kind."""

    kind: Text
    count: Count


class Images(Record):
    """The images of a training: their folders, if they lie in such, and the manifests of both parts."""

    path: Text | None = None
    target_path: Text | None = None
    train: Manifest
    held_out: Manifest


class Finished(Record):
    """The end of a training, and the digest of `model.weights.h5`."""

    epoch: Count
    iterations: Count
    images: Count = 0
    sha256: Sha256


class SampleWeights(Record):
    """The digest of `sample_weights.csv`."""

    sha256: Sha256


class Source(Record):
    """The run whose weights the training began with."""

    path: Text
    preset: Text
    sha256: Sha256


class Measuring(Record):
    """What is measured while training."""

    model_config = ConfigDict(extra="forbid")

    every: Positive
    metrics: Text
    num: Positive
    features: Text | None
    inception_weights: Text | None


class Environment(Record):
    """`environment.json`."""

    preset: Text = ""
    seed: Seed = 0
    jit: Literal["auto", "on", "off"] = "auto"
    deterministic: bool = False
    sample_weights: SampleWeights | None = None
    data: Images = Field(None)  # type: ignore[assignment]  # it may be missing, and is not null
    source: Source | None = Field(None, alias="from")
    measuring: Measuring | None = None
    resumed: list[dict[str, Any]] = []
    finished: Finished | None = None


class Epoch(Record):
    """A line of `history.jsonl`: beside the epoch, numbers; null is one that was not finite."""

    __pydantic_extra__: dict[str, Number | None] = Field(init=False)
    epoch: Count


class Divergence(Record):
    """A line of `diverged.jsonl`."""

    what: Text
    value: Text | None = None
    player: Text | None = None
    epoch: Count | None = None
    step: Count | None = None
    iterations: Count | None = None
    images: list[Count] = []
    names: list[Text] = []


class Latents(Record):
    """`latents.json`, and a line of `latents.jsonl`."""

    epoch: Count
    words: Text | None = None
    kl: list[Number] | None = None
    variance: list[Number] | None = None


class Best(Record):
    """`best.json`: the value of the state that was best by a metric, and how it was measured."""

    value: Number
    epoch: Count
    protocol: dict[str, Any]
