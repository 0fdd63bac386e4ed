"""How well and how fast a whole knowledge base answers questions (KB_BENCH_HOME, KB_EVAL_FILE).

Quality: the table of `kb eval` by mode, with floors for the hybrid one. Speed: a resident process
asks every question through Chroma, without filters and with three. The floors hold for the
development set on sglang, `KB_EVAL_SINCE`..`KB_EVAL_UNTIL` (2026-01-01, 2026-06-02).
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path

from kb.evaluation import Evaluation, comparison_text, evaluate, evaluation_text, read_queries
from kb.knowledge_base import KnowledgeBase
from kb.periods import parse_time
from kb.settings import Settings
from kb.types import Filters

FLOORS = {"recall@10": 0.89, "ndcg@10": 0.77}
PLAIN_P95_MS, FILTERED_P95_MS = 40.0, 100.0


def bounds() -> Filters:
    from datetime import UTC, datetime

    now = datetime.now(UTC)
    since = os.environ.get("KB_EVAL_SINCE", "2026-01-01")
    until = os.environ.get("KB_EVAL_UNTIL", "2026-06-02")
    repo = os.environ.get("KB_BENCH_REPO")
    return Filters(
        repos=(repo,) if repo else (),
        since=parse_time(since, "UTC", now),
        until=parse_time(until, "UTC", now),
    )


def quality(home: Path, file: Path) -> bool:
    queries, runs = read_queries(file), dict[str, Evaluation]()
    with KnowledgeBase.open(settings=Settings(home=home)) as knowledge_base:
        for mode in ("dense", "lexical", "hybrid"):
            runs[mode] = evaluate(knowledge_base, queries, filters=bounds(), mode=mode)
            print(f"\n{mode}\n{evaluation_text(runs[mode], misses=mode == 'hybrid')}")
    print(f"\nlexical, then hybrid\n{comparison_text(runs['lexical'], runs['hybrid'])}\n")
    held = True
    for measure, floor in FLOORS.items():
        value = runs["hybrid"].mean(measure)
        held &= value >= floor
        print(f"{measure}: {value:.3f}, at least {floor} {'held' if value >= floor else 'MISSED'}")
    return held


def speed(home: Path, file: Path) -> None:
    texts = [query.query for query in read_queries(file)]
    settings = Settings(home=home)
    settings = replace(settings, search=replace(settings.search, engine="chroma"))
    three = replace(bounds(), min_importance=3.0)
    for name, filters, most in (
        ("without filters", Filters(), PLAIN_P95_MS),
        ("with three filters", three, FILTERED_P95_MS),
    ):
        with KnowledgeBase.open(settings=settings, resident=True) as knowledge_base:
            knowledge_base.warm()  # as the page does
            taken = []
            for text in texts:
                started = time.perf_counter()
                knowledge_base.search(text, filters=filters)
                taken.append((time.perf_counter() - started) * 1000)
        p95 = statistics.quantiles(taken, n=20)[-1]
        print(
            f"resident search through Chroma {name}: median {statistics.median(taken):.0f} ms, "
            f"p95 {p95:.0f} ms (at most {most:.0f})"
        )


def main() -> int:
    home, file = os.environ.get("KB_BENCH_HOME"), os.environ.get("KB_EVAL_FILE")
    if not home or not file:
        print("left out: set KB_BENCH_HOME and KB_EVAL_FILE")
        return 0
    speed(Path(home), Path(file))
    return 0 if quality(Path(home), Path(file)) else 1


if __name__ == "__main__":
    sys.exit(main())
