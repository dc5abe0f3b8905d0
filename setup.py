"""The package's metadata; the tools' settings are in pyproject.toml."""

import runpy

from setuptools import find_packages, setup

HUB = ["huggingface_hub>=1.0"]  # to fetch and to publish pretrained weights
JAX = ["jax>=0.10"]
LINTERS = ["mypy~=2.4.0", "ruff~=0.17.0"]  # another minor version formats and checks differently
# What our metrics are compared with, by tests and benchmarks alone.
PARITY = ["piq>=0.8", "prdc>=0.2", "scikit-image>=0.25", "torch>=2.5", "torch-fidelity>=0.4"]
# The builder in keras_genzoo.data.ffhq_tfds. TFDS 4.9.10 imports importlib_resources and does not declare it.
TFDS = ["importlib_resources>=6.4", "tensorflow-datasets>=4.9.9"]
TENSORBOARD = ["tensorboard>=2.20"]  # Keras' callback needs it, and TensorFlow does not bring it any more
VIDEO = ["imageio-ffmpeg>=0.6"]  # which brings ffmpeg, for MP4
TESTS = ["hypothesis>=6.100", "pytest>=8.3", "pytest-timeout>=2.3", "pytest-xdist>=3.6", "setuptools>=77"]

setup(
    name="keras_genzoo",
    version=runpy.run_path("keras_genzoo/version.py")["__version__"],
    description="A zoo of image generative models for Keras 3: name a preset, fit, look, measure, export.",
    author="The keras_genzoo authors",
    license="Apache-2.0",
    license_files=["LICENSE"],
    keywords=["keras", "tensorflow", "generative models", "gan", "vae", "faces"],
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Intended Audience :: Education",
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Typing :: Typed",
    ],
    python_requires=">=3.11",
    install_requires=[
        "annotated-types>=0.7",
        "filelock>=3.15",
        "h5py>=3.11",
        "keras>=3.15",
        "matplotlib>=3.9",
        "numpy>=2",
        "pillow>=11",
        "pydantic>=2.13",
        "rich>=14.3",
        "scikit-learn>=1.5",
        "scipy>=1.13",
        "tensorflow>=2.21",
        "typing-extensions>=4.12",
    ],
    extras_require={
        "hub": HUB,
        "jax": JAX,
        "parity": PARITY,
        "tensorboard": TENSORBOARD,
        "tfds": TFDS,
        "video": VIDEO,
        "dev": [*JAX, *LINTERS, *TENSORBOARD, *TESTS, *TFDS, *VIDEO, "pre-commit>=4"],
    },
    packages=[*find_packages(include=["keras_genzoo", "keras_genzoo.*"]), "keras_genzoo.zoo_configs"],
    package_dir={"keras_genzoo.zoo_configs": "zoo_configs"},  # the presets, in the root of the checkout
    package_data={
        "keras_genzoo": ["py.typed"],
        "keras_genzoo.pretrained": ["cards/*.json", "weights/*.npz", "weights/*.h5"],
        "keras_genzoo.zoo_configs": ["*.json"],
    },
    entry_points={"console_scripts": ["genzoo = keras_genzoo.cli:main"]},
    zip_safe=False,
)
