"""A LangChain retriever over a knowledge base, to plug RepoKB into chains of one's own.

retriever = KnowledgeBaseRetriever(knowledge_base=KnowledgeBase.open(), limit=5)
documents = retriever.invoke("server hangs with context parallel")
"""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from kb.knowledge_base import KnowledgeBase
from kb.types import Filters, Hit


class KnowledgeBaseRetriever(BaseRetriever):
    """Changes as documents: title, matching passage and digest; the metadata says which and why."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    knowledge_base: KnowledgeBase
    filters: Filters = Filters()
    mode: str = "hybrid"
    limit: int = 10

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        del run_manager
        result = self.knowledge_base.search(
            query, filters=self.filters, mode=self.mode, limit=self.limit
        )
        return [document(hit) for hit in result.hits]


def document(hit: Hit) -> Document:
    """One hit as LangChain's `Document`; times are ISO 8601 in UTC."""
    change, digest, analysis = hit.record.change, hit.record.digest, hit.record.analysis
    texts = (change.title, hit.passage, digest.description, digest.text)
    metadata: dict[str, Any] = {
        "id": change.id,
        "repo": change.repo,
        "number": change.number,
        "sha": change.sha,
        "title": change.title,
        "author": change.author,
        "merged_at": change.merged_at.isoformat(),
        "url": change.url,
        "importance": analysis.importance,
        "level": analysis.level,
        "type": list(analysis.types),
        "modules": list(analysis.modules),
        "score": hit.score,
        "ranks": dict(hit.ranks),
        "passage": hit.passage,
    }
    return Document(
        id=change.id,
        page_content="\n\n".join(dict.fromkeys(text for text in texts if text.strip())),
        metadata=metadata,
    )
