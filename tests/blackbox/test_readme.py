"""The commands of the README, of docs/authorization.md and of docs/audit.md do what they say, as they stand."""

import os
import pathlib
import re
import socket
import subprocess
import time

import pytest

from keywright import BINARY, PATIENCE_SECONDS, Process, keywright

ROOT = pathlib.Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
AUTHORIZATION = (ROOT / "docs/authorization.md").read_text()
AUDIT = (ROOT / "docs/audit.md").read_text()
# Ends what a command prints, with the code that it ended with.
MARK = "ended with"


def blocks(language, text=README):
    """The blocks of code in this language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


def section(title, text=README):
    """A section, without its title."""
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", text, re.M | re.S).group(1)


def commands(block):
    """The commands of a block, and the lines that they are shown to print."""
    joined = block.replace("\\\n", " ").splitlines()
    shown = [line.removeprefix("$ ") for line in joined if line.startswith("$ ")]
    return shown, [line for line in joined if not line.startswith("$ ")]


def steps(block):
    """The commands of a block, each with the lines that it is shown to print."""
    found = []
    for line in block.replace("\\\n", " ").splitlines():
        if line.startswith("$ "):
            found.append((line.removeprefix("$ "), []))
        else:
            found[-1][1].append(line)
    return found


def follow(told, folder, environment, before="", by=()):
    """Runs commands one after the other in one shell, which another command may run. Each prints what it is shown to print, spaces
    apart, and fails if and only if that is an error, of the aws CLI or of Python."""
    script = [before]
    for command, _ in told:
        script.append(f"{{ {command}\n}} 2>&1; code=$?; echo; echo {MARK} $code")
    done = subprocess.run(
        [*by, "bash", "-c", "\n".join(script)], cwd=folder, env=environment, capture_output=True, text=True,
        timeout=3 * PATIENCE_SECONDS,
    )
    printed = re.split(rf"^{MARK} (\d+)\n", done.stdout, flags=re.M)
    assert len(printed) == 2 * len(told) + 1, done.stdout + done.stderr
    for (command, expected), output, code in zip(told, printed[::2], printed[1::2], strict=False):
        lines = iter(" ".join(line.split()) for line in output.splitlines())
        for line in expected:
            wanted = " ".join(line.split())
            assert any(wanted in found for found in lines), f"{command}\n{output}\nhas no `{line}`"
        fails = any("error occurred" in line or re.match(r"[\w.]*(Denied|DeniedException|DoesNotOpen|Error|Refused): ", line) for line in expected)
        assert (code != "0") == fails, f"{command}\n{output}"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.fixture
def machine(tmp_path):
    """A folder to work in, an environment with `keywright` on its path, and ports that are free here."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "keywright").symlink_to(BINARY)
    config = tmp_path / "keywright.toml"
    port, admin = free_port(), free_port()
    config.write_text(f'listen = "127.0.0.1:{port}"\nadmin_listen = "127.0.0.1:{admin}"\ndata_dir = "keywright-data"\n')
    environment = {
        "PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(tmp_path), "LANG": "C.UTF-8",
        "KEYWRIGHT_CONFIG": str(config), "AWS_EC2_METADATA_DISABLED": "true",
    }
    return tmp_path, environment, port


def bash(script, folder, environment, by=()):
    done = subprocess.run(
        [*by, "bash", "-euo", "pipefail", "-c", script], cwd=folder, env=environment, capture_output=True, text=True,
        timeout=3 * PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_first_key_in_a_minute(machine):
    folder, environment, port = machine
    first, use, data_key, *_ = blocks("console")
    assert commands(first) == (["cargo run --release"], [])
    # What cargo runs after it has built it; the configuration only moves the ports.
    server = Process([], cwd=folder, env=environment, terminal=True)
    server.log(" serves")
    printed = [server.output.readline() for _ in range(6)]
    (told,) = blocks("text")
    names = [line.partition("=")[0] for line in printed[1:]]
    assert names == [line.partition("=")[0] for line in told.splitlines()]
    assert printed[1] == f"export AWS_ENDPOINT_URL=http://127.0.0.1:{port}\n"
    pasted = "".join(printed)

    shown, expected = commands(use)
    lines = bash(pasted + "\n".join(shown), folder, environment)
    assert expected == ["hello"]
    assert lines[-1] == "hello"

    assert server.end() == 0
    server = Process([], cwd=folder, env=environment)
    server.log(" serves")
    assert bash(pasted + shown[-1], folder, environment) == ["hello"]
    first_steps = [step for block in blocks("console", section("First steps")) for step in steps(block)]
    assert len(first_steps) > 10
    follow(first_steps, folder, environment, pasted)
    shown, _ = commands(data_key)
    assert any("CiphertextBlob" in line for line in bash(pasted + "\n".join(shown), folder, environment))
    assert server.end() == 0


def test_scripts_set_up_and_serve(machine):
    folder, environment, port = machine
    (block,) = [block for block in blocks("console") if "keywright init" in block]
    (init, serve), _ = commands(block)
    data = folder / "data"
    here = {"/var/lib/keywright": str(data), "127.0.0.1:4599": f"127.0.0.1:{port}"}
    for there, substitute in here.items():
        init, serve = init.replace(there, substitute), serve.replace(there, substitute)
    bash(init, folder, environment)
    assert (folder / "credentials").read_text().startswith("[default]\naws_access_key_id = AKIA")
    server = Process(serve.split()[1:], cwd=folder, env=environment)
    server.log(" serves")
    environment |= {
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"), "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    assert any('"Keys": []' in line for line in bash("aws kms list-keys", folder, environment))
    assert server.end() == 0


def test_development_starts_from_a_seed(machine):
    folder, environment, port = machine
    (block,) = [block for block in blocks("console") if "keywright dev" in block]
    (seed,) = blocks("yaml")
    (folder / "keys.yaml").write_text(seed)
    (folder / "hello.txt").write_text("hello")
    (start, *use), _ = commands(block.replace("127.0.0.1:4599", f"127.0.0.1:{port}"))
    assert start.startswith("keywright dev ") and start.endswith(" &")
    listen = ["--listen", f"127.0.0.1:{port}"]
    server = Process([*start.removesuffix(" &").split()[1:], *listen], cwd=folder, env=environment)
    server.log(" serves")
    lines = bash("\n".join(use), folder, environment)
    assert any("1234abcd-12ab-34cd-56ef-1234567890ab" in line for line in lines)
    assert server.end() == 0


def begun(start, machine, by=()):
    """Sets up and serves as a page's first block says, run by another command if one is given. The server, and the block's
    variables with the server's real port."""
    folder, environment, port = machine
    (init, _), (serve, _), (export, _) = steps(start)
    bash(init, folder, environment, by)
    assert serve == "keywright &"
    program, *arguments = [*by, BINARY]
    server = Process(arguments, program, cwd=folder, env=environment)
    server.log(" serves")
    return server, export.replace("127.0.0.1:4599", f"127.0.0.1:{port}")


def does_what_it_says(start, told, machine, least):
    """Begins as the first block says, and follows the others, which have more commands than so many."""
    folder, environment, _ = machine
    told = [step for block in told for step in steps(block)]
    assert len(told) > least
    server, export = begun(start, machine)
    try:
        follow(told, folder, environment, export)
    finally:
        code = server.end()
    assert code == 0


def test_who_may_do_what(machine):
    folder, environment, _ = machine
    start, *told = blocks("console", AUTHORIZATION)
    server, export = begun(start, machine)
    files = re.findall(r"`([a-z-]+\.json)`:\n\n```json\n(.*?)^```$", AUTHORIZATION, re.M | re.S)
    assert len(files) == len(blocks("json", AUTHORIZATION))
    for name, text in files:
        (folder / name).write_text(text)
    told = [step for block in told for step in steps(block)]
    assert len(told) > 40
    follow(told, folder, environment, export)
    assert server.end() == 0


def test_what_the_journal_tells(machine):
    folder, environment, _ = machine
    start, *told = [
        block for title in ["Who used a key", "The least policy", "What nobody uses", "Before a key is deleted"]
        for block in blocks("console", section(title, AUDIT))
    ]
    server, export = begun(start, machine)
    told = [step for block in told for step in steps(block)]
    assert len(told) > 15
    follow(told, folder, environment, export)
    assert server.end() == 0


def test_a_trail_delivers_as_its_page_says(machine):
    folder, environment, _ = machine
    start, *_ = blocks("console", section("Who used a key", AUDIT))
    (folder / "audit").mkdir()
    config = folder / "keywright.toml"
    # The page has a bucket elsewhere; a directory is one too.
    config.write_text(config.read_text() + f'[buckets.audit]\ndirectory = "{folder}/audit"\n[delivery]\nperiod_seconds = 1\n')
    server, export = begun(start, machine)
    told = [step for block in blocks("console", section("Delivering to a bucket", AUDIT)) for step in steps(block)]
    assert len(told) == 3
    follow(told, folder, environment, export)
    for _ in range(PATIENCE_SECONDS * 5):
        if list((folder / "audit").rglob("*_CloudTrail_us-east-1_*.json.gz")):
            break
        time.sleep(0.2)
    assert list((folder / "audit/AWSLogs").rglob("*_CloudTrail_us-east-1_*.json.gz"))
    assert server.end() == 0
    # The configuration that the page shows is one.
    (example,) = blocks("toml", section("Delivering to a bucket", AUDIT))
    shown = folder / "shown.toml"
    shown.write_text(example)
    checked = keywright("check", "--config", shown)
    assert checked.returncode == 0, checked.stderr


def anchors(page):
    """The anchors of a page's titles, as they are made where repositories are shown."""
    titles = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.M | re.S), re.M)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_picture_shows_eleven_systems_and_each_has_its_page():
    what = section("What it encrypts")
    (picture,) = blocks("mermaid", what)
    grouped = re.findall(r'^ +subgraph \w+ \["as with (\w+): \w+"\]\n(.*?)^ +end$', picture, re.M | re.S)
    shown = {service: re.findall(r'\w+\["(.*)"\]', systems) for service, systems in grouped}
    rows = {service: re.findall(r"\[(.*?)\]\((.*?)\)", row) for service, row in re.findall(r"^\| (\w+) \| (.*\[.*) \|$", what, re.M)}
    assert shown == {service: [name for name, _ in links] for service, links in rows.items()}
    assert list(shown) == ["S3", "EBS", "RDS", "Redshift"]
    assert sum(map(len, shown.values())) == 11
    for links in rows.values():
        for _, link in links:
            page, _, anchor = link.partition("#")
            assert (ROOT / page).is_file(), link
            assert not anchor or anchor in anchors(ROOT / page), link


def test_help_names_what_the_readme_names():
    for command in re.findall(r"`keywright (\w+)[^`]*`", README):
        done = keywright(command, "--help")
        assert done.returncode == 0, done.stderr
    assert "init" in keywright("--help").stdout
    assert re.search(r"^\s+--tls", keywright("init", "--help").stdout, re.M)
