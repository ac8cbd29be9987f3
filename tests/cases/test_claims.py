"""What a case claims is so: each defect that somebody met from outside, as a test."""

from __future__ import annotations

from typing import Any

import pytest

from mailsorter.cases.carry_on import carry_on
from mailsorter.cases.close import close
from mailsorter.cases.decide import decide
from mailsorter.cases.find import find, findings_of
from mailsorter.cases.letter import write_letter
from mailsorter.cases.perform import perform
from mailsorter.cases.plan import make_plan
from mailsorter.cases.prove import prove
from mailsorter.cases.scope import leave_out
from mailsorter.cases.standing import standing_of
from mailsorter.cases.written import LetterKind
from mailsorter.errors import MailsorterError, Refused
from mailsorter.model.case import ItemState, Verdict
from mailsorter.model.folder import WellKnown
from mailsorter.model.message import Participant
from tests.cases.lying import Lies
from tests.cases.office import ANNA, BERT, PIET, World, mail
from tests.cases.signing import approve_seen
from tests.cases.test_afterwards import wait_until


@pytest.fixture
def lies(world: World) -> Lies:
    made = Lies()
    made.tell(world)
    return made


def again(world: World, number: str) -> None:
    """Search, list, approve and perform once more."""
    find(world.office, number)
    make_plan(world.office, number, by="anna")
    approve_seen(world.office, number, by="bert")
    perform(world.office, number)


def test_a_case_is_not_proven_with_a_whole_mailbox_unread(world: World, lies: Lies) -> None:
    mail(world.anna, from_=PIET)
    mail(world.bert, from_=PIET)
    lies.mailboxes.add(BERT.address)
    number = world.approved()
    perform(world.office, number)
    proof = prove(world.office, number)
    assert (proof.passed, proof.certificate["outcome"]) == (False, "not-proven")


def test_the_letter_tells_a_mailbox_that_was_not_opened_as_one(world: World, lies: Lies) -> None:
    """It counts as not searched, not as a part of a mailbox; the request is not complete, and its term is told."""
    mail(world.anna, from_=PIET)
    lies.mailboxes.add(BERT.address)
    number = world.approved()
    perform(world.office, number)
    prove(world.office, number)
    text = write_letter(world.office, number, language="en").text
    assert "We have carried out part of your request" in text
    assert "We searched 1 mailbox, deleted items included" in text
    assert "What we have not looked into:\n- 1 mailbox that could not be opened, with everything in it\n\n" in text
    assert "Your request has therefore not been carried out completely yet." in text


def test_the_letter_tells_a_mailbox_that_was_left_out_as_that_alone(world: World, lies: Lies) -> None:
    """What was refused in it before somebody left it out is no second gap; done is said of what was searched."""
    mail(world.anna, from_=PIET)
    lies.mailboxes.add(BERT.address)
    number = world.approved()
    perform(world.office, number)
    prove(world.office, number)
    leave_out(world.office, number, mailbox=BERT.address, reason="confidential adviser")
    stands = standing_of(world.office, world.office.get(number), world.office.open_file(number))
    assert stands.next == (f"mailsorter case prove {number} --again",)  # and no more: it is left out already
    assert prove(world.office, number).passed
    text = write_letter(world.office, number, language="en").text
    assert "We have done so in the mailboxes that we searched." in text
    gap = "a mailbox or folder that we left out of the search after consideration"
    assert f"What we have not looked into:\n- {gap}\n\n" in text


def test_a_case_is_not_proven_with_refused_deletes(world: World) -> None:
    keys = [mail(world.anna, from_=PIET) for _ in range(36)]
    for _, item in keys:
        world.mailboxes[ANNA.address].fail_item(item, Refused("no"))
    number = world.approved()
    assert perform(world.office, number).counts == {ItemState.FAILED: 36}
    proof = prove(world.office, number)
    assert (proof.passed, proof.certificate["outcome"]) == (False, "not-proven")


def test_the_letter_counts_no_more_erased_than_found(world: World) -> None:
    """Two searches: 5 erased by the first list, 2 by the second, and 1 kept throughout."""
    for _ in range(5):
        mail(world.anna, from_=PIET)
    mail(world.anna, from_=PIET, subject="factuur")
    number = world.approved()
    perform(world.office, number)
    prove(world.office, number)
    for _ in range(2):
        mail(world.bert, from_=PIET)
    again(world, number)
    assert prove(world.office, number).passed
    text = write_letter(world.office, number, language="en").text
    assert "This brought up 8 messages:\n\n- 7 messages have been erased.\n" in text


def test_a_namesake_does_not_make_a_case_impossible_to_finish(world: World, lies: Lies) -> None:
    """The witness reads a name that no search brings: a person settles it, and nobody's address is taken in."""
    namesake = Participant("piet@elders.example", "Piet")
    long = f"{'x ' * 200} groet, Piet de Vries"
    mail(world.anna, from_=PIET)
    stays = [mail(world.anna, from_=namesake, text=long), mail(world.bert, from_=namesake, text=long)]
    lies.searches |= {ANNA.address: "empty", BERT.address: "empty"}
    number = world.approved()
    perform(world.office, number)
    assert not prove(world.office, number).passed
    count = decide(
        world.office, number, [], Verdict.NOT_THEIRS, by="anna", reason="another Piet", sender=namesake.address
    )  # fmt: skip
    assert count == 2
    proof = prove(world.office, number)
    assert proof.passed
    assert proof.certificate["decided_not_theirs"] == {"count": 2, "by_sender": 2}
    assert proof.certificate["account"]["buckets"]["not-theirs"] == 2
    assert set(stays) <= set(world.everything())


def test_the_person_s_own_address_is_no_namesake(world: World, lies: Lies) -> None:
    mail(world.anna, from_=PIET)
    number = world.planned()
    for spelled in (PIET.address, "PIET+nieuws@klant.example"):
        with pytest.raises(MailsorterError, match="the person's own"):
            decide(world.office, number, [], Verdict.NOT_THEIRS, by="anna", reason="x", sender=spelled)


def test_mail_that_is_not_theirs_tells_no_third_party(world: World) -> None:
    """What was sent outside named somebody else: its recipients hear nothing of the request."""
    outside, other = Participant("relatie@elders.example"), Participant("andere@elders.example")
    mail(world.anna, WellKnown.SENT, from_=BERT, to=(outside,), text=f"vraag het {PIET.address}")
    mail(world.anna, WellKnown.SENT, from_=BERT, to=(other,), text="vraag het Piet de Vries")
    number = world.opened()
    find(world.office, number)
    item, by_name = sorted(make_plan(world.office, number, by="anna").undecided, key=lambda one: one.reason)
    assert (item.reason, by_name.reason) == ("mentioned", "possible")
    assert findings_of(world.office.open_file(number)).forwarded_to == (outside.address,)
    decide(world.office, number, [by_name.finding.handle], Verdict.ERASE, by="anna", reason="theirs")
    assert findings_of(world.office.open_file(number)).forwarded_to == (other.address, outside.address)
    decide(world.office, number, [by_name.finding.handle], Verdict.NOT_THEIRS, by="anna", reason="another Piet")
    decide(world.office, number, [item.finding.handle], Verdict.NOT_THEIRS, by="anna", reason="another Piet")
    make_plan(world.office, number, by="anna")
    approve_seen(world.office, number, by="bert")
    perform(world.office, number)
    prove(world.office, number)
    assert outside.address not in write_letter(world.office, number).text


def test_what_was_kept_and_is_not_theirs_after_all_is_never_erased(world: World) -> None:
    """The first list kept it on a ground; the second search's reviewer says that it is another's."""
    key = mail(world.anna, from_=PIET, subject="factuur")
    number = world.approved()
    perform(world.office, number)
    find(world.office, number)
    (item,) = make_plan(world.office, number, by="anna").items
    decide(world.office, number, [item.finding.handle], Verdict.NOT_THEIRS, by="anna", reason="another Piet")
    make_plan(world.office, number, by="anna")
    approve_seen(world.office, number, by="bert")
    perform(world.office, number)
    wait_until(world, "2036-01-01")
    carry_on(world.office, number)
    assert key in world.everything()


@pytest.mark.parametrize("lie", ["folder", "cut", "search"])
def test_a_folder_that_was_not_read_whole_is_never_proven_before_it_is_or_is_left_out(
    world: World, lies: Lies, lie: str
) -> None:
    """Refused, cut, or a search that fails: not proven, named, and a new search or a person leads on."""
    from mailsorter.cases.scope import leave_out

    mail(world.anna, from_=PIET)
    for _ in range(4):
        mail(world.bert, ("Clients", "Klant"))
    place = (BERT.address, "Clients / Klant")
    if lie == "search":
        lies.searches[BERT.address] = "fails"
    else:
        (lies.folders if lie == "folder" else lies.cuts).add(place)
    number = world.approved()
    perform(world.office, number)
    proof = prove(world.office, number)
    assert not proof.passed
    folder = "search" if lie == "search" else place[1]
    assert folder in {gap["folder"] for gap in proof.certificate["not_seen"]}
    assert not proof.certificate["coverage"]["whole"]
    leave_out(world.office, number, mailbox=BERT.address, folder=folder, reason="looked at in Outlook")
    left = prove(world.office, number)
    assert (left.passed, left.certificate["coverage"]["whole"]) == (True, False)
    lies.stop()
    again(world, number)
    assert prove(world.office, number).passed


def test_what_exchange_should_have_ended_and_has_not_is_not_proven(world: World) -> None:
    """Proven while its day lies ahead; the day after it nothing is, though nobody has proved again."""
    from mailsorter.cases.standing import standing_of

    mail(world.anna, from_=PIET)
    number = world.approved()
    world.change(open_eraser=None)
    assert perform(world.office, number).counts == {ItemState.RETAINED: 1}
    assert prove(world.office, number).passed
    wait_until(world, "2026-12-24")
    stands = standing_of(world.office, world.office.get(number), world.office.open_file(number))
    assert stands.verdict is not None
    assert [reason.why for reason in stands.verdict.reasons] == ["past-its-day"]
    proof = prove(world.office, number)
    assert (proof.passed, proof.certificate["outcome"]) == (False, "not-proven")
    item = next(i for (a, i), f in world.everything().items() if a == ANNA.address)
    world.anna.user_destroys(item)
    assert prove(world.office, number).passed


def test_what_changed_since_the_approval_is_not_proven_until_it_is_listed_again(world: World) -> None:
    _, item = mail(world.anna, from_=PIET)
    number = world.approved()
    world.anna.user_changes(item, subject="anders")
    assert perform(world.office, number).counts == {ItemState.CHANGED: 1}
    assert not prove(world.office, number).passed
    again(world, number)
    assert prove(world.office, number).certificate["account"]["buckets"]["erased"] == 1


def test_the_letter_done_is_refused_while_something_remains(world: World) -> None:
    _, item = mail(world.anna, from_=PIET)
    world.anna.hold([item])
    number = world.approved()
    perform(world.office, number)
    with pytest.raises(MailsorterError, match="cannot be answered yet"):
        write_letter(world.office, number)
    prove(world.office, number)
    with pytest.raises(MailsorterError, match="would say too much"):
        write_letter(world.office, number, LetterKind.DONE)
    assert write_letter(world.office, number).kind is LetterKind.PARTLY
    with pytest.raises(MailsorterError, match="1 approved message is protected by a hold"):
        close(world.office, number)


def test_what_is_left_open_is_known_to_continue_after_closing(world: World) -> None:
    """A refused delete outlives the case: `continue` tries it again, and its tombstone is made then."""
    key = mail(world.anna, from_=PIET)
    world.mailboxes[ANNA.address].fail_item(key[1], Refused("no"))
    number = world.approved()
    perform(world.office, number)
    prove(world.office, number)
    write_letter(world.office, number)
    with pytest.raises(MailsorterError, match="1 approved message could not be deleted"):
        close(world.office, number)
    assert close(world.office, number, leave_open="the administrator is away").kept == 1
    assert carry_on(world.office, number).counts == {ItemState.FAILED: 1}
    world.mailboxes[ANNA.address].fail_item(key[1], None)
    assert carry_on(world.office, number).counts == {ItemState.ERASED: 1}
    assert key not in world.everything()
    with world.ledger.reading() as unit:
        assert unit.tombstones.any()
        assert list(unit.cases.items(number)) == []


def test_closing_after_two_searches_removes_the_rows_of_both(world: World) -> None:
    """Steps and items of the first list name messages that the second search does not bring any more."""
    mail(world.anna, from_=PIET)
    number = world.approved()
    perform(world.office, number)
    mail(world.bert, from_=PIET)
    again(world, number)
    prove(world.office, number)
    write_letter(world.office, number)
    close(world.office, number)
    from sqlalchemy import func, select

    from mailsorter.ledger.schema import case_item, message, setting, step

    with world.ledger.reading() as unit:
        for table in (case_item, step, message):
            assert unit.connection.execute(select(func.count()).select_from(table)).scalar() == 0
        names = unit.connection.execute(select(setting.c.name)).scalars().all()
    assert not [name for name in names if name.startswith("baseline")]


class TestScope:
    """Every mailbox of the config, and every one that this ledger ever filed in."""

    def filed_in(self, world: World, address: str, *, is_sealed: bool = True) -> int:
        """The ledger as it is after filing in a mailbox, by this version or by one that kept only the digest."""
        from sqlalchemy import update

        from mailsorter.ledger.schema import mailbox

        with world.ledger.unit() as unit:
            number = unit.places.mailbox(address)
            unit.places.folder(number, "folder-1", ("Clients", "Klant"))
            if not is_sealed:
                where = update(mailbox).where(mailbox.c.number == number)
                unit.connection.execute(where.values(sealed=None))
        return number

    def without(self, world: World, address: str, **fields: Any) -> None:
        world.change(mailboxes=tuple(a for a in world.office.mailboxes if a != address), **fields)

    def test_a_mailbox_that_left_the_config_is_searched_all_the_same(self, world: World) -> None:
        key = mail(world.bert, from_=PIET)
        self.filed_in(world, BERT.address)
        self.without(world, BERT.address)
        number = world.approved()
        perform(world.office, number)
        assert key not in world.everything()
        assert prove(world.office, number).passed

    def test_one_of_an_older_version_is_never_proven_before_its_address_is_given(self, world: World) -> None:
        mail(world.anna, from_=PIET)
        key = mail(world.bert, from_=PIET)
        known = self.filed_in(world, BERT.address, is_sealed=False)
        self.without(world, BERT.address)
        number = world.approved()
        perform(world.office, number)
        proof = prove(world.office, number)
        assert not proof.passed
        gap = {"mailbox": f"mailbox {known}", "folder": "", "reason": "address-unknown", "count": 0, "kind": "unread"}
        assert gap in proof.certificate["not_seen"]
        world.change(former_mailboxes=("carla@firm.example",))  # of no mailbox that the ledger knows
        assert not prove(world.office, number).passed
        world.change(former_mailboxes=("carla@firm.example", "Bert@Firm.example".lower()))
        proof = prove(world.office, number)
        assert [gap["reason"] for gap in proof.certificate["not_seen"] if gap["kind"] == "unread"] == ["not-searched"]
        again(world, number)
        assert prove(world.office, number).passed
        assert key not in world.everything()

    def test_what_the_config_excludes_is_always_named_and_never_opened(self, world: World) -> None:
        key = mail(world.bert, from_=PIET)
        mail(world.anna, from_=PIET)
        world.change(excluded=(BERT.address.upper(), "or@firm.example"))
        number = world.approved()
        perform(world.office, number)
        proof = prove(world.office, number)
        assert proof.passed
        assert key in world.everything()
        named = {gap["mailbox"] for gap in proof.certificate["not_seen"] if gap["reason"] == "excluded"}
        assert named == {BERT.address, "or@firm.example"}
        assert not proof.certificate["coverage"]["whole"]
        assert "every mail folder" not in write_letter(world.office, number, language="en").text

    def test_a_person_takes_a_mailbox_out_and_it_is_named(self, world: World, lies: Lies) -> None:
        mail(world.anna, from_=PIET)
        lies.mailboxes.add(BERT.address)
        number = world.approved()
        perform(world.office, number)
        assert not prove(world.office, number).passed
        with pytest.raises(MailsorterError, match="needs a reason"):
            leave_out(world.office, number, mailbox=BERT.address, reason=" ")
        with pytest.raises(MailsorterError, match="has no mailbox"):
            leave_out(world.office, number, mailbox="carla@firm.example", reason="gone")
        with pytest.raises(MailsorterError, match="1 finding in anna@"):
            leave_out(world.office, number, mailbox=ANNA.address, reason="too much work")
        leave_out(world.office, number, mailbox=BERT.address, reason="its server is gone")
        proof = prove(world.office, number)
        assert proof.passed
        assert {"mailbox": BERT.address, "folder": "", "reason": "left-out", "count": 0, "kind": "left-out"} in (
            proof.certificate["not_seen"]
        )

    def test_a_mailbox_that_came_into_the_config_after_the_search_is_not_proven(self, world: World) -> None:
        mail(world.anna, from_=PIET)
        both = world.office.mailboxes
        world.change(mailboxes=(ANNA.address,))
        number = world.approved()
        perform(world.office, number)
        world.change(mailboxes=both)
        assert not prove(world.office, number).passed
        again(world, number)
        assert prove(world.office, number).passed


def test_without_a_proof_nothing_of_an_older_version_counts_as_proven(world: World) -> None:
    """A proof that recorded no coverage says nothing any more: prove again."""
    import msgspec

    from mailsorter.cases.prove import PART, proof_of
    from mailsorter.cases.standing import standing_of

    mail(world.anna, from_=PIET)
    number = world.approved()
    perform(world.office, number)
    file = world.office.open_file(number)
    proof = prove(world.office, number)
    file.write(PART, msgspec.structs.replace(proof, verdict=None, facts=None, coverage=None, account=None))
    row = msgspec.structs.replace(world.office.get(number), account=None)
    with world.ledger.unit() as unit:
        unit.cases.save(row)
    assert proof_of(file).passed  # type: ignore[union-attr]
    stands = standing_of(world.office, row, file)
    assert stands.verdict is not None
    assert not stands.verdict.is_proven
    with pytest.raises(MailsorterError, match="cannot be answered yet"):
        write_letter(world.office, number)
    assert prove(world.office, number).passed


def test_an_erased_message_that_is_there_again_is_an_item_that_leads_on(world: World) -> None:
    """The same item is put back: not proven, counted as waiting, and a new search ends it."""
    _, item = mail(world.anna, from_=PIET)
    kept = world.anna.item(item)
    number = world.approved()
    perform(world.office, number)
    world.anna._put(kept)
    proof = prove(world.office, number)
    assert [one.why for one in proof.unexpected] == ["erased-but-there"]
    assert (
        proof.certificate["account"]["buckets"] | {"erased": 0, "waiting": 1}
        == (proof.certificate["account"]["buckets"])
    )
    again(world, number)
    proof = prove(world.office, number)
    assert (proof.passed, proof.certificate["account"]["total"]) == (True, 1)
