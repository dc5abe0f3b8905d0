"""VQ prior: the distribution of the codes of a trained VQ-VAE, so that it makes images of noise."""

import math
from typing import Any, Literal

import keras
from keras import ops

from keras_genzoo import counter_rng
from keras_genzoo.capabilities import SampleOption
from keras_genzoo.models.vector_quantized import VectorQuantized
from keras_genzoo.networks.building import in_policy
from keras_genzoo.players import Player
from keras_genzoo.registry import MODELS
from keras_genzoo.types import ArraySpec, Count, ImageShape, Network, Positive

Tensor = Any
Logs = dict[str, Tensor]
Order = Literal["masked", "autoregressive"]
MaskSchedule = Literal["cosine", "linear", "square"]

_SMOOTHING = 0.1  # of the masked codes' targets, MaskGIT's
_CHOICE = 4.5  # the temperature of the order in which codes are chosen, of the authors' code
_TEMPERATURE = SampleOption(1.0, "below 1 more probable codes are drawn: better images, and less varied", Positive)


@MODELS.register("vq_prior")
@keras.saving.register_keras_serializable("keras_genzoo")
class VQPrior(VectorQuantized):
    """VQ prior: the second stage of a VQ-VAE, a model of its codes, masked or autoregressive.

    Use it to make images of noise by a VQ-VAE: train that one first, then this one with `--from RUN`, or in Python
    `VQPrior.of(vq_vae)`. Encoder, codebook and decoder are the VQ-VAE's and stay as they are, so a run or an export of
    this model holds both stages.

    | here | paper |
    | --- | --- |
    | `order="masked"` | MaskGIT: codes are drawn many at a time, the most certain ones first, in `steps` passes |
    | `order="autoregressive"` | PixelCNN on the codes: one after the other, row by row |
    | `mask_schedule` | gamma: cosine, linear or square |
    | `loss` | -log p of the masked codes of an image, by their share; or of all codes, in nats an image |
    | `bits_per_code` | the same for each code, in bits; a uniform prior has log2(`num_codes`) |

    Reference: Chang et al. 2022, arXiv:2202.04200, section 3 (masked); van den Oord et al. 2017, arXiv:1711.00937,
        section 3.3 (autoregressive).

    Differs from the papers: codes enter the network as learned vectors of `embedding_dim` numbers. The masked loss is
        summed over codes as if all were masked, and without weight decay.

    Args:
        image_shape: (height, width, channels) of the images, as of the VQ-VAE.
        order: "masked" or "autoregressive".
        prior: network from maps of vectors to a logit for each code at each place: such as `transformer` if masked, the
            default; or causal, such as `gated_pixelcnn`, if autoregressive.
        embedding_dim: integer, the length of the vector of a code in the prior.
        mask_schedule: the share of codes that are masked, as a function of a time that is uniform in training: "cosine"
            masks most codes most of the time.
        kwargs: `num_codes`, `code_dim`, `downsampling`, `decay`, `encoder`, `decoder`: those of the VQ-VAE, see
            `VectorQuantized`; `ema_momentum`, `ema_half_life`, `dtype`, `name`: see `GenerativeModel`.

    Example:
        >>> model = VQPrior.of(vq_vae, order="masked")
        >>> model.compile()
        >>> model.fit(train, epochs=50)
        >>> model.generate(16, steps=8)
    """

    logs = ("loss", "bits_per_code")
    ema_of = ("embedding", "prior")
    first_stage = ("encoder", "decoder", "quantizer")
    first_models = ("vq_vae", "vq_prior", "cvq_prior")
    default_optimizer = {"class_name": "Adam", "config": {"learning_rate": 3e-4, "beta_2": 0.96}}
    tiny = {
        "image_shape": (8, 8, 3),
        "num_codes": 8,
        "code_dim": 4,
        "downsampling": 2,
        "encoder": {"network": "map_encoder", "filters": (4,), "blocks": 1},
        "decoder": {"network": "map_decoder", "filters": (4,), "blocks": 1},
        "prior": {"network": "transformer", "units": 8, "blocks": 1, "heads": 2, "dropout": 0.0},
        "embedding_dim": 4,
        "ema_momentum": 0.9,
    }

    def __init__(
        self,
        image_shape: ImageShape,
        order: Order = "masked",
        prior: Network | None = None,
        embedding_dim: Count = 64,
        mask_schedule: MaskSchedule = "cosine",
        **kwargs: Any,
    ):
        super().__init__(image_shape, **kwargs)
        self.order = order
        self.embedding_dim = embedding_dim
        self.mask_schedule = mask_schedule
        height, width, _ = self.map_shape
        self.places = height * width
        with in_policy(self.dtype_policy):
            numbers = keras.Input((height, width), dtype="int32", name="codes")
            vectors = keras.layers.Embedding(self.num_codes + 1, embedding_dim)  # the last one stands for a mask
            self.embedding = keras.Model(numbers, vectors(numbers), name="embedding")
        chosen = prior or ("transformer" if order == "masked" else "gated_pixelcnn")
        given = {"image_shape": (height, width, embedding_dim), "outputs": self.num_codes, **self.given_to("prior")}
        self.prior = self.network("prior", chosen, **given)
        for name in self.first_stage:
            getattr(self, name).trainable = False
        self.ready(ArraySpec(self.image_shape))

    @classmethod
    def of(cls, vq_vae: VectorQuantized, **arguments: Any) -> "VQPrior":
        """A prior of a trained VQ-VAE's codes.

        Args:
            vq_vae: the model, such as a `VQVAE`.
            arguments: of this class's constructor, but those of the VQ-VAE.
        """
        names = ("image_shape", "num_codes", "code_dim", "downsampling", "decay", "encoder", "decoder")
        config = vq_vae.get_config()
        made = cls(**{name: config[name] for name in names}, **arguments)
        for name in cls.first_stage:
            getattr(made, name).set_weights(getattr(vq_vae, name).get_weights())
        return made

    @property
    def sample_options(self) -> dict[str, SampleOption]:  # type: ignore[override]
        """A temperature, and of masked codes the number of passes."""
        if self.order == "autoregressive":
            return {"temperature": _TEMPERATURE}
        steps = SampleOption(8, "passes in which masked codes are drawn, at most as many as codes", Count, tensor=False)
        return {"temperature": _TEMPERATURE, "steps": steps}

    # What a model of labeled images changes

    def with_labels(self, maps: Tensor, y: Tensor) -> Any:
        """What the prior takes, of maps of vectors and labels; the latter are None for a model without."""
        return maps

    # Training

    def players(self) -> tuple[Player, ...]:
        """One: the prior; the VQ-VAE is trained already."""
        return (Player("prior", ("embedding", "prior"), self.prior_loss),)

    def prior_loss(self, x: Tensor, y: Tensor, training: bool) -> tuple[Tensor, Logs]:
        """The negative log-likelihood of codes: of masked ones given the others, or of each given those before it."""
        codes = ops.stop_gradient(self.codes_of(x))
        if self.order == "autoregressive":
            logits = self.prior(self.with_labels(self.embedding(codes), y), training=training)
            nats = ops.sparse_categorical_crossentropy(codes, logits, from_logits=True)
            loss = ops.mean(ops.sum(nats, axis=(-2, -1)))
            return loss, {"loss": loss, "bits_per_code": loss / (self.places * math.log(2.0))}
        count, flat = ops.shape(x)[0], ops.reshape(codes, (-1, self.places))
        hidden = self.share_masked(keras.random.uniform((count, 1), seed=self.seeds))
        ranks = ops.argsort(ops.argsort(keras.random.uniform((count, self.places), seed=self.seeds), axis=-1), axis=-1)
        masked = ops.cast(ranks, "float32") < ops.ceil(hidden * self.places)  # one at least
        given = ops.reshape(ops.where(masked, self.num_codes, flat), ops.shape(codes))
        logits = self.prior(self.with_labels(self.embedding(given), y), training=training)
        log_p = ops.reshape(ops.log_softmax(logits, axis=-1), (-1, self.places, self.num_codes))
        right = ops.take_along_axis(log_p, flat[..., None], axis=-1)[..., 0]
        weights = ops.cast(masked, "float32") / ops.sum(ops.cast(masked, "float32"))
        nats = -ops.sum(weights * right)
        smoothed = (1.0 - _SMOOTHING) * nats - _SMOOTHING * ops.sum(weights * ops.mean(log_p, axis=-1))
        return smoothed * self.places, {"loss": nats * self.places, "bits_per_code": nats / math.log(2.0)}

    def share_masked(self, time: Tensor) -> Tensor:
        """gamma: the share of codes that are masked at a time in [0, 1], from 1 to 0."""
        if self.mask_schedule == "cosine":
            return ops.cos(0.5 * math.pi * time)
        return 1.0 - time if self.mask_schedule == "linear" else 1.0 - ops.square(time)

    # Images

    def logits(self, codes: Tensor, labels: Tensor, temperature: Tensor) -> Tensor:
        """The averaged prior's logits at each place, (n, places, num_codes); `codes` are (n, places)."""
        maps = self.averaged("embedding")(ops.reshape(codes, (-1, *self.map_shape[:2])))
        logits = self.averaged("prior")(self.with_labels(maps, labels), training=False)
        return ops.reshape(logits, (-1, self.places, self.num_codes)) / temperature

    def sample_codes(
        self, indices: Tensor, seed: Tensor, labels: Tensor = None, temperature: Tensor = 1.0, steps: int = 8
    ) -> Tensor:
        """Codes (n, height, width) of the given numbers; options: see `sample_options`."""
        if self.order == "autoregressive":
            codes = self._one_by_one(indices, seed, labels, temperature)
        else:
            codes = self._most_certain_first(indices, seed, labels, temperature, min(steps, self.places))
        return ops.reshape(codes, (-1, *self.map_shape[:2]))

    def _one_by_one(self, indices: Tensor, seed: Tensor, labels: Tensor, temperature: Tensor) -> Tensor:
        uniform = counter_rng.uniform(seed, indices, self.places, xp=ops)

        def draw(place: Tensor, codes: Tensor) -> Tensor:
            logits = ops.take(self.logits(codes, labels, temperature), place, axis=1)
            drawn = _drawn(logits, ops.take(uniform, place, axis=1))
            return ops.where((ops.arange(self.places) == place)[None], drawn[:, None], codes)

        start = ops.zeros((ops.shape(indices)[0], self.places), "int32")
        return ops.fori_loop(0, self.places, draw, start)

    def _most_certain_first(
        self, indices: Tensor, seed: Tensor, labels: Tensor, temperature: Tensor, steps: int
    ) -> Tensor:
        """Section 3.2: a pass draws all masked codes, and masks the least certain of them again.

        As in the authors' code, Gumbel noise that fades out is added to the certainties, so that the order varies.
        """

        def draw(step: Tensor, codes: Tensor) -> Tensor:
            logits = self.logits(codes, labels, temperature)
            stream = 2 * ops.cast(step, "int32")
            drawn = _drawn(logits, counter_rng.uniform(seed, indices, self.places, stream, xp=ops))
            masked = ops.equal(codes, self.num_codes)
            drawn = ops.where(masked, drawn, codes)
            time = (ops.cast(step, "float32") + 1.0) / steps
            certainty = ops.take_along_axis(ops.log_softmax(logits, axis=-1), drawn[..., None], axis=-1)[..., 0]
            noise = counter_rng.uniform(seed, indices, self.places, stream + 1, xp=ops)
            certainty = certainty - _CHOICE * (1.0 - time) * ops.log(-ops.log(noise))
            certainty = ops.where(masked, certainty, math.inf)
            ranks = ops.argsort(ops.argsort(certainty, axis=-1), axis=-1)
            again = ops.floor(self.share_masked(time) * self.places + 1e-4)  # the cosine of a right angle is not 0
            return ops.where(ops.cast(ranks, "float32") < again, self.num_codes, drawn)

        start = ops.full((ops.shape(indices)[0], self.places), self.num_codes, dtype="int32")
        return ops.fori_loop(0, steps, draw, start)

    def sample_latents(self, indices: Tensor, seed: Tensor, labels: Tensor = None, **options: Any) -> Tensor:
        """The vectors, flattened, of codes drawn from the prior for each (seed, index)."""
        codes = self.sample_codes(indices, seed, labels, **options)
        return ops.reshape(self.quantizer.lookup(codes), (-1, self.latent_dim))

    def sample(self, indices: Tensor, seed: Tensor, labels: Tensor = None, **options: Any) -> Tensor:
        """Images of codes drawn from the prior for each (seed, index); options: see `sample_options`."""
        return self.images_of(self.sample_latents(indices, seed, labels, **options))


def _drawn(logits: Tensor, uniform: Tensor) -> Tensor:
    """Draws from categorical distributions (..., codes) by one number in (0, 1) each, as int32."""
    below = ops.cumsum(ops.softmax(logits, axis=-1), axis=-1) < uniform[..., None]
    return ops.minimum(ops.sum(ops.cast(below, "int32"), axis=-1), logits.shape[-1] - 1)
