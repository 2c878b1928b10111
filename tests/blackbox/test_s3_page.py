"""docs/s3.md: its commands do what they say."""

from gateway import BINARY
from test_readme import ROOT, begun, blocks, follow, free_port, machine, section, steps

PAGE = (ROOT / "docs/s3.md").read_text()
# This takes a bucket: test_s3_bucket. And `test_s3_users.py` runs what is with AWS KMS.
BEHIND = section("A bucket behind it", PAGE)
LISTED = section("With AWS KMS", PAGE)


def test_the_pages_commands_do_what_they_say(machine):
    folder, environment, _ = machine
    (folder / "bin/keywright-s3").symlink_to(BINARY)
    listen = f"127.0.0.1:{free_port()}"
    page = PAGE.replace(BEHIND, "").replace(LISTED, "").replace("--data-dir objects", f"--data-dir objects --listen {listen}").replace("127.0.0.1:8014", listen)
    (services,) = blocks("toml", page)
    with (folder / "keywright.toml").open("a") as config:
        config.write(services)
    start, *told = blocks("console", page)
    server, export = begun(start, machine)
    told = [step for block in told for step in steps(block)]
    assert len(told) > 15
    follow(told, folder, environment, export + "\ntrap 'kill $(jobs -p)' EXIT")
    assert server.end() == 0
