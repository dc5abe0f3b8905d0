"""CUT: one-sided translation without pairs, by contrast of patches."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_genzoo.losses.contrastive import patch_nce
from keras_genzoo.models.translator import Translator
from keras_genzoo.networks.building import in_policy
from keras_genzoo.networks.patch_features import patch_features
from keras_genzoo.players import Player
from keras_genzoo.registry import MODELS
from keras_genzoo.types import AdversarialLossName, ArraySpec, Count, ImageShape, Network, NonNegative, Positive

Tensor = Any
Logs = dict[str, Tensor]


@MODELS.register("cut")
@keras.saving.register_keras_serializable("keras_genzoo")
class CUT(Translator):
    """Contrastive unpaired translation: each patch must be found again, among all others, by its translation.

    Use it in the place of `CycleGAN` where one direction is enough: there are half as many networks, no way back that
    hides information in the translation, and shapes may change more. FastCUT, lighter and more faithful to the input,
    is `nce_weight=10, identity_nce=False, flip_equivariance=True`.

    | here | paper |
    | --- | --- |
    | x, y: images of the domains A and B | x of X, y of Y |
    | `translator` | G, the first half of which is G_enc |
    | `projections` | H_l |
    | `translator_loss` | what G has of L_GAN |
    | `nce`, `nce_weight` | L_PatchNCE(G, H, X), lambda_X |
    | `nce_identity`, with the same weight | L_PatchNCE(G, H, Y), lambda_Y = lambda_X |

    Reference: Park et al. 2020, arXiv:2007.15651, equations 1 to 5; FastCUT's flip: the authors' code.

    Differs from the paper: the sum of both contrastive terms is not halved, as it is in the authors' code but not in
    equation 5; convolutions of stride 2 resample, as in CycleGAN, where the authors' have stride 1 and a blur resamples
    after them, so that their `down_1` and `down_2` are of twice the size; weights begin normal with a deviation of
    0.02, as in CycleGAN, where the authors' code has Xavier's initialization times 0.02; the learning rate stays, where
    theirs falls to 0 over the second half of the training.

    Args:
        image_shape: (height, width, channels) of the images of domain A.
        target_shape: those of domain B: the same.
        adversarial_loss: name of the losses of translator and discriminator.
        nce_weight: float, of the contrastive loss.
        identity_nce: bool, whether it is taken of images of B as well, and of what the translator makes of them: they
            should stay as they are.
        flip_equivariance: bool, whether the input is mirrored in half of the train steps, and the features of the
            translation mirrored back, before they are compared with those of the input.
        patches: integer, places at which each layer's features are compared.
        temperature: float, tau.
        feature_layers: names of the translator's layers whose outputs are compared; "images" is the input itself.
        translator: network from A to B, Functional.
        discriminator: network from images of B to scores.
        kwargs: `ema_momentum`, `ema_half_life`, `dtype`, `name`: see `GenerativeModel`.

    Raises:
        ValueError: the translator has no such layer, or the shapes do not fit.

    Example:
        >>> train, test = load_data("unpaired", path="horse2zebra/", size=256, batch_size=1)
        >>> model = CUT(image_shape=(256, 256, 3))
        >>> model.compile()
        >>> model.fit(train, epochs=400)
        >>> zebras = model.translate(horses)
    """

    targets = "other"
    ema_of = "translator"
    default_optimizer = {"class_name": "Adam", "config": {"learning_rate": 2e-4, "beta_1": 0.5}}
    tiny = {
        "image_shape": (8, 8, 3),
        "patches": 4,
        "temperature": 1.0,  # the paper's is so steep that the last bits of two backends grow apart
        "flip_equivariance": True,
        "feature_layers": ("images", "down_1", "block_1"),
        "translator": {"network": "resnet_translator", "filters": 2, "blocks": 1},
        "discriminator": {
            "network": "patch_discriminator",
            "filters": 4,
            "receptive_field": 16,
            "normalization": "instance",
        },
        "ema_momentum": 0.9,
    }

    def __init__(
        self,
        image_shape: ImageShape,
        target_shape: ImageShape | None = None,
        adversarial_loss: AdversarialLossName = "least_squares",
        nce_weight: NonNegative = 1.0,
        identity_nce: bool = True,
        flip_equivariance: bool = False,
        patches: Count = 256,
        temperature: Positive = 0.07,
        feature_layers: tuple[str, ...] = ("images", "down_1", "down_2", "block_1", "block_5"),
        translator: Network = "resnet_translator",
        discriminator: Network = {"network": "patch_discriminator", "normalization": "instance"},  # noqa: B006
        **kwargs: Any,
    ):
        super().__init__(image_shape, target_shape, adversarial_loss, **kwargs)
        self.nce_weight = nce_weight
        self.identity_nce = identity_nce
        self.flip_equivariance = flip_equivariance
        self.patches = patches
        self.temperature = temperature
        self.feature_layers = tuple(feature_layers)
        if self.image_shape != self.target_shape:
            raise ValueError(
                f"{type(self).__name__}: images of {self.image_shape[-1]} and {self.target_shape[-1]} channels: "
                "translations pass through the first half of the translator too: give both domains as many channels."
            )
        self.translator = self.translator_network("translator", translator)
        self.discriminator = self.network("discriminator", discriminator, image_shape=self.target_shape, outputs=1)
        features = self._features()
        both = keras.Model(self.translator.input, [self.translator.output, *features])
        alone = keras.Model(self.translator.input, features)
        # As functions, not as models: Keras would save the translator's layers under their names.
        self._translation_and_features = lambda x, training: both(x, training=training)
        self._features_alone = lambda x, training: keras.tree.flatten(alone(x, training=training))
        with in_policy(self.dtype_policy):
            self.projections = patch_features(tuple(feature.shape[-1] for feature in features))
        self.logs = (
            "translator_loss",
            "nce",
            *(("nce_identity",) if identity_nce else ()),
            "discriminator_loss",
        )
        self.ready(ArraySpec(self.image_shape))

    def _features(self) -> list[keras.KerasTensor]:
        """The symbolic outputs of `feature_layers`."""
        known = {layer.name: layer for layer in self.translator.layers}
        missing = [name for name in self.feature_layers if name not in known]
        if missing or not self.feature_layers:
            named = [name for name in known if name.split("_")[0] in ("images", "down", "block")] or list(known)
            what = f"the translator has no layer '{missing[0]}'" if missing else "there are none"
            raise ValueError(
                f"{type(self).__name__}.feature_layers: {what}: name some of its layers, such as {', '.join(named)}."
            )
        outputs = [known[name].output for name in self.feature_layers]
        flat = [output for output in outputs if len(output.shape) != 4]
        if flat:
            raise ValueError(f"{type(self).__name__}.feature_layers: only feature maps have patches: name such layers.")
        return outputs

    def players(self) -> tuple[Player, ...]:
        """The translator with its projections, then the discriminator, which takes the translations."""
        return (
            Player("translator", ("translator", "projections"), self.translator_loss, gives=("fake",)),
            Player("discriminator", ("discriminator",), self.discriminator_loss, takes=("fake",)),
        )

    def translator_loss(self, x: Tensor, y: Tensor, training: bool) -> tuple[Tensor, Logs, dict[str, Tensor]]:
        """Equation 5 as the translator has it; hands the translations on."""
        flipped = keras.random.uniform((1, 1, 1, 1), seed=self.seeds) < 0.5 if self.flip_equivariance else None
        if not training:
            flipped = None
        fake, *keys = self._translation_and_features(_mirrored(x, flipped), training)
        if flipped is not None:
            keys = self._features_alone(x, training)
        real_scores = ops.stop_gradient(self.discriminator(y, training=training)) if self.compares else None
        logs = {
            "translator_loss": self.adversarial_term(self.discriminator(fake, training=training), real_scores),
            "nce": self._contrast(keys, fake, flipped, training),
        }
        loss = logs["translator_loss"] + self.nce_weight * logs["nce"]
        if self.identity_nce:
            same, *keys = self._translation_and_features(_mirrored(y, flipped), training)
            if flipped is not None:
                keys = self._features_alone(y, training)
            logs["nce_identity"] = self._contrast(keys, same, flipped, training)
            loss = loss + self.nce_weight * logs["nce_identity"]
        return loss, logs, {"fake": fake}

    def _contrast(self, keys: Sequence[Tensor], made: Tensor, flipped: Tensor, training: bool) -> Tensor:
        """The mean over layers of the contrastive loss of an image's features and those of its translation."""
        queries = [_mirrored(feature, flipped) for feature in self._features_alone(made, training)]
        places = [self._places(feature) for feature in keys]
        of_keys, of_queries = (
            keras.tree.flatten(self.projections([_at(f, p) for f, p in zip(features, places, strict=True)]))
            for features in (keys, queries)
        )
        pairs = zip(of_queries, of_keys, strict=True)
        terms = [patch_nce(query, key, self.temperature) for query, key in pairs]
        return sum(terms[1:], terms[0]) / len(terms)

    def _places(self, feature: Tensor) -> Tensor:
        """Numbers of distinct places of feature maps, drawn anew; all of them where they are few."""
        count = ops.shape(feature)[1] * ops.shape(feature)[2]
        keys = keras.random.uniform((count,), seed=self.seeds)
        return ops.argsort(keys)[: self.patches]

    def discriminator_loss(self, x: Tensor, y: Tensor, training: bool, fake: Tensor = None) -> tuple[Tensor, Logs]:
        """The loss of telling images of B from translations."""
        fake = self.translator(x, training=training) if fake is None else fake
        real_scores = self.discriminator(y, training=training)
        loss = self.discriminator_term(real_scores, self.discriminator(ops.stop_gradient(fake), training=training))
        return loss, {"discriminator_loss": loss}


def _mirrored(x: Tensor, flipped: Tensor) -> Tensor:
    """Images or feature maps, mirrored left to right where `flipped`, a bool or None for False, says so."""
    return x if flipped is None else ops.where(flipped, ops.flip(x, axis=2), x)


def _at(feature: Tensor, places: Tensor) -> Tensor:
    """The features (n, places, channels) of some places of feature maps."""
    rows = ops.reshape(feature, (-1, ops.shape(feature)[1] * ops.shape(feature)[2], feature.shape[-1]))
    return ops.take(rows, places, axis=1)
