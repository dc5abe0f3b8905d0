"""`python -m keras_genzoo` is `genzoo`."""

import sys

from keras_genzoo.cli import main

if __name__ == "__main__":
    sys.exit(main())
