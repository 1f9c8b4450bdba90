"""Measurements, not tests: `make bench`. Figures of one run compare with each other, not with another day's."""
