"""Timeline: the observations of a training in their order, and what the rules find in them.

A rule must hold at several observations in a row, over some hundred train steps, before anything is reported: players
have bad moments from which they recover, and an alarm that is often wrong is not listened to. A timeline is a function
of its observations alone, so that a resumed training is diagnosed as if it had never stopped.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from keras_genzoo.diagnosis.advice import ADVICE
from keras_genzoo.diagnosis.rules import RULES, Past, Rule

_FORMER = {"told_apart.": "pairwise_accuracy."}
"""Measures whose names in records of earlier versions begin otherwise."""


class Observation(NamedTuple):
    """What was measured at one time.

    Args:
        epoch: integer, counted from 1.
        iterations: integer, train steps so far.
        measures: dictionary from a measure's name to a number; what could not be measured is left out.
    """

    epoch: int
    iterations: int
    measures: Mapping[str, float]

    def rounded(self) -> "Observation":
        """The observation as its line keeps it: finite numbers of six digits."""
        kept = {name: float(f"{value:.6g}") for name, value in self.measures.items() if math.isfinite(value)}
        return Observation(self.epoch, self.iterations, kept)

    def line(self) -> dict[str, Any]:
        """The observation as a line of JSON."""
        return {"epoch": self.epoch, "iterations": self.iterations, "measures": dict(self.rounded().measures)}

    @classmethod
    def from_line(cls, line: Any) -> "Observation | None":
        """The observation in a line of JSON; None if the line is anything else: files come from anywhere."""
        if not isinstance(line, dict) or not isinstance(line.get("measures"), dict):
            return None
        epoch, iterations, measures = line.get("epoch", -1), line.get("iterations", -1), line["measures"]
        if not all(type(count) is int and 0 <= count < 2**53 for count in (epoch, iterations)):
            return None
        if not all(type(value) in (int, float) and abs(value) < 1e300 for value in measures.values()):
            return None
        return cls(epoch, iterations, {_present_name(name): float(value) for name, value in measures.items()})


def _present_name(name: str) -> str:
    for former, present in _FORMER.items():
        if name.startswith(former):
            return present + name.removeprefix(former)
    return name


@dataclass
class Finding:
    """A failure of a training, with its evidence.

    Args:
        failure: string, a key of `ADVICE`.
        player: string, the player or network that fails; None if it is the model, or its data.
        words: string, what is observed.
        evidence: dictionary from measures to their values when it was found.
        since: (epoch, iterations) of the first observation that showed it.
        found: (epoch, iterations) at which it had lasted long enough to be reported.
        until: (epoch, iterations) of the observation at which it was over; None if it is not.
    """

    failure: str
    player: str | None
    words: str
    evidence: dict[str, float]
    since: tuple[int, int]
    found: tuple[int, int]
    until: tuple[int, int] | None = None

    @property
    def text(self) -> str:
        """The finding in words, with the advice and its source."""
        advice = ADVICE[self.failure]
        return f"{self.summary}. What helps: {advice.words} ({advice.source})"

    @property
    def news(self) -> str:
        """What is to be reported now: the finding, or that it is over."""
        if self.until is None:
            return self.text
        return f"{ADVICE[self.failure].name} is over in epoch {self.until[0]}; it was: {self.words}"

    @property
    def summary(self) -> str:
        """The finding in words."""
        over = f" until epoch {self.until[0]}" if self.until else ""
        when = f", since epoch {self.since[0]} (step {self.since[1]:,}){over}" if self.since[1] else ""
        return f"{ADVICE[self.failure].name}: {self.words}{when}"

    def line(self) -> dict[str, Any]:
        """The finding as a line of JSON."""
        advice = ADVICE[self.failure]
        return {
            "finding": self.failure,
            "player": self.player,
            "words": self.words,
            "evidence": {name: float(f"{value:.6g}") for name, value in self.evidence.items()},
            "since": {"epoch": self.since[0], "iterations": self.since[1]},
            "found": {"epoch": self.found[0], "iterations": self.found[1]},
            "until": self.until and {"epoch": self.until[0], "iterations": self.until[1]},
            "advice": advice.words,
            "source": advice.source,
        }


@dataclass
class _Streak:
    """Observations in a row that show a failure, and those in a row, after it was found, that do not."""

    since: Observation
    failing: int = 0
    healthy: int = 0
    finding: Finding | None = None


@dataclass
class Timeline:
    """Takes observations in their order, and returns what is found.

    Example:
        >>> timeline = Timeline()
        >>> for observation in observations:
        ...     for finding in timeline.add(observation):
        ...         print(finding.text)
    """

    findings: list[Finding] = field(default_factory=list)
    observations: int = 0
    stopped: str | None = None
    """Why observations ended, if one failed."""
    _past: Past = field(default_factory=Past)
    _streaks: dict[tuple[int, str], _Streak] = field(default_factory=dict)

    def add(self, observation: Observation) -> list[Finding]:
        """Adds an observation.

        Returns:
            What was not found before, and what is over now, which has `until`.
        """
        measures = observation.rounded().measures  # as if the training had stopped, and its record been read
        self.observations += 1
        self._past.add(observation.iterations, measures)
        found: list[Finding] = []
        over: list[Finding] = []
        for number, rule in enumerate(RULES):
            for name in rule.measures(measures):
                if rule.fails(name, measures, self._past):
                    found += self._failing(rule, (number, name), observation, measures)
                else:
                    over += self._healthy(rule, (number, name), observation)
        self.findings += found
        return found + over

    @property
    def summary(self) -> str:
        """What was found, a line for each; or that nothing was."""
        found = "\n".join(finding.summary for finding in self.findings)
        found = found or f"nothing was found in {self.observations} observation{'' if self.observations == 1 else 's'}"
        return f"{found}; then observation failed: {self.stopped}" if self.stopped else found

    def _failing(
        self, rule: Rule, key: tuple[int, str], observation: Observation, measures: Mapping[str, float]
    ) -> list[Finding]:
        streak = self._streaks.setdefault(key, _Streak(observation))
        streak.failing, streak.healthy = streak.failing + 1, 0
        lasted = observation.iterations - streak.since.iterations
        if streak.finding or streak.failing < rule.observations or lasted < rule.steps:
            return []
        measure, since = key[1], (streak.since.epoch, streak.since.iterations)
        who, now = rule.whose(measure), {"input.low": math.nan, **measures}
        names = (measure, *(name.format(who=who) for name in rule.evidence))
        evidence = {name: measures[name] for name in names if name in measures}
        words = rule.words.format(value=measures[measure], who=who, first=self._past.first[measure], now=now)
        player = None if rule.about == "log." else who
        found = observation.epoch, observation.iterations
        streak.finding = Finding(rule.failure, player, words, evidence, since, found)
        return [streak.finding]

    def _healthy(self, rule: Rule, key: tuple[int, str], observation: Observation) -> list[Finding]:
        """One good observation ends a suspicion; a reported failure is over after as many as it took to find it."""
        streak = self._streaks.get(key)
        if streak is None:
            return []
        streak.healthy += 1
        if streak.finding is None or streak.healthy >= rule.observations:
            del self._streaks[key]
            if streak.finding is not None:
                streak.finding.until = (observation.epoch, observation.iterations)
                return [streak.finding]
        return []
