"""Which pixels and units an answer rests on, and how two explanations agree."""
