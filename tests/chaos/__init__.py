"""The operator on real parts in a storm: everything that can go wrong does, at random, and the journals are audited."""
