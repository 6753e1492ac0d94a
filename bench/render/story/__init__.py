"""The page that opens a report: its finding, answers, six figures and limits, for one profile."""
