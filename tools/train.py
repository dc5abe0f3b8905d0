"""Trains a preset into a run folder: the same as `genzoo train`."""

import sys

from keras_genzoo.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]]))
