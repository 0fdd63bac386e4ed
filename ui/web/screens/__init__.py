"""One module a screen; each has `draw(view)`."""
