"""What is said to a chat model: versioned files in English and Chinese."""
