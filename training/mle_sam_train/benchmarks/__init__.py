"""Scores as the published tables have them: sizes, conventions and protocols of DELIVER, MUSES and MCubeS."""
