"""Dependencies that moved, security-sensitive code, hardware limits, reviewers' open objections."""

from __future__ import annotations

import re

from kb.analysis.facts import Facts
from kb.analysis.file_views import FileView
from kb.analysis.path_roles import MANIFEST_NAMES, is_lock, is_tooling, path_role
from kb.types import Change, Risk

_REQUIREMENT = re.compile(
    r"""^\s*(?:-\s+)?["']?(?P<name>@?[A-Za-z][\w./@-]*?)["']?(?:\[[\w,\s-]+\])?\s*(?:(?P<operator>==|>=|<=|~=|!=|=|:|\^|<|>|@)\s*|\s+)(?P<rest>.*\d.*)$"""
)
_VERSION = re.compile(r"(?:[\^~=<>!]=?|v)?\s*\d+(?:\.\w+)*(?:[-+][\w.]+)?")
_NOT_NAME = frozenset(
    ["version", "name", "edition", "rust-version", "go", "node", "requires-python", "python", "line-length", "target-version", "resolver", "build-backend", "packagemanager", "minimum-version", "python_version", "toolchain", "target", "port", "description"]
)  # fmt: skip
_DOCKER_PIN = re.compile(
    r"^\s*(?:ARG|ENV)\s+(?P<name>\w*(?:VERSION|TAG|COMMIT|BRANCH))\s*=?\s*(?P<rest>\S+)|^\s*FROM\s+(?P<image>[\w./-]+):(?P<tag>\S+)"
)


def dependency(facts: Facts) -> list[Risk]:
    """Requirements added or moved ("torch 2.8.0 -> 2.9.0"); linters' hooks and lock files aside."""
    found: list[Risk] = []
    for view in facts.views:
        name = view.path.rsplit("/", 1)[-1].lower()
        if is_lock(view.path):
            continue
        if view.role == "dependency" or name in MANIFEST_NAMES:
            if path_role(view.path) in ("test", "docs", "bench") or _NOT_RUNTIME.search(view.path):
                continue
            if is_tooling(view.path.lower().split("/")[:-1]):
                continue  # who installs the product installs none of it
            found += _moved(view, name)
        elif name.startswith("dockerfile"):
            found += _pins(view)
    return list(dict.fromkeys(found))


def _moved(view: FileView, name: str) -> list[Risk]:
    old = _requirements(view, "-", name)
    new = _requirements(view, "+", name)
    found = []
    for key, (version, line) in new.items():
        if key not in old:
            found.append(Risk("dependency", f"+ {key} {version}".strip(), view.path, line))
        elif old[key][0] != version and version and old[key][0]:
            found.append(Risk("dependency", f"{key} {old[key][0]} -> {version}", view.path, line))
    found += [
        Risk("dependency", f"- {key} {old[key][0]}".strip(), view.path, old[key][1])
        for key in old
        if key not in new
    ]
    return found


# Requirements of contributors, and of projects that a template would create.
_NOT_RUNTIME = re.compile(
    r"(^|[/_.-])(dev|develop|tests?|docs?|lint|typing|style|ci|build|examples?|templates?)([/_.-]|$)|(^|/)template-",
    re.IGNORECASE,
)
_SECTION = re.compile(
    r"^\s*\[(?P<section>[^\]]+)\]|^\s*\"(?P<key>[\w-]+)\"\s*:\s*[\[{]|^(?P<name>[\w-]+)\s*=\s*\["
)
_REQUIREMENT_SECTION = re.compile(
    r"dependenc|requires|install_requires|extras|optional-dep", re.IGNORECASE
)
# A member of the same workspace moves with its release.
_OWN = re.compile(r"""\bpath\s*=\s*["']|["'](?:workspace|file|link):""")
_QUOTED = re.compile(
    r"""["'](?P<name>[A-Za-z][\w.-]*)(?:\[[\w,\s-]+\])?\s*(?P<rest>(?:==|>=|<=|~=|!=|<|>|@)[^"']*)?["']\s*,?\s*(?:#.*)?$"""
)


def _requirements(view: FileView, mark: str, name: str) -> dict[str, tuple[str, int]]:
    found: dict[str, tuple[str, int]] = {}
    for hunk in view.hunks:
        table, section = "", hunk.section  # above a hunk git names any line, "A tool for tests" too
        for line in hunk.lines:
            text = line.text
            if match := _SECTION.match(text):
                table = match["section"] or table
                section = match["section"] or match["key"] or f"{table} {match['name']}"
            if line.kind != mark or text.lstrip().startswith(("#", "//")):
                continue
            number = (line.new_line if mark == "+" else line.old_line) or 0
            entry = _requirement(text, name, section)
            if entry:
                found.setdefault(entry[0], (entry[1], number))
    return found


def _requirement(text: str, name: str, section: str) -> tuple[str, str] | None:
    in_requirements = bool(_REQUIREMENT_SECTION.search(section))
    if name in ("pyproject.toml", "setup.py", "setup.cfg"):
        if not in_requirements and not re.search(r"[=<>~]=", text):
            return None
        match = _QUOTED.search(text) or (
            re.match(r"\s+(?P<name>[A-Za-z][\w.-]*)\s*(?P<rest>(?:==|>=|~=|<)\S*)", text)
            if name == "setup.cfg"
            else None
        )
        if (
            match is None
            or match["name"].lower() in _NOT_NAME
            or re.search(r"dev|lint|test|docs|dependency-groups", section)
        ):
            return None
        return match["name"], (match["rest"] or "").strip()
    if (
        name in ("cargo.toml", "package.json", "composer.json", "pubspec.yaml")
        and not in_requirements
    ):
        return None
    if _OWN.search(text):
        return None
    if name == "package.json" and "dev" in section.lower():
        return None
    if name == "cargo.toml" and "dev" in section:
        return None
    match = _REQUIREMENT.match(text)
    if (
        match is None
        or match["name"].lower() in _NOT_NAME
        or match["name"].startswith(("http", "--"))
    ):
        return None
    if "// indirect" in text:
        return None
    version = _VERSION.search(match["rest"].split(";")[0])
    return match["name"], version[0].replace(" ", "") if version else ""


def _pins(view: FileView) -> list[Risk]:
    def side(mark: str) -> dict[str, tuple[str, int]]:
        pins = {}
        for text, line in view.lines(mark):
            if match := _DOCKER_PIN.match(text):
                pins[match["name"] or match["image"]] = (match["rest"] or match["tag"], line)
        return pins

    old, new = side("-"), side("+")
    return [
        Risk("dependency", f"{key} {old[key][0]} -> {value}", view.path, line)
        for key, (value, line) in new.items()
        if key in old and old[key][0] != value
    ]


_SECURITY_WORDS = re.compile(
    r"\b(CVE-\d{4}-\d+|GHSA(-[\w]{4}){3}|vulnerabilit(y|ies)|path traversal|directory traversal|(command|code|sql|shell|header|crlf|html|template) injection|XSS|SSRF|CSRF|RCE|"
    r"remote code execution|request smuggling|ReDoS|denial[- ]of[- ]service|use[- ]after[- ]free|prototype pollution|privilege escalation|auth(entication|orization)? bypass|"
    r"security (fix|issue|patch|advisory|hardening))\b|漏洞|越权",
    re.IGNORECASE,
)
_SENSITIVE_CODE = (
    ("pickle", re.compile(r"\bpickle\.loads?\(|\bcloudpickle\.loads?\(|\bdill\.loads?\(|\bmarshal\.loads\(|torch\.load\((?!.*weights_only=True)|yaml\.load\((?!.*Safe)|joblib\.load\(")),
    ("eval", re.compile(r"(?<![\w.])eval\(\s*(?![\"'])\w|(?<![\w.])exec\(\s*(?![\"'])\w|new Function\(")),
    ("shell", re.compile(r"shell\s*=\s*True|\bos\.system\(|\bos\.popen\(|child_process|execSync\(|Runtime\.getRuntime\(\)\.exec|exec\.Command\(\s*\"(sh|bash)\"")),
    ("trust_remote_code", re.compile(r"trust_remote_code\s*=\s*True")),
    ("tls", re.compile(r"verify\s*=\s*False|InsecureSkipVerify:\s*true|rejectUnauthorized:\s*false|danger_accept_invalid_certs\(true|_create_unverified_context|CERT_NONE")),
    ("html", re.compile(r"dangerouslySetInnerHTML|v-html=|\bMarkup\(|\|\s*safe\b")),
)  # fmt: skip
# One look at the whole patch for each saves looking at each line.
_SENSITIVE_HINTS = {
    "pickle": (".load",),
    "eval": ("eval(", "exec(", "Function("),
    "shell": ("shell", "os.system(", "os.popen(", "child_process", "execSync(", "getRuntime", "exec.Command("),
    "trust_remote_code": ("trust_remote_code",),
    "tls": ("verify", "InsecureSkipVerify", "rejectUnauthorized", "invalid_certs", "CERT_NONE", "_unverified"),
    "html": ("InnerHTML", "v-html", "Markup(", "safe"),
}  # fmt: skip
_SENSITIVE_PATH = re.compile(
    r"(^|/)(auth|authentication|authorization|oauth\w*|login|session_?token|credentials?|crypto|csrf|cors|permissions?|acl|sandbox|secrets?|signing|jwt|tls|ssl)(/|\.\w+$|_\w*\.\w+$)",
    re.IGNORECASE,
)
_WORKFLOW = re.compile(
    r"^\s*(pull_request_target\s*:|permissions\s*:\s*write-all|(contents|packages|actions|id-token|deployments)\s*:\s*write\b)"
)


def security(facts: Facts, types: tuple[str, ...]) -> list[Risk]:
    found: list[Risk] = []
    change = facts.change
    for text in (change.title, change.body[:4000]):
        if match := _SECURITY_WORDS.search(text):
            found.append(Risk("security", match[0]))
            break
    for view in facts.views:
        code = facts.code.get(view.path)
        if code is not None:
            patch = view.file.patch or ""
            patterns = [
                (name, pattern)
                for name, pattern in _SENSITIVE_CODE
                if any(hint in patch for hint in _SENSITIVE_HINTS[name])
            ]
            removed = "\n".join(text for text, _ in code.removed) if patterns else ""
            for name, pattern in patterns:
                for text, line in code.added:
                    if (
                        len(text) < 400
                        and (match := pattern.search(text))
                        and match[0] not in removed
                    ):
                        found.append(
                            Risk("security", f"{name}: {text.strip()[:90]}", view.path, line)
                        )
                        break
            if (
                _SENSITIVE_PATH.search(view.path)
                and len(code.added) + len(code.removed) >= 5
                and types[0] not in ("test", "docs")
            ):
                found.append(
                    Risk("security", view.path, view.path, code.added[0][1] if code.added else 0)
                )
        elif view.path.startswith(".github/workflows/"):
            for text, line in view.lines("+"):
                if _WORKFLOW.match(text):
                    found.append(Risk("security", text.strip()[:60], view.path, line))
                    break
    return found


_HARDWARE = re.compile(
    r"\b(NPU|Ascend|ROCm|AMD|MI3\d\dX?|HIP|XPU|MUSA|MLX|Metal|Apple Silicon|TPU|HPU|Gaudi|CUDA ?1[1-9]|Blackwell|Hopper|SM ?(?:80|89|90|100|103|120)[af]?|[BHA][1-3]00|GB[23]00|"
    r"RTX ?\d{4}|s390x|ppc64le|riscv64|aarch64|ARM64|AVX-?512|AVX2|NEON|SVE|Graviton|LoongArch)\b|昇腾",
)
_CONDITION = re.compile(
    r"\b(is_(?:npu|hip|cuda|xpu|musa|cpu|blackwell|hopper|sm\d+\w*|rocm|mps|hpu|tpu|amx)\w*\(\)|_is_(?:npu|hip|cuda|xpu|musa|cpu)\b|torch\.version\.hip|"
    r"__CUDA_ARCH__\s*[<>=]+\s*\d+|#ifn?def\s+(?:USE_ROCM|__HIP\w*|__AVX\w*|__ARM_NEON\w*|__aarch64__)|cfg\(target_arch\s*=\s*\"\w+\"|"
    # Who only asks which machine it is runs on all; what the answer is compared with is a limit.
    r"(?:get_device_capability\([^()]*\)(?:\[0\])?\s*(?:[<>]=?|==)\s*(?:\(\d+, ?\d+\)|\d+)|platform\.machine\(\)(?:\.lower\(\))?\s*==\s*|runtime\.GOARCH\s*==\s*)"
    r"(?:[\"']\w+[\"'])?)"
)


def hardware(facts: Facts, types: tuple[str, ...]) -> list[Risk]:
    """Holds on one kind of hardware only: named in the title, or a new condition in the code."""
    if match := _HARDWARE.search(facts.change.title):
        return [Risk("hardware", match[0])]
    if types[0] == "refactor":
        return []
    gone = {
        match[0]
        for code in facts.code.values()
        for text, _ in code.removed
        if (match := _CONDITION.search(text))
    }
    for view in facts.views:
        code = facts.code.get(view.path)
        if code is None or not _CONDITION.search(view.file.patch or ""):
            continue
        for text, line in code.added:
            if (
                len(text) < 300
                and (match := _CONDITION.search(text))
                and match[0] not in gone
                and not text.lstrip().startswith(("import", "from"))
            ):
                return [Risk("hardware", match[0], view.path, line)]
    return []


def unresolved_review(change: Change) -> list[Risk]:
    found = []
    for thread in change.reviews:
        if thread.resolved or not thread.comments or thread.path is None:
            continue
        objection = next(
            (comment for comment in thread.comments if comment.author != change.author),
            thread.comments[0],
        )
        words = " ".join(objection.text.split()).split(" ")
        text = " ".join(words[:25]) + (" ..." if len(words) > 25 else "")
        found.append(
            Risk(
                "unresolved-review",
                f"{objection.author}: {text}",
                thread.path,
                0,
                objection.url or thread.url,
            )
        )
    return found
