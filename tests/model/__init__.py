"""The TLA+ model of plan and apply (`model/`): run by TLC in every configuration, and with each rule taken away."""
