from typing import Annotated, Any, Literal

import keras
import pydantic
import pytest

from keras_genzoo.config.signature import accepted_by, one_of, section, signature_of
from keras_genzoo.types import Count, Share


class Base:
    def __init__(self, momentum: Share | None = None, name: str = "base"):
        pass


class Middle(Base):
    def __init__(self, latent_dim: Count, name: str = "middle", **kwargs: Any):
        pass


class Leaf(Middle):
    def __init__(self, weight: float = 1.0, **kwargs: Any):
        pass


class Closed(Middle):
    def __init__(self, weight: float):
        pass


def test_a_signature_goes_up_the_bases_while_there_are_kwargs():
    assert signature_of(Leaf) == {
        "weight": (float, 1.0),
        "latent_dim": (Count, ...),
        "name": (str, "middle"),
        "momentum": (Share | None, None),
    }
    assert signature_of(Closed) == {"weight": (float, ...)}


def test_what_is_given_by_position_alone_is_no_keyword():
    class Placed(Base):
        def __init__(self, shape: int, /, width: Count, **kwargs: Any):
            pass

    assert list(signature_of(Placed)) == ["width", "momentum", "name"]


def test_a_class_without_constructor_has_that_of_its_base():
    class Heir(Closed):
        pass

    assert signature_of(Heir) == {"weight": (float, ...)}


def test_a_signature_stops_at_keras():
    class Model(keras.Model):
        def __init__(self, latent_dim: Count, **kwargs: Any):
            super().__init__(**kwargs)

    assert set(signature_of(Model)) == {"latent_dim"}


def test_a_function_s_annotations_may_be_strings():
    def build(filters: "tuple[int, ...]", rate: "float" = 0.5) -> None:
        pass

    assert signature_of(build) == {"filters": (tuple[int, ...], ...), "rate": (float, 0.5)}


def test_an_argument_without_a_type_is_refused_or_inferred():
    def build(filters=3):
        pass

    with pytest.raises(TypeError, match="build: the argument 'filters' needs a type"):
        signature_of(build)
    assert signature_of(build, lambda parameter: type(parameter.default)) == {"filters": (int, 3)}


def test_a_section_takes_its_fields_alone():
    made = section("S", "S takes no such key", {"epochs": (int, ...), "path": (str, "")}, {"path": "give --data"})
    assert made.model_validate({"epochs": 3}).model_dump() == {"epochs": 3}
    with pytest.raises(pydantic.ValidationError, match=r"S takes no such key; did you mean 'epochs'\?"):
        made.model_validate({"epoch": 3})
    with pytest.raises(pydantic.ValidationError, match="S takes no such key; give --data"):
        made.model_validate({"epochs": 3, "path": "/"})


def test_a_section_may_have_fields_whose_names_pydantic_keeps_for_itself():
    made = section("S", "", {"schema": (int, ...), "copy": (bool, False), "model_dump": (int, 1)})
    section_ = made.model_validate({"schema": 2})
    assert made.model_dump(section_, by_alias=True) == {"schema": 2, "copy": False, "model_dump": 1}


@pytest.mark.parametrize(
    ("kind", "value"),
    [(int, "3"), (int, 3.0), (int, True), (float, "3"), (float, True), (bool, 1), (str, 3), (float, float("nan"))],
)
def test_a_section_converts_nothing(kind, value):
    with pytest.raises(pydantic.ValidationError):
        section("S", "", {"key": (kind, ...)}).model_validate({"key": value})


def test_a_section_checks_its_defaults():
    with pytest.raises(pydantic.ValidationError):
        section("S", "", {"size": (Count, 0)}).model_validate({})


def test_an_integer_is_a_number():
    assert section("S", "", {"key": (float, ...)}).model_validate({"key": 3}).model_dump() == {"key": 3.0}


ARMS = {
    "circle": section("circle", "a circle has no such", {"shape": (Literal["circle"], ...), "radius": (float, 1.0)}),
    "square": section("square", "a square has no such", {"shape": (Literal["square"], ...), "side": (float, ...)}),
}


def validate(kind, value):
    return pydantic.TypeAdapter(kind).validate_python(value)


def test_one_of_picks_the_arm_that_the_key_names():
    kind = one_of("shape", "shape", ARMS)
    assert validate(kind, {"shape": "circle"}).radius == 1.0
    assert validate(kind, {"shape": "square", "side": 2}).side == 2.0
    for value, message in [
        ({"shape": "cirle"}, "there is no shape 'cirle'; did you mean 'circle'?"),
        ({"shape": ["circle"]}, "there is no shape"),
        ({"side": 3.0}, "is missing, and names the shape; there are: circle, square"),
        ({"shape": "circle", "side": 3.0}, "a circle has no such; "),
        ("circle", "expected an object with 'shape', got 'circle'"),
    ]:
        with pytest.raises(pydantic.ValidationError) as error:
            validate(kind, value)
        assert message in str(error.value)


def test_one_of_by_name_fills_in_the_defaults():
    kind = one_of("shape", "shape", ARMS, by_name=True, aliases={"round": "circle"})
    assert validate(kind, "circle").radius == 1.0
    assert validate(kind, "round").shape == "circle"
    with pytest.raises(pydantic.ValidationError, match="did you mean 'round'"):
        validate(kind, "rount")
    with pytest.raises(pydantic.ValidationError, match=r"side\s+Field required"):
        validate(kind, "square")


def test_one_of_may_take_something_else_instead():
    kind = one_of("shape", "shape", ARMS, other=float | None)
    assert validate(kind, 2.5) == 2.5
    assert validate(kind, None) is None
    assert validate(kind, {"shape": "circle"}).radius == 1.0
    with pytest.raises(pydantic.ValidationError):
        validate(kind, "circle")


def test_one_of_a_single_arm():
    assert validate(one_of("shape", "shape", {"circle": ARMS["circle"]}), {"shape": "circle"}).radius == 1.0


def test_accepted_by_passes_on_what_a_constructor_says():
    def make(side: float) -> None:
        if side > 9:
            raise ValueError("too wide: {side}")

    made = section("S", "", {"side": (float, ...)})
    kind = pydantic.TypeAdapter(Annotated[made, accepted_by(make)])
    assert kind.validate_python({"side": 3.0}).side == 3.0
    with pytest.raises(pydantic.ValidationError, match=r"too wide: \{side\}"):
        kind.validate_python({"side": 10.0})
