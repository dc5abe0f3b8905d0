import pytest

from keras_genzoo.registry import Registry, did_you_mean


@pytest.fixture
def models():
    registry = Registry("model")

    @registry.register("vae")
    class VAE:
        pass

    @registry.register("dcgan")
    class DCGAN:
        pass

    return registry


def test_a_registered_entry_is_found_and_named(models):
    assert models["vae"].__name__ == "VAE"
    assert models.name_of(models["dcgan"]) == "dcgan"


def test_a_registry_reads_as_a_sorted_mapping(models):
    assert list(models) == ["dcgan", "vae"]
    assert len(models) == 2
    assert dict(models) == {"dcgan": models["dcgan"], "vae": models["vae"]}


def test_membership_takes_anything(models):
    assert "vae" in models
    for other in ("VAE", 3, None, ["vae"], {}):
        assert other not in models


def test_register_returns_what_it_decorates():
    def build():
        pass

    assert Registry("network").register("build")(build) is build


def test_a_second_entry_of_a_name_is_refused(models):
    kept = models["vae"]
    with pytest.raises(ValueError, match=r"model 'vae' is registered already, as <class .*VAE'>"):
        models.register("vae")(object)
    assert models["vae"] is kept


@pytest.mark.parametrize("name", ["", "VAE", "_vae", "vae-2", "../vae", "vae ", "vae\n", "ü", "a" * 65])
def test_names_that_could_not_be_file_or_key_are_refused(name):
    with pytest.raises(ValueError, match="must be lowercase letters, digits and '_', at most 64"):
        Registry("model").register(name)


def test_a_misspelling_is_answered_with_the_nearest_name(models):
    with pytest.raises(ValueError) as error:
        models["vaee"]
    assert str(error.value) == "there is no model 'vaee': did you mean 'vae'?"


@pytest.mark.parametrize("name", ["stable_diffusion", 7, None, []])
def test_a_far_name_is_answered_with_all_names(models, name):
    with pytest.raises(ValueError) as error:
        models[name]
    assert str(error.value) == f"there is no model {name!r}: there are: dcgan, vae"


def test_did_you_mean():
    assert did_you_mean("dcgann", ["vae", "dcgan"]) == "did you mean 'dcgan'?"
    assert did_you_mean("x", ["vae", "dcgan"]) == "there are: dcgan, vae"
    assert did_you_mean("x", []) == "there are: none"
