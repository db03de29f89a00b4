"""Everything that is read from outside, fed with what nobody would send: `make fuzz`, in short among the tests."""
