"""Flickr-Faces-HQ as a TensorFlow Datasets builder, for those who want it as TFRecords.

Import this module to register the builder; nothing else in the package does, since it brings in TensorFlow.

Example:
    >>> import tensorflow_datasets as tfds
    >>> import keras_genzoo.data.ffhq_tfds
    >>> faces = tfds.load("ffhq/64", split="train", download_and_prepare_kwargs={
    ...     "download_config": tfds.download.DownloadConfig(manual_dir="faces/")})
"""

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import tensorflow_datasets as tfds

from keras_genzoo.data.decode import decode_all
from keras_genzoo.data.ffhq import INSTRUCTIONS, aligned_folder
from keras_genzoo.data.listing import find_images
from keras_genzoo.data.source import DataError

CITATION = """@inproceedings{karras2019style,
  title={A Style-Based Generator Architecture for Generative Adversarial Networks},
  author={Karras, Tero and Laine, Samuli and Aila, Timo},
  booktitle={Proceedings of the IEEE/CVF Conference on Computer Vision and Pattern Recognition},
  pages={4401--4410},
  year={2019}
}"""


@dataclasses.dataclass(kw_only=True)
class FfhqConfig(tfds.core.BuilderConfig):
    """One resolution: a config of its own, since TFDS takes prepared data for the same when only arguments differ.

    Args:
        resolution: integer, pixels along each side.
    """

    resolution: int = 64


class Ffhq(tfds.core.GeneratorBasedBuilder):
    """Flickr-Faces-HQ: aligned faces, resized to one of six resolutions, from a folder in TFDS' `manual_dir`.

    The build stops at an image that is missing, broken or too small, and names it. Use the dataset `ffhq`
    instead to train from a folder directly.

    Reference:
        Karras et al. 2019, arXiv:1812.04948, appendix A.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Central crop, antialiased Lanczos."}
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        f"{INSTRUCTIONS} TFDS expects it in manual_dir/ffhq, or in manual_dir itself if that has no ffhq."
    )
    BUILDER_CONFIGS = [
        FfhqConfig(name=str(side), resolution=side, description=f"{side}x{side} pixels.")
        for side in (32, 64, 128, 256, 512, 1024)
    ]

    def _info(self) -> tfds.core.DatasetInfo:
        side = self.builder_config.resolution
        image = tfds.features.Image(shape=(side, side, 3), encoding_format="png")
        return tfds.core.DatasetInfo(
            builder=self,
            description="70,000 aligned and cropped photographs of faces from Flickr, collected by NVIDIA.",
            features=tfds.features.FeaturesDict({"image": image, "name": tfds.features.Text()}),
            homepage="https://github.com/NVlabs/ffhq-dataset",
            citation=CITATION,
            license="CC BY-NC-SA 4.0 (NVIDIA); the photographs under the licenses of their authors",
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        manual = Path(os.fspath(dl_manager.manual_dir))
        root = manual / "ffhq" if (manual / "ffhq").is_dir() else manual
        return {"train": self._generate_examples(aligned_folder(root, self.builder_config.resolution))}

    def _generate_examples(self, root: Path) -> Iterator[tuple[str, dict[str, Any]]]:
        side, names = self.builder_config.resolution, find_images(root)
        for name, decoded in zip(names, decode_all(root, names, side, 3), strict=True):
            if decoded.image is None:
                raise DataError(f"{root / name} {decoded.broken}: replace it; a prepared dataset has no gaps.")
            if min(decoded.sides) < side:
                width, height = decoded.sides
                raise DataError(
                    f"{root / name} has {width}x{height} pixels, fewer than ffhq/{side} needs: give larger images, or "
                    f"choose a smaller config."
                )
            yield name, {"image": decoded.image, "name": PurePosixPath(name).stem}
