"""Nouns survive the archive, and rows of an older version read with today's defaults."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

from kb.store.codec import decode, encode, pack, unpack
from kb.types import Analysis, Change, Digest, Period, SourceState


def test_a_record_comes_back_equal(made):
    record = made.record(7)
    assert unpack(Change, pack(record.change)) == record.change
    assert unpack(Digest, pack(record.digest)) == record.digest
    assert unpack(Analysis, pack(record.analysis)) == record.analysis


def test_a_field_at_its_default_takes_no_room(made):
    change = made.record(7).change
    assert "described" not in encode(replace(change, described=False))
    assert "described" in encode(change)


def test_a_row_without_a_later_field_gets_its_default(made):
    stored = encode(made.record(7).analysis)
    del stored["series"]
    stored["a_field_of_the_future"] = 1
    assert decode(Analysis, json.loads(json.dumps(stored))).series is None


def test_times_are_whole_seconds_in_utc():
    moment = datetime(2026, 3, 1, 12, 0, 5, 999999, tzinfo=UTC)
    period = Period(moment, moment, "Asia/Shanghai")
    assert encode(period)["since"] == int(moment.timestamp())
    assert decode(Period, encode(period)).since == moment.replace(microsecond=0)


def test_a_lone_surrogate_is_stored_as_a_question_mark(made):
    change = replace(made.record(7).change, title="bad \udcff byte")
    assert unpack(Change, pack(change)).title == "bad ? byte"


def test_free_mappings_survive():
    state = SourceState("a/b", "github", "github:a/b", cursor={"after": "x", "pages": [1, 2]})
    assert unpack(SourceState, pack(state)) == state
