"""What a server runs for each change, among programs that only note their words."""

import re
import shutil
import subprocess
from pathlib import Path

from tests.services import SERVICES

RUN = Path(__file__).parents[2] / ".ci" / "run"
CHECK = "python3 dev.py check"


def _run(tmp_path: Path, *programs: str) -> list[str]:
    """Run it where only these programs are, and return what it ran."""
    folder = tmp_path / "bin"
    folder.mkdir()
    noted = tmp_path / "noted"
    tools = {name: shutil.which(name) for name in ("bash", "dirname")}
    assert tools["bash"]
    assert tools["dirname"]
    (folder / "dirname").symlink_to(tools["dirname"])

    for program in (*programs, "apt-get", "python3"):
        path = folder / program
        asked = " $DEBIAN_FRONTEND" if program == "apt-get" else ""
        path.write_text(f'#!/bin/sh\necho "{program} $*{asked}" >> "{noted}"\n')
        path.chmod(0o755)

    subprocess.run([tools["bash"], RUN], env={"PATH": str(folder)}, check=True)
    return noted.read_text().splitlines()


def test_nothing_is_installed_where_everything_is(tmp_path: Path) -> None:
    """No network is needed then; any program that the finder takes will do."""
    programs = [service.programs[-1] for service in SERVICES]

    assert _run(tmp_path, *programs, "node") == [CHECK]


def test_what_is_missing_is_installed_without_a_question(tmp_path: Path) -> None:
    """In one go, before the checks."""
    update, install, check = _run(tmp_path)
    words = install.split()

    assert update.startswith("apt-get update ")
    assert words[:2] == ["apt-get", "install"]
    assert words[-1] == "noninteractive"
    assert {"-y", "--no-install-recommends"} <= {*words}
    # The other two may stand on this machine where no PATH can hide them.
    assert {"redis-server", "chromium", "nodejs"} <= {*words}
    assert check == CHECK


def test_it_installs_all_that_the_finder_knows() -> None:
    """No service is skipped in the one place where nothing may be skipped."""
    text = RUN.read_text(encoding="utf-8")
    installed = re.findall(r"missing\+=\((.*)\)", text)
    looked_for = set(re.findall(r"\bhas ([\w-]+)", text))

    assert installed == [*(service.package for service in SERVICES), "nodejs"]
    assert looked_for >= {name for each in SERVICES for name in each.programs}

    for service in SERVICES:
        if service.folders is not None:
            assert f"{service.folders}/{service.programs[0]}" in text
