"""Migrations of presets: those of an older version of the format are rewritten in the present one when they are read.

A preset is checked after it is migrated, so a rule takes any values. To change a key, add a rule to the last
version's, or to a new version's (with `SCHEMA` in preset_type.py) once that has been released.
"""

from collections.abc import Callable
from typing import Any

Content = dict[str, Any]
Rule = Callable[[str, Content], None]

_ABSENT = object()


def _regularizers(model: str, arguments: Content) -> None:
    """`penalty_weight`, `r1_weight`, `r1_every` and `lecam_weight` become `regularizers`, less those of weight 0."""
    found = []
    # The gradient penalty is a part of WGAN-GP, and the weight stays its own argument.
    for key, name in (("penalty_weight", "gradient_penalty"), ("r1_weight", "r1"), ("lecam_weight", "lecam")):
        if key in arguments and not (model == "wgan_gp" and key == "penalty_weight"):
            weight = arguments.pop(key)
            if isinstance(weight, bool) or weight != 0:
                every = {"every": arguments.get("r1_every", 16)} if name == "r1" else {}
                found.append({"regularizer": name, "weight": weight, **every})
    arguments.pop("r1_every", None)
    if found:
        arguments["regularizers"] = found


def _discriminator_augmentation(model: str, arguments: Content) -> None:
    """`augment`, `augment_target` and `augment_images` become `discriminator_augmentation`."""
    operations = arguments.pop("augment", [])
    target, images = arguments.pop("augment_target", None), arguments.pop("augment_images", _ABSENT)
    if operations != [] or target is not None:
        spec = {"augmentation": "diffaugment" if target is None else "ada", "operations": operations}
        if target is not None:
            if isinstance(operations, list):
                spec["operations"] = ["blit" if name == "translation" else name for name in operations]
            spec |= {"target": target} | ({} if images is _ABSENT else {"images": images})
        arguments["discriminator_augmentation"] = spec


def _distributions(model: str, arguments: Content) -> None:
    """`scale`, `binarize`, `prior_components` and `flow_steps` become arguments of the spec that they belong to."""
    scale, binarize = arguments.pop("scale", _ABSENT), arguments.pop("binarize", False)
    components, steps = arguments.pop("prior_components", _ABSENT), arguments.pop("flow_steps", _ABSENT)
    likelihood = arguments.get("likelihood", "gaussian")
    _describe(arguments, "likelihood", "scale", scale if likelihood != "bernoulli" else _ABSENT, "gaussian")
    _describe(arguments, "likelihood", "binarize", _ABSENT if binarize is False else binarize, "gaussian")
    _describe(arguments, "prior", "components", components if arguments.get("prior") == "vamp" else _ABSENT)
    _describe(arguments, "posterior", "steps", steps if arguments.get("posterior") in ("planar", "iaf") else _ABSENT)


def _describe(arguments: Content, key: str, name: str, value: Any, default: str = "") -> None:
    """Makes `value` the argument `name` of the spec `arguments[key]`, which was a name alone."""
    if value is not _ABSENT:
        spec = arguments.get(key, default)
        arguments[key] = {**(spec if isinstance(spec, dict) else {key: spec}), name: value}


def _data_augmentation(model: str, data: Content) -> None:
    """The augmentation "color" of data becomes "brightness_contrast"; the discriminator's "color" is another."""
    if isinstance(data.get("augment"), list):
        data["augment"] = ["brightness_contrast" if name == "color" else name for name in data["augment"]]


_RULES: dict[int, dict[str, tuple[Rule, ...]]] = {
    1: {"arguments": (_regularizers, _discriminator_augmentation, _distributions), "data": (_data_augmentation,)}
}
"""For each older version the rules by section: functions of the model's name and a copy of the section, to change."""


def _migration(rules: dict[str, tuple[Rule, ...]]) -> Callable[[Content], Content]:
    def migrate(content: Content) -> Content:
        migrated = dict(content)
        for name, changes in rules.items():
            if isinstance(section := content.get(name), dict):
                migrated[name] = dict(section)
                for change in changes:
                    change(content.get("model"), migrated[name])  # type: ignore[arg-type]
        return migrated

    return migrate


MIGRATIONS = {version: _migration(rules) for version, rules in _RULES.items()}
"""For each older version of the format, the function that makes the next one of it."""
