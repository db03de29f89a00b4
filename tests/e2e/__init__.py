"""The operator as a real process, on a real control plane and an AWS that behaves as documented."""
