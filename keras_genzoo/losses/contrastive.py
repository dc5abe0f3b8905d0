"""Contrastive losses: of two features of the same place, which must be more alike than those of other places."""

from typing import Any

from keras import ops

Tensor = Any


def patch_nce(queries: Tensor, keys: Tensor, temperature: float = 0.07) -> Tensor:
    """The cross-entropy of finding, for each patch of a translation, the patch of the input at the same place.

    The other patches of the same image are the alternatives: of the n patches of an image an untrained network finds
    one in n, log n nats.

    Reference: Park et al. 2020, arXiv:2007.15651, equations 3 and 4.

    Args:
        queries: features of patches of the translation, of length 1, (n, patches, size).
        keys: features of the same patches of the input; no gradient is taken by them.
        temperature: float, tau.

    Returns:
        scalar in nats, averaged over patches and images.
    """
    queries = ops.cast(queries, "float32")
    keys = ops.stop_gradient(ops.cast(keys, "float32"))
    similarity = ops.matmul(queries, ops.transpose(keys, (0, 2, 1))) / temperature
    own = ops.sum(queries * keys, axis=-1) / temperature
    return ops.mean(ops.logsumexp(similarity, axis=-1) - own)
