"""Observed State: what listings and direct reads say of the things of one Application, and what may be concluded."""
