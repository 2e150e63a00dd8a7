"""An invented agency of any size, with the truth about it: for trying the product, and for testing it."""

from assets.sample.agency import SampleSummary, draw_agency, write_sample

__all__ = ["SampleSummary", "draw_agency", "write_sample"]
