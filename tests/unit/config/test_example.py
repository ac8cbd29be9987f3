"""The files in config/ are made from the schema, and every key of it is explained and exemplified."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from mailsorter.config.book_schema import BookFile
from mailsorter.config.crm_map import CrmMap
from mailsorter.config.example import book_example, config_example, json_schema
from mailsorter.config.load import load
from mailsorter.config.schema import Config
from mailsorter.config.show import effective, to_toml
from mailsorter.config.tables import tables_in

ROOT = Path(__file__).parents[3] / "config"


def all_tables(model: type[BaseModel]) -> list[type[BaseModel]]:
    """The model and every table below it."""
    below = [table for info in model.model_fields.values() for table in tables_in(info.annotation)]
    return [model, *(inner for table in below for inner in all_tables(table))]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("mailsorter.example.toml", config_example()),
        ("clients.example.toml", book_example()),
        ("mailsorter.schema.json", json.dumps(json_schema("config"), indent=2, ensure_ascii=False) + "\n"),
        ("clients.schema.json", json.dumps(json_schema("clients"), indent=2, ensure_ascii=False) + "\n"),
    ],
)
def test_the_files_are_those_that_the_schema_makes(name: str, content: str) -> None:
    """After a change of the schema: python -m mailsorter.config.example config"""
    assert (ROOT / name).read_text(encoding="utf-8") == content


@pytest.mark.parametrize("table", {*all_tables(Config), *all_tables(BookFile)}, ids=lambda table: table.__name__)
def test_every_key_has_an_explanation_and_an_example(table: type[BaseModel]) -> None:
    """Of tables the table itself explains what it is."""
    assert table.__doc__
    for name, info in table.model_fields.items():
        is_section = bool(list(tables_in(info.annotation))) and info.examples in ([{}], [[]])
        assert info.description or is_section, name
        assert info.examples, name


def test_the_examples_load(tmp_path: Path) -> None:
    """As they are, under the names they are copied to."""
    (tmp_path / "mailsorter.toml").write_text(config_example(), encoding="utf-8")
    (tmp_path / "clients.toml").write_text(book_example(), encoding="utf-8")
    assert len(load(tmp_path / "mailsorter.toml").book) == 2


def test_every_key_that_stands_behind_a_hash_is_right_too() -> None:
    """Uncommented all together they are a config, whatever they would mean."""
    everything = re.sub(r"^#(?=\[|[a-z_]+ = )", "", config_example(), flags=re.MULTILINE)
    config = Config.model_validate(tomllib.loads(everything))
    assert config.rule[0].when.from_ == ("@portal.example",)
    assert config.ews is not None
    assert all(not re.match(r"#\S", line) for line in everything.splitlines()[1:])


def test_what_config_show_prints_is_a_config(tmp_path: Path) -> None:
    """The same one, with every default written out."""
    everything = re.sub(r"^#(?=\[|[a-z_]+ = )", "", config_example(), flags=re.MULTILINE)
    config = Config.model_validate(tomllib.loads(everything), context={"folder": tmp_path})
    again = Config.model_validate(tomllib.loads(to_toml(effective(config))), context={"folder": "/elsewhere"})
    assert effective(again) == effective(config)


def test_the_json_schema_refuses_unknown_keys() -> None:
    """In every table, as loading does."""
    schema = json_schema("config")
    tables = [schema, *schema["$defs"].values()]
    assert all(table["additionalProperties"] is False for table in tables if table.get("type") == "object")


def test_the_json_schema_takes_what_loading_takes() -> None:
    """An address as plain text, and one value for a list of one."""
    address = json_schema("clients")["$defs"]["ClientEntry"]["properties"]["addresses"]["items"]
    assert {"type": "string"} in address["anyOf"]
    subject = json_schema("config")["$defs"]["Condition"]["properties"]["subject"]
    assert {"type": "string"} in subject["anyOf"]


def test_the_docs_name_every_table() -> None:
    """Once each, as it is written in the config; and the example map of the docs is one."""
    docs = (ROOT.parent / "docs" / "configuration.md").read_text(encoding="utf-8")
    for name, info in Config.model_fields.items():
        shown = f"`[[{name}]]`" if info.examples == [[]] else f"`[{name}]`" if info.examples == [{}] else f"`{name}`"
        assert docs.count(f"| {shown} |") == 1, shown
    CrmMap.model_validate(tomllib.loads(docs.split("```toml\n")[1].split("```")[0]))
