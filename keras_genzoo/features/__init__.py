"""Features of images, which metrics of distributions compare: extractors, their weights, and their cache."""

from keras_genzoo.features.cache import FeatureCache, FeatureCacheError, Features, PerImage, extract
from keras_genzoo.features.extractor import Extractor, ExtractorError
from keras_genzoo.features.extractors import load_extractor

__all__ = [
    "Extractor",
    "ExtractorError",
    "FeatureCache",
    "FeatureCacheError",
    "Features",
    "PerImage",
    "extract",
    "load_extractor",
]
