"""A package, lest the one of this name that torch-fidelity installs be taken for it."""
