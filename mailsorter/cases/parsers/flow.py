"""Text that comes in small bits, handed on in pieces that overlap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_PIECE = 150_000  # characters
_OVERLAP = 1_000
_INVISIBLE = {0xAD: None, 0x200B: None, 0x2060: None, 0xFEFF: None}


class Flow:
    """Gathers bits. What a reader does not see (soft hyphens, blanks without width) is left out."""

    def __init__(self) -> None:
        self._bits: list[str] = []
        self._size = 0

    def add(self, text: str) -> None:
        """Take some more."""
        self._bits.append(text)
        self._size += len(text)

    def ready(self) -> Iterator[str]:
        """A piece, when there is enough for one."""
        if self._size < _PIECE:
            return
        text = "".join(self._bits)
        yield text.translate(_INVISIBLE)
        self._bits, self._size = [text[-_OVERLAP:]], min(len(text), _OVERLAP)

    def rest(self) -> Iterator[str]:
        """What is left at the end."""
        text = "".join(self._bits).translate(_INVISIBLE)
        if text.strip():
            yield text


def gathered(bits: Iterable[str]) -> Iterator[str]:
    """All bits in pieces."""
    flow = Flow()
    for bit in bits:
        flow.add(bit)
        yield from flow.ready()
    yield from flow.rest()
