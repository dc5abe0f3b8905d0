"""Conditional flow matching: images of chosen labels, with guidance."""

from typing import Any

import keras

from keras_genzoo.models.flow_matching import FlowMatching
from keras_genzoo.models.labeled_diffusion import GUIDANCE, LabeledDiffusion
from keras_genzoo.registry import MODELS
from keras_genzoo.types import Classes, ImageShape, Share


@MODELS.register("cflow_matching")
@keras.saving.register_keras_serializable("keras_genzoo")
class ConditionalFlowMatching(LabeledDiffusion, FlowMatching):
    """Conditional flow matching: flow matching whose denoiser is given labels, and in a share of the images none.

    Use it for images of a class: `guidance` above 1 makes them clearer, and less varied.

    Reference: Ho & Salimans 2022, arXiv:2207.12598.

    Args:
        image_shape: (height, width, channels) of the images.
        num_classes: integer, how many labels there are, from 0 on.
        label_dropout: number in [0, 1], the share of labels that are dropped in training; 0 for a model without
            guidance.
        kwargs: as for `FlowMatching`.

    Example:
        >>> model = ConditionalFlowMatching(image_shape=(32, 32, 1), num_classes=10)
        >>> model.compile()
        >>> model.fit(images, labels, batch_size=64, epochs=20)
        >>> model.generate(8, labels=3, guidance=2.0)
    """

    sample_options = {**FlowMatching.sample_options, **GUIDANCE}
    tiny = {
        **FlowMatching.tiny,
        "num_classes": 3,
        "denoiser": {"network": "mlp_denoiser", "units": 8, "blocks": 1},
    }

    def __init__(self, image_shape: ImageShape, num_classes: Classes = 10, label_dropout: Share = 0.1, **kwargs: Any):
        super().__init__(image_shape, num_classes=num_classes, label_dropout=label_dropout, **kwargs)
