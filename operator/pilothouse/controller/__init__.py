"""The Controller: one pass for one Application at a time, and the loops that watch Cells and tidy up behind it."""
