"""The chart of a training: what was measured now and then, and what the rules find in it.

A rule must hold at several looks in a row, over some hundred train steps, before anything is said: a game of players
has bad moments from which it recovers, and an alarm that is often wrong is not listened to. The chart is a function of
its looks alone, so that a training that goes on is judged as if it had never stopped.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from keras_genzoo.diagnosis.advice import ADVICE
from keras_genzoo.diagnosis.rules import RULES, Past, Rule


class Look(NamedTuple):
    """What was measured at one time.

    Args:
        epoch: integer, counted from 1.
        iterations: integer, train steps so far.
        measures: dictionary from a measure's name to a number; what could not be measured is left out.
    """

    epoch: int
    iterations: int
    measures: Mapping[str, float]

    def rounded(self) -> "Look":
        """The look as its line keeps it: of finite numbers, of six digits each."""
        kept = {name: float(f"{value:.6g}") for name, value in self.measures.items() if math.isfinite(value)}
        return Look(self.epoch, self.iterations, kept)

    def line(self) -> dict[str, Any]:
        """The look as a line of JSON."""
        return {"epoch": self.epoch, "iterations": self.iterations, "measures": dict(self.rounded().measures)}

    @classmethod
    def of(cls, line: Any) -> "Look | None":
        """The look that a line of JSON is; None if it is something else: files come from anywhere."""
        if not isinstance(line, dict) or not isinstance(line.get("measures"), dict):
            return None
        epoch, iterations, measures = line.get("epoch", -1), line.get("iterations", -1), line["measures"]
        if not all(type(count) is int and 0 <= count < 2**53 for count in (epoch, iterations)):
            return None
        if not all(type(value) in (int, float) and abs(value) < 1e300 for value in measures.values()):
            return None
        return cls(epoch, iterations, {name: float(value) for name, value in measures.items()})


@dataclass
class Finding:
    """An illness, whose it is, what shows it, since when, and what is advised.

    Args:
        illness: string, a key of `ADVICE`.
        player: string, the player or network that is ill; None if it is the model, or its data.
        words: string, what is seen.
        evidence: dictionary from measures to their values when it was found.
        since: (epoch, iterations) of the first look that showed it.
        found: (epoch, iterations) at which it had lasted long enough to be told.
        until: (epoch, iterations) of the look at which it was over; None if it is not.
    """

    illness: str
    player: str | None
    words: str
    evidence: dict[str, float]
    since: tuple[int, int]
    found: tuple[int, int]
    until: tuple[int, int] | None = None

    @property
    def text(self) -> str:
        """The finding in words, with the advice and its source."""
        advice = ADVICE[self.illness]
        return f"{self.summary}. What helps: {advice.words} ({advice.source})"

    @property
    def news(self) -> str:
        """What is to be said now: the finding, or that it is over."""
        if self.until is None:
            return self.text
        return f"{ADVICE[self.illness].name} is over in epoch {self.until[0]}, which was: {self.words}"

    @property
    def summary(self) -> str:
        """The finding in words."""
        over = f" until epoch {self.until[0]}" if self.until else ""
        when = f", since epoch {self.since[0]} (step {self.since[1]:,}){over}" if self.since[1] else ""
        return f"{ADVICE[self.illness].name}: {self.words}{when}"

    def line(self) -> dict[str, Any]:
        """The finding as a line of JSON."""
        advice = ADVICE[self.illness]
        return {
            "finding": self.illness,
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
    """Looks in a row that show an illness, and those in a row, after it was found, that do not."""

    since: Look
    looks: int = 0
    well: int = 0
    finding: Finding | None = None


@dataclass
class Chart:
    """Takes looks in their order, and tells what is found.

    Example:
        >>> chart = Chart()
        >>> for look in looks:
        ...     for finding in chart.add(look):
        ...         print(finding.text)
    """

    findings: list[Finding] = field(default_factory=list)
    looks: int = 0
    stopped: str | None = None
    """Why there are no more looks, if one failed."""
    _past: Past = field(default_factory=Past)
    _streaks: dict[tuple[int, str], _Streak] = field(default_factory=dict)

    def add(self, look: Look) -> list[Finding]:
        """Takes a look up.

        Returns:
            What is found by it that was not found before, and what is over, which has `until`.
        """
        measures = look.rounded().measures  # as if the training had stopped, and the chart been read
        self.looks += 1
        self._past.see(look.iterations, measures)
        found: list[Finding] = []
        over: list[Finding] = []
        for number, rule in enumerate(RULES):
            for name in rule.measures(measures):
                if rule.ill(name, measures, self._past):
                    found += self._worse(rule, (number, name), look, measures)
                else:
                    over += self._better(rule, (number, name), look)
        self.findings += found
        return found + over

    @property
    def words(self) -> str:
        """What was found, a line for each; or that nothing was."""
        found = "\n".join(finding.summary for finding in self.findings)
        found = found or f"nothing was found at {self.looks} look{'' if self.looks == 1 else 's'}"
        return f"{found}; then it could look no more: {self.stopped}" if self.stopped else found

    def _worse(self, rule: Rule, key: tuple[int, str], look: Look, measures: Mapping[str, float]) -> list[Finding]:
        streak = self._streaks.setdefault(key, _Streak(look))
        streak.looks, streak.well = streak.looks + 1, 0
        lasted = look.iterations - streak.since.iterations
        if streak.finding or streak.looks < rule.looks or lasted < rule.steps:
            return []
        name, since = key[1], (streak.since.epoch, streak.since.iterations)
        evidence = {one: measures[one] for one in (name, *rule.evidence) if one in measures}
        who, now = rule.whose(name), {"input.low": math.nan, **measures}
        words = rule.words.format(value=measures[name], who=who, first=self._past.first[name], now=now)
        player = None if rule.about == "log." else who
        streak.finding = Finding(rule.illness, player, words, evidence, since, (look.epoch, look.iterations))
        return [streak.finding]

    def _better(self, rule: Rule, key: tuple[int, str], look: Look) -> list[Finding]:
        """One good look ends a suspicion; an illness that was told is over only when as many looks are good."""
        streak = self._streaks.get(key)
        if streak is None:
            return []
        streak.well += 1
        if streak.finding is None or streak.well >= rule.looks:
            del self._streaks[key]
            if streak.finding is not None:
                streak.finding.until = (look.epoch, look.iterations)
                return [streak.finding]
        return []
