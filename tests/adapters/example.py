"""The example of docs/adapters.md, as files of a distribution of its own."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "adapters.md"
_BLOCK = re.compile(r"^```\w+\n(?:# |<!-- )(\S+)(?: -->)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def written(folder: Path) -> dict[str, str]:
    """Write the page's files to a folder; return their texts by name."""
    blocks: dict[str, str] = dict(_BLOCK.findall(PAGE.read_text()))
    for name, text in blocks.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "darkstar/__init__.py").touch()
    return blocks


def installed(folder: Path) -> None:
    """Put into the folder what an install makes of the entry point of C{setup.cfg}."""
    metadata = configparser.ConfigParser()
    metadata.read(folder / "setup.cfg")
    [(group, points)] = metadata["options.entry_points"].items()
    made = folder / "darkstar_gateway-1.dist-info"
    made.mkdir()
    (made / "METADATA").write_text("Metadata-Version: 2.1\nName: darkstar-gateway\nVersion: 1\n")
    (made / "entry_points.txt").write_text(f"[{group}]\n{points.strip()}\n")
