"""Advice: what the literature recommends against each failure."""

from typing import NamedTuple


class Advice(NamedTuple):
    """A failure's name, the advice in words, and its source."""

    name: str
    words: str
    source: str


ADVICE = {
    "mode_collapse": Advice(
        "mode collapse",
        "a Wasserstein loss with gradient penalty (the model wgan_gp) or a spectrally normalized discriminator, a "
        "lower learning rate for the generator, or more discriminator steps",
        "Arjovsky et al. 2017, arXiv:1701.07875; Gulrajani et al. 2017, arXiv:1704.00028; Miyato et al. 2018, "
        "arXiv:1802.05957",
    ),
    "label_ignored": Advice(
        "ignored labels",
        "a label that enters every layer, with a discriminator that compares by projection (condition=every_layer); "
        "one that classifies, too (the model acgan); of a VAE latents that carry less (a higher beta, or fewer)",
        "Mirza & Osindero 2014, arXiv:1411.1784; Miyato & Koyama 2018, arXiv:1802.05637; Odena et al. 2017, "
        "arXiv:1610.09585",
    ),
    "input_ignored": Advice(
        "ignored input",
        "more weight of what ties a translation to its input (l1_weight, cycle_weight, nce_weight), a discriminator "
        "that sees the input, a network with skip connections (unet), or a lower learning rate",
        "Isola et al. 2017, arXiv:1611.07004, section 4.2; Zhu et al. 2017, arXiv:1703.10593, section 3.2; Park et al. "
        "2020, arXiv:2007.15651, section 3",
    ),
    "input_copied": Advice(
        "copied input",
        "less weight of what ties a translation to its input (cycle_weight, identity_weight, nce_weight), or a "
        "stronger discriminator: a higher learning rate of its own, larger patches (receptive_field)",
        "Zhu et al. 2017, arXiv:1703.10593, section 5; Isola et al. 2017, arXiv:1611.07004, section 4.4",
    ),
    "discriminator_wins": Advice(
        "convergence failure",
        "a weaker discriminator (fewer filters, dropout, a lower learning rate, fewer steps), noise on its images or "
        "smoothed labels, or a loss whose gradient does not fade: non-saturating, least squares, Wasserstein",
        "Goodfellow et al. 2014, arXiv:1406.2661, section 3; Arjovsky & Bottou 2017, arXiv:1701.04862; Salimans et al. "
        "2016, arXiv:1606.03498",
    ),
    "generator_wins": Advice(
        "convergence failure",
        "a stronger discriminator: more filters, a higher learning rate of its own, or more steps",
        "Heusel et al. 2017, arXiv:1706.08500; Goodfellow 2016, arXiv:1701.00160, section 4",
    ),
    "gradient_vanishes": Advice(
        "convergence failure",
        "a generator's loss that keeps its gradient when the discriminator wins (non-saturating in place of minimax, "
        "or Wasserstein), or a weaker discriminator",
        "Goodfellow et al. 2014, arXiv:1406.2661, section 3; Arjovsky & Bottou 2017, arXiv:1701.04862",
    ),
    "divergence": Advice(
        "convergence failure",
        "learning rates ten times lower, first of all; then a gradient penalty, or spectral normalization",
        "Mescheder et al. 2018, arXiv:1801.04406; Miyato et al. 2018, arXiv:1802.05957",
    ),
    "memorization": Advice(
        "memorization",
        "more images, augmentation of them, or a smaller model; and an earlier state of this one (--best)",
        "Meehan et al. 2020, arXiv:2004.05675; Karras et al. 2020, arXiv:2006.06676",
    ),
    "overfitting": Advice(
        "overfitting",
        "more images, augmentation (of all images of the discriminator), dropout or another regularization, or to stop "
        "earlier",
        "Karras et al. 2020, arXiv:2006.06676; Zhao et al. 2020, arXiv:2006.10738",
    ),
    "input": Advice(
        "input out of range",
        "floats in [-1, 1]: keras_genzoo.images.from_pixels makes them of uint8, x / 127.5 - 1 of numbers up to 255, "
        "2 * x - 1 of numbers from 0 to 1",
        "Radford et al. 2016, arXiv:1511.06434, section 4",
    ),
    "dead_units": Advice(
        "dead activations",
        "a lower learning rate, LeakyReLU in place of ReLU, or a normalization before it",
        "Maas et al. 2013, https://ai.stanford.edu/~amaas/papers/relu_hybrid_icml2013_final.pdf; Ioffe & Szegedy 2015, "
        "arXiv:1502.03167",
    ),
    "exploding_activations": Advice(
        "exploding activations",
        "a lower learning rate, a normalization, or initial weights that keep the scale from layer to layer",
        "Glorot & Bengio 2010, https://proceedings.mlr.press/v9/glorot10a.html; Ioffe & Szegedy 2015, arXiv:1502.03167",
    ),
    "posterior_collapse": Advice(
        "posterior collapse",
        "a lower weight of the KL term (beta), a weight that rises from 0, free bits, or a weaker decoder",
        "Bowman et al. 2016, arXiv:1511.06349; Kingma et al. 2016, arXiv:1606.04934, appendix C; Lucas et al. 2019, "
        "arXiv:1911.02469",
    ),
}
"""By the name that a finding has in `diagnosis.jsonl`."""
