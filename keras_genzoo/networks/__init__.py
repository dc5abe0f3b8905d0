"""Networks: functions of keywords that return a Functional `keras.Model`, without loss or optimizer.

A new file registers itself; nothing else needs an edit.
"""

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
