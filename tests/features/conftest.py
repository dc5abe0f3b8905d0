"""What tests of evaluation use, too."""

from tests.evaluation.conftest import cache, channels, pictures

__all__ = ["cache", "channels", "pictures"]
