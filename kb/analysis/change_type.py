"""What kind of change it is: by its files, then its title, then the shape of its diff. There is always one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kb.analysis.facts import Facts
from kb.analysis.path_roles import is_lock, is_tooling
from kb.analysis.surface import is_changelog
from kb.analysis.titles import CHORE, parse_title
from kb.analysis.type_evidence import evidence, votes
from kb.types import Change

RELEASE_LINES = 400  # more source than that is a change that was only named after its release


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` is a phrase key: files, revert, release, title, tag, body, shape, last."""

    types: tuple[str, ...]
    reason: str


_SECURITY = re.compile(
    r"(?<!\w)(security (fix|issue|vulnerabilit\w+|advisory|hole|patch)|vulnerabilit(y|ies)|CVE-\d{4}|GHSA-\w+|GO-20\d\d-\d+|RUSTSEC-\d+|PYSEC-\d+|\[SECURITY\]|path traversal|directory traversal|"
    r"(command|code|sql|shell|header|crlf|html|template|prompt) injection|\bXSS\b|\bSSRF\b|\bCSRF\b|\bRCE\b|remote code execution|request smuggling|"
    r"(re)?dos attack|ReDoS|denial[- ]of[- ]service|use[- ]after[- ]free|unsound(ness)?(?![- ](?:assign|type|overrid|narrow|varian|rule|return|yield)\w*)|prototype pollution|arbitrary (file|code)|"
    r"timing attack|secret leak\w*|credential leak\w*|privilege escalation|auth(entication|orization)? bypass|sanitiz\w+ (path|input|url|html)|server\.fs\.deny)",
    re.IGNORECASE,
)
_ROLE_TYPES = {"docs": "docs", "test": "test", "ci": "ci-config", "build": "ci-config", "dependency": "dependency", "agent": "ci-config"}  # fmt: skip
_FIX_FIRST = re.compile(
    r"\W*(bug[- ]?fix(es)?|hot[- ]?fix(es)?|fix(es|ed)?|work(s|ed)?[- ]?around)\b", re.IGNORECASE
)
_FEATURE_FIRST = re.compile(
    r"(add(s|ed)?|allow(s|ed)?|support(s|ed)?|implement(s|ed)?|introduc(e|es|ed)|expos(e|es|ed)|export(s|ed)?|enabl(e|es|ed)|provid(e|es|ed)|accept(s|ed)?)\b(?!.{0,12}\bmissing\b)",
    re.IGNORECASE,
)
_ADVISORY_ID = re.compile(
    r"\b(CVE-\d{4}-\d+|GHSA(-\w{4}){3}|RUSTSEC-\d{4}-\d+|GO-20\d\d-\d+|PYSEC-\d{4}-\d+)\b|\bvulnerabilit(y|ies)\b",
    re.IGNORECASE,
)
_ADVISORY_FIXED = re.compile(
    r"\b(fix(es|ed)?|address(es|ed)?|resolve[sd]?|mitigate[sd]?|close[sd]?)\s*:?\s+(for\s+)?(CVE-\d{4}-\d+|GHSA(-\w{4}){3})",
    re.IGNORECASE,
)
_EXPLOITED = re.compile(r"\bGHSA-|\bCVE-\d|\battacker[- ](supplied|controlled)\b", re.IGNORECASE)
_FOR_SPEED = re.compile(
    r"\bquadratic\b|\bexponential (time|blow-?up|runtime)\b|\bavoid(s|ed|ing)? (re-?(walk|scan|comput|pars|creat|calculat)\w*|redundant|repeated|unnecessary) \w+|"
    r"\b(for|better|improv\w+|faster|speeds? up|reduc\w+)\s+(\w+\s+){0,2}(perf|performance|speed|latency|throughput|allocations?)\b",
    re.IGNORECASE,
)
# GitHub's own title for a fix that was written in the private fork of a security advisory.
_ADVISORY = re.compile(r"merge commit from fork\b", re.IGNORECASE)
_REFACTOR_FIRST = re.compile(
    r"(refactor\w*|rename[sd]?|move[sd]?|replace[sd]?|clean ?up|tidy|reorgani[sz]e\w*|extract|split|simplify|reformat)\b",
    re.IGNORECASE,
)
# What a linter complained of no user saw.
_LINTERS = (
    "clippy|ruff|flake8|pylint|eslint|mypy|pyright|rustfmt|clang-tidy|golangci(-lint)?|staticcheck|revive|gocritic|errcheck|gofumpt|gofmt|goimports|"
    "prettier|black|isort|biome|oxlint|ktlint|checkstyle|spotless|rubocop|shellcheck|markdownlint|yamllint"
)
_FOR_A_LINTER = re.compile(
    rf"\b(lint(er|ing|s)?|{_LINTERS})( \w+)? "
    r"(error|warning|issue|complaint|violation|finding|failure|lint)s?($| (in|from|on|after) )"
    rf"|\b(from|by|of) ({_LINTERS}|the linters?)$",
    re.IGNORECASE,
)
_LINTER_SCOPE = re.compile(rf"lint(er|ing|s|ers)?|{_LINTERS}", re.IGNORECASE)
_NEW_DEFAULT = re.compile(
    r"\bby default\b|^(switch |change )?defaults? to\b|^make .+ (the )?default$", re.IGNORECASE
)
_MOVES_VERSION = re.compile(r"(\b(to|from) |\w[=~>]=?)v?\d+(\.\d+)*", re.IGNORECASE)
_MOST_ADAPTED = 100  # lines of source that a new version of a requirement asks for
_SPEED = re.compile(
    r"perf|fast|speed|slow|quick|optimi|latenc|throughput|memor|\bcach|\bfus|kernel|alloc|avoid(?!\w* (?:in[- ]place )?mutat)|lazy|lazi|parallel|overlap|reduc|\bhot\b|efficien|batch|inlin|prefetch|copy|copies|clon|"
    r"\bonce\b|\bonly\b|lock|concurren|async|bench|hoist|overhead|less|fewer|skip|reus|stream|pool|graph|warm|tun(e|ing)|cost|cheap|hash|index|flush|buffer|wait|block|"
    r"性能|加速|优化|缓存|并行|内存|延迟|吞吐",
    re.IGNORECASE,
)
_RENAME_FIRST = re.compile(r"rename[sd]?\b", re.IGNORECASE)
_REMOVE_FIRST = re.compile(r"(remove|delete|drop|purge)[sd]?\b(?!-)", re.IGNORECASE)
_CHANGELOG_KINDS = {
    "feature": "feature", "enhancement": "feature", "added": "feature", "improvement": "feature", "bugfix": "bugfix",
    "fixed": "bugfix", "removal": "refactor", "deprecation": "feature", "doc": "docs",
    "docs": "docs", "security": "security", "performance": "performance",
}  # fmt: skip
_PERFORMANCE_BODY = re.compile(
    r"\b\d+(\.\d+)?\s*(%|x|×)\s*(faster|speed-?up|less|fewer|lower|improvement|reduction)",
    re.IGNORECASE,
)


def change_type(facts: Facts) -> Verdict:
    """One or two types, the main one first."""
    title = facts.title
    main, reason = _main(facts)
    second = ""
    words = f"{facts.change.title}\n{facts.change.body[:2000]}"
    source = facts.size.source_added + facts.size.source_removed
    if source and is_advisory(facts.change) and main in ("bugfix", "feature", "refactor"):
        main, second = "security", "bugfix"
    elif main in ("bugfix", "feature", "refactor", "dependency") and (
        _SECURITY.search(facts.change.title) or facts.title.scope == "security"
    ):
        main, second = ("security", main) if title.type == "security" else (main, "security")
    elif main == "bugfix" and _EXPLOITED.search(words):
        second = "security"
    elif main in ("security",):
        second = "bugfix"
    elif (
        main == "refactor"
        and title.type != "refactor"
        and reason == "title"
        and _PERFORMANCE_BODY.search(words)
    ):
        second = "performance"
    elif title.type and title.type not in (main, CHORE) and reason in ("files", "release"):
        second = (
            title.type
            if title.type
            in ("bugfix", "dependency", "performance", "test", "ci-config", "docs", "revert")
            else ""
        )
    return Verdict((main, second) if second and second != main else (main,), reason)


def is_advisory(change: Change) -> bool:
    """Whether a fix has an advisory of its own: by its number, or merged from the advisory's private fork."""
    return bool(
        _ADVISORY.match(change.title)
        or _ADVISORY_ID.search(change.title)
        or _ADVISORY_FIXED.search(change.body[:2000])
    )


def _main(facts: Facts) -> tuple[str, str]:
    title, size = facts.title, facts.size
    if title.type == "revert":
        return "revert", "revert"
    by_files = _by_files(facts)
    if title.release_alone and not size.source_added > RELEASE_LINES:
        return "ci-config", "release"
    if title.release and (not size.source_added or facts.version_only or size.source_added <= 6):
        return "ci-config", "release"
    if facts.version_only and (by_files != "dependency" or _names_itself(facts)):
        return "ci-config", "release"
    if by_files:
        return by_files, "files"
    if (
        _LINTER_SCOPE.fullmatch(title.scope)
        and facts.lines_by_role.get("ci")
        and not _is_linter(facts)
    ):
        return "refactor", "title"  # new rules for the maintainers' own code
    if title.type and title.type != CHORE and title.how in ("prefix", "emoji", "tag", "word"):
        return _checked(facts, title.type)
    return _by_evidence(facts)


def _names_itself(facts: Facts) -> bool:
    """Whether the title names the repository: what it bumps is no requirement then."""
    name = facts.change.repo.rsplit("/", 1)[-1].lower()
    return name in re.findall(r"[\w.-]+", facts.title.text.lower())


def _is_linter(facts: Facts) -> bool:
    return bool(_LINTER_SCOPE.fullmatch(facts.change.repo.rsplit("/", 1)[-1]))


def _by_files(facts: Facts) -> str:
    """The type where the files leave no choice: no source line was changed."""
    size, lines = facts.size, facts.lines_by_role
    source = size.source_added + size.source_removed
    commented = source == 0 and facts.files_by_role.get("source") and facts.comment_lines
    if commented and facts.comment_lines + lines.get("docs", 0) >= 0.5 * sum(lines.values()):
        return "docs"
    if source or any(
        view.role == "source" and view.file.status in ("renamed", "deleted", "added")
        for view in facts.views
    ):
        if facts.inline_tests and facts.inline_tests >= 0.95 * (source + facts.inline_tests):
            return "test"
        return ""
    changelog = sum(
        view.file.additions + view.file.deletions for view in facts.views if is_changelog(view.path)
    )
    weights = {  # where two weigh the same, the first is what the others follow
        "dependency": lines.get("dependency", 0)
        + (1 if any(is_lock(view.path) for view in facts.views) else 0),
        "ci-config": lines.get("ci", 0) + lines.get("build", 0) + lines.get("agent", 0),
        "test": lines.get("test", 0) + facts.inline_tests,
        "docs": lines.get("docs", 0) - changelog,
    }
    if _ships(facts) and weights["test"] < 0.9 * sum(lines.values()):
        weights["test"] = 0  # they cover what the build or its data do
    other = lines.get("data", 0) + lines.get("bench", 0) + lines.get("generated", 0)
    total = sum(weights.values()) + other
    claimed = facts.title.type
    moved = sum(view.file.status == "renamed" and view.role == "data" for view in facts.views)
    if 2 * moved > len(facts.views) and claimed and claimed != CHORE:
        return ""  # files that went elsewhere whole have no lines; the rest follows them
    if not total:
        if changelog:
            return "docs"
        # Renames and modes: no line moved, the roles of the files are all there is.
        roles = {_ROLE_TYPES.get(view.role, "") for view in facts.views}
        return roles.pop() if len(roles) == 1 else ""
    best = max(weights, key=lambda kind: weights[kind])
    if weights[best] >= 0.9 * total:
        if (
            best == "ci-config" and claimed == "dependency" and lines.get("agent", 0) < 0.5 * total
        ) or (best == "docs" and claimed == "ci-config"):
            return claimed
        if (
            best == "ci-config"
            and _ships(facts)
            and claimed in ("bugfix", "feature", "dependency", "docs")
        ):
            return ""  # a build system is a product too: the title decides
        if best == "docs" and facts.files_by_role.get("ci") and claimed == "ci-config":
            return claimed
        return best
    if claimed and claimed in weights and weights[claimed] >= 0.1 * total:
        return claimed
    if claimed == "dependency" and weights["ci-config"] >= 0.1 * total:
        return claimed  # hooks and actions are pinned in CI's files
    if claimed in ("bugfix", "feature", "performance") and other >= 0.5 * total:
        return ""
    if not claimed or claimed == CHORE:
        # Data alone that no title explains; benchmarks are run by who runs the tests.
        alone = "test" if lines.get("bench", 0) > lines.get("data", 0) else "ci-config"
        return best if weights[best] else "" if facts.surface.changelog else alone
    product = claimed in ("bugfix", "feature", "performance", "security")
    return best if weights[best] >= (0.5 * total if product else 1) else ""


def _ships(facts: Facts) -> bool:
    """Whether build files change that users get, beside those that only maintainers run."""
    return any(
        view.role == "build" and not is_tooling(view.path.lower().split("/")[:-1])
        for view in facts.views
    )


def _checked(facts: Facts, claimed: str) -> tuple[str, str]:
    """A title's claim; words (not prefixes) that the diff contradicts are weighed with it instead."""
    if facts.title.how != "word" or claimed not in ("docs", "test", "ci-config", "dependency"):
        return claimed, "title"
    size, lines = facts.size, facts.lines_by_role
    share = {
        "docs": lines.get("docs", 0) + facts.comment_lines,
        "test": size.test_lines + lines.get("bench", 0),
        "ci-config": lines.get("ci", 0) + lines.get("build", 0),
        "dependency": lines.get("dependency", 0),
    }[claimed]
    source = size.source_added + size.source_removed
    return _by_evidence(facts) if source > 20 and source > share else (claimed, "title")


def _by_evidence(facts: Facts) -> tuple[str, str]:
    """Where nobody wrote a type: an entry in a changelog, else words and shape weighed together."""
    if kind := _CHANGELOG_KINDS.get(facts.surface.changelog):
        return kind, "changelog"
    size, text = facts.size, facts.title.text
    if _FOR_A_LINTER.search(text) and not _names_itself(facts):
        return "refactor", "evidence"
    moved = facts.lines_by_role.get("dependency") or any(is_lock(view.path) for view in facts.views)
    if (
        facts.title.type == "dependency"
        and moved
        and _MOVES_VERSION.search(text)
        and size.source_added <= _MOST_ADAPTED
    ):
        return "dependency", "evidence"
    sums = votes(evidence(facts))
    # The histories that the weights were fitted on hold more fixes than most.
    sums["bugfix"] -= 0.15
    if _FIX_FIRST.match(text):
        sums["bugfix"] += 1.5
    elif _NEW_DEFAULT.search(text):
        sums["feature"] += 2.0  # everybody meets it
    elif _FEATURE_FIRST.match(text):
        # The histories hold many a "fix: allow ..."; a reader of "allow" alone thinks of something new.
        sums["feature"] += 0.6
    elif _REFACTOR_FIRST.match(text) or _mostly_removed(facts):
        sums["refactor"] += 1.0
    if _RENAME_FIRST.match(text):
        sums["refactor"] += 1.5  # what has another name is no new thing
    if facts.formatting_only:
        sums["refactor"] += 2.5
    if facts.title.type == "docs" and not _tested(facts):
        # A line in the middle of a docstring looks like one of code: the title knows better.
        within = "docstring" in text.lower() and _defines_nothing(facts)
        if within or facts.comment_lines >= max(1, size.source_added):
            sums["docs"] += 2.5
    entry = _entry_type(facts)
    if entry in sums:
        # Who writes "improves performance" for users means it; a verb of an entry says less.
        sums[entry] += 3.5 if entry == "performance" else 1.5
    if _FOR_SPEED.search(text):
        sums["performance"] += 1.5  # what it was done for, whatever its verb
    if facts.title.type == "dependency" and moved:
        sums["dependency"] += 2.5
    for kind in impossible(facts):
        sums[kind] -= 2.0
    if facts.title.type == CHORE:
        sums["feature"] -= 0.7
        sums["bugfix"] -= 0.7
    best = max(sums, key=lambda kind: sums[kind])
    return best, "evidence"


_BULLET = re.compile(r"\s*[-*+]\s+|\s*\d+[.)]\s+")


def _entry_type(facts: Facts) -> str:
    """What the words of a changelog's entry say: the maintainers' own sentence on the change."""
    entries = [line for line in facts.surface.changelog_lines if _BULLET.match(line)]
    if len(entries) != 1 or facts.title.release:
        return ""
    text = _BULLET.sub("", entries[0], count=1)
    if _FOR_SPEED.search(text):
        return "performance"
    return parse_title(text).type


def _mostly_removed(facts: Facts) -> bool:
    """A title that begins with "remove" over a diff that does little else."""
    size = facts.size
    return bool(_REMOVE_FIRST.match(facts.title.text)) and (
        size.source_removed > 4 * size.source_added
    )


def impossible(facts: Facts) -> list[str]:
    """Types that the files do not bear out."""
    size, lines = facts.size, facts.lines_by_role
    source = size.source_added + size.source_removed
    unborne = []
    if _tested(facts):
        unborne.append("docs")  # nobody tests a text
    elif (
        (source > 5 or not source)
        and not lines.get("docs")
        and facts.comment_lines <= source
        and not (facts.title.type == "docs" and _defines_nothing(facts))
    ):
        unborne.append("docs")
    if not source and not any(view.role == "source" for view in facts.views):
        kinds = ("bugfix", "feature", "refactor", "performance")
        unborne += [kind for kind in kinds if kind != facts.title.type]
    if _REMOVE_FIRST.match(facts.title.text):
        unborne.append("feature")
    told = "\n".join((facts.title.text, facts.change.body[:2000], *facts.surface.changelog_lines))
    if facts.title.type != "performance" and not _SPEED.search(told):
        unborne.append("performance")
    if source > 5 and not size.test_lines and not lines.get("bench"):
        unborne.append("test")
    if not lines.get("dependency") and not lines.get("build") and not lines.get("ci"):
        unborne.append("dependency")
    if source > 5 and not any(lines.get(role) for role in ("ci", "build", "agent", "dependency")):
        unborne.append("ci-config")
    return unborne


def _tested(facts: Facts) -> bool:
    """Whether tests came with lines of source."""
    size = facts.size
    return bool(size.source_added + size.source_removed and size.test_lines)


def _defines_nothing(facts: Facts) -> bool:
    """No definition came, went or takes other parameters, and no option: a text of many lines may look so."""
    symbols = facts.symbols
    return not (symbols.added or symbols.removed or symbols.changed or facts.surface.flags)
