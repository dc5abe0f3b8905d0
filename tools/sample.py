"""Draws samples from a run: the same as `genzoo sample`."""

import sys

from keras_genzoo.cli import main

if __name__ == "__main__":
    sys.exit(main(["sample", *sys.argv[1:]]))
