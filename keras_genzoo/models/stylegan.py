"""StyleGAN: latents become styles, which enter the generator at every layer."""

from typing import Any

import keras

from keras_genzoo.models.growing import sizes_from
from keras_genzoo.models.styled import Styled
from keras_genzoo.registry import MODELS
from keras_genzoo.types import AdversarialLossName, Count, Growth, ImageShape, Network, NonNegative, Share

_IMAGES = 600_000  # that new layers take to fade in, and again to settle: the authors' code, as what follows
_BATCHES = {8: 256, 16: 128, 32: 64}  # by the size of the images; 32 above
_RATES = {128: 0.0015, 256: 0.002, 512: 0.003, 1024: 0.003}  # 0.001 below


def growth_of_the_paper(largest: int) -> Growth:
    """The stages in which Karras et al. 2019 train on images of `largest` pixels, from 8 pixels on."""
    return tuple(
        {
            "size": size,
            "images": _IMAGES * (1 if stage == 0 else 2),
            "batch_size": _BATCHES.get(size, 32),
            "learning_rate": _RATES.get(size, 0.001),
        }
        for stage, size in enumerate(sizes_from(8, largest))
    )


@MODELS.register("stylegan")
@keras.saving.register_keras_serializable("keras_genzoo")
class StyleGAN(Styled):
    """StyleGAN: a mapping network turns latents z into w, which sets the style of each layer of a synthesis network.

    Use it for faces and other aligned images, and to edit them: styles of coarse layers carry pose and shape, those of
    fine layers colors; they can be mixed, walked through, and found for a real image.

    | here | paper |
    | --- | --- |
    | `mapping`, `synthesis` | f, g |
    | `styled(w)` (n, layers, style_dim) | w, given to the affine maps A of all layers |
    | `truncation` | psi: w' = mean + psi (w - mean) |
    | `r1_weight` | gamma |

    Reference: Karras et al. 2019, arXiv:1812.04948.

    Differs from the paper: R1 is taken in each 16th step (Karras et al. 2020, arXiv:1912.04958, section 3.1; here the
    paper's is `r1_every=1`); the layer at which styles are mixed is drawn for each image, not for each batch.

    Args:
        image_shape: (height, width, channels) of the images in the last stage: a square, its side a power of two.
        latent_dim: integer, the length of a latent vector z, of which the direction alone counts.
        style_dim: integer, the length of w.
        growth: the stages: dictionaries with `size`, `images` seen in it, `fade`, those over which its layers fade in
            (half of them by default), `batch_size` and `learning_rate`; `[{"size": 64}]` does not grow. None for the
            paper's: 600,000 images at 8 pixels and 1,200,000 at each size after it.
        style_mixing: float, the share of images that are made of two latents, one for the layers before a random one.
        discriminator_steps: integer, discriminator updates for each generator update.
        r1_weight: float, gamma, of the squared gradient of real images' scores; 0 for none.
        r1_every: integer, R1 is taken in every such step, with so many times the weight.
        adversarial_loss: name of the losses of both players: see `Adversarial`.
        mapping: network from latents to w, with a layer `mean` that keeps the mean of w.
        synthesis: name of a network from styles and noise to images, which grows.
        discriminator: name of a network from images to scores, which grows.
        kwargs: `instance_noise`, `regularizers`, `discriminator_augmentation`: see `Adversarial`; `ema_momentum`,
            `ema_half_life` (10,000 images in the authors' code), `dtype`, `name`: see `GenerativeModel`.

    Raises:
        ValueError: the stages are not in order, or the last is not of the size of `image_shape`.

    Example:
        >>> model = StyleGAN(image_shape=(64, 64, 3), growth=[{"size": 64}], ema_half_life=10_000)
        >>> model.compile()
        >>> model.fit(train, epochs=100)
        >>> faces = model.generate(16, truncation=0.7)
    """

    default_optimizer = {
        "class_name": "Adam",
        "config": {"learning_rate": 1e-3, "beta_1": 0.0, "beta_2": 0.99, "epsilon": 1e-8},
    }
    tiny = {
        "image_shape": (8, 8, 3),
        "latent_dim": 4,
        "style_dim": 4,
        "growth": ({"size": 8, "fade": 16},),
        "r1_every": 2,
        "mapping": {"network": "style_mapping", "depth": 2},
        "synthesis": {"network": "style_synthesis", "filters": (4, 4)},
        "discriminator": {"network": "progressive_discriminator", "filters": (4, 4), "blur": True},
        "ema_momentum": 0.9,
    }

    def __init__(
        self,
        image_shape: ImageShape,
        latent_dim: Count = 512,
        style_dim: Count = 512,
        growth: Growth | None = None,
        style_mixing: Share = 0.9,
        discriminator_steps: Count = 1,
        r1_weight: NonNegative = 10.0,
        r1_every: Count = 16,
        adversarial_loss: AdversarialLossName = "non_saturating",
        mapping: Network = "style_mapping",
        synthesis: Network = "style_synthesis",
        discriminator: Network = {"network": "progressive_discriminator", "blur": True},  # noqa: B006 - it is only read
        **kwargs: Any,
    ):
        growth = growth or growth_of_the_paper(image_shape[0])
        given = (latent_dim, style_dim, style_mixing, discriminator_steps, r1_weight, r1_every, adversarial_loss)
        super().__init__(image_shape, growth, *given, mapping, synthesis, discriminator, **kwargs)
        self.ready(self.latent_inputs)
