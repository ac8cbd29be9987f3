"""A message that goes by another id now, where ids change on every move: what the ledger has of it follows.

Its row, the steps that moved it and what a person said by moving it are found by one digest, whichever id it had when
they were written down.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, delete, select, update

from mailsorter.ledger.chunks import PARAMETERS, chunks
from mailsorter.ledger.keys import spellings
from mailsorter.ledger.schema import correction, message, step, waiting


def rename_messages(connection: Connection, now_by_was: Mapping[bytes, bytes]) -> None:
    """Give all rows of these messages the digest of the id that each has now; nothing waits for the old one.

    Where the new one has a row already, that one stays and the old one goes; of two that get the same the first stays.
    """
    renamed = {one: bytes(now) for was, now in now_by_was.items() for one in spellings(was)}
    for some in chunks(renamed, PARAMETERS // 2):  # old ones and new ones are asked for together
        connection.execute(delete(waiting).where(waiting.c.token.in_(some)))
        pairs = [{"was": was, "now": renamed[was]} for was in some]
        for table in (message, correction):
            query = select(table.c.token).where(table.c.token.in_({*some, *(pair["now"] for pair in pairs)}))
            present = set(connection.execute(query).scalars())
            double = []
            for pair in pairs:
                if pair["was"] in present and pair["now"] in present:
                    double.append(pair["was"])
                elif pair["was"] in present:
                    present.add(pair["now"])
            if double:
                connection.execute(delete(table).where(table.c.token.in_(double)))
            to_now = update(table).where(table.c.token == bindparam("was")).values(token=bindparam("now"))
            connection.execute(to_now, pairs)
        connection.execute(update(step).where(step.c.token == bindparam("was")).values(token=bindparam("now")), pairs)
