"""The whole ingest against others on the same newest commits, in one run, as time(ours)/time(other).

Others: `git log -p > /dev/null` (reading alone), gitsem (PyPI git-semantic-similarity, the same model,
messages only), and a naive build (GitPython diffs, fp32, Chroma with documents). gitsem and GitPython
are not dependencies of ours: what is not installed is said and left out.
"""

from __future__ import annotations

import importlib.util
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

RUNS = 3
NAIVE = """
import sys, git, chromadb
from sentence_transformers import SentenceTransformer
clone, home, count, model = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
embed = SentenceTransformer(model)
rows = []
for commit in git.Repo(clone).iter_commits("HEAD", max_count=count):
    parent = commit.parents[0] if commit.parents else git.NULL_TREE
    patches = [d.diff.decode("utf-8", "replace") for d in commit.diff(parent, create_patch=True)]
    rows.append((commit.hexsha, commit.message + "\\n" + "\\n".join(patches)[:20000]))
vectors = embed.encode([text for _, text in rows])
collection = chromadb.PersistentClient(home).create_collection("naive", embedding_function=None)
for start in range(0, len(rows), 5000):
    part = rows[start:start + 5000]
    collection.add(
        ids=[sha for sha, _ in part],
        embeddings=vectors[start:start + 5000],
        documents=[text for _, text in part],
    )
"""
ONE_VECTOR = """
import kb.store.vectors
kb.store.vectors.KINDS = ("text",)  # before anything takes it
from ui.cli.main import main
main()
"""


def seconds(command: Sequence[str | Path], **environment: str) -> float:
    started = time.perf_counter()
    done = subprocess.run(
        [str(word) for word in command],
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    if done.returncode:
        raise SystemExit(f"{command[0]} failed: {done.stderr.decode()[-2000:]}")
    return time.perf_counter() - started


def alternating(tasks: dict[str, Callable[[], float]]) -> dict[str, float]:
    taken: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(RUNS):
        for name, task in tasks.items():
            taken[name].append(task())
    return {name: statistics.median(values) for name, values in taken.items()}


def model_folder() -> str:
    from kb.embedders.model_files import bundled_folder

    return str(bundled_folder())


def reading(clone: Path, folder: Path) -> None:
    """All patches of the history, parsed; nothing is stored."""
    code = (
        "import sys; from pathlib import Path; from kb.types import SilentObserver;"
        "from ingest.sources.git_log import GitSource;"
        "from ingest.sources.interface import Bounds, Known;"
        "source = GitSource(Path(sys.argv[1]));"
        "reading = source.read(Known(), Bounds(), SilentObserver());"
        "sum(1 for _ in reading.changes)"
    )
    log = ["git", f"--git-dir={clone}", "log", "-p"]
    found = alternating(
        {
            "ours": lambda: seconds([sys.executable, "-c", code, clone]),
            "git log -p": lambda: seconds(log),
        }
    )
    del folder
    ratio = found["ours"] / found["git log -p"]
    print(
        f"reading all patches        {found['ours']:7.1f} s  / git log -p {found['git log -p']:.1f} s"
        f"  = {ratio:.2f}   must 1.1, goal 0.65"
    )


def whole(clone: Path, folder: Path, count: int) -> None:
    """Ingest of the newest `count` commits in a clone of their own."""
    part = folder / "part"
    subprocess.run(
        ["git", "clone", "-q", "--bare", f"--depth={count + 1}", f"file://{clone}", part],
        check=True,
    )
    kb = Path(sys.executable).parent / "kb"
    fresh = iter(range(1000))

    def ours() -> float:
        home = folder / f"ours{next(fresh)}"
        return seconds([kb, "ingest", part, "--repo", "bench/part", "--quiet", "--home", home])

    def one_vector() -> float:
        home = folder / f"one{next(fresh)}"
        words = [sys.executable, "-c", ONE_VECTOR, "--home", home, "ingest", part]
        return seconds([*words, "--repo", "bench/part", "--quiet"])

    def gitsem() -> float:
        cache = folder / f"gitsem{next(fresh)}"
        words = ["gitsem", "-m", model_folder(), "--cache-dir", cache, "anything"]
        started = time.perf_counter()
        done = subprocess.run([str(word) for word in words], cwd=part, capture_output=True)
        if done.returncode:
            raise SystemExit(done.stderr.decode()[-2000:])
        return time.perf_counter() - started

    def naive() -> float:
        home = folder / f"naive{next(fresh)}"
        return seconds([sys.executable, "-c", NAIVE, part, home, str(count), model_folder()])

    tasks: dict[str, Callable[[], float]] = {"ours": ours, "one vector": one_vector}
    if shutil.which("gitsem"):
        tasks["gitsem"] = gitsem
    else:
        print("left out: gitsem (pip install git-semantic-similarity)")
    if importlib.util.find_spec("git"):
        tasks["naive"] = naive
    else:
        print("left out: the naive build (pip install GitPython)")
    found = alternating(tasks)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    bytes_on_disk = sum(
        file.stat().st_size for file in (folder / "ours0").rglob("*") if file.is_file()
    )
    one = found["one vector"]
    print(
        f"ingest of {count} commits, three vectors a change {found['ours']:.1f} s, "
        f"{count / found['ours']:.1f} a second\n"
        f"peak of any child {peak:.2f} GiB (goal 1.5), "
        f"{bytes_on_disk / count / 1024:.1f} KiB a change\n"
        f"  / one vector a change {one:.1f} s  = {found['ours'] / one:.2f}   must 2.0, goal 1.3"
    )
    for name, bound in (("gitsem", "goal 0.8"), ("naive", "must 0.4, goal 0.2")):
        if name in found:
            print(
                f"one vector / {name:<8} {found[name]:.1f} s  = {one / found[name]:.2f}   {bound}"
            )


def main() -> int:
    if not os.environ.get("KB_BENCH_CLONE"):
        print("left out: KB_BENCH_CLONE names no clone")
        return 0
    clone = Path(os.environ["KB_BENCH_CLONE"]).resolve()
    with tempfile.TemporaryDirectory() as name:
        reading(clone, Path(name))
        whole(clone, Path(name), int(os.environ.get("KB_BENCH_COMMITS", "1000")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
