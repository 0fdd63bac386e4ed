"""What is quoted without a model: sentences of the change itself, and only where they answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from chat_world import sample_record, with_body

from kb.qa.asked import asked_in
from kb.qa.passages import best_passage, best_quotes, closest
from kb.types import ChangeRecord, Commit, Hit

BOTH: Mapping[str, int] = {"dense": 1, "lexical": 1}
FAR: Mapping[str, int] = {"dense": 20, "lexical": 20}
DRAIN = sample_record(1204)  # `ember drain` waits for running jobs before a deployment
MOVER = sample_record(1236)  # offload evicted prefixes, between device and host memory


def hit(record: ChangeRecord, ranks: Mapping[str, int] = FAR, passage: str = "") -> Hit:
    return Hit(record, 1.0, dict(ranks), passage or record.change.title, "text", ())


def texts(question: str, hits: Sequence[Hit]) -> list[str]:
    return [quote.text for quote in best_quotes(question, hits)]


@pytest.mark.parametrize(
    "question",
    [
        "does ember drain support Windows?",
        "why do running jobs wait for Kubernetes 1.31?",
        "does `ember_drain_all` wait for running jobs?",
        "为什么 Java 客户端等待运行中的任务",
    ],
)
def test_a_name_that_no_change_holds_is_not_answered(question: str) -> None:
    assert not texts(question, [hit(DRAIN), hit(MOVER)])


def test_a_name_that_a_change_holds_is_answered() -> None:
    assert texts("what does `ember drain` wait for?", [hit(DRAIN)])
    assert texts("is BlockMover used for host memory?", [hit(MOVER), hit(DRAIN)])


def test_words_that_every_hit_holds_do_not_carry_an_answer() -> None:
    hits = [
        hit(with_body(sample_record(number), "It supports a queue.", f"Support queue {number}"))
        for number in (1180, 1196, 1198, 1201, 1204, 1207, 1217, 1219, 1220, 1226)
    ]
    assert not texts("support quantum", hits)


def test_the_repositorys_own_name_asks_for_nothing() -> None:
    repos = {"lanternworks/ember"}
    assert asked_in("does ember encrypt?", repos).words == ("encrypt",)
    assert asked_in("ember", repos).words == ("ember",)
    assert asked_in("why does Ember wait?", repos).names == ()


def test_a_capital_at_the_beginning_makes_no_name() -> None:
    assert asked_in("Workers wait. Jobs run on CUDA 12.4 with max_len").names == (
        "cuda",
        "12.4",
        "max_len",
    )


def test_a_list_of_paths_is_no_quote() -> None:
    passage = "ember, host memory, mover, evicted prefixes, tests"
    question = "which evicted prefixes are moved to host memory?"
    found = texts(question, [hit(MOVER, BOTH, passage)])
    assert found
    assert passage not in found


def test_a_line_of_a_diff_is_quoted_where_it_is_prose_and_says_more_than_the_title() -> None:
    plain = with_body(MOVER, "", "Blocks of the mover")
    lines = (
        "if self.evicted_prefixes is None: host memory",
        "evicted prefixes to host memory of the mover,",
        "The mover copies evicted prefixes into host memory.",
    )
    digest = replace(plain.digest, description="", metrics=(), comments=lines)
    undescribed = replace(plain, digest=digest)
    question = "are evicted prefixes copied into host memory?"
    assert texts(question, [hit(undescribed, BOTH)]) == [lines[2]]
    titled = with_body(undescribed, "", "The mover copies evicted prefixes into host memory")
    titled = replace(titled, digest=digest)
    assert texts(question, [hit(titled, BOTH)]) == [titled.change.title]


def test_html_and_half_code_are_not_quoted() -> None:
    body = (
        '<em>Retries of the mover</em> <a href="https://x.example/a"><img src="b.svg"></a>\n'
        "mover`` retries are given during init.\n\n"
        "The mover retries a copy [three times](https://x.example/long)."
    )
    record = with_body(MOVER, body)
    assert best_passage("how often are mover retries done?", hit(record)) == (
        "The mover retries a copy three times."
    )


def test_release_notes_do_not_repeat_the_title_of_another_quote() -> None:
    title = MOVER.change.title
    notes = with_body(DRAIN, f"- {title.rpartition(' (#')[0]}.", "Update release notes")
    question = "offload evicted prefixes with the mover"
    found = best_quotes(question, [hit(MOVER, BOTH), hit(notes, BOTH)])
    assert [quote.hit.record.id for quote in found] == [MOVER.id]


def test_a_chinese_question_quotes_the_english_sentence_that_it_means() -> None:
    body = "Unrelated words stand first here.\n\nThe scheduler no longer starves a waiting request."
    record = with_body(DRAIN, body, "Fix a bug")
    assert "starves" in best_passage("为什么调度器会饿死等待的请求", hit(record))


def test_what_is_first_by_words_and_by_meaning_needs_fewer_words() -> None:
    question = "deployment while jobs vanish silently overnight"
    assert texts(question, [hit(DRAIN, BOTH)])
    assert not texts(question, [hit(replace(DRAIN), FAR)])


def test_a_reason_is_quoted_from_the_description() -> None:
    body = (
        "Drain waits for running jobs.\n\nA deployment lost jobs because nothing waited for them."
    )
    record = with_body(DRAIN, body)
    assert "because" in best_passage("why does ember drain wait for jobs?", hit(record))
    assert "because" not in best_passage("what does ember drain wait for?", hit(record))


def test_one_word_of_several_is_no_answer() -> None:
    assert not texts("how are payments moved?", [hit(MOVER, BOTH)])


def test_a_short_name_inside_another_word_is_not_that_name() -> None:
    body = "Interesting: evicted prefixes are moved to the API of the host memory."
    record = with_body(MOVER, body, "Move evicted prefixes")
    assert not texts("is there a REST API of evicted prefixes?", [hit(record)])
    assert texts("is there an API of evicted prefixes?", [hit(record)])


def test_a_thing_is_asked_for_by_any_of_its_names() -> None:
    asked = "when did we start compiling the activation kernels at run time?"
    record = with_body(MOVER, "", "Add JIT activation kernels")
    assert texts(asked, [hit(record)]) == ["Add JIT activation kernels"]
    assert not texts(asked, [hit(with_body(MOVER, "", "Add activation tests"))])


def test_the_words_of_another_name_stand_in_a_row() -> None:
    body = "Parsing moves out of the way of the arguments and of the host memory."
    record = with_body(MOVER, body, "Move evicted prefixes")
    assert not texts("is there an OOM when parsing arguments?", [hit(record)])
    told = with_body(MOVER, "Parsing many arguments ran out of memory.", "Move prefixes")
    assert texts("is there an OOM when parsing arguments?", [hit(told)])


def test_a_thing_that_is_only_like_the_one_asked_for_is_no_answer() -> None:
    record = with_body(MOVER, "The socket listens over TCP.", "Serve the socket over TCP")
    assert not texts("does the socket listen over UDP?", [hit(record, BOTH)])
    assert texts("does the socket listen over TCP?", [hit(record, BOTH)])


def test_a_message_of_progress_answers_nothing() -> None:
    digest = replace(MOVER.digest, description="", comments=("Warming up evicted prefixes now...",))
    record = replace(with_body(MOVER, "", "Move blocks"), digest=digest)
    assert "now..." not in " ".join(texts("warming up evicted prefixes", [hit(record, BOTH)]))


@pytest.mark.parametrize(
    "line", ["The host of evicted prefixes is", "Warm evicted prefixes of the"]
)
def test_a_line_of_a_diff_that_breaks_off_answers_nothing(line: str) -> None:
    digest = replace(MOVER.digest, description="", comments=(line,))
    record = replace(with_body(MOVER, "", "Move blocks"), digest=digest)
    assert not texts("which evicted prefixes are warm on the host?", [hit(record, BOTH)])


def test_a_line_of_the_diff_of_a_change_about_something_else_answers_nothing() -> None:
    line = "The longest river of Lusitania is the Tagus."
    digest = replace(DRAIN.digest, description="", comments=(line,))
    stray = replace(with_body(DRAIN, "", "Stream the completions"), digest=digest)
    asked = "What is the longest river of Lusitania?"
    assert not texts(asked, [hit(stray, BOTH)])
    assert not closest(asked, [hit(stray)])
    about = replace(with_body(DRAIN, "", "Tell rivers by their length"), digest=digest)
    assert texts(asked, [hit(about, BOTH)]) == [line]


def test_what_git_writes_of_a_revert_is_no_reason_for_it() -> None:
    sha = "862f11ee017d51cb9573a8c0642055b3b17cace8"
    title = 'Revert "Move evicted prefixes"'
    record = with_body(MOVER, f"Close #14669\n\nThis reverts commit {sha}.", title)
    assert texts("why were evicted prefixes reverted?", [hit(record, BOTH)]) == [title]


def test_a_line_that_repeats_the_title_is_not_quoted_in_place_of_a_sentence() -> None:
    body = "* fix(mover): move evicted prefixes\n\nEvicted prefixes of a host were never moved."
    record = with_body(MOVER, body, "mover: move evicted prefixes (#12)")
    assert best_passage("are evicted prefixes moved?", hit(record)).startswith("Evicted prefixes")


def test_a_line_that_introduces_a_list_is_no_quote() -> None:
    record = with_body(DRAIN, "With evicted prefixes in the host memory:", "Move blocks")
    assert best_passage("evicted prefixes in host memory", hit(record)) == "Move blocks"


def test_the_change_that_carries_the_answer_is_not_left_out_for_another() -> None:
    title = "Should not compute again if it does not track"
    meant = with_body(MOVER, "", title)
    other = with_body(DRAIN, "Prefixes compute on, although slowly.", "Revert pausing")
    question = "prefixes compute once more although nothing tracked them"
    assert texts(question, [hit(meant, BOTH), hit(other)])[0] == title


def test_a_change_that_has_a_name_only_in_its_code_stands_beside_no_other() -> None:
    told = with_body(MOVER, "", "Add mut_blocks to the mover")
    log = with_body(DRAIN, "", "Update the log")
    log = replace(log, digest=replace(log.digest, text="- mut_blocks of the mover"))
    asked = "which change added mut_blocks to the mover?"
    assert texts(asked, [hit(told, BOTH), hit(log)]) == ["Add mut_blocks to the mover"]
    assert texts(asked, [hit(log)]) == ["Update the log"]


def test_a_quote_beside_the_best_tells_nearly_as_much_of_the_question() -> None:
    best = with_body(MOVER, "", "Prefer zstd and brotli over gzip for responses")
    part = with_body(DRAIN, "Rolled logs of zstd and gzip.", "Roll logs")
    part = replace(part, digest=replace(part.digest, text="prefer brotli responses"))
    question = "when did we prefer zstd and brotli over gzip for responses?"
    assert len(texts(question, [hit(best, BOTH), hit(part)])) == 1


def test_the_subject_of_a_squashed_commit_tells_less_than_the_title() -> None:
    title = "mover: prefer pinned blocks over evicted prefixes"
    record = with_body(DRAIN, "* test(mover): fix blocks of prefixes in tests", title)
    assert best_passage("when did we prefer pinned blocks over prefixes?", hit(record)) == title


@pytest.mark.parametrize(
    "question", ["when did we add a dark mode?", "什么时候加入了暗黑模式主题？"]
)
def test_that_something_was_added_is_no_answer_to_what(question: str) -> None:
    record = with_body(MOVER, "", "Add a warning in compatible mode")
    assert not texts(question, [hit(record, {"dense": 66, "lexical": 1})])


def test_a_commit_of_a_merged_branch_is_quoted_where_it_says_more_than_the_title() -> None:
    merged = with_body(DRAIN, "", "chore: Upgrade to the 2025 edition")
    commit = Commit("1" * 40, "chore: Bump the minimum Rust version to 1.85", "Ann")
    merged = replace(merged, change=replace(merged.change, commits=(commit,)))
    question = "when did we raise the minimum Rust version to 1.85?"
    assert texts(question, [hit(merged)]) == [commit.title]


def test_a_compound_is_asked_for_once() -> None:
    hook = with_body(DRAIN, "", "Update the pre-commit hook of the linter")
    assert not texts("when did we replace pre-commit with prek?", [hit(hook, BOTH)])


def test_what_carries_the_question_comes_before_what_stands_beside_it() -> None:
    beside = with_body(DRAIN, "", "Update hooks swiftly")
    meant = with_body(MOVER, "", "Switch hooks to prek")
    asked = "switch hooks swiftly over to prek tomorrow"
    assert texts(asked, [hit(beside), hit(meant, BOTH)]) == [
        meant.change.title,
        beside.change.title,
    ]


def test_words_that_every_hit_holds_put_no_quote_beside_the_best() -> None:
    meant = with_body(MOVER, "", "Add the host.proto_name placeholder")
    others = [
        with_body(DRAIN, "", f"Replace host placeholders of {n}") for n in ("SNI", "DNS", "NTP")
    ]
    asked = "which change added the {host.proto_name} placeholder?"
    found = texts(asked, [hit(meant, BOTH), *map(hit, others)])
    assert found == [meant.change.title]


def test_what_words_and_meaning_both_put_first_is_named_where_nothing_answers() -> None:
    near = hit(with_body(MOVER, "", "Keep the textarea as the reader left it"), BOTH)
    asked = "textarea jumps back to an old size after somebody dragged it"
    assert not best_quotes(asked, [near])
    assert closest(asked, [near]) == (near,)
    assert closest(asked, [replace(near, ranks=FAR)]) == ()
