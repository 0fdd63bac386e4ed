"""LangChain users plug a knowledge base into chains of their own."""

from __future__ import annotations

from pathlib import Path

from langchain_core.documents import Document
from langchain_core.runnables import RunnableLambda

from kb.knowledge_base import KnowledgeBase
from kb.langchain_retriever import KnowledgeBaseRetriever
from kb.settings import Settings
from kb.types import Filters


def titles(documents: list[Document]) -> str:
    return "\n".join(str(document.metadata["title"]) for document in documents)


def test_documents_come_with_what_names_their_change(sample_home: Path) -> None:
    with KnowledgeBase.open(settings=Settings(home=sample_home)) as knowledge_base:
        retriever = KnowledgeBaseRetriever(
            knowledge_base=knowledge_base,
            limit=3,
            mode="lexical",
            filters=Filters(authors=("Sam Doyle",)),
        )
        documents = retriever.invoke("shutdown hangs while a client streams")
        chain = retriever | RunnableLambda(titles)
        text = chain.invoke("shutdown hangs while a client streams")
    assert documents
    assert len(documents) <= 3
    best = documents[0]
    assert best.metadata["number"] == 1226
    assert best.id == best.metadata["id"]
    assert best.metadata["author"] == "Sam Doyle"
    assert best.metadata["merged_at"].startswith("2026-10-22T")
    assert best.metadata["title"] in best.page_content
    assert best.metadata["title"] in text
