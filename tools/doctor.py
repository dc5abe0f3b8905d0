"""Prints what a bug report needs: the same as `genzoo doctor`."""

import sys

from keras_genzoo.cli import main

if __name__ == "__main__":
    sys.exit(main(["doctor", *sys.argv[1:]]))
