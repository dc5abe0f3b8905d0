"""Measures a run on held-out images: the same as `genzoo evaluate`."""

import sys

from keras_genzoo.cli import main

if __name__ == "__main__":
    sys.exit(main(["evaluate", *sys.argv[1:]]))
