"""Sparse AE: an autoencoder with few active latents for each image."""

from typing import Any, Literal

import keras
from keras import ops

from keras_genzoo.losses.sparsity import kl_sparsity, l1_sparsity, sparseness
from keras_genzoo.losses.squared_error import squared_error
from keras_genzoo.models.autoencoder import EncoderDecoder, PriorlessAutoencoder
from keras_genzoo.registry import MODELS
from keras_genzoo.types import ArraySpec, Count, ImageShape, Network, Scalar, Share

Tensor = Any
Array = Any


@MODELS.register("sparse_ae")
@keras.saving.register_keras_serializable("keras_genzoo")
class SparseAE(EncoderDecoder, PriorlessAutoencoder):
    """Sparse autoencoder: any number of latents, kept sparse by a penalty on their activation.

    Use it to find parts of which images consist: a latent stands for one that few images have.

    | log | meaning |
    | --- | --- |
    | `reconstruction` | squared error, summed over pixels |
    | `penalty` | "kl": to the target activation, in nats; "l1": summed over latents; without its weight |
    | `mean_activation` | mean of all latents: rho hat in Ng's notes, to be compared with `target` |
    | `sparseness` | of each image's latents (Hoyer 2004): 1 if one is active, 0 if all are alike |

    Reference: Ng 2011, https://web.stanford.edu/class/cs294a/sparseAutoencoder.pdf, section 3 (penalty "kl"); Glorot et
        al. 2011, "Deep sparse rectifier neural networks", PMLR 15:315, section 3.2 (penalty "l1").

    Args:
        image_shape: (height, width, channels) of the images.
        latent_dim: integer, the length of a latent vector, at least 2.
        penalty: "kl", for latents in (0, 1) by a sigmoid, whose mean over the batch is to be `target`; or "l1", for
            rectified latents, many of which then are exactly zero.
        sparsity_weight: number, or schedule of train steps, that weighs the penalty; 3 is Ng's for "kl".
        target: float in (0, 1), the mean activation that "kl" aims at.
        encoder: network from images to latents before the sigmoid or rectification.
        decoder: network from latents to images. For "l1" it should begin without a normalization, as the default does:
            one compensates at once for any factor by which all latents shrink. In a long training the decoder's weights
            do so too, slowly: compare `sparseness`, which no factor changes, and not `penalty`.
        kwargs: `mixture_components`: see `PriorlessAutoencoder`; `dtype`, `name`: see `GenerativeModel`.

    Raises:
        ValueError: `target` or `latent_dim` is out of range, or there is no such penalty.

    Example:
        >>> model = SparseAE(image_shape=(64, 64, 3), penalty="l1")
        >>> model.compile()
        >>> model.fit(train, epochs=100)
    """

    logs = ("loss", "reconstruction", "penalty", "mean_activation", "sparseness")
    tiny = {
        "image_shape": (8, 8, 3),
        "latent_dim": 4,
        "encoder": {"network": "conv_encoder", "filters": (4, 8)},
        "decoder": {"network": "conv_decoder", "filters": (8, 4), "normalization": None},
    }

    def __init__(
        self,
        image_shape: ImageShape,
        latent_dim: Count = 256,
        penalty: Literal["kl", "l1"] = "kl",
        sparsity_weight: Scalar = 3.0,
        target: Share = 0.05,
        encoder: Network = "conv_encoder",
        decoder: Network = {"network": "conv_decoder", "normalization": None},  # noqa: B006 - it is only read
        **kwargs: Any,
    ):
        super().__init__(image_shape, latent_dim, encoder, decoder, **kwargs)
        if latent_dim < 2:
            raise ValueError(f"SparseAE.latent_dim is {latent_dim}, but one latent cannot be sparse: give at least 2.")
        self.penalty = penalty
        self.sparsity_weight = sparsity_weight
        if not 0.0 < target < 1.0:
            raise ValueError(f"SparseAE.target is {target:g}, but a mean activation between 0 and 1 is expected.")
        self.target = target
        self.ready(ArraySpec(self.image_shape))

    def autoencoder_loss(self, x: Tensor, y: Tensor, training: bool) -> tuple[Tensor, dict[str, Tensor]]:
        """`reconstruction + sparsity_weight * penalty`."""
        z = self.latents_of(x, training)
        reconstruction = squared_error(x, self.images_of(z, training))
        penalty = kl_sparsity(z, self.target) if self.penalty == "kl" else l1_sparsity(z)
        loss = reconstruction + self.scheduled(self.sparsity_weight) * penalty
        return loss, {
            "loss": loss,
            "reconstruction": reconstruction,
            "penalty": penalty,
            "mean_activation": ops.mean(z),
            "sparseness": sparseness(z),
        }

    def outputs_of(self, x: Tensor, training: bool = False) -> Tensor:
        """The encoder's output, before the sigmoid or rectification."""
        return self.encoder(x, training=training)

    def latents_of(self, x: Tensor, training: bool = False) -> Tensor:
        """Activations (n, latent_dim): in (0, 1) for "kl", not negative for "l1"."""
        return self._activated(self.outputs_of(x, training))

    def _activated(self, outputs: Tensor) -> Tensor:
        return ops.sigmoid(outputs) if self.penalty == "kl" else ops.relu(outputs)

    def fit_prior(self, x: Array, seed: int = 0, batch_size: int = 64) -> None:
        """Fits the mixture to the latents before the activation, so that its draws become activations; see the base."""
        outputs = self.in_batches("outputs_of", self._floats(x, "fit_prior"), batch_size)
        self.mixture.fit(outputs, seed)

    def sample_latents(self, indices: Tensor, seed: Tensor) -> Tensor:
        """Activations of draws from the mixture, before `fit_prior` from N(0, I), for each (seed, index)."""
        return self._activated(super().sample_latents(indices, seed))
