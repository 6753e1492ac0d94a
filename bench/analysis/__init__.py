"""Measurements become judgements here, once; tables, figures and sentences print them."""
