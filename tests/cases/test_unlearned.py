"""What the firm's filing taught about a person goes with their mail, and is not learned again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mailsorter.cases.close import close
from mailsorter.cases.decide import decide
from mailsorter.cases.find import find
from mailsorter.cases.intake import reject
from mailsorter.cases.letter import write_letter
from mailsorter.cases.perform import perform
from mailsorter.cases.plan import make_plan
from mailsorter.cases.prove import prove
from mailsorter.cases.unlearn import unlearn as unlearn_case
from mailsorter.emulator.store import Address
from mailsorter.errors import UserError
from mailsorter.ledger.cases import CaseRow
from mailsorter.model.case import CaseKind, Verdict
from mailsorter.model.lifecycle import CaseState
from mailsorter.model.message import Message, Participant
from mailsorter.prediction import PredictionModel
from mailsorter.prediction.forgetting import Unlearn, unlearn
from mailsorter.sorting.teaching import Lesson, without_forgotten
from tests.cases.office import ANNA, PIET, World, mail, replaced
from tests.cases.signing import approve_seen
from tests.cases.tenant import tenant
from tests.cases.test_commands import Desk

KEY = b"a key of thirty-two bytes, or so"
KEES = Participant("kees@ander.example")


@pytest.fixture
def model(world: World) -> PredictionModel:
    """The office's model; it learned nothing yet."""
    made = PredictionModel(KEY)
    world.change(unlearn=lambda what: unlearn(made, what))
    return made


def taught(world: World, model: PredictionModel, **fields: Any) -> Message:
    """A message that lies in a mailbox and was learned."""
    message = world.anna.item(mail(world.anna, **fields)[1]).message
    model.learn(message, "klant")
    return message


def performed(world: World) -> str:
    number = world.approved()
    perform(world.office, number)
    return number


def answered(world: World) -> str:
    number = performed(world)
    prove(world.office, number)
    write_letter(world.office, number)
    return number


def learnable(world: World, *messages: Message) -> list[str]:
    """Ids of the messages that teaching would not leave out."""
    lessons = [Lesson(ANNA.address, message, "klant") for message in messages]
    return [lesson.message.id for lesson in without_forgotten(world.ledger, lessons)]


@pytest.mark.parametrize("until", [performed, answered], ids=["performed", "answered"])
def test_performing_unlearns_the_person_and_the_mail_of_the_list(
    world: World, model: PredictionModel, until: Callable[[World], str]
) -> None:
    """Erased or kept on a ground, by address or by the message alone; everyone else's stays."""
    taught(world, model, from_=PIET, internet_message_id="<1@klant.example>")
    taught(world, model, from_=Participant("piet+werk@klant.example"), internet_message_id="<2@klant.example>")
    taught(world, model, from_=PIET, subject="factuur", internet_message_id="<3@klant.example>")
    taught(world, model, subject="over Piet de Vries", internet_message_id="<4@firm.example>")
    other = taught(world, model, from_=KEES, internet_message_id="<5@ander.example>")
    until(world)
    (left,) = model.memory
    assert left == model.as_remembered(other, "klant")


def test_closing_unlearns_what_was_taught_in_between(world: World, model: PredictionModel) -> None:
    number = answered(world)
    taught(world, model, from_=PIET, internet_message_id="<9@klant.example>")
    assert close(world.office, number).unlearned == 1
    assert len(model.memory) == 0


def test_closing_that_was_broken_off_before_it_unlearned_does_it_when_called_again(
    world: World, model: PredictionModel
) -> None:
    number = answered(world)
    taught(world, model, from_=PIET)
    whole = world.office.unlearn

    def dies(what: Unlearn) -> int:
        raise KeyboardInterrupt

    world.change(unlearn=dies)
    with pytest.raises(KeyboardInterrupt):
        close(world.office, number)
    assert world.office.get(number).state is CaseState.CLOSED
    world.change(unlearn=whole)
    assert close(world.office, number).unlearned == 1
    assert len(model.memory) == 0


def test_a_model_that_cannot_be_read_leaves_the_list_unfinished_until_it_is_mended(world: World) -> None:
    def refuses(what: Unlearn) -> int:
        raise UserError("altered")

    key = mail(world.anna, from_=PIET)
    number = world.approved()
    world.change(unlearn=refuses)
    with pytest.raises(UserError, match="altered"):
        perform(world.office, number)
    assert key not in world.everything()
    assert world.office.get(number).state is CaseState.PERFORMING
    world.change(unlearn=None)
    assert perform(world.office, number).is_finished


def test_what_the_reviewer_called_another_s_stays_learned(world: World, model: PredictionModel) -> None:
    """A namesake's mail is no mail of the person."""
    taught(world, model, subject="over Piet de Vries", internet_message_id="<1@firm.example>")
    number = world.opened()
    find(world.office, number)
    plan = make_plan(world.office, number, by="anna")
    handles = [item.finding.handle for item in plan.items]
    decide(world.office, number, handles, Verdict.NOT_THEIRS, by="anna", reason="een naamgenoot")
    make_plan(world.office, number, by="anna")
    approve_seen(world.office, number, "bert")
    perform(world.office, number)
    assert len(model.memory) == 1


def test_a_refused_request_forgets_nobody(world: World, model: PredictionModel) -> None:
    message = taught(world, model, from_=PIET)
    number = world.opened()
    reject(world.office, number, reason="van een ander")
    write_letter(world.office, number)
    close(world.office, number)
    assert len(model.memory) == 1
    assert learnable(world, message) == [message.id]


@pytest.mark.parametrize(("kind", "count"), [(CaseKind.ERASURE, 1), (CaseKind.CLIENT_LEAVES, 1), (CaseKind.ACCESS, 0)])
def test_only_cases_that_end_data_unlearn(world: World, model: PredictionModel, kind: CaseKind, count: int) -> None:
    taught(world, model, from_=PIET)
    number = world.planned()
    row: CaseRow = msgspec.structs.replace(world.office.get(number), kind=kind)
    assert unlearn_case(world.office, row, world.office.open_file(number)) == count


def test_a_client_who_leaves_takes_all_that_its_folder_taught(world: World, model: PredictionModel) -> None:
    model.learn(Message(id="1", folder_id="f", from_=KEES), "weg")
    model.learn(Message(id="2", folder_id="f", from_=KEES), "blijft")
    assert unlearn(model, Unlearn(client_id="weg")) == 1
    assert [one.client_id for one in model.memory] == ["blijft"]


def test_what_is_forgotten_is_not_taught_again(world: World) -> None:
    """Mail on a case's list, mail that names the person, and erased mail that a backup brought back."""
    erased, kept = (
        world.anna.item(mail(world.anna, from_=PIET, subject=s, internet_message_id=f"<{s}@klant.example>")[1]).message
        for s in ("los", "factuur")
    )
    other = world.anna.item(mail(world.anna, from_=KEES)[1]).message
    assert learnable(world, erased, kept, other) == [erased.id, kept.id, other.id]
    number = performed(world)
    assert learnable(world, kept, other) == [other.id]
    back = replaced(erased, id="a new id")
    assert learnable(world, back, other) == [other.id]
    prove(world.office, number)
    write_letter(world.office, number)
    close(world.office, number)
    late = Message(id="late", folder_id="f", from_=KEES, cc=(Participant("Piet+los@KLANT.example"),))
    assert learnable(world, late, kept, back, other) == [other.id]
    world.clock.sleep(86_400 * (world.firm.backup_days + 1))
    assert learnable(world, late, kept, other) == [late.id, other.id]


def test_by_the_commands_with_a_model_on_disk(tmp_path: Path) -> None:
    """Train, erase, close, train again: the model's file knows the others, and no longer the person."""
    with tenant(tmp_path) as firm:
        desk, folder = Desk(firm), ("Clients", "Klant B.V.")
        firm.put(firm.mailboxes[0], from_=Address("", "jan@klant.example"))
        desk.type("sort")
        firm.put(firm.mailboxes[0], folder, from_=Address("Piet", "piet@elders.example"))
        assert desk.json("predict", "train")["messages"] == 2
        desk.json("erase", "piet@elders.example", "--known", "bekend", "--by", "anna", code=4)
        desk.approve("2026-0001")
        desk.json("erase", "piet@elders.example")
        assert len(firm.assembly.prediction_model().memory) == 1
        firm.put(firm.mailboxes[0], folder, to=[Address("Piet", "piet@elders.example")])
        assert desk.json("predict", "train")["messages"] == 2
        assert desk.json("case", "close", "2026-0001")["unlearned"] == 1
        assert desk.json("predict", "train") == {
            "read": 1, "learned": 0, "messages": 1, "clients": 1,
            "earlier_folders": [], "skipped_folders": [], "tested_again": False,
        }  # fmt: skip
        assert desk.json("predict", "forget", "jan@klant.example") == {"forgotten": 1}
