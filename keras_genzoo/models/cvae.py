"""CVAE: the conditional variational autoencoder."""

import math
from typing import Any

import keras
from keras import ops

from keras_genzoo.export import Endpoint
from keras_genzoo.models.labeled import Labeled
from keras_genzoo.models.vae import VAE
from keras_genzoo.registry import MODELS
from keras_genzoo.types import Classes, Count, ImageShape

Tensor = Any
Array = Any


@MODELS.register("cvae")
@keras.saving.register_keras_serializable("keras_genzoo")
class CVAE(Labeled, VAE):
    """Conditional VAE: encoder and decoder are told each image's label, so that latents hold what it does not say.

    Use it to make images of a chosen class, and to give one image the classes of others in its own style.

    The vocabulary of an autoencoder holds, with a latent vector that is z followed by the label's one-hot code.
    Where a label is not given it is inferred: the one under which the bound at the posterior's mean is highest.

    Reference: Sohn et al. 2015, doi:10.5555/2969442.2969628, equation 5.

    Differs from the paper: images are modeled given labels, and the prior of z does not depend on the label, as in
        Kingma et al. 2014, arXiv:1406.5298 (M2).

    Args:
        image_shape: (height, width, channels) of the images.
        num_classes: integer, how many labels there are, from 0 on.
        latent_dim: integer, the length of z.
        kwargs: as for `VAE`; `prior` is "normal".

    Example:
        >>> model = CVAE(image_shape=(32, 32, 1), num_classes=10)
        >>> model.fit(train, epochs=20)
        >>> model.generate(8, labels=3)
        >>> model.decode(model.encode(images, labels=labels), labels=other_labels)
    """

    tiny = {
        "image_shape": (8, 8, 3),
        "num_classes": 3,
        "latent_dim": 4,
        "likelihood": "bernoulli",
        "binarize": True,
        "encoder": {"network": "mlp_encoder", "hidden": (8,)},
        "decoder": {"network": "mlp_decoder", "hidden": (8,)},
    }

    def __init__(
        self,
        image_shape: ImageShape,
        num_classes: Classes = 10,
        latent_dim: Count = 64,
        **kwargs: Any,
    ):
        self.num_classes = num_classes
        if kwargs.get("prior", "normal") != "normal":
            raise ValueError(f"{type(self).__name__}: prior is '{kwargs['prior']}', but pseudo-inputs have no labels.")
        super().__init__(image_shape, latent_dim, **kwargs)

    def conditioned(self, image_shape: ImageShape, latent_dim: int) -> tuple[ImageShape, int]:
        """A plane for each class is added to the image, a number for each class to z."""
        height, width, channels = image_shape
        return (height, width, channels + self.num_classes), latent_dim + self.num_classes

    def encoded(self, x: Tensor, y: Tensor = None, training: bool = False) -> Tensor:
        """The parameters of q(z given x, y)."""
        height, width, _ = self.image_shape
        planes = ops.tile(self.one_hot(y)[:, None, None], (1, height, width, 1))
        return self.encoder(ops.concatenate([x, planes], axis=-1), training=training)

    def decoded(self, z: Tensor, y: Tensor = None, training: bool = False) -> Tensor:
        """The parameters of p(x given z, y)."""
        return self.decoder(ops.concatenate([z, self.one_hot(y)], axis=-1), training=training)

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

    def latents_of(self, x: Tensor) -> Tensor:
        """Means of z, followed by the inferred label."""
        return self._labeled_latents(x, self.labels_of(x))

    def _labeled_latents(self, x: Tensor, y: Tensor) -> Tensor:
        return ops.concatenate([self.posterior_distribution.center(self.encoded(x, y)), self.one_hot(y)], axis=-1)

    def _latents_of_packed(self, packed: Tensor) -> Tensor:
        return self._labeled_latents(packed[..., :-1], packed[:, 0, 0, -1])

    def sample_labeled(self, indices: Tensor, labels: Tensor, seed: Tensor) -> Tensor:
        """Images of latents drawn from the prior, and of the labels."""
        z = self.prior_distribution.sample(indices, seed)
        return self.images_of(ops.concatenate([z, self.one_hot(labels)], axis=-1))

    def sample_latents(self, indices: Tensor, seed: Tensor) -> Tensor:
        """Latents drawn from the prior, followed by labels that go round."""
        z = self.prior_distribution.sample(indices, seed)
        return ops.concatenate([z, self.one_hot(ops.mod(indices, self.num_classes))], axis=-1)

    def encode(self, x: Array, batch_size: int = 64, labels: Any = None) -> Array:
        """Latents (n, latent_dim + num_classes) of images, the label behind z; labels not given are inferred."""
        if labels is None:
            return super().encode(x, batch_size)
        x = self._floats(x, "encode")
        y = ops.cast(self.labels(labels, len(x), "encode"), "float32")
        plane = ops.ones_like(x[..., :1]) * y[:, None, None, None]  # what goes in batches is one array
        return self.in_batches("_latents_of_packed", ops.concatenate([x, plane], axis=-1), batch_size)

    def decode(self, z: Array, batch_size: int = 64, labels: Any = None) -> Array:
        """Images of latents, as uint8; `labels` take the place of those behind z."""
        if labels is not None:
            codes = self.one_hot(self.labels(labels, len(z), "decode"))
            z = ops.concatenate([ops.cast(z, "float32")[:, : self.latent_dim], codes], axis=-1)
        return super().decode(z, batch_size)

    def reconstruct(self, x: Array, batch_size: int = 64, labels: Any = None) -> Array:
        """What the model makes of images, as uint8; without labels they are inferred."""
        if labels is None:
            return super().reconstruct(x, batch_size)
        return self.decode(self.encode(x, batch_size, labels), batch_size)

    def endpoints(self) -> dict[str, Endpoint]:
        """Those of an autoencoder, and `draw`; `decode` takes latents with their labels."""
        found = super().endpoints()
        latents = {"latents": ((None, self.latent_dim + self.num_classes), "float32")}
        return {**found, "decode": Endpoint(found["decode"].function, latents)}
