"""Tests of the rooms that decide: no network, no clock, no cluster."""
