"""Exports a run as a SavedModel: the same as `genzoo export`."""

import sys

from keras_genzoo.cli import main

if __name__ == "__main__":
    sys.exit(main(["export", *sys.argv[1:]]))
