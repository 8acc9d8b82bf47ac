"""Ranks -> terminal, Markdown, HTML, CSV, JSON, charts."""
