"""Lists the presets: the same as `genzoo presets`."""

import sys

from keras_genzoo.cli import main

if __name__ == "__main__":
    sys.exit(main(["presets", *sys.argv[1:]]))
