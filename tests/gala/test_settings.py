"""The environment is read once, and all that is wrong with it is said at once."""

from pathlib import Path

import pytest

from gala import settings
from gala.settings import Settings, SettingsFault, read


def test_without_any_setting_the_defaults_stand() -> None:
    assert read({"PATH": "/bin", "HOME": "/root"}) == Settings()


def test_every_setting_is_read_as_its_type() -> None:
    found = read(
        {"GALA_DATA": "/srv/x", "GALA_PUBLIC_PORT": "0", "GALA_LOG": "debug", "GALA_SECRET": "s" * 16}
    )
    assert found == Settings(data=Path("/srv/x"), public_port=0, log="debug", secret="s" * 16)


def test_all_faults_are_named_at_once() -> None:
    environment = {
        "GALA_PUBLIC_PORT": "http",
        "GALA_CREW_PORT": "70000",
        "GALA_LOG": "loud",
        "GALA_SECRET": "tiny",
        "GALA_COLOUR": "blue",
    }
    with pytest.raises(SettingsFault) as fault:
        read(environment)
    lines = str(fault.value).splitlines()
    assert len(lines) == len(environment)
    for name in environment:
        assert [line for line in lines if line.startswith(name)], name


def test_a_secret_is_not_repeated_in_a_fault() -> None:
    with pytest.raises(SettingsFault) as fault:
        read({"GALA_SECRET": "hush-hush"})
    assert "hush-hush" not in str(fault.value)


def test_every_setting_stands_in_the_table() -> None:
    table = settings.__doc__ or ""
    for name in Settings.__struct_fields__:
        assert f"GALA_{name.upper()} " in table
