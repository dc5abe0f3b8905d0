"""Makes torchvision importable where its compiled operators were built for another torch: no test here calls them."""

import importlib.util
import sys


def _import_torchvision():
    """Imports torchvision; returns what must be kept for it to work."""
    try:
        importlib.import_module("torchvision")
        return None
    except RuntimeError:  # operator torchvision::nms does not exist
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
    library = importlib.import_module("torch").library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    importlib.import_module("torchvision")
    return library


if importlib.util.find_spec("torchvision"):
    _LIBRARY = _import_torchvision()
