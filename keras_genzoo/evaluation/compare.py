"""Comparison: the newest numbers of several folders side by side, if their protocols are alike."""

import dataclasses
import os
import statistics
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from keras_genzoo.evaluation.results import Result, differences, differing_keys
from keras_genzoo.evaluation.rows import CompareError, Folder, Row, grouped, opened_folders
from keras_genzoo.evaluation.tables import OTHERS, Column, Table, in_words, place_of, plain, says_features
from keras_genzoo.files import expanded
from keras_genzoo.registry import did_you_mean

_MOST_DIFFERENCES = 4
_Chosen = dict[tuple[str, str], Result]  # from a metric and the name of a folder


def compare(
    folders: Iterable[str | os.PathLike], metrics: Sequence[str] | None = None, group: bool = False
) -> list[Table]:
    """Puts the results of several folders into tables.

    Of each metric every folder shows a single number: the newest of the newest protocol that all folders have. The
    newest protocol is the last by which any of them was measured. A folder without the metric shows a dash.

    Args:
        folders: paths of run folders, or of any others that hold `metric-<name>.jsonl`.
        metrics: optional names of metrics; all that have a place in the tables by default, which losses have not.
        group: bool, whether runs that differ in their seed alone become a single row, with mean and standard deviation.

    Returns:
        `Table`s of generation, reconstruction and likelihood, as far as there are numbers; `render` writes them.

    Raises:
        CompareError: a folder holds no results, a metric is unknown, or folders have no common protocol of a metric.

    Example:
        >>> tables = compare(["runs/vae", "runs/dcgan"], metrics=["fid", "precision", "recall"])
        >>> print(render(tables))
    """
    opened = opened_folders([expanded(folder) for folder in folders])
    names = _metrics(opened, metrics)
    chosen: _Chosen = {}
    for metric in names:
        found = _choose(metric, [folder for folder in opened if metric in folder.results])
        chosen |= {(metric, name): result for name, result in found.items()}
    whole = grouped(opened) if group else [Row(folder.name, (folder,)) for folder in opened]
    tables = []
    for title, features in dict.fromkeys((place_of(metric).title, place_of(metric).features) for metric in names):
        inside = [
            metric for metric in names if (place_of(metric).title, place_of(metric).features) == (title, features)
        ]
        rows = [
            row for row in whole if any((metric, folder.name) in chosen for metric in inside for folder in row.folders)
        ]
        named = says_features(inside)
        columns = tuple(dataclasses.replace(_column(metric, rows, chosen, group), plain=named) for metric in inside)
        folders_inside = [folder for row in rows for folder in row.folders]
        notes = [*_protocols(columns), *(note for column in columns for note in _notes(column, folders_inside, chosen))]
        notes += _about_rows(rows, inside, chosen)
        if any(spread is not None for column in columns for spread in column.spreads):
            notes.append(f"±: standard deviation {'over seeds' if group else 'within the measurement'}")
        whole_title = f"{title}, in features of {features}" if named else title
        tables.append(Table(whole_title, tuple(row.name for row in rows), columns, tuple(notes)))
    return tables


def _metrics(folders: Sequence[Folder], names: Sequence[str] | None) -> list[str]:
    """The metrics to show, in the order of the tables; those of the same features are neighbors."""
    there = {metric for folder in folders for metric in folder.results}
    for metric in names or ():
        if metric not in there:
            raise CompareError(f"no folder holds a metric '{metric}'; {did_you_mean(metric, there)}")
    chosen = set(names) if names else {metric for metric in there if place_of(metric).title != OTHERS}
    if not chosen:
        raise CompareError(
            f"the folders hold nothing but {', '.join(sorted(there))}: name what to compare by --metrics."
        )
    return sorted(chosen, key=lambda metric: (place_of(metric).rank, metric))


# Choice of results


def _choose(metric: str, folders: Sequence[Folder]) -> dict[str, Result]:
    """From each folder, by its name, the newest result of the newest protocol that all of them share."""
    newest = [(folder, result) for folder in folders for result in _newest_of_each_protocol(folder.results[metric])]
    newest.sort(key=lambda pair: pair[1].date, reverse=True)
    shared = [
        {folder.name: result for folder, result in newest if not differing_keys(result.protocol, candidate.protocol)}
        for _, candidate in newest
    ]
    for found in shared:
        if len(found) == len(folders):
            return found
    unlike = next(pair for pair in newest if pair[0].name not in shared[0])
    raise CompareError(_refusal(metric, newest[0], unlike))


def _newest_of_each_protocol(results: Sequence[Result]) -> list[Result]:
    found: list[Result] = []
    for result in reversed(results):
        if all(differing_keys(result.protocol, newer.protocol) for newer in found):
            found.append(result)
    return found


def _refusal(metric: str, newest: tuple[Folder, Result], unlike: tuple[Folder, Result]) -> str:
    (a, first), (b, second) = newest, unlike
    found = [
        f"{key}: {_short(values[0])} and {_short(values[1])}"
        for key, values in differences(first.protocol, second.protocol).items()
    ]
    more = [f"and {len(found) - _MOST_DIFFERENCES} more"] if len(found) > _MOST_DIFFERENCES else []
    return (
        f"{metric} was measured in unlike ways in '{a.path}' and '{b.path}': "
        f"{', '.join([*found[:_MOST_DIFFERENCES], *more])}: measure them anew with the same options of "
        f"`genzoo evaluate`, or leave {metric} out by --metrics."
    )


def _short(value: Any) -> str:
    text = "nothing" if value is None else plain(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


# Rows and columns


def _column(metric: str, rows: Sequence[Row], chosen: _Chosen, group: bool) -> Column:
    protocol = next(result.protocol for (name, _), result in chosen.items() if name == metric)
    cells = [_cell([chosen.get((metric, folder.name)) for folder in row.folders], group) for row in rows]
    return Column(metric, tuple(value for value, _ in cells), tuple(spread for _, spread in cells), protocol)


def _cell(results: Sequence[Result | None], group: bool) -> tuple[float | None, float | None]:
    """Value and spread; neither, if a run of the row lacks the metric: its mean would be of fewer runs than it says."""
    found = [result for result in results if result is not None]
    numbers = [result.value for result in found if result.value is not None]
    if len(numbers) < len(results):
        return None, None
    if group:  # spreads of another kind do not stand in the same column
        return statistics.fmean(numbers), statistics.stdev(numbers) if len(numbers) > 1 else None
    return numbers[0], found[0].spread


# Notes


def _protocols(columns: Sequence[Column]) -> Iterator[str]:
    """The protocols in words: first what all columns share, then what is particular to some."""
    groups: list[list[Column]] = []
    for column in columns:
        group = next((group for group in groups if not differing_keys(group[0].protocol, column.protocol)), None)
        if group is None:
            groups.append([column])
        else:
            group.append(column)
    shared = {
        key: value
        for key, value in columns[0].protocol.items()
        if len(groups) > 1
        and not any(differing_keys({key: value}, {key: group[0].protocol.get(key)}) for group in groups)
    }
    if words := in_words(shared):
        yield f"All: {words}"
    for group in groups:
        words = in_words({key: value for key, value in group[0].protocol.items() if key not in shared})
        if words or any(column.label.unit for column in group):
            yield f"{', '.join(map(_named, group))}: {words}".removesuffix(": ")


def _named(column: Column) -> str:
    return f"{column.label.heading} in {column.label.unit}" if column.label.unit else column.label.heading


def _notes(column: Column, folders: Sequence[Folder], chosen: _Chosen) -> Iterator[str]:
    metric, heading = column.metric, column.label.heading
    found = {folder.name: chosen[metric, folder.name] for folder in folders if (metric, folder.name) in chosen}
    missing = [folder.name for folder in folders if folder.name not in found]
    undefined = [name for name, result in found.items() if result.value is None]
    newer = [
        folder.name
        for folder in folders
        if folder.name in found and differing_keys(folder.results[metric][-1].protocol, found[folder.name].protocol)
    ]
    if missing:
        yield f"{heading} was not measured for {', '.join(missing)}"
    if undefined:
        yield f"{heading} is undefined for {', '.join(undefined)}"
    if newer:
        yield f"{heading}: newer results of {', '.join(newer)} have a protocol that not all share, and are left out"


def _about_rows(rows: Sequence[Row], metrics: Sequence[str], chosen: _Chosen) -> Iterator[str]:
    """The folders of a row; and a warning, if its numbers are not of one state of each model."""
    for row in rows:
        if len(row.folders) > 1:
            yield f"{row.name}: {', '.join(folder.name for folder in row.folders)}"
        steps = set()
        for folder in row.folders:
            found = {metric: chosen[metric, folder.name] for metric in metrics if (metric, folder.name) in chosen}
            states = [_state(result) for result in found.values()]
            steps |= {state["iterations"] for state in states if "iterations" in state}
            if any(state != states[0] for state in states):
                each = [f"{place_of(metric).label.heading} of {_in_short(result)}" for metric, result in found.items()]
                yield f"{folder.name}: numbers of unlike states stand side by side: {', '.join(each)}"
        if len(row.folders) > 1 and len(steps) > 1:
            yield f"{row.name}: measured after unlike numbers of steps: {', '.join(map(plain, sorted(steps)))}"


def _state(result: Result) -> dict[str, Any]:
    return {key: value for key, value in result.subject.items() if key not in ("name", "seed")}


def _in_short(result: Result) -> str:
    subject = result.subject
    if "iterations" in subject:
        return f"{plain(subject['iterations'])} steps (weights {plain(subject.get('weights_sha256'))})"
    return str(subject.get("name") or subject.get("kind") or "something else")
