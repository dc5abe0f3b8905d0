"""Uses of trained models, as functions of a model and arrays; `genzoo` has a command for each.

Latents are walked through (`traverse`, `interpolate`) and added up (`attribute_direction`, `move`); images are scored
by how atypical they are (`outlier_scores`, `threshold`), and rare ones get larger weights (`rarity_weights`). Styles
are mixed (`mix`), found for real images (`project`), and walked through as any latents (`StyleSpace`). Files and pairs
are translated from one domain to another (`translate_files`, `translate_source`).
"""

from keras_genzoo.distributions.arcs import slerp
from keras_genzoo.uses.arithmetic import attribute_direction, find_attribute, move, separation
from keras_genzoo.uses.attributes import read_table
from keras_genzoo.uses.debias import effective_sample_size, in_use, proportions, rarity_weights
from keras_genzoo.uses.extremes import extremes
from keras_genzoo.uses.interpolate import interpolate, kind_for
from keras_genzoo.uses.latents import (
    Ranking,
    at,
    decode,
    draw,
    encode,
    joined,
    rank_latents,
    vectors,
    with_vectors,
)
from keras_genzoo.uses.mix import layers_of, mix
from keras_genzoo.uses.outliers import (
    OutlierScorer,
    detection,
    known_outliers,
    outlier_scores,
    p_values,
    png_nats,
    threshold,
)
from keras_genzoo.uses.probe import Probe, Probed, probe
from keras_genzoo.uses.project import Projection, project
from keras_genzoo.uses.properties import Property, properties
from keras_genzoo.uses.spaces import LatentSpace, PrincipalStyles, StyleSpace
from keras_genzoo.uses.style_files import read_styles, write_styles
from keras_genzoo.uses.translate import translate_file, translate_files, translate_source
from keras_genzoo.uses.translations import Translation, Translations
from keras_genzoo.uses.traverse import traverse
from keras_genzoo.uses.walk import walk

__all__ = [
    "LatentSpace",
    "OutlierScorer",
    "PrincipalStyles",
    "Probe",
    "Probed",
    "Projection",
    "Property",
    "Ranking",
    "StyleSpace",
    "Translation",
    "Translations",
    "at",
    "attribute_direction",
    "decode",
    "detection",
    "draw",
    "effective_sample_size",
    "encode",
    "extremes",
    "find_attribute",
    "in_use",
    "interpolate",
    "joined",
    "kind_for",
    "known_outliers",
    "layers_of",
    "mix",
    "move",
    "outlier_scores",
    "p_values",
    "png_nats",
    "probe",
    "project",
    "properties",
    "proportions",
    "rank_latents",
    "rarity_weights",
    "read_styles",
    "read_table",
    "separation",
    "slerp",
    "threshold",
    "translate_file",
    "translate_files",
    "translate_source",
    "traverse",
    "vectors",
    "walk",
    "with_vectors",
    "write_styles",
]
