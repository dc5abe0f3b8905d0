"""Trains, measures and exports a small model on drawn faces: the same as `genzoo demo`."""

import sys

from keras_genzoo.cli import main

if __name__ == "__main__":
    sys.exit(main(["demo", *sys.argv[1:]]))
