"""Print the README's first or second command, so that CI and the README cannot drift apart."""

import re
import sys
from pathlib import Path


def commands(text: str) -> list[str]:
    """The fenced blocks of a Markdown text, in order, without those that clone the repository."""
    blocks = re.findall(r"^```[a-z]*\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    return [block.strip() for block in blocks if not block.startswith("git clone")]


if __name__ == "__main__":
    readme = Path(__file__).parent.parent / "README.md"
    print(commands(readme.read_text(encoding="utf-8"))[int(sys.argv[1]) - 1])
