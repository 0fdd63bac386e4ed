"""REPORTS.md rule 2: no invented reference, figure, name or link stands; no true sentence need go."""

from __future__ import annotations

import pytest

from kb.verify import Evidence, Rules, verify_sentences

LORA = Evidence(
    "o/r#17913",
    "o/r",
    17913,
    "a1b2c3d4e5f60718293a4b5c6d7e8f9001122334",
    "Add LoRADrainer for tail latency\nP99 TTFT drops from 40s to 12 seconds (70 % less), with 1,024 adapters "
    "on 8 GPUs of an H100 node. Off by default: pass `--enable-lora-drain`. Files in python/srt/lora/drainer.py",
    "class LoRADrainer:\n    def drain_starved(self, lora_id):\n        os.environ['SGLANG_LORA_DRAIN']",
    index=1,
)
RADIX = Evidence(
    "o/r#19746",
    "o/r",
    19746,
    "ffe1b2c3d4e5f60718293a4b5c6d7e8f90011223",
    "Decode radix cache\nThroughput improves 1.32x, i.e. 37.5%.\n| batch | ms |\n|---|---|\n| 64 | 8.25 |\n",
    "def match_prefix(self): ...",
    index=2,
)
BOTH = (LORA, RADIX)


def kept(text: str, rules: Rules | None = None, evidence: tuple[Evidence, ...] = BOTH) -> list[str]:
    return [sentence.text for sentence in verify_sentences(text, evidence, rules).kept]


def why(text: str, rules: Rules | None = None) -> list[str]:
    return [removed.why for removed in verify_sentences(text, BOTH, rules).removed]


TRUE = [
    "`LoRADrainer` cuts P99 TTFT from 40 s to 12 s, 70% less (#17913).",
    "P99 TTFT 从 40 秒降至 12 秒，降低 70%（#17913）。",
    "P99 TTFT 从四十秒降至十二秒，降低七成（#17913）。",
    "Ｐ99 TTFT 从 ４０ 秒降至 12 秒 (PR#17913)。",
    "Throughput rises 1.32 倍 with o/r#19746.",
    "PR 19746 improves throughput by 1.32×.",
    "It takes 8.25 ms at a batch of 64 (#19746).",
    "A test with 1024 adapters ran on 8 GPUs (#17913).",
    "`--enable-lora-drain` is off by default and SGLANG_LORA_DRAIN sets it (#17913).",
    "The drainer lives in drainer.py below python/srt/lora/ (#17913).",
    "LoRADrainer.drain_starved() does the work on H100 (a1b2c3d).",
    "Latency falls by 70% (#17913) and throughput rises 1.32x (#19746).",
    "#17913 cuts the tail by 70% and #19746 raises throughput by 37.5%.",
    "Caching and adapters moved most.",
    "缓存与调度继续完善。",
    "`match_prefix` gives 1.32x. (#19746)",
]

FALSE = [
    ("The tail falls by 71% (#17913).", "figure"),
    ("Throughput rises 1.32x (#17913).", "figure"),
    ("The tail falls from 40 s to 12 s (#19746).", "figure"),
    ("Latency falls 1.32x (#17913) and throughput rises by 70% (#19746).", "figure"),
    ("#17913 gives 37.5% and #19746 cuts the tail by 70%.", "figure"),
    ("#17913 and #19746 bring 37.5% and 70% respectively.", "figure"),
    ("#17913 drains adapters, at 1.32x, while #19746 caches prefixes.", "figure"),
    ("吞吐提升三倍（#19746）。", "figure"),
    ("延迟降至 40 毫秒（#17913）。", "figure"),
    ("Latency is forty minutes (#17913).", "figure"),
    ("Latency is halved (#17913).", "figure"),
    ("Throughput is three times higher (#19746).", "figure"),
    ("It saves 12 ms (#17913).", "figure"),
    ("It reaches １３ s (#17913).", "figure"),
    ("It is needed since v2.3.4 (#17913).", "figure"),
    ("Tail latency fell by 70%.", "uncited"),
    ("延迟降低 70%。", "uncited"),
    ("See #99999 for more.", "reference"),
    ("See x/y#17913 for more.", "reference"),
    ("Fixed by 0123abc4567.", "reference"),
    ("As [7] says, it works.", "reference"),
    ("PR 404 did it.", "reference"),
    ("#17913-#19746 improved the cache.", "range"),
    ("#17913-46 improved the cache.", "range"),
    ("#17913 至 #19746 改进缓存。", "range"),
    ("`LoRAPrefetcher` was added (#17913).", "name"),
    ("LoRAPrefetcher was added (#17913).", "name"),
    ("drain_everything was added (#17913).", "name"),
    ("`match_prefix` was added (#17913).", "name"),
    ("Pass --enable-lora to use it (#17913).", "name"),
    ("Pass --disable-lora-drain to stop it (#17913).", "name"),
    ("Pass--invented-flag to use it (#17913).", "name"),
    ("It changes scheduler.py (#17913).", "name"),
    ("It changes python/srt/lora/other.py (#17913).", "name"),
    ("It holds on H200 only (#17913).", "name"),
    ("`LoRADrainer` was added.", "name"),
    ("More at https://evil.example/x (#17913).", "link"),
    ("More at evil.com (#17913).", "link"),
    ("[LoRA](http://evil.example) moved.", "link"),
    ("Click javascript:alert(1) now.", "link"),
    ("<b>Bold</b> claims.", "markup"),
    ("<script>x</script> and more.", "markup"),
    ("| a | b |", "markup"),
    ("Thanks @somebody for it.", "markup"),
]


@pytest.mark.parametrize("sentence", TRUE)
def test_a_true_sentence_stands(sentence: str) -> None:
    verified = verify_sentences(sentence, BOTH)
    assert not verified.removed
    assert len(verified.kept) == 1


@pytest.mark.parametrize(("sentence", "reason"), FALSE)
def test_a_false_sentence_goes_and_says_why(sentence: str, reason: str) -> None:
    verified = verify_sentences(sentence, BOTH)
    assert not verified.kept
    assert verified.removed[0].why == reason
