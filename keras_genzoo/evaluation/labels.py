"""Labels of numbers in tables: titles of the tables, headings, directions and rounding."""

from typing import NamedTuple

GENERATION = "Generation"
MODES = "Modes"
RECONSTRUCTION = "Reconstruction"
TRANSLATION = "Translation"
LIKELIHOOD = "Likelihood"
CLASSIFICATION = "Classification"
DISENTANGLEMENT = "Disentanglement"
OTHERS = "Others"
"""The table of the rest, such as losses; `compare` shows its numbers only if they are named."""
TABLES = (GENERATION, MODES, RECONSTRUCTION, TRANSLATION, LIKELIHOOD, CLASSIFICATION, DISENTANGLEMENT, OTHERS)
"""Titles of tables, in their order."""
BACK = "_b_to_a"
"""The end of the names of numbers of translations from domain B to A; those from A to B have plain names."""


class Label(NamedTuple):
    """Heading, direction and rounding of a number in tables.

    Args:
        heading: string, of its column.
        better: +1 if more is better, -1 if less is, 0 if neither can be said.
        decimals: integer, digits behind the point; None for three significant ones of the column's least number.
        unit: string, named below the table.
        factor: float, by which the number is multiplied.
    """

    heading: str
    better: int
    decimals: int | None = None
    unit: str = ""
    factor: float = 1.0
