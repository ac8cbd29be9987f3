"""Finding in one mailbox: every folder listed completely and compared here, then what is worth opening, then search.

The listing is the authority: every folder, hidden ones and Recoverable Items too, one request per 1,000 messages;
addresses are compared on this side, because Exchange refuses to filter on recipients and its index lags and misses.
The server's search is a second road for what only bodies and attachments tell; its hits are opened and checked.
A message that the server lists but could not render is asked for once more, then read as a whole, then named.

Under failure: what was found is saved after every few thousand messages, also inside a folder, which is gone on with
from there. What moved meanwhile is met by the round of ids over all folders. Nothing is changed on the server.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from mailsorter.cases.bodies import look_at_bodies
from mailsorter.cases.build_finding import finding_of, where, with_approvable_contents
from mailsorter.cases.found import Begun, Candidate, FolderCount, Found
from mailsorter.cases.lookalike import LookalikeFinder
from mailsorter.cases.mime import Look, look_at_file_name, look_at_text, look_through
from mailsorter.cases.texts_along import ListingOrder, TextsAlong
from mailsorter.cases.threads import Threads
from mailsorter.errors import (
    MailsorterError,
    NotFound,
    NotPermitted,
    PermanentError,
    PoisonItem,
    TemporaryError,
    Throttled,
    Unreachable,
)
from mailsorter.mailbox.base import AttachedItem, Body, Detail, Mailbox, Place, SearchHits
from mailsorter.mailbox.folder_listing import FolderListing, fetched, id_key
from mailsorter.model.case import Finding, NotSeen, Role, Seen
from mailsorter.model.concern import Concern, Sightings
from mailsorter.model.coverage import LISTING_SHORT, OTHER_ITEMS, SEARCH, Depth
from mailsorter.model.finding import covers_contents, envelope_places, sightings_of
from mailsorter.model.folder import Folder, FolderTree, WellKnown
from mailsorter.model.message import Message
from mailsorter.model.person import Person
from mailsorter.model.reading import holds_names, is_unreadable, why_open
from mailsorter.sandbox import Sandbox

_SAVE_EVERY = 5000  # messages compared between two savings: seconds of work to repeat after a crash
_OPEN_AT_LATEST = 200  # messages that wait to be opened
_OPEN_AT_ONCE = 20  # bodies asked for in one batch, and held in memory
_UNRENDERED = "not-rendered"  # why a message is opened whose envelope the server did not give
_CARRIES = "carries"  # an attached message, an archive, or at the greatest depth anything at all
_READ_WHOLE = frozenset({"bounce", "bare-attachment", "invitation", "search", _UNRENDERED, _CARRIES})


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What to look for in every mailbox."""

    terms: tuple[str, ...]  # for the server's search
    client_folder: tuple[str, ...] = ()  # everything in and below it concerns the case
    own_domains: tuple[str, ...] = ()
    attachment_names: bool = False  # a ground is recognised by them


Progress = Callable[[str, str, int], None]
"""Called with mailbox, what is being done, and messages compared so far."""


_HIDDEN = ("recoverableitemsroot", "ErrorFolderNotFound")  # as the witness names it: not readable, so nothing is proven


class MailboxFinder:
    """One mailbox's search; `save` seals what was found so far."""

    def __init__(
        self, mailbox: Mailbox, person: Person, scope: Scope, found: Found, save: Callable[[Found], None],
        on_progress: Progress | None = None, sandbox: Sandbox | None = None,
    ) -> None:  # fmt: skip
        self._mailbox = mailbox
        self._person = person
        self._scope = scope
        self._found = found
        self._save = save
        self._on_progress = on_progress
        self._sandbox = sandbox
        self._lookalikes = LookalikeFinder(person, scope.own_domains, found.lookalikes, found.threads)
        self._unsaved = 0

    def run(self) -> None:
        """Find everything there is to find. Raises `TemporaryError`: call again later, it goes on."""
        found = self._found
        if not found.is_enumerated:
            self._enumerate()
            self._look_again()
            self._found.listed_ids = b""
            self._lookalikes.look_at_threads(found.findings.values())
            found.threads = Threads()
            found.is_enumerated = True
            self._save(found)
        self._open_candidates()
        if not found.is_searched:
            self._search()
            found.is_searched = True
            self._save(found)
            self._open_candidates()
        self._drop_what_moved()
        self._read_findings()
        self._count_unopened()
        found.is_complete = True
        self._save(found)

    def _drop_what_moved(self) -> None:
        """Where ids change on every move: a message that moved between the listing and the search, or while a search
        was broken off, is found under two ids. The one that it has no more goes; copies of a message all have theirs.
        """
        if self._mailbox.ids_survive_moves:
            return
        by_key: dict[bytes, list[str]] = {}
        for finding in self._found.findings.values():
            if finding.search_key:
                by_key.setdefault(finding.search_key, []).append(finding.id)
        twice = [one for ids in by_key.values() if len(ids) > 1 for one in ids]
        for start in range(0, len(twice), _OPEN_AT_ONCE):
            some = twice[start : start + _OPEN_AT_ONCE]
            for one, answer in zip(some, self._mailbox.fetch(some, Detail.IDS), strict=True):
                if isinstance(answer, NotFound):
                    del self._found.findings[one]

    # listing ---------------------------------------------------------------------------------------------------

    def _enumerate(self) -> None:
        done = set(self._found.done_folders)
        for attempt in (1, 2):
            tree = self._mailbox.tree(hidden=True, recoverable=True)
            if tree.well_known(WellKnown.RECOVERABLE_ROOT) is None:
                self._not_seen(*(_HIDDEN if tree.hides_recoverable else ("", "no-recoverable-items")), 0)
            if tree.lacks and attempt == 1:
                self._not_seen("", tree.lacks, 0)
            begun = self._found.begun
            folders = sorted(_folders(tree, done), key=lambda folder: begun is None or folder.id != begun.folder_id)
            lost = [folder for folder in folders if not self._list_folder(tree, folder, done)]
            if not lost:
                return
            if attempt == 2:  # moved or deleted twice under our hands: what it held may be anywhere
                for folder in lost:
                    self._not_seen(where(tree, folder.id)[0], "folder-vanished", folder.item_count)

    def _list_folder(self, tree: FolderTree, folder: Folder, done: set[str]) -> bool:
        """List one folder, and read its texts along with it; False when it vanished.

        After every few thousand messages the state is whole: a search that is broken off later goes on from there.
        """
        path, recoverable = where(tree, folder.id)
        in_client_folder = self._is_in_client_folder(tree, folder)
        begun = self._found.begun
        if begun is None or begun.folder_id != folder.id:
            begun = Begun(folder_id=folder.id)
        concerned, held, refused = begun.findings, folder.item_count, ""
        listing = FolderListing(self._mailbox, folder.id, given=array("Q", begun.given))
        texts = TextsAlong(
            self._mailbox.bodies(folder.id, hidden=True, since=begun.since),
            lambda one: id_key(one) in listing.given,
        )
        unread: set[str] = set()  # ids of messages whose text may say more than their envelope
        order, saved = ListingOrder(begun.since), listing.listed

        def compare(page: Sequence[Message]) -> int:
            count = sum(self._compare(m, path, recoverable, in_client_folder) for m in page)
            if self._reads_texts:
                unread.update(m.id for m in page if not m.is_unreadable and not self._is_settled(m.id))
            return count

        try:
            for page in listing.messages(begun.since) if folder.item_count else ():
                concerned += compare(page)
                self._tick(path, listing.listed)
                order.note(page)
                if listing.listed - saved >= _SAVE_EVERY:
                    concerned += self._read_texts(texts, unread, order.until, path, recoverable)
                    given = array("Q", listing.given).tobytes()
                    self._found.begun = Begun(folder_id=folder.id, since=order.until, given=given, findings=concerned)
                    self._save_sometimes(listing.listed - saved)
                    saved = listing.listed
                    self._open_some()
            concerned += self._read_texts(texts, unread, None, path, recoverable)
            if listing.listed < folder.item_count:
                for page in listing.again():
                    concerned += compare(page)
                    concerned += self._read_single_texts(unread, path, recoverable)
                held = listing.held
        except NotFound:
            return False
        except PermanentError as error:
            refused = type(error).__name__
            self._not_seen(path, refused, folder.item_count)
        if not refused and listing.others:
            self._not_seen(path, OTHER_ITEMS, listing.others)
        if not refused and listing.is_short:
            refused = LISTING_SHORT
            self._not_seen(path, refused, listing.missing)
        self._found.folders.append(FolderCount(path, listing.listed, concerned, held, refused))
        self._found.done_folders.append(folder.id)
        self._found.listed_ids += array("Q", listing.given).tobytes()
        self._found.begun = None
        done.add(folder.id)
        self._save_sometimes(listing.listed - saved)
        self._open_some()
        return True

    def _look_again(self) -> None:
        """A second round, of ids alone, over every folder: one was listed after the other, and a message that moved
        from a folder not yet listed to one that was is in no listing.

        A finding that has moved is noted where it lies now. Where ids change, its first one is nobody's any more.
        """
        if self._found.messages and not self._found.listed_ids:
            return  # an earlier version began this search, and did not note what it listed
        tree = self._mailbox.tree(hidden=True, recoverable=True)
        listed = set(array("Q", self._found.listed_ids))
        refused = {not_seen.folder for not_seen in self._found.not_seen}
        known = dict(self._found.findings)
        there: set[str] = set()
        is_whole = True
        for folder in tree:
            if folder.is_search or not folder.item_count:
                continue
            path, recoverable = where(tree, folder.id)
            in_client_folder = self._is_in_client_folder(tree, folder)
            late = concerned = 0
            self._tick("looking again")
            try:
                for stubs in self._mailbox.list_ids(folder.id, hidden=True):
                    there.update(stub.id for stub in stubs if stub.id in known)
                    moved = [s.id for s in stubs if s.id in known and known[s.id].folder_id != folder.id]
                    for page in fetched(self._mailbox, folder.id, moved):
                        for message in page:
                            if not message.is_unreadable:
                                self._add(message, path, recoverable, Sightings())
                    new = [s.id for s in stubs if id_key(s.id) not in listed]
                    listed.update(map(id_key, new))
                    for page in fetched(self._mailbox, folder.id, new):
                        concerned += sum(self._compare(m, path, recoverable, in_client_folder) for m in page)
                        late += len(page)
                        if self._reads_texts:
                            before = len(self._found.findings)
                            open_ones = [m.id for m in page if not m.is_unreadable and not self._is_settled(m.id)]
                            self._take_single_texts(open_ones, path, recoverable)
                            concerned += len(self._found.findings) - before
            except NotFound:
                is_whole = False  # deleted while we looked: the prover looks where it went
            except PermanentError as error:
                is_whole = False
                if path not in refused:
                    self._not_seen(path, type(error).__name__, folder.item_count)
            if late:
                self._found.count_late(path, late, concerned)
        if is_whole and not self._mailbox.ids_survive_moves:
            self._drop_former_ids(known, there)

    def _drop_former_ids(self, known: Mapping[str, Finding], there: set[str]) -> None:
        """Findings under ids that lie nowhere any more, where the same message is a finding under another one."""
        former = known.keys() - there
        now = {_trace(finding) for one, finding in self._found.findings.items() if one not in former}
        for one in former:
            if known[one].search_key and _trace(known[one]) in now:
                del self._found.findings[one]

    def _compare(self, message: Message, path: str, recoverable: str, in_client_folder: bool) -> bool:
        """Compare one message; True when it concerns the person."""
        if message.is_unreadable:  # nothing of its envelope came: comparing would find nobody in it
            self._found.candidates.append(
                Candidate(message=message, folder=path, recoverable=recoverable, why=_UNRENDERED,
                          in_client_folder=in_client_folder)
            )  # fmt: skip
            return False
        self._lookalikes.look(message)
        places = envelope_places(message, self._person)
        if in_client_folder:
            places.note(Seen.CLIENT_FOLDER, Concern.MENTIONED)
        why = why_open(message)
        if places:
            self._add(message, path, recoverable, places)
            self._lookalikes.look_at_writer(message, places)
            if why and not self._is_settled(message.id):  # by name alone: what it says may be surer
                self._found.candidates.append(Candidate(message=message, folder=path, recoverable=recoverable, why=why))
            return True
        if is_unreadable(message):
            self._not_seen(path, "encrypted", 1)
        elif self._found.depth is Depth.HEADERS:
            if message.has_attachments:
                self._not_seen(path, "attachments-not-opened", 1)
        elif why and (why in _READ_WHOLE or message.has_attachments or not self._reads_texts):
            self._found.candidates.append(Candidate(message=message, folder=path, recoverable=recoverable, why=why))
        elif message.has_attachments and not self._reads_texts:
            self._not_seen(path, "attachments-not-opened", 1)
        return False

    # texts -----------------------------------------------------------------------------------------------------

    @property
    def _reads_texts(self) -> bool:
        return self._found.depth in (Depth.BODIES, Depth.EVERYTHING)

    def _read_texts(
        self, texts: TextsAlong, unread: set[str], through: datetime | None, path: str, recoverable: str
    ) -> int:
        """Read the texts of these messages by pages, and singly what no page brought; gives the new findings."""
        before = len(self._found.findings)
        for page in texts.of(unread, through):
            self._take_texts(page, path, recoverable)
            self._tick("reading texts")
        return len(self._found.findings) - before + self._read_single_texts(unread, path, recoverable)

    def _read_single_texts(self, unread: set[str], path: str, recoverable: str) -> int:
        before = len(self._found.findings)
        ids = sorted(unread)
        unread.clear()
        for start in range(0, len(ids), _OPEN_AT_ONCE):
            self._take_single_texts(ids[start : start + _OPEN_AT_ONCE], path, recoverable)
        return len(self._found.findings) - before

    def _take_single_texts(self, ids: Sequence[str], path: str, recoverable: str) -> None:
        bodies = []
        for message_id, text in zip(ids, self._mailbox.texts(ids), strict=True):
            if isinstance(text, str):
                bodies.append(Body(id=message_id, content=text, has_attachments=True))  # not known: it is asked for
            elif isinstance(text, NotFound):
                continue  # it left, and is listed where it went
            elif isinstance(text, PermanentError):
                self._not_seen(path, "unreadable", 1)
            else:
                raise text
        self._take_texts(bodies, path, recoverable)

    def _take_texts(self, bodies: Sequence[Body], path: str, recoverable: str) -> None:
        """Compare them; what they show becomes findings, and what must be opened whole is a candidate."""
        looks = look_at_bodies(bodies, self._person, self._sandbox)
        seen = {body.id: look for body, look in zip(bodies, looks, strict=True)}
        self._found.texts_read += len(bodies)
        for body in bodies:
            if seen[body.id].met_limit and body.id not in self._found.limited:
                self._found.limited.append(body.id)
                self._not_seen(path, "limits", 1)
        waiting = {candidate.message.id for candidate in self._found.candidates}
        opened = self._to_open([b for b in bodies if _carries(b) and b.id not in waiting], seen, path)
        wanted = [body.id for body in bodies if seen[body.id].seen or body.id in opened]
        for message_id, message in zip(wanted, self._mailbox.fetch(wanted, Detail.TRACES), strict=True):
            if isinstance(message, NotFound):
                continue
            if not isinstance(message, Message):
                raise message
            if seen[message_id].seen:
                places = envelope_places(message, self._person)
                places.note_all(seen[message_id].seen)
                self._found.opened_findings += message.id not in self._found.findings
                self._add(message, path, recoverable, places)
            if message_id in opened and not is_unreadable(message) and not self._is_settled(message_id):
                one = Candidate(message=message, folder=path, recoverable=recoverable, why=_CARRIES)
                self._found.candidates.append(one)

    def _to_open(self, bodies: Sequence[Body], seen: Mapping[str, Look], path: str) -> set[str]:
        """Which of the messages that carry something are opened whole. The names of what the others carry are compared
        here, and their contents counted as not read."""
        bodies = [body for body in bodies if not self._is_settled(body.id)]
        if self._found.depth is Depth.EVERYTHING:
            return {body.id for body in bodies}
        opened = set()
        for message_id, attached in self._attached(bodies, path):
            for one in attached:
                look_at_file_name(seen[message_id].seen, one.name, self._person)
            if any(holds_names(one.name, one.content_type, is_item=one.is_item) for one in attached):
                opened.add(message_id)
            elif attached:
                self._not_seen(path, "attachments-not-opened", 1)
        return opened

    def _attached(self, bodies: Sequence[Body], path: str) -> Iterator[tuple[str, tuple[AttachedItem, ...]]]:
        """What is attached to each message, asked for where it did not come with the text."""
        yield from ((body.id, body.attached) for body in bodies if body.attached is not None)
        ids = [body.id for body in bodies if body.attached is None]
        for start in range(0, len(ids), _OPEN_AT_ONCE):
            some = ids[start : start + _OPEN_AT_ONCE]
            for message_id, attached in zip(some, self._mailbox.attachments(some), strict=True):
                if isinstance(attached, NotFound):
                    continue
                if isinstance(attached, PermanentError):
                    self._not_seen(path, "attachment-names", 1)
                elif isinstance(attached, MailsorterError):
                    raise attached
                else:
                    yield message_id, attached

    def _is_in_client_folder(self, tree: FolderTree, folder: Folder) -> bool:
        if not self._scope.client_folder:
            return False
        top = tree.find(self._scope.client_folder)
        return top is not None and tree.lies_within(folder.id, top.id)

    def _add(self, message: Message, path: str, recoverable: str, places: Sightings) -> None:
        """A finding; what was seen of it on another road before stays seen, so that its role never becomes weaker."""
        known = self._found.findings.get(message.id)
        if known is not None:
            earlier = sightings_of(known)
            earlier.note_all(places)
            places = earlier
        found = finding_of(self._mailbox.address, message, path, recoverable, places, self._person)
        self._found.findings[message.id] = found
        if found.role in (Role.MENTIONED, Role.POSSIBLE):
            self._note_recipients(message)

    def _is_settled(self, message_id: str) -> bool:
        """Is it a finding by more than a name, so that nothing it says could make it a surer one?"""
        known = self._found.findings.get(message_id)
        return known is not None and known.role is not Role.POSSIBLE

    def _note_recipients(self, message: Message) -> None:
        """Outside addresses to which the firm sent mail that holds the person's data (art. 19)."""
        sender = message.from_ or message.sender
        if sender is None or not _is_own(sender.address, self._scope.own_domains):
            return
        for participant in message.to + message.cc + message.bcc:
            address = participant.address.lower()
            is_outside = "@" in address and not _is_own(address, self._scope.own_domains)
            if is_outside and not self._person.is_participant(participant):
                ids = self._found.forwarded.setdefault(address, [])
                if message.id not in ids:
                    ids.append(message.id)

    # opening ---------------------------------------------------------------------------------------------------

    def _open_some(self) -> None:
        """Open what waits once it is much: of a large mailbox it would fill the memory."""
        if len(self._found.candidates) >= _OPEN_AT_LATEST:
            self._open_candidates()

    def _open_candidates(self) -> None:
        while self._found.candidates:
            some = self._found.candidates[-_OPEN_AT_ONCE:]
            rendered = self._ask_again([c.message.id for c in some if c.why == _UNRENDERED])
            batch = [c for c in some if c.message.id not in rendered]
            looks = list(self._looks(batch))
            del self._found.candidates[-len(some) :]
            self._found.opened += sum(c.message.id not in self._found.findings for c in batch)
            for candidate, look in zip(batch, looks, strict=True):
                self._take_look(candidate, look)
            for c in some:
                if c.message.id in rendered:
                    self._compare(rendered[c.message.id], c.folder, c.recoverable, c.in_client_folder)
            self._save_sometimes(len(some))
            self._tick("opening")

    def _ask_again(self, ids: Sequence[str]) -> dict[str, Message]:
        """Messages that did not come with their folder's listing but come now: only the answer had broken off."""
        if not ids:
            return {}
        answers = self._mailbox.fetch(ids, Detail.TRACES)
        return {m.id: m for m in answers if isinstance(m, Message) and not m.is_unreadable}

    def _looks(self, batch: Sequence[Candidate]) -> Iterator[Look | MailsorterError]:
        texts = iter(self._mailbox.texts([c.message.id for c in batch if not _is_whole(c)]))
        for candidate in batch:
            if _is_whole(candidate):
                yield self._whole(candidate)
                continue
            text = next(texts)
            yield text if isinstance(text, MailsorterError) else Look(look_at_text(text, self._person))

    def _whole(self, candidate: Candidate) -> Look | MailsorterError:
        try:
            raw = self._mailbox.mime(candidate.message.id)
        except PermanentError as error:
            return error
        except Throttled:
            raise
        except TemporaryError as error:
            # If the server answers about this very item, only rendering it fails: it would fail tomorrow, too.
            if isinstance(self._mailbox.locate([candidate.message.id])[0], Place):
                return PoisonItem(
                    f"Exchange does not render an item of {self._mailbox.address}: {type(error).__name__}."
                )
            raise
        is_unrendered = candidate.why == _UNRENDERED
        return look_through(raw, self._person, envelope_too=is_unrendered, sandbox=self._sandbox)

    def _take_look(self, candidate: Candidate, look: Look | MailsorterError) -> None:
        seen = Sightings({Seen.CLIENT_FOLDER: Concern.MENTIONED} if candidate.in_client_folder else {})
        is_closed = True
        if isinstance(look, PermanentError):
            if candidate.message.id not in self._found.unreadable:  # the search may hit on it once more
                self._found.unreadable.append(candidate.message.id)
                self._not_seen(candidate.folder, "unreadable", 1)
        elif isinstance(look, MailsorterError):
            raise look
        else:
            seen.note_all(look.seen)
            is_closed = look.unread_parts > 0
            if look.met_limit and candidate.message.id not in self._found.limited:
                self._found.limited.append(candidate.message.id)
                self._not_seen(candidate.folder, "limits", 1)
        if not seen and candidate.why == "search" and is_closed:  # else a token only looked alike
            seen.note(Seen.SEARCH, Concern.POSSIBLE)
        if seen and candidate.message.is_unreadable:
            seen.note(Seen.NOT_RENDERED, Concern.POSSIBLE)
        if seen:
            self._found.opened_findings += candidate.message.id not in self._found.findings
            self._add(candidate.message, candidate.folder, candidate.recoverable, seen)
        elif isinstance(look, Look) and look.unread_parts and not look.met_limit:
            self._not_seen(candidate.folder, "attachments-not-readable", look.unread_parts)

    # search ----------------------------------------------------------------------------------------------------

    def _search(self) -> None:
        if not self._scope.terms or self._found.depth is Depth.HEADERS:
            return
        self._tick("searching")
        hits = self._ask_search(self._scope.terms)
        messages, unplaced = list(hits.messages), list(hits.unplaced)
        if hits.is_useless:
            self._not_seen("", "search-useless", 0)
        elif not hits.is_complete:
            for term in self._scope.terms:
                one = self._ask_search([term])
                messages += one.messages
                unplaced += one.unplaced
                if not one.is_complete:
                    self._not_seen("", "search-cap", 0)
        placed = [found for hit in {hit.id: hit for hit in unplaced}.values() for found in self._placed(hit)]
        self._queue_hits([*messages, *placed])

    def _ask_search(self, terms: Sequence[str]) -> SearchHits:
        """The server's search, which is only an addition: when it fails that is named, and what was listed stands.

        Raises `TemporaryError` when it is not the search alone that fails.
        """
        try:
            hits = self._mailbox.search(terms)
        except Unreachable as error:
            self._mailbox.tree()  # does the mailbox answer otherwise?
            hits = SearchHits((), is_complete=True, failure=type(error).__name__)
        except (PermanentError, NotPermitted) as error:
            hits = SearchHits((), is_complete=True, failure=type(error).__name__)
        if hits.failure:
            self._not_seen(SEARCH, hits.failure, 0)
        if hits.broken:
            self._not_seen(SEARCH, "search-broken-entries", hits.broken)
        return hits

    def _placed(self, hit: Message) -> Iterator[Message]:
        """The listed messages that a hit may be whose own id is good for nothing: by Message-ID and date.

        Where there is none, somebody has deleted it since.
        """
        if not hit.internet_message_id:
            self._not_seen(SEARCH, "search-broken-entries", 1)
            return
        places = self._mailbox.find(hit.internet_message_id)
        answers = self._mailbox.fetch([place.id for place in places], Detail.TRACES)
        for place, message in zip(places, answers, strict=True):
            if isinstance(message, Message) and not message.is_unreadable:
                if message.received_at == hit.received_at:
                    yield message
            elif isinstance(message, Message | PermanentError):
                yield msgspec.structs.replace(hit, id=place.id, folder_id=place.folder_id)
            else:
                raise message

    def _queue_hits(self, messages: Iterable[Message]) -> None:
        fresh = {m.id: m for m in messages if not self._is_settled(m.id)}
        if not fresh:
            return
        tree = self._mailbox.tree(hidden=True, recoverable=True)
        full = self._mailbox.fetch(list(fresh), Detail.TRACES)
        for hit, message in zip(fresh.values(), full, strict=True):
            if isinstance(message, NotFound):
                continue  # deleted since: whoever deleted it left it in Recoverable Items, where proving looks
            if isinstance(message, PermanentError):
                message = hit  # cannot be shown again: what the search said of it is all there is
            if isinstance(message, MailsorterError):
                raise message
            if self._is_settled(message.id) or self._is_known_otherwise(message):
                continue  # the search knows it by another id
            path, recoverable = where(tree, message.folder_id)
            is_new = message.id not in self._found.findings
            if is_new and envelope_places(message, self._person):  # it came since its folder was listed
                folder = tree.get(message.folder_id)
                is_clients = folder is not None and self._is_in_client_folder(tree, folder)
                self._compare(message, path, recoverable, is_clients)
                continue
            candidate = Candidate(message=message, folder=path, recoverable=recoverable, why="search")
            self._found.candidates.append(candidate)

    def _is_known_otherwise(self, message: Message) -> bool:
        """Is it a finding whose id in the listing is another one, and no copy of it?

        A copy shares search key, Message-ID and date with its original, but has an id by which it is listed itself.
        """
        if not any(_is_same(message, finding) for finding in self._found.findings.values()):
            return False
        places = self._mailbox.find(message.internet_message_id) if message.internet_message_id else []
        return message.id not in {place.id for place in places}

    # the rest --------------------------------------------------------------------------------------------------

    def _read_findings(self) -> None:
        """What is approved must be known again: each finding's text and attachments go into its fingerprint.

        Of findings only. Grounds may be recognised by an attachment's name, which comes with it.
        """
        wanted = [f for f in self._found.findings.values() if not covers_contents(f.fingerprint)]
        for some in with_approvable_contents(self._mailbox, wanted, inside_too=self._scope.attachment_names):
            for finding in some:
                self._found.findings[finding.id] = finding
                if self._scope.attachment_names and finding.lacks_attachment_names:
                    self._not_seen(finding.folder, "attachment-names", 1)
            self._save_sometimes(len(some))
            self._tick("reading what was found")

    def _count_unopened(self) -> None:
        """Messages known by envelope, preview and the server's index alone: said, so that nobody thinks otherwise."""
        by_envelope = len(self._found.findings) - self._found.opened_findings
        unopened = self._found.messages - by_envelope - self._found.opened
        if unopened > 0 and not self._reads_texts:
            reason = "text-not-read" if self._found.depth is Depth.HEADERS else "text-by-index-only"
            self._not_seen("", reason, unopened)

    def _not_seen(self, folder: str, reason: str, count: int) -> None:
        not_seen = self._found.not_seen
        for index, known in enumerate(not_seen):
            if (known.folder, known.reason) == (folder, reason):
                not_seen[index] = msgspec.structs.replace(known, count=known.count + count)
                return
        not_seen.append(NotSeen(mailbox=self._mailbox.address, folder=folder, reason=reason, count=count))

    def _save_sometimes(self, worked: int) -> None:
        """Called where the state is whole: at a folder's end and after a batch of opened messages."""
        self._unsaved += worked
        if self._unsaved >= _SAVE_EVERY:
            self._unsaved = 0
            self._save(self._found)

    def _tick(self, doing: str, in_folder: int = 0) -> None:
        if self._on_progress is not None:
            self._on_progress(self._mailbox.address, doing, self._found.messages + in_folder)


def _carries(body: Body) -> bool:
    """Does it carry something, an inline picture too? Exchange's own flag does not count those."""
    return body.has_attachments or bool(body.attached) or "cid:" in body.content


def _folders(tree: FolderTree, done: set[str]) -> list[Folder]:
    return [folder for folder in tree if not folder.is_search and folder.id not in done]


def _trace(finding: Finding) -> tuple[bytes, datetime | None]:
    """What a message has under each of its ids. Copies have it, too: but each lies somewhere."""
    return finding.search_key, finding.received_at


def _is_same(message: Message, finding: Finding) -> bool:
    """Are they one message, or copies of one? By search key, or by Message-ID and date where one has no search key."""
    if message.search_key and finding.search_key:
        return message.search_key == finding.search_key and message.received_at == finding.received_at
    return (
        bool(message.internet_message_id)
        and message.internet_message_id == finding.internet_message_id
        and message.received_at == finding.received_at
    )


def _is_whole(candidate: Candidate) -> bool:
    """Must the whole message be read, or is the body's text enough? The server's index sees more than the text."""
    return candidate.message.has_attachments or candidate.why in _READ_WHOLE


def _is_own(address: str, own_domains: tuple[str, ...]) -> bool:
    domain = address.lower().rpartition("@")[2]
    return any(domain == own or domain.endswith(f".{own}") for own in own_domains)
