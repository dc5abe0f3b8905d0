"""Pretrained models: cards that say what they are, and weights from the package, a cache, a hub or an address."""

from typing import TYPE_CHECKING

from keras_genzoo.lazily import lazily
from keras_genzoo.pretrained.cards import WEIGHTS, Card, find, list_pretrained, preset_digest, read_card

if TYPE_CHECKING:
    from keras_genzoo.pretrained.caching import alone, home_of, weights_of
    from keras_genzoo.pretrained.inference import inference_weights, read_inference, write_inference
    from keras_genzoo.pretrained.sources import HUB, from_hub

__all__ = [
    "HUB",
    "WEIGHTS",
    "Card",
    "alone",
    "find",
    "from_hub",
    "home_of",
    "inference_weights",
    "list_pretrained",
    "preset_digest",
    "read_card",
    "read_inference",
    "weights_of",
    "write_inference",
]

# What fetches and reads weights imports Keras; what lists and reads cards does not.
__getattr__ = lazily(
    __name__,
    {
        **dict.fromkeys(("alone", "home_of", "weights_of"), "caching"),
        **dict.fromkeys(("inference_weights", "read_inference", "write_inference"), "inference"),
        **dict.fromkeys(("HUB", "from_hub"), "sources"),
    },
)
