"""Talks to chat models through LangChain; nothing of it is imported before a model is wanted."""
