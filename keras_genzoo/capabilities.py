"""Capabilities: what a model can do, as protocols. Whoever asks something of a model asks for the capability.

A model has a capability if it has its methods: `isinstance(model, Encodes)`. Methods named after tensors
(`latents_of`, `images_of`) take and give tensors and can be compiled and exported; the others take and give arrays of
any length.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, runtime_checkable

Tensor = Any
Array = Any


class SampleOption(NamedTuple):
    """A keyword of `sample` beside indices, seed and labels, such as truncation or guidance.

    Args:
        default: number, string or None: what `sample` takes if it is not given. Its type is the option's type, unless
            `type` says otherwise.
        about: string, one line for help texts.
        type: type of the value, as a preset would check it (`Annotated[float, Ge(0)]`, `Literal[...]`).
        tensor: bool, whether a graph takes it as a tensor: it is then an input of an export's endpoints. Others are
            fixed when a graph is made.
    """

    default: Any
    about: str
    type: Any = float
    tensor: bool = True


@runtime_checkable
class Samples(Protocol):
    """Makes images of noise: image number i of a seed is the same in every batch."""

    image_shape: tuple[int, int, int]
    sample_options: Mapping[str, SampleOption]
    looking_options: Mapping[str, Any]
    """Options for pictures and measures on the way, where looking must cost little."""

    def sampling_protocol(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """What a protocol says about how samples with these options are made."""

    def sample(self, indices: Tensor, seed: Tensor, **options: Any) -> Tensor:
        """Images in [-1, 1] of the given numbers of a seed."""

    def generate(self, num: int, seed: int = 0, batch_size: int = 64, start: int = 0, **options: Any) -> Array:
        """uint8 images number `start` to `start + num - 1` of a seed."""

    def samples(self, indices: Array, seed: int = 0, batch_size: int = 64, **options: Any) -> Array:
        """Images in [-1, 1] of any numbers of a seed, as a float array."""


@runtime_checkable
class Conditional(Protocol):
    """Makes images of chosen labels: `sample` and `generate` take `labels` beside their options."""

    num_classes: int

    def labels(self, labels: Any, num: int, method: str) -> Array:
        """Labels that a user gave to `method`, checked, as integers of shape (num,)."""

    def one_hot(self, labels: Tensor) -> Tensor:
        """Labels (n,) as codes (n, num_classes)."""


@runtime_checkable
class Classifies(Protocol):
    """Tells the class of an image."""

    image_shape: tuple[int, int, int]
    num_classes: int

    def logits_of(self, x: Tensor) -> Tensor:
        """The logit of each class (n, num_classes) for images in [-1, 1]."""

    def classify(self, x: Array, batch_size: int = 64) -> Array:
        """The probability of each class (n, num_classes) for images, uint8 or floats in [-1, 1]."""


@runtime_checkable
class DrawsLatents(Protocol):
    """Has latents with a prior, which `sample` draws from."""

    latent_dim: int

    def sample_latents(self, indices: Tensor, seed: Tensor) -> Any:
        """Latents (n, latent_dim) for each (seed, index), as `images_of` takes them."""


@runtime_checkable
class Encodes(Protocol):
    """Encodes images as latents."""

    latent_dim: int

    def latents_of(self, x: Tensor) -> Any:
        """Latents of images in [-1, 1], without noise."""

    def encode(self, x: Array, batch_size: int = 64) -> Any:
        """Latents of images, uint8 or floats in [-1, 1]."""


@runtime_checkable
class HasFeatures(Protocol):
    """Has a network that turned images into features to do what it was trained for."""

    image_shape: tuple[int, int, int]

    def feature_network(self) -> Any:
        """A `keras.Model` from images in [-1, 1] to features (n, size) in float32, which shares the model's weights.

        Raises a ValueError where that network takes more than images.
        """


@runtime_checkable
class Decodes(Protocol):
    """Makes images of latents."""

    latent_dim: int

    def images_of(self, z: Any) -> Tensor:
        """Images in [-1, 1] of latents."""

    def decode(self, z: Any, batch_size: int = 64) -> Array:
        """uint8 images of latents."""


@runtime_checkable
class HasStyles(Protocol):
    """Turns latents z into styles w, which enter its layers one by one: the coarsest first."""

    image_shape: tuple[int, int, int]
    latent_dim: int
    style_dim: int
    style_mean: Tensor
    """The mean of w (style_dim,)."""

    @property
    def style_layers(self) -> int:
        """The number of layers that take a style: two of each size from 4 pixels on."""

    def images_of_styles(self, w: Tensor) -> Tensor:
        """Images in [-1, 1] of w, for all layers (n, style_dim) or for each (n, layers, style_dim)."""

    def truncated(self, w: Tensor, truncation: Any = None, truncated_layers: int | None = None) -> Tensor:
        """w for each layer (n, layers, style_dim), moved towards its mean."""

    def check_style_mean(self, where: str) -> None:
        """Refuses a model whose mean of w is not known, in the name of the caller."""

    def map(self, z: Array, batch_size: int = 64) -> Array:
        """w (n, style_dim) of latents (n, latent_dim)."""

    def synthesize(self, w: Array, batch_size: int = 64) -> Array:
        """uint8 images of w, for all layers or for each."""


@runtime_checkable
class Reconstructs(Protocol):
    """Gives images back."""

    image_shape: tuple[int, int, int]
    reconstructs_slowly: bool
    """True if it takes many evaluations, so that it is only measured where it is asked for."""

    def reconstructions_of(self, x: Tensor) -> Tensor:
        """Reconstructions in [-1, 1] of images in [-1, 1]."""

    def reconstruct(self, x: Array, batch_size: int = 64) -> Array:
        """uint8 reconstructions of images, uint8 or floats in [-1, 1]."""


@runtime_checkable
class Corrupts(Protocol):
    """Learns to remove noise, and can add it: `reconstruct` is to be given what `corrupt` gives."""

    corruption: str
    amount: float

    def corrupt(self, x: Array, seed: int = 0, start: int = 0) -> Array:
        """uint8 images with noise; image number `start + i` of a seed always gets the same."""


@runtime_checkable
class Translates(Protocol):
    """Turns images of domain A, of `image_shape`, into images of domain B, of `target_shape`, and perhaps back."""

    image_shape: tuple[int, int, int]
    target_shape: tuple[int, int, int]
    targets: str | None
    """ "target" if it was trained on pairs, "other" if the domains have no pairs."""

    @property
    def directions(self) -> tuple[str, ...]:
        """The directions that it learned: "ab", from A to B, and perhaps "ba"."""

    @property
    def size_multiple(self) -> int | None:
        """What the sides of images must be multiples of, or are padded to by `translate`; None if the size is fixed."""

    def shapes(self, direction: str = "ab") -> tuple[tuple[int, int, int], tuple[int, int, int]]:
        """The shapes of what is translated in a direction, and of what comes out."""

    def translations_of(self, x: Tensor, direction: str = "ab") -> Tensor:
        """Translations in [-1, 1] of images in [-1, 1]."""

    def translate(self, x: Array, direction: str = "ab", batch_size: int = 16) -> Array:
        """uint8 translations of images, uint8 or floats in [-1, 1]."""


@runtime_checkable
class DrawsTranslations(Protocol):
    """Translates with noise, if `test_time_dropout` says so: `translations_of` and `translate` then take a seed."""

    test_time_dropout: bool

    def translations_of(self, x: Tensor, direction: str = "ab", seed: Tensor = None) -> Tensor:
        """As of `Translates`, with the noise of a seed; it depends on the other images of a batch too."""

    def translate(self, x: Array, direction: str = "ab", batch_size: int = 16, seed: int = 0) -> Array:
        """As of `Translates`, with the noise of a seed."""


@runtime_checkable
class HasLikelihood(Protocol):
    """Gives a bound on the log-likelihood of images: see `keras_genzoo.metrics.likelihood`."""

    image_shape: tuple[int, int, int]

    @property
    def pixel_likelihood(self) -> Mapping[str, Any]:
        """What the likelihood is of.

        `name`, and `density`, in words; `scale`, if it has one; `normalized`, whether the likelihood of all images adds
        up to 1; `grey_levels`, whether it is a probability of pixels of 256 grey levels; `exact`, whether
        `log_importance_weight` is log p(x) itself, the same for all draws; perhaps `draws`, how many evaluation takes
        of one that takes long.
        """

    def log_importance_weight(self, x: Tensor, indices: Tensor, seed: Tensor, samples: Tensor) -> Tensor:
        """log p(x, z) - log q(z given x) in nats, for draws z of the posterior: (n, k)."""


@runtime_checkable
class HasLatentStatistics(Protocol):
    """Says what each latent carries of an image."""

    latent_dim: int

    def latent_statistics(self, x: Tensor) -> Tensor:
        """Latents and, where it has a closed form, the KL divergence of each: (n, 2 or 1, latent_dim)."""


@runtime_checkable
class FitsPrior(Protocol):
    """Training leaves the distribution of its latents open; a prior is fitted to them afterwards."""

    latent_dim: int

    def fit_prior(self, x: Array, seed: int = 0, batch_size: int = 64) -> None:
        """Fits the prior to the latents of training images."""
