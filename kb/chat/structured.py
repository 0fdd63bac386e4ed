"""One structured call: json_schema, then tools, JSON mode and plain text, whichever the server can.

A server may accept a way of asking and ignore it, answer with half an object, or with prose around
it; each is a fault with a name, and the next way is tried. A cut answer is never mended.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kb.chat.budget import Usage, estimated_tokens
from kb.chat.faults import Fault, Faulted, fault_of

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage
    from pydantic import BaseModel

METHODS = ("json_schema", "function_calling", "json_mode", "text")
_CUT = frozenset(("length", "max_tokens", "MAX_TOKENS"))
_FILTERED = frozenset(("content_filter", "refusal", "SAFETY"))


def messages_of(system: str, user: str) -> list[BaseMessage]:
    from langchain_core.messages import HumanMessage, SystemMessage

    return [SystemMessage(system), HumanMessage(user)]


def call(
    model: BaseChatModel, messages: Sequence[BaseMessage], schema: type[BaseModel], method: str
) -> tuple[BaseModel, Usage]:
    """One request by one method. Raises Faulted; `usage` counts what the provider said it cost."""
    if method == "text":
        raw = model.invoke(list(messages))
        checked(raw)
        return validated(json_in(text_of(raw)), schema), usage_of(raw, messages)
    bound = model.with_structured_output(schema_of(schema), method=method, include_raw=True)
    result: Any = bound.invoke(list(messages))
    raw = result["raw"]
    checked(raw)
    parsed = result.get("parsed")
    if parsed is None:
        parsed = json_in(text_of(raw))
    return validated(parsed, schema), usage_of(raw, messages)


def schema_of(schema: type[BaseModel]) -> dict[str, Any]:
    """A flat JSON schema without pydantic's titles: fewer tokens, and what a test can pin."""
    full = schema.model_json_schema()
    return {
        "title": schema.__name__,
        "description": (schema.__doc__ or schema.__name__).strip().split("\n")[0],
        "type": "object",
        "properties": {name: _untitled(value) for name, value in full["properties"].items()},
        "required": list(full["properties"]),
        "additionalProperties": False,
        **(
            {"$defs": {n: _untitled(d) for n, d in full["$defs"].items()}}
            if "$defs" in full
            else {}
        ),
    }


def _untitled(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _untitled(item)
            for key, item in value.items()
            if key != "default" and not (key == "title" and isinstance(item, str))
        }
    return value


def reason_of(raw: AIMessage) -> str:
    """Why the answer ended, in the provider's word; "" where it did not say."""
    metadata = raw.response_metadata or {}
    names = ("finish_reason", "stop_reason", "done_reason")
    return next((str(metadata[name]) for name in names if metadata.get(name)), "")


def checked(raw: AIMessage) -> None:
    """Raises for an answer that was cut, filtered, or is empty."""
    reason = reason_of(raw)
    if reason in _CUT:
        raise Faulted(Fault("cut", f"the answer ended by {reason}"))
    if reason in _FILTERED:
        raise Faulted(Fault("filtered", f"the answer ended by {reason}"))
    if not text_of(raw).strip() and not raw.tool_calls:
        if raw.invalid_tool_calls:
            raise Faulted(Fault("malformed", "a tool call that is no JSON"))
        raise Faulted(Fault("empty", "the answer is empty"))


def text_of(raw: AIMessage) -> str:
    """The text of an answer, without a model's thinking aloud."""
    content = raw.content
    if not isinstance(content, str):
        content = "".join(
            part if isinstance(part, str) else str(part.get("text", "")) for part in content
        )
    return re.sub(r"<think>.*?(?:</think>|$)", "", content, flags=re.DOTALL)


def json_in(text: str) -> Any:
    """The first JSON object in a text; Faulted where there is none."""
    decoder = json.JSONDecoder()
    for match in re.finditer(r"\{", text):
        try:
            value, _ = decoder.raw_decode(text, match.start())
        except ValueError:
            continue
        if isinstance(value, dict):
            return value
    raise Faulted(Fault("malformed", "no JSON object in the answer"))


def validated(parsed: Any, schema: type[BaseModel]) -> BaseModel:
    from pydantic import ValidationError

    if isinstance(parsed, list) and len(parsed) == 1:
        parsed = parsed[0]
    try:
        return schema.model_validate(parsed)
    except ValidationError as exc:
        fields = ", ".join(".".join(map(str, error["loc"])) for error in exc.errors()[:3])
        raise Faulted(Fault("malformed", f"the answer does not fit the schema: {fields}")) from exc


def usage_of(raw: AIMessage, messages: Sequence[BaseMessage]) -> Usage:
    told = raw.usage_metadata
    if told:
        return Usage(tokens_in=told["input_tokens"], tokens_out=told["output_tokens"])
    asked = sum(estimated_tokens(str(message.content)) for message in messages)
    return Usage(tokens_in=asked, tokens_out=estimated_tokens(text_of(raw)))


def next_method(method: str, fault: Fault) -> str | None:
    """The way to ask after a fault that another way may mend; None where none is left."""
    position = METHODS.index(method)
    if fault.kind not in ("malformed", "empty", "unsupported") or position + 1 == len(METHODS):
        return None
    return METHODS[position + 1]


__all__ = ["METHODS", "call", "fault_of", "messages_of", "next_method", "schema_of"]
