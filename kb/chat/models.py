"""Opens a chat model by its name through LangChain; the only place that knows providers."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kb.chat.faults import redacted
from kb.errors import ChatError
from kb.settings import ChatSettings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

EXTRAS = {"ollama": "ollama", "anthropic": "anthropic"}  # our extras; openai is in the core
KEYS = {
    "openai": "OPENAI_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
    "google_genai": "GOOGLE_API_KEY",
    "groq": "GROQ_API_KEY",
    "mistralai": "MISTRAL_API_KEY",
    "deepseek": "DEEPSEEK_API_KEY",
    "together": "TOGETHER_API_KEY",
    "openrouter": "OPENROUTER_API_KEY",
    "fireworks": "FIREWORKS_API_KEY",
    "xai": "XAI_API_KEY",
}
NO_KEY = "not-needed"  # servers on one's own machine ask for none, the client insists on one


def split_name(name: str, base_url: str | None = None) -> tuple[str, str]:
    """`provider:model` -> both; a bare name behind a base_url is an OpenAI-compatible server's."""
    provider, colon, model = name.partition(":")
    if colon and model and re.fullmatch(r"[a-z_]+", provider) and not model.startswith("//"):
        return provider, model
    if base_url:
        return "openai", name
    raise ChatError(
        f"the chat model {name!r} names no provider",
        "openai:MODEL, anthropic:MODEL, ollama:MODEL; or --chat MODEL with [chat] base_url",
    )


def open_model(
    name: str, settings: ChatSettings, environ: Mapping[str, str] | None = None
) -> BaseChatModel:
    """The LangChain model. Raises ChatError for a missing package, key or unknown provider."""
    environ = os.environ if environ is None else environ
    provider, model = split_name(name, settings.base_url)
    options: dict[str, Any] = {"temperature": settings.temperature}
    if settings.base_url:
        options["base_url"] = settings.base_url
    needed = KEYS.get(provider)
    if needed and not environ.get(needed):
        if not settings.base_url:
            raise ChatError(f"{needed} is not set, and {name} needs it", f"export {needed}=...")
        options["api_key"] = NO_KEY
    if provider == "ollama":
        options["num_predict"] = settings.max_tokens
        options["num_ctx"] = settings.context_tokens
        options["client_kwargs"] = {"timeout": settings.timeout}
    else:
        # Ours are the retries: the vendors' own would multiply with them and hide the breaker.
        options |= {
            "max_tokens": settings.max_tokens,
            "timeout": settings.timeout,
            "max_retries": 0,
        }
    if provider == "openai":
        options["use_responses_api"] = False
        options |= _direct_client(settings)
    return _open(name, provider, model, options)


def _direct_client(settings: ChatSettings) -> dict[str, Any]:
    """A server on this machine is reached directly, whatever proxy the environment names."""
    if urlsplit(settings.base_url or "").hostname not in ("127.0.0.1", "localhost", "::1"):
        return {}
    import httpx

    verify = (settings.base_url or "").startswith("https")  # certificates take 0.1 s to load
    return {"http_client": httpx.Client(trust_env=False, timeout=settings.timeout, verify=verify)}


def _open(name: str, provider: str, model: str, options: dict[str, Any]) -> BaseChatModel:
    from langchain.chat_models import init_chat_model

    try:
        opened: BaseChatModel = init_chat_model(model, model_provider=provider, **options)
    except ImportError as exc:
        extra = EXTRAS.get(provider)
        package = f"'repo-kb[{extra}]'" if extra else f"langchain-{provider.replace('_', '-')}"
        raise ChatError(
            f"{name} needs the package of {provider}, which is not installed",
            f"pip install {package}",
        ) from exc
    except ValueError as exc:
        if "Unsupported" in str(exc):
            raise ChatError(
                f"no such chat provider: {provider}", "openai:MODEL, anthropic:MODEL, ollama:MODEL"
            ) from exc
        raise ChatError(f"{name} cannot be opened: {redacted(str(exc))[:200]}") from exc
    except Exception as exc:
        raise ChatError(f"{name} cannot be opened: {redacted(str(exc))[:200]}") from exc
    return opened
