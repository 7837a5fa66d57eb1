"""How fast the tagger is, beside what else one could use: ``python -m bench.tagging``."""
