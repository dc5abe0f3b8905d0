"""Export: endpoints, and SavedModels that are compared with the model in a clean process before they are in place."""

from keras_genzoo.export.endpoint import Endpoint
from keras_genzoo.export.saved_model import MARK, check_place, export_saved_model, was_exported

__all__ = ["MARK", "Endpoint", "check_place", "export_saved_model", "was_exported"]
