"""Assignment: which of two sets of points go together so that the sum of their costs is least, within a graph."""

from typing import Any

from keras import ops

Tensor = Any


def assignment(cost: Tensor, tolerance: float = 0.01) -> Tensor:
    """The column that each row gets, all different, so that the sum of their costs is the least, or nearly.

    An auction: rows that have no column bid for the one that is worth most to them, as far as it is worth more than
    their second choice; the highest bid wins, and throws out who had the column. A mean of costs within `tolerance` of
    the optimum follows, in units of the costs' standard deviation. After 50 rounds for each row, which costs of images
    do not take, the rest is assigned anyhow.

    Reference: Bertsekas 1988, "The auction algorithm", Annals of Operations Research 14, equations 3 to 6.

    Args:
        cost: (n, n), of each row and column.
        tolerance: number above 0.

    Returns:
        integers (n,), a permutation.
    """
    count = cost.shape[0] or ops.shape(cost)[0]
    value = -cost
    least = tolerance * ops.std(value) + 1e-12
    numbers = ops.arange(count)

    def have_none(owners: Tensor) -> Tensor:
        return ops.logical_not(ops.any(owners[:, None] == numbers[None], axis=0))

    def unfinished(prices: Tensor, owners: Tensor, rounds: Tensor) -> Tensor:
        return ops.logical_and(ops.any(owners < 0), rounds < 50 * count)

    def bidding(prices: Tensor, owners: Tensor, rounds: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        gain = value - prices[None]
        best = ops.argmax(gain, axis=1)
        chosen = numbers[None] == ops.cast(best, numbers.dtype)[:, None]
        first = ops.max(gain, axis=1)
        second = ops.max(ops.where(chosen, -1e30, gain), axis=1)
        second = ops.where(second < -1e29, first, second)  # there is one column
        bids = ops.where(
            ops.logical_and(chosen, have_none(owners)[:, None]),
            (ops.sum(ops.where(chosen, prices[None], 0.0), axis=1) + first - second + least)[:, None],
            -1e30,
        )
        highest, bidder = ops.max(bids, axis=0), ops.cast(ops.argmax(bids, axis=0), numbers.dtype)
        wanted = highest > -1e29
        return ops.where(wanted, highest, prices), ops.where(wanted, bidder, owners), rounds + 1

    start = ops.zeros_like(value[0]), ops.zeros_like(numbers) - 1, ops.zeros((), "int32")
    _, owners, _ = ops.while_loop(unfinished, bidding, start)
    # Columns in the order of their rows; those without one stand in the places of the rows without one.
    left_rows = ops.argsort(ops.where(have_none(owners), numbers, numbers + count))
    left_columns = ops.argsort(ops.where(owners < 0, numbers, numbers + count))
    rank = ops.cast(ops.argsort(left_columns), numbers.dtype)  # of a column, among those that are left
    owners = ops.where(owners < 0, ops.take(ops.cast(left_rows, numbers.dtype), rank), owners)
    return ops.argsort(owners)
