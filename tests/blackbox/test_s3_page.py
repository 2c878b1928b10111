"""docs/s3.md: its commands do what they say."""

import os
import pathlib

import pytest

from keywright import Process
from test_readme import begun, blocks, follow, machine, steps  # noqa: F401

PAGE = (pathlib.Path(__file__).parents[2] / "docs/s3.md").read_text()
GATEWAY = pathlib.Path(os.environ["KEYWRIGHT_S3_BINARY"])


@pytest.mark.usefixtures("machine")
def test_the_pages_commands_do_what_they_say(machine):  # noqa: F811
    folder, environment, _ = machine
    (folder / "bin/keywright-s3").symlink_to(GATEWAY)
    (services,) = blocks("toml", PAGE)
    with (folder / "keywright.toml").open("a") as config:
        config.write(services)
    start, *told = blocks("console", PAGE)
    server, export = begun(start, machine)
    told = [step for block in told for step in steps(block)]
    assert len(told) > 15
    follow(told, folder, environment, export + "\ntrap 'kill $(jobs -p)' EXIT")
    assert isinstance(server, Process) and server.end() == 0
