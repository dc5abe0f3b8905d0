"""The base of variational autoencoders of labeled images."""

import math
from typing import Any

from keras import ops

from keras_genzoo import images
from keras_genzoo.distributions import VampPrior
from keras_genzoo.export import Endpoint
from keras_genzoo.models.labeled import Labeled
from keras_genzoo.models.variational import Variational
from keras_genzoo.types import PRIOR, Classes, Count, ImageShape

Tensor = Any
Array = Any


class ConditionalVariational(Labeled, Variational):
    """A model of images x by latents z and labels y: p(x given z, y), p(z), and q(z given x, y).

    `encode` gives a pair, z and the labels' one-hot codes, and `decode` takes one. A label that is not given is
    inferred by `labels_of`.

    A subclass defines the bound that is maximized, and ends its constructor with `self.ready(...)`.

    Args:
        image_shape: (height, width, channels) of the images.
        num_classes: integer, how many labels there are, from 0 on.
        latent_dim: integer, the length of z.
        kwargs: as for `Variational`; `prior` is "normal".
    """

    tiny = {
        "image_shape": (8, 8, 3),
        "num_classes": 3,
        "latent_dim": 4,
        "likelihood": {"likelihood": "bernoulli", "binarize": True},
        "encoder": {"network": "mlp_encoder", "hidden": (8,)},
        "decoder": {"network": "mlp_decoder", "hidden": (8,)},
    }

    def __init__(self, image_shape: ImageShape, num_classes: Classes, latent_dim: Count, /, **kwargs: Any):
        self.num_classes = num_classes
        self.condition = "one_hot"
        prior, _ = PRIOR.read(f"{type(self).__name__}.prior", kwargs.get("prior", "normal"))
        if prior is VampPrior:
            raise ValueError(f"{type(self).__name__}: prior is 'vamp', but pseudo-inputs have no labels.")
        super().__init__(image_shape, latent_dim, **kwargs)

    def encoded(self, x: Tensor, y: Tensor = None, training: bool = False) -> Tensor:
        """The parameters of q(z given x, y)."""
        return self.encoder([x, self.one_hot(y)], training=training)

    def decoded(self, z: Tensor, y: Tensor = None, training: bool = False) -> Tensor:
        """The parameters of p(x given z, y)."""
        return self.decoder([z, self.one_hot(y)], training=training)

    def labels_of(self, x: Tensor) -> Tensor:
        """The label of each image under which `log p(x given z, y) - KL` is highest, for z the posterior's mean."""
        count = ops.shape(x)[0]

        def look(label: Tensor, best: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
            labels = ops.full((count,), label, dtype="int32")
            bound = self._bound(x, labels)
            better = bound > best[0]
            return ops.where(better, bound, best[0]), ops.where(better, labels, best[1])

        # One label after the other: all at once would take as many times the memory.
        nothing = ops.full((count,), -math.inf), ops.zeros((count,), "int32")
        return ops.fori_loop(0, self.num_classes, look, nothing)[1]

    def _bound(self, x: Tensor, y: Tensor) -> Tensor:
        parameters = self.encoded(x, y)
        center = self.posterior_distribution.center(parameters)
        z, log_q = self.posterior_distribution.sample(parameters, ops.zeros_like(center))
        kl = ops.sum(self.divergence(parameters, z, log_q), axis=-1)
        return self.pixel_distribution.log_prob(x, self.decoded(z, y)) - kl

    def log_importance_weight(self, x: Tensor, indices: Tensor, seed: Tensor, samples: Tensor) -> Tensor:
        """As for `Variational`, of p(x, y) with the inferred label y and all labels alike: a bound on p(x)."""
        return super().log_importance_weight(x, indices, seed, samples) - math.log(self.num_classes)

    # The vocabulary of an autoencoder

    def latents_of(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Means of z, and the codes of the inferred labels."""
        return self._labeled_latents((x, self.labels_of(x)))

    def _labeled_latents(self, pair: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        x, y = pair
        return self.posterior_distribution.center(self.encoded(x, y)), self.one_hot(y)

    def images_of(self, z: tuple[Tensor, Tensor]) -> Tensor:
        """The likelihood's means of a pair of latents and codes."""
        return self.pixel_distribution.mean(self.decoder(list(z)))

    def encode(self, x: Array, batch_size: int = 64, labels: Any = None) -> tuple[Array, Array]:
        """Latents of images: z (n, latent_dim) and codes (n, num_classes); labels not given are inferred."""
        if labels is None:
            return super().encode(x, batch_size)
        x = self._floats(x, "encode")
        return self.in_batches("_labeled_latents", (x, self.labels(labels, len(x), "encode")), batch_size)

    def reconstruct(self, x: Array, batch_size: int = 64, labels: Any = None) -> Array:
        """What the model makes of images, as uint8; without labels they are inferred."""
        if labels is None:
            return super().reconstruct(x, batch_size)
        return self.decode(self.encode(x, batch_size, labels), batch_size)

    def endpoints(self) -> dict[str, Endpoint]:
        """Those of an autoencoder, and `draw`; latents go with the codes of labels."""
        found = super().endpoints()

        def encode(pixels: Tensor) -> dict[str, Tensor]:
            z, codes = self.latents_of(images.from_pixels(pixels, ops))
            return {"latents": z, "labels": codes}

        def decode(z: Tensor, codes: Tensor) -> Tensor:
            return images.to_pixels(self.images_of((z, codes)), ops)

        z, codes = self.latent_inputs
        latents = {"latents": z.batched(), "labels": codes.batched()}
        return {**found, "encode": found["encode"]._replace(function=encode), "decode": Endpoint(decode, latents)}
