"""Layers that Keras lacks, one a file."""
