"""HTML of ours: where many elements of Streamlit would cost the browser more than what they say.

The templates escape every value, and Streamlit's sanitizer reads the result once more. Links in
it open inside the page (navigation.html).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any


def rendered(name: str, **values: object) -> str:
    """A template of ours, filled."""
    return str(_environment().get_template(f"{name}.html.j2").render(**values))


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
